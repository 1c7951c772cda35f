//! A receiver of webhooks on the core of the load: it answers every POST, checks some of them, and notes what has arrived.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use countersign_crypto::Secret;
use countersign_crypto::webhook::{WebhookSecret, verify_standard};
use countersign_store::Clock as _;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::stopwatch::{Stopwatch, SystemClock};

/// A bare hyper server that takes webhooks. Dropping it closes all of its connections.
pub(crate) struct Sink {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    inbox: Arc<Inbox>,
    _serving: JoinSet<()>,
}

struct Inbox {
    began: Stopwatch,
    count: AtomicU64,
    kept: Mutex<Kept>,
}

/// What is known about arrivals.
#[derive(Default)]
struct Kept {
    /// What signatures are checked with.
    secret: Option<WebhookSecret>,
    /// Numbers of events.
    numbers: HashSet<i64>,
    /// When news of devices arrived that were registered by number, see [`crate::installation::spread_id`].
    arrivals: HashMap<u32, Arrival>,
    /// Bytes of the last body.
    length: usize,
    /// What was wrong with an arrival.
    wrong: Option<String>,
}

/// The arrival of a webhook.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    /// When, by the sink's watch.
    pub(crate) time: Duration,
    /// The number of its event.
    pub(crate) sequence: i64,
}

impl Sink {
    /// Listens on an address.
    ///
    /// # Errors
    /// When it is taken.
    pub(crate) async fn listen(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let inbox = Inbox { began: Stopwatch::start(), count: AtomicU64::new(0), kept: Mutex::default() };
        let (inbox, mut serving) = (Arc::new(inbox), JoinSet::new());
        serving.spawn(serve(listener, inbox.clone()));
        Ok(Self { address, inbox, _serving: serving })
    }

    /// Checks signatures with this secret from now on.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn verify_with(&self, secret: &str) -> Result<()> {
        self.inbox.kept().secret = Some(WebhookSecret::parse(Secret::new(secret.to_owned()))?);
        Ok(())
    }

    /// How many webhooks have arrived.
    pub(crate) fn count(&self) -> u64 {
        self.inbox.count.load(Ordering::Relaxed)
    }

    /// The sink's watch.
    pub(crate) fn watch(&self) -> Stopwatch {
        self.inbox.began
    }

    /// When the news of a device arrived that was registered by number.
    pub(crate) fn arrival(&self, number: u32) -> Option<Arrival> {
        self.inbox.kept().arrivals.get(&number).copied()
    }

    /// Bytes of the last body.
    pub(crate) fn length(&self) -> usize {
        self.inbox.kept().length
    }

    /// Demands that so many different events have arrived, all of them signed; they are forgotten then.
    ///
    /// # Errors
    /// When it was otherwise.
    pub(crate) fn check(&self, events: u64) -> Result<()> {
        let mut kept = self.inbox.kept();
        let numbers = std::mem::take(&mut kept.numbers);
        ensure!(kept.wrong.is_none(), "a webhook is not as it should be: {}", kept.wrong.clone().unwrap_or_default());
        ensure!(numbers.len() as u64 == events, "{} events have arrived, and not {events}", numbers.len());
        Ok(())
    }
}

impl Inbox {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(listener: TcpListener, inbox: Arc<Inbox>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let inbox = inbox.clone();
        connections.spawn(async move {
            let service = service_fn(|request| take(request, inbox.clone()));
            // A connection that breaks is the sender's to notice.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn take(request: Request<Incoming>, inbox: Arc<Inbox>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let mut answer = Response::new(Empty::new());
    *answer.status_mut() = match body.collect().await {
        Ok(body) => {
            let time = inbox.began.elapsed();
            inbox.kept().enter(&head.headers, &body.to_bytes(), time, inbox.count.load(Ordering::Relaxed));
            inbox.count.fetch_add(1, Ordering::Relaxed);
            StatusCode::NO_CONTENT
        }
        Err(_) => StatusCode::BAD_REQUEST,
    };
    Ok(answer)
}

impl Kept {
    fn enter(&mut self, headers: &HeaderMap, body: &[u8], time: Duration, count: u64) {
        self.length = body.len();
        // The limit beside the server tells of no events.
        let Some(sequence) = text(headers, "x-event-sequence").and_then(|text| text.parse().ok()) else { return };
        if let Some(number) = registered(body) {
            self.arrivals.entry(number).or_insert(Arrival { time, sequence });
        }
        self.numbers.insert(sequence);
        if count.is_multiple_of(CHECKED)
            && let Err(error) = self.verify(headers, body)
        {
            self.wrong = Some(format!("{error:#}"));
        }
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<()> {
        let Some(secret) = &self.secret else { return Ok(()) };
        let header = |name| text(headers, name).with_context(|| format!("there is no {name}"));
        let [id, at, signature] = [header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?];
        Ok(verify_standard(secret, id, at, signature, body, SystemClock.now().as_seconds())?)
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The number of the registered device that a body tells of.
fn registered(body: &[u8]) -> Option<u32> {
    let start = body.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    u32::from_str_radix(std::str::from_utf8(body.get(start..start + 8)?).ok()?, 16).ok()
}

/// What stands before the number in the ID of such a device.
const MARK: &[u8] = b"-new-";
/// One of so many signatures is checked.
const CHECKED: u64 = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::installation::spread_id;

    #[test]
    fn registered_devices_are_known_by_their_numbers() {
        let body = format!(r#"{{"data":{{"device":{{"id":"{}"}}}}}}"#, spread_id(0x0102_ABCD));
        assert_eq!(registered(body.as_bytes()), Some(0x0102_ABCD));
        assert_eq!(registered(br#"{"id":"00000001-bench"}"#), None);
        assert_eq!(registered(b"-new-0102"), None);
    }
}
