//! How requests get to the service: connections with or without TLS, kept open and used again.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector as Connect};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower::Service;

use super::http::Requests;

/// What requests to all buckets go through. One for a process is enough; a clone is the same.
#[derive(Clone, Debug)]
pub struct S3Client(HttpClient);

impl S3Client {
    /// TLS is rustls with aws-lc-rs, and certificates are judged by the operating system, whose roots are read here: where
    /// blocking is allowed.
    ///
    /// # Errors
    /// When the operating system has nothing to judge certificates with.
    pub fn new() -> io::Result<Self> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.and_then(BuilderVerifierExt::with_platform_verifier).map_err(io::Error::other)?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIME));
        tcp.set_nodelay(true);
        let transport = Transport { tcp, tls: TlsConnector::from(Arc::new(config.with_no_client_auth())) };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build(transport);
        Ok(Self(HttpClient::new(Requests::new(client))))
    }

    /// The client itself.
    pub(super) fn http(&self) -> HttpClient {
        self.0.clone()
    }
}

impl Connect for S3Client {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.clone())
    }
}

/// Opens connections.
#[derive(Clone)]
pub(super) struct Transport {
    tcp: HttpConnector,
    tls: TlsConnector,
}

impl Service<Uri> for Transport {
    type Response = Stream;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Stream>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp.poll_ready(context).map_err(io::Error::other)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (is_tls, host) = (uri.scheme_str() == Some("https"), uri.host().unwrap_or_default().to_owned());
        let (connecting, tls) = (self.tcp.call(uri), self.tls.clone());
        Box::pin(async move {
            let stream = connecting.await.map_err(io::Error::other)?;
            if !is_tls {
                return Ok(Stream::Plain(stream));
            }
            // An IPv6 address is written in brackets in a URL.
            let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            let name = ServerName::try_from(name).map_err(io::Error::other)?;
            let shaking_hands = tls.connect(name, stream.into_inner());
            let stream = tokio::time::timeout(CONNECT_TIME, shaking_hands).await.map_err(io::Error::from)??;
            Ok(Stream::Tls(Box::new(TokioIo::new(stream))))
        })
    }
}

/// A connection.
pub(super) enum Stream {
    Plain(TokioIo<TcpStream>),
    Tls(Box<TokioIo<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        }
    }
}

impl Write for Stream {
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

/// How long connecting may take, and greeting each other.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// For how long a connection is kept that nobody uses: services close theirs after some 20 seconds.
const IDLE_TIME: Duration = Duration::from_secs(15);
/// How many such connections are kept.
const IDLE_CONNECTIONS: usize = 32;
