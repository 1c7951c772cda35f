//! From a socket to the routes: accepts connections within limits, speaks HTTP/1.1 or HTTP/2 on them, and ends those that
//! only hold a place.
//!
//! Without TLS a connection speaks HTTP/1.1; with TLS the handshake decides (ALPN, RFC 7301).

mod activity;
mod counts;
mod drive;
mod leftover;
mod limits;
mod seats;
mod seldom;
mod sending_files;
pub(crate) mod targets;
mod watched;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use countersign_http_kit::client_address::{ClientAddress, TrustedProxies};
use countersign_http_kit::passage::Passage;
use http::Version;
use http::header::EXPECT;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use self::activity::Activity;
use self::leftover::Leftover;
use self::seats::{Seat, Seats};
use self::seldom::Seldom;
use self::sending_files::{FileSocket, Pieces};
use self::targets::PlainTargets;
use self::watched::{Sending, Watched};
use crate::stop::Stop;
use crate::tls::Tls;

pub use self::counts::ConnectionCounts;
pub use self::limits::ConnectionLimits;

/// What holds for connections from the moment on in which they are accepted.
#[derive(Clone, Default)]
pub struct Terms {
    /// What they may cost.
    pub limits: ConnectionLimits,
    /// Whose word about other addresses is believed.
    pub proxies: TrustedProxies,
    /// Certificate and key; `None`: no TLS.
    pub tls: Option<Tls>,
}

/// Whatever answers the requests of connections.
///
/// Not a [`Service`]: one whose future is to live in that of its connection, and not in a box of its own, cannot name it.
pub trait Application: Clone + Send + Sync + 'static {
    /// Answers a request.
    fn answer(&self, request: Request) -> impl Future<Output = Response> + Send;
}

impl Application for Router {
    async fn answer(&self, request: Request) -> Response {
        // A router is always ready.
        let Ok(response) = self.clone().call(request).await;
        response
    }
}

/// The connections of a listener. Clones are the same ones.
#[derive(Clone)]
pub struct Connections {
    terms: Arc<ArcSwap<Terms>>,
    seats: Arc<Seats>,
    counts: Arc<ConnectionCounts>,
    tasks: TaskTracker,
    cut: CancellationToken,
}

impl Connections {
    /// No connections yet.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        Self {
            terms: Arc::new(ArcSwap::from_pointee(terms)),
            seats: Arc::default(),
            counts: Arc::default(),
            tasks: TaskTracker::new(),
            cut: CancellationToken::new(),
        }
    }

    /// Replaces the terms for connections that are accepted from now on. Those that are open keep theirs.
    pub fn renew(&self, terms: Terms) {
        self.terms.store(Arc::new(terms));
    }

    /// What holds for connections that are accepted now.
    #[must_use]
    pub fn terms(&self) -> Arc<Terms> {
        self.terms.load_full()
    }

    /// Connections that are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.seats.open()
    }

    /// What has happened to connections so far.
    #[must_use]
    pub fn counts(&self) -> &ConnectionCounts {
        &self.counts
    }

    /// Ends all connections at once, whatever they do.
    pub fn cut_all(&self) {
        self.cut.cancel();
    }

    /// Serves until the stop is asked for and the requests that are under way then have been answered.
    pub async fn serve<A: Application>(&self, listener: TcpListener, app: A, stop: &Stop) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.asked() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => self.admit(socket, peer, &app, stop),
                // The client was gone before we came to it.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "no connection can be accepted at the moment"
                    );
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "the system is out of something; asking again at once is no help"
                    )]
                    let pause = tokio::time::sleep(ACCEPT_PAUSE);
                    tokio::select! {
                        () = stop.asked() => break,
                        () = pause => {}
                    }
                }
            }
        }
        // Whoever comes now is told by the system that nobody listens.
        drop(listener);
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn admit<A: Application>(&self, socket: TcpStream, peer: SocketAddr, app: &A, stop: &Stop) {
        let terms = self.terms.load_full();
        let peer = peer.ip();
        let proxied = terms.proxies.contains(peer);
        let Some(seat) = self.seats.take(ClientAddress::of_peer(peer).ip(), proxied, &terms.limits) else {
            self.counts.refuse();
            return;
        };
        self.counts.accept();
        let visit = Visit { connections: self.clone(), terms, peer, app: app.clone(), stop: stop.clone(), _seat: seat };
        let cut = Seldom::new(self.cut.clone().cancelled_owned());
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = cut => {}
                () = visit.attend(socket) => {}
            }
        });
    }
}

/// One connection and what belongs to it.
struct Visit<A> {
    connections: Connections,
    terms: Arc<Terms>,
    peer: IpAddr,
    app: A,
    stop: Stop,
    _seat: Seat,
}

