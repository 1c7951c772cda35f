//! One request and its answer on a connection. The connection is driven here and by nobody else: a request that is given up
//! takes its connection along, and no task outlives it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout_at};

use crate::connect::{Connected, Stream};
use crate::error::SendError;
use crate::request::RetryAfter;

/// A connection that takes one request after the other.
pub(crate) struct Line {
    sender: SendRequest<Full<Bytes>>,
    driving: Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>,
    /// Whether a byte has come since the last request.
    heard: Arc<AtomicBool>,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<String>,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<RetryAfter>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) is_cut: bool,
    /// Whether the connection can take another request.
    pub(crate) can_go_on: bool,
}

/// Until when, and how much.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) deadline: Instant,
    pub(crate) kept: usize,
}

/// Why there is no reply.
pub(crate) enum Failure {
    Http(hyper::Error),
    Late,
    /// It ended at once and without a byte, as a connection does that the other side has closed while it waited.
    Stale(hyper::Error),
}

impl Line {
    pub(crate) async fn open(connected: Connected) -> Result<Self, SendError> {
        let Connected { stream, address, tls } = connected;
        let mut builder = Builder::new();
        builder.max_headers(HEADERS).max_buf_size(HEAD_BYTES);
        let heard = Arc::new(AtomicBool::new(false));
        let stream = TokioIo::new(Listening { stream, heard: heard.clone() });
        let (sender, connection) = builder.handshake(stream).await.map_err(SendError::Broken)?;
        Ok(Self { sender, driving: Box::pin(connection), heard, address, tls })
    }

    /// Whether it is known that it takes no more requests.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Sends a request and reads the beginning of its answer.
    pub(crate) async fn exchange(&mut self, request: Request<Full<Bytes>>, bounds: Bounds) -> Result<Reply, Failure> {
        let begin = Instant::now();
        self.heard.store(false, Ordering::Relaxed);
        let asking = ask(&mut self.sender, request, bounds);
        tokio::pin!(asking);
        let outcome = tokio::select! {
            reply = &mut asking => reply,
            // What has been read is still there; nothing more will come. Without its connection a request that waits for it ends
            // at once: one that the receiver has closed while it waited would be waited for until time runs out.
            _ = &mut self.driving => {
                self.driving = Box::pin(std::future::ready(Ok(())));
                asking.await.map(|reply| Reply { can_go_on: false, ..reply })
            }
        };
        match outcome {
            Err(Failure::Http(error)) if begin.elapsed() < AT_ONCE && !self.heard.load(Ordering::Relaxed) => {
                Err(Failure::Stale(error))
            }
            outcome => outcome,
        }
    }
}

async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    bounds: Bounds,
) -> Result<Reply, Failure> {
    let head = async {
        sender.ready().await?;
        sender.send_request(request).await
    };
    let answer = timeout_at(bounds.deadline, head).await.map_err(|_| Failure::Late)?.map_err(Failure::Http)?;
    let (head, body) = answer.into_parts();
    let (status, retry_after, headers) = (head.status, RetryAfter::read(&head.headers), head.headers);
    let (body, is_cut) = beginning(body, bounds).await;
    // With a new protocol, or with bytes that were not read, the connection is no longer one for requests.
    let can_go_on = !is_cut && status != StatusCode::SWITCHING_PROTOCOLS;
    Ok(Reply { status, retry_after, headers, body, is_cut, can_go_on })
}

/// The first bytes of a body, and whether there is more of it, as far as can be known in time.
async fn beginning(mut body: Incoming, bounds: Bounds) -> (Vec<u8>, bool) {
    let mut kept = Vec::new();
    loop {
        match timeout_at(bounds.deadline, body.frame()).await {
            Ok(None) => return (kept, false),
            Ok(Some(Ok(frame))) => {
                let Some(piece) = frame.data_ref() else { continue };
                let room = bounds.kept.saturating_sub(kept.len());
                kept.extend_from_slice(piece.get(..room).unwrap_or(piece));
                if piece.len() > room {
                    return (kept, true);
                }
            }
            Ok(Some(Err(_))) | Err(_) => return (kept, true),
        }
    }
}

/// A connection that notes when it hears something.
struct Listening {
    stream: Stream,
    heard: Arc<AtomicBool>,
}

impl AsyncRead for Listening {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let listening = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut listening.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            listening.heard.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Listening {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// Within which time a connection ends that was closed before: some round trips. What ends later was at work on the request.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Headers of an answer.
const HEADERS: usize = 64;
/// Longest head of an answer, and most that is read ahead, in bytes.
const HEAD_BYTES: usize = 16 * 1024;
