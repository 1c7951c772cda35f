//! Connections to addresses that were judged.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use countersign_domain::outbound::{Blocked, OutboundHost, judge_address};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{Phase, SendError};
use crate::proxy::EgressProxy;
use crate::request::OutboundRequest;
use crate::trust::Trust;

/// A connection, and to where.
pub(crate) struct Connected {
    pub(crate) stream: Stream,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<String>,
}

/// Connects to the first of several addresses that can be reached, until a time. Each of them has been judged.
pub(crate) async fn connect(
    request: &OutboundRequest,
    addresses: &[IpAddr],
    proxy: Option<&EgressProxy>,
    trust: &Trust,
    until: Instant,
) -> Result<Connected, SendError> {
    let (tcp, address) = tcp(request, addresses, proxy, until).await?;
    if !request.url.is_secure() {
        return Ok(Connected { stream: Stream::Plain(tcp), address, tls: None });
    }
    let tls = |error: io::Error| SendError::Tls(error);
    let config = trust.config(request.ca.as_ref())?;
    let name = match request.url.host() {
        OutboundHost::Address(address) => ServerName::IpAddress((*address).into()),
        OutboundHost::Name(name) => ServerName::try_from(name.clone()).map_err(|error| tls(io::Error::other(error)))?,
    };
    let greeting = timeout_at(until, TlsConnector::from(config).connect(name, tcp)).await;
    let stream = greeting.map_err(|_| too_slow(request))?.map_err(tls)?;
    let version = stream.get_ref().1.protocol_version().map(|version| format!("{version:?}"));
    Ok(Connected { stream: Stream::Tls(Box::new(stream)), address, tls: version })
}

async fn tcp(
    request: &OutboundRequest,
    addresses: &[IpAddr],
    proxy: Option<&EgressProxy>,
    until: Instant,
) -> Result<(TcpStream, SocketAddr), SendError> {
    let tried = addresses.iter().take(TRIED).map(|address| SocketAddr::new(*address, request.url.port()));
    let mut failure = SendError::Connect(io::Error::from(io::ErrorKind::AddrNotAvailable));
    let mut left = u32::try_from(addresses.len().min(TRIED)).unwrap_or(1);
    for address in tried {
        let now = Instant::now();
        let until = now + share(until.saturating_duration_since(now), left);
        left = left.saturating_sub(1);
        failure = match one(request, address, proxy, until).await {
            Ok(stream) => return Ok((stream, address)),
            Err(error @ (SendError::Blocked(_) | SendError::Proxy(_))) => return Err(error),
            Err(error) => error,
        };
    }
    Err(failure)
}

async fn one(
    request: &OutboundRequest,
    address: SocketAddr,
    proxy: Option<&EgressProxy>,
    until: Instant,
) -> Result<TcpStream, SendError> {
    let is_allowed = request.policy.allows_exactly(address);
    // What is not public was opened by the operator: it is his own, and not beyond the proxy.
    if let Some(proxy) = proxy
        && !is_allowed
        && judge_address(address.ip()).is_ok()
    {
        return proxy.connect(address, until).await;
    }
    let connecting = timeout_at(until, TcpStream::connect(address)).await;
    let stream = connecting.map_err(|_| too_slow(request))?.map_err(SendError::Connect)?;
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

/// How much of the time that is left the first of the addresses that are left may take; the last one takes all.
fn share(time: Duration, addresses: u32) -> Duration {
    match addresses {
        0 | 1 => time,
        more => time.checked_div(more).unwrap_or_default().min(NEXT_AFTER),
    }
}

fn too_slow(request: &OutboundRequest) -> SendError {
    SendError::TimedOut(Phase::Connect, request.limits.connect)
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
/// After how long the next address is tried at the latest.
const NEXT_AFTER: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_share_of_the_time() {
        for (time, addresses, shared) in [(1000, 1, 1000), (1000, 2, 500), (1000, 4, 250), (9000, 2, 2000), (0, 3, 0)] {
            assert_eq!(share(Duration::from_millis(time), addresses), Duration::from_millis(shared));
        }
    }
}