impl<A: Application> Visit<A> {
    async fn attend(self, socket: TcpStream) {
        // Answers are written whole, so waiting for more to send would only make them late.
        let _ = socket.set_nodelay(true);
        let Some(tls) = &self.terms.tls else {
            let pieces = Pieces::default();
            return self
                .speak_http1(FileSocket::new(socket, pieces.clone()), Pieces::SUPPORTED.then_some(pieces))
                .await;
        };
        let handshake =
            tokio::time::timeout(self.terms.limits.header_time, TlsAcceptor::from(tls.server_config()).accept(socket));
        let outcome = tokio::select! {
            () = self.stop.asked() => return,
            outcome = handshake => outcome,
        };
        match outcome {
            Ok(Ok(socket)) if socket.get_ref().1.alpn_protocol() == Some(b"h2") => self.speak_http2(socket).await,
            Ok(Ok(socket)) => self.speak_http1(socket, None).await,
            // Not worth more than a number: anybody can fail at a handshake.
            Ok(Err(_)) | Err(_) => self.connections.counts.fail_handshake(),
        }
    }

    /// `pieces` takes pieces of files, if the socket can send them.
    async fn speak_http1<S>(&self, socket: S, pieces: Option<Pieces>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::new(false);
        let socket = PlainTargets::new(socket, self.terms.limits.header_bytes);
        let socket = TokioIo::new(Watched::new(socket, activity.clone()));
        let mut builder = http1::Builder::new();
        if pieces.is_some() {
            // What stands for a piece must reach the socket as it is, and not a copy of it.
            builder.writev(true);
        }
        let connection = builder
            .timer(TokioTimer::new())
            // The activity keeps the time: here it would also be that of waiting for the next request.
            .header_read_timeout(None)
            .max_headers(limits::HEADERS)
            .max_header_size(self.terms.limits.header_bytes as usize)
            .serve_connection(socket, service_fn(|request| self.answer(&activity, pieces.as_ref(), request)));
        let connection = std::pin::pin!(connection);
        let ended =
            drive::to_end(connection, http1::Connection::graceful_shutdown, &activity, &self.terms.limits, &self.stop);
        self.connections.counts.end(ended.await);
    }

    async fn speak_http2<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, socket: S) {
        let activity = Activity::new(true);
        let socket = TokioIo::new(Watched::new(socket, activity.clone()));
        let (stream, connection) = limits::WINDOWS;
        let tasks = drive::Tasks { tasks: self.connections.tasks.clone(), cut: self.connections.cut.clone() };
        let connection = http2::Builder::new(tasks)
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits::STREAMS)
            .max_header_list_size(self.terms.limits.header_bytes)
            .max_pending_accept_reset_streams(limits::RESET_STREAMS)
            .initial_stream_window_size(stream)
            .initial_connection_window_size(connection)
            .max_send_buf_size(limits::SEND_BUFFER)
            .serve_connection(socket, {
                let (activity, app, terms, peer) = (activity.clone(), self.app.clone(), self.terms.clone(), self.peer);
                service_fn(move |request| answer(&activity, None, &app, &terms, peer, request))
            });
        let connection = std::pin::pin!(connection);
        let ended =
            drive::to_end(connection, http2::Connection::graceful_shutdown, &activity, &self.terms.limits, &self.stop);
        self.connections.counts.end(ended.await);
    }

    fn answer(
        &self,
        activity: &Arc<Activity>,
        pieces: Option<&Pieces>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<http::Response<Sending>, Infallible>> + Send + use<A> {
        answer(activity, pieces, &self.app, &self.terms, self.peer, request)
    }
}

/// Sends a request through the routes, and watches it until its answer is sent.
fn answer<A: Application>(
    activity: &Arc<Activity>,
    pieces: Option<&Pieces>,
    app: &A,
    terms: &Terms,
    peer: IpAddr,
    mut request: Request<Incoming>,
) -> impl Future<Output = Result<http::Response<Sending>, Infallible>> + Send + use<A> {
    let in_flight = activity.begin();
    let client = ClientAddress::of_request(peer, request.headers(), &terms.proxies);
    request.extensions_mut().insert(client);
    let way = pieces.map(|pieces| (Passage::default(), pieces.clone()));
    if let Some((passage, _)) = &way {
        request.extensions_mut().insert(passage.clone());
    }
    let app = app.clone();
    // A client that waits for our consent sends no body without it, and a stream of HTTP/2 ends without the others.
    let whole = request.version() == Version::HTTP_2 || request.headers().contains_key(EXPECT);
    let empty = request.body().is_end_stream();
    async move {
        let response = if empty {
            app.answer(request.map(|_| Body::empty())).await
        } else if whole {
            app.answer(request.map(Body::new)).await
        } else {
            let leftover = Leftover::default();
            let response = app.answer(request.map(|body| Body::new(leftover.of(body)))).await;
            leftover.drain().await;
            response
        };
        Ok(response.map(|body| Sending::new(body, way, in_flight)))
    }
}

/// How long nothing is accepted when the system has no file descriptor or memory left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
