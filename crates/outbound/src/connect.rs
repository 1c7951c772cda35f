//! Connections to addresses that were judged.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use countersign_domain::outbound::{Blocked, OutboundHost, OutboundPolicy};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::SendError;
use crate::proxy::EgressProxy;
use crate::request::OutboundRequest;
use crate::trust::Trust;

/// A connection, and to where.
pub(crate) struct Connected {
    pub(crate) stream: Stream,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<String>,
}

/// Connects to the first of several addresses that can be reached. Each of them has been judged.
pub(crate) async fn connect(
    request: &OutboundRequest,
    addresses: &[IpAddr],
    proxy: Option<&EgressProxy>,
    trust: &Trust,
) -> Result<Connected, SendError> {
    let (tcp, address) = tcp(request, addresses, proxy).await?;
    if !request.url.is_secure() {
        return Ok(Connected { stream: Stream::Plain(tcp), address, tls: None });
    }
    let tls = |error: io::Error| SendError::Tls(error);
    let config = trust.config(request.ca.as_ref()).map_err(|error| tls(io::Error::other(error)))?;
    let name = match request.url.host() {
        OutboundHost::Address(address) => ServerName::IpAddress((*address).into()),
        OutboundHost::Name(name) => ServerName::try_from(name.clone()).map_err(|error| tls(io::Error::other(error)))?,
    };
    let stream = TlsConnector::from(config).connect(name, tcp).await.map_err(tls)?;
    let version = stream.get_ref().1.protocol_version().map(|version| format!("{version:?}"));
    Ok(Connected { stream: Stream::Tls(Box::new(stream)), address, tls: version })
}

async fn tcp(
    request: &OutboundRequest,
    addresses: &[IpAddr],
    proxy: Option<&EgressProxy>,
) -> Result<(TcpStream, SocketAddr), SendError> {
    let tried = addresses.iter().take(TRIED).map(|address| SocketAddr::new(*address, request.url.port()));
    let last = addresses.len().min(TRIED).saturating_sub(1);
    let mut failure = SendError::Connect(io::Error::from(io::ErrorKind::AddrNotAvailable));
    for (number, address) in tried.enumerate() {
        let connecting = one(&request.policy, address, proxy);
        // The last one may take all the time that is left.
        let limit = if number == last { request.limits.connect } else { NEXT_AFTER };
        failure = match tokio::time::timeout(limit, connecting).await {
            Ok(Ok(stream)) => return Ok((stream, address)),
            Ok(Err(error @ (SendError::Blocked(_) | SendError::Proxy(_)))) => return Err(error),
            Ok(Err(error)) => error,
            Err(elapsed) => SendError::Connect(elapsed.into()),
        };
    }
    Err(failure)
}

async fn one(
    policy: &OutboundPolicy,
    address: SocketAddr,
    proxy: Option<&EgressProxy>,
) -> Result<TcpStream, SendError> {
    let is_allowed = policy.allows_exactly(address);
    // What the operator has named by its address is his own, and not beyond the proxy.
    if let Some(proxy) = proxy
        && !is_allowed
    {
        return proxy.connect(address).await;
    }
    let stream = TcpStream::connect(address).await.map_err(SendError::Connect)?;
    // A machine that connects to one of its own addresses, public ones included, does so from that address.
    let is_own = match (stream.local_addr(), stream.peer_addr()) {
        (Ok(local), Ok(peer)) => local.ip().to_canonical() == peer.ip().to_canonical(),
        _ => false,
    };
    if is_own && !is_allowed {
        return Err(Blocked::Own.into());
    }
    stream.set_nodelay(true).map_err(SendError::Connect)?;
    Ok(stream)
}

/// A connection with or without TLS.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}

/// Addresses that are tried for one request.
const TRIED: usize = 4;
/// After how long the next address is tried.
const NEXT_AFTER: Duration = Duration::from_secs(2);
