//! A listener with routes behind it, and clients that send bytes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use countersign_http_kit::body::read_whole;
use countersign_server::{Application, Connections, Stop, Terms, Tls, TlsFiles};
use http::StatusCode;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Bytes of `/large`: more than all buffers between the server and a client that does not read.
pub(crate) const LARGE: usize = 64 << 20;
/// A test that waits for longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A server of simple routes.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Connections,
    pub(crate) stop: Stop,
    /// Lets `/slow` answer.
    pub(crate) go_on: Arc<Notify>,
    pub(crate) tasks: JoinSet<()>,
}

impl Running {
    pub(crate) async fn start(terms: Terms) -> Self {
        let go_on = Arc::new(Notify::new());
        let waiting = go_on.clone();
        let slow = move || {
            let waiting = waiting.clone();
            async move {
                waiting.notified().await;
                "slow"
            }
        };
        let router = Router::new()
            .route("/", get(|| async { "OK" }))
            .route("/large", get(large))
            .route("/slow", get(slow))
            .route("/body", post(body));
        Self::with(terms, router, go_on).await
    }

    pub(crate) async fn serving<A: Application>(terms: Terms, app: A) -> Self {
        Self::with(terms, app, Arc::default()).await
    }

    async fn with<A: Application>(terms: Terms, app: A, go_on: Arc<Notify>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, stop) = (Connections::new(terms), Stop::default());
        let (serving, asked) = (connections.clone(), stop.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { serving.serve(listener, app, &asked).await });
        Self { address, connections, stop, go_on, tasks }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The answer to a request on a connection of its own.
    pub(crate) async fn exchange(&self, request: &str) -> String {
        let mut socket = self.connect().await;
        socket.write_all(request.as_bytes()).await.unwrap();
        to_end(&mut socket).await
    }

    /// Whether a client that does nothing wrong gets its answer.
    pub(crate) async fn answers(&self) -> bool {
        self.exchange(CLOSING).await.ends_with("\r\n\r\nOK")
    }

    /// How many connections were cut for a reason.
    pub(crate) fn cut(&self, reason: &str) -> u64 {
        self.connections.counts().cut().find_map(|(name, count)| (name == reason).then_some(count)).unwrap()
    }
}

/// A request, and the same with a word that closes the connection.
pub(crate) const REQUEST: &str = "GET / HTTP/1.1\r\nhost: server.test\r\n\r\n";
pub(crate) const CLOSING: &str = "GET / HTTP/1.1\r\nhost: server.test\r\nconnection: close\r\n\r\n";

/// What comes until the connection ends, however it does.
pub(crate) async fn to_end(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    // A reset ends it as well; what came before it stands.
    let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The next bytes of an answer, up to the end of a text.
pub(crate) async fn up_to(socket: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        let byte = tokio::time::timeout(PATIENCE, socket.read_u8()).await.unwrap();
        bytes.push(byte.unwrap_or_else(|error| panic!("{error} after {}", String::from_utf8_lossy(&bytes))));
    }
    String::from_utf8(bytes).unwrap()
}

async fn large() -> Body {
    static PIECE: [u8; 1 << 16] = [b'x'; 1 << 16];
    let pieces = futures_util::stream::iter(
        (0..LARGE / PIECE.len()).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&PIECE))),
    );
    Body::from_stream(pieces)
}

async fn body(body: Body) -> StatusCode {
    match read_whole(body, 1024).await {
        Ok(_) => StatusCode::OK,
        Err(countersign_http_kit::body::BodyError::TimedOut { .. }) => StatusCode::REQUEST_TIMEOUT,
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

/// Files of one of the two certificates.
pub(crate) fn tls_files(name: &str) -> TlsFiles {
    let folder = folder();
    TlsFiles { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) }
}

pub(crate) fn tls_terms(name: &str) -> Terms {
    Terms { tls: Some(Tls::load(&tls_files(name)).unwrap()), ..Terms::default() }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contract/tls")
}

/// The bytes of a certificate.
pub(crate) fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(tls_files(name).certificate).unwrap()
}

/// A moment at which the certificates are valid, whatever the clock of this machine says.
#[derive(Debug)]
struct In2100;

impl TimeProvider for In2100 {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(4_102_444_800)))
    }
}

/// A TLS connection as a client that trusts the root alone.
pub(crate) async fn tls_connect(address: SocketAddr, protocols: &[&str]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder().join("ca.pem")).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_details(Arc::new(aws_lc_rs::default_provider()), Arc::new(In2100))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let socket = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("server.test").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
}
