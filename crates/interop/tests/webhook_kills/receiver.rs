//! A receiver that outlives the servers which send to it, and keeps all that arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use countersign_crypto::Secret;
use countersign_crypto::webhook::{WebhookSecret, verify_standard};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// How long arrivals are waited for: longer than the 20 seconds after which a delivery that a killed server has taken up is
/// sent by another one, once for each of two such servers.
const PATIENCE: Duration = Duration::from_secs(150);

/// How long the receiver takes for an answer.
const THINKING: Duration = Duration::from_millis(150);

/// A receiver on a port of its own, gone when it is dropped.
pub(crate) struct Receiver {
    address: SocketAddr,
    inbox: Arc<Inbox>,
    _runtime: Runtime,
}

#[derive(Default)]
struct Inbox {
    secret: OnceLock<WebhookSecret>,
    arrivals: Mutex<Vec<Result<Arrival, String>>>,
    arrived: Condvar,
    /// Whether answers are held back, and how many are.
    held: Mutex<(bool, usize)>,
}

/// A webhook whose signature was good.
#[derive(Clone)]
struct Arrival {
    id: String,
    entity: String,
    sequence: i64,
    body: Bytes,
}

/// What all webhooks together have told.
#[derive(Default)]
pub(crate) struct Told {
    /// For each product the codes of its features; a product that nobody has told of as new is missing.
    pub(crate) products: BTreeMap<String, BTreeSet<String>>,
    /// Devices that are new.
    pub(crate) devices: BTreeSet<String>,
    /// Webhooks that arrived.
    pub(crate) arrivals: usize,
    /// Events that they told of.
    pub(crate) events: usize,
}

impl Receiver {
    pub(crate) fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let (address, inbox) = (listener.local_addr()?, Arc::<Inbox>::default());
        let routes = Router::new().route("/", post(receive)).with_state(inbox.clone());
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { address, inbox, _runtime: runtime })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Verifies what arrives from now on with this secret.
    pub(crate) fn verify_with(&self, secret: &str) -> Result<()> {
        let secret = WebhookSecret::parse(Secret::new(secret.to_owned()))?;
        self.inbox.secret.set(secret).ok().context("there is a secret already")
    }

    /// What has been told, once it is enough.
    pub(crate) fn told(&self, is_enough: impl Fn(&Told) -> bool) -> Result<Told> {
        let arrivals = self.inbox.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .inbox
            .arrived
            .wait_timeout_while(arrivals, PATIENCE, |arrivals| compare(arrivals).is_ok_and(|told| !is_enough(&told)));
        compare(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

impl Receiver {
    /// Holds answers back until so many senders wait for one at the same time.
    pub(crate) fn hold(&self, senders: usize) -> Result<()> {
        self.inbox.held().0 = true;
        #[expect(clippy::disallowed_methods, reason = "a real process is waited for")]
        let began = Instant::now();
        while self.inbox.held().1 < senders {
            ensure!(began.elapsed() < PATIENCE, "only {} senders wait", self.inbox.held().1);
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Answers again.
    pub(crate) fn release(&self) {
        self.inbox.held().0 = false;
    }
}

impl Inbox {
    fn held(&self) -> MutexGuard<'_, (bool, usize)> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let arrival = judge(&inbox, &headers, body).map_err(|error| format!("{error:#}"));
    let status = if arrival.is_ok() { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED };
    inbox.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
    inbox.arrived.notify_all();
    inbox.held().1 += 1;
    loop {
        // Nothing comes: a receiver that takes its time, so that servers are killed between an arrival and its answer.
        let _ = tokio::time::timeout(THINKING, std::future::pending::<()>()).await;
        let mut held = inbox.held();
        if !held.0 {
            held.1 -= 1;
            return status;
        }
    }
}

fn judge(inbox: &Inbox, headers: &HeaderMap, body: Bytes) -> Result<Arrival> {
    let text = |name: &str| anyhow::Ok(headers.get(name).context("a header is missing")?.to_str()?.to_owned());
    let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed()?.as_secs())?;
    let secret = inbox.secret.get().context("nobody has said the secret")?;
    let id = text("webhook-id")?;
    verify_standard(secret, &id, &text("webhook-timestamp")?, &text("webhook-signature")?, &body, now)?;
    Ok(Arrival { id, entity: text("x-event-entity")?, sequence: text("x-event-sequence")?.parse()?, body })
}

/// Demands that what arrived again is the same, and that the events of a product arrived in their order.
fn compare(arrivals: &[Result<Arrival, String>]) -> Result<Told> {
    let (mut told, mut known) = (Told::default(), BTreeMap::<i64, &Arrival>::new());
    let (mut ids, mut last) = (BTreeSet::new(), BTreeMap::<&str, i64>::new());
    for arrival in arrivals {
        let arrival = arrival.as_ref().map_err(|error| anyhow::anyhow!("a webhook was not believed: {error}"))?;
        told.arrivals += 1;
        let number = arrival.sequence;
        if let Some(first) = known.insert(number, arrival) {
            ensure!(
                (&first.id, &first.body) == (&arrival.id, &arrival.body),
                "event {number} arrived again, and differs"
            );
            continue;
        }
        ensure!(ids.insert(&arrival.id), "two events have the ID {}", arrival.id);
        let before = last.insert(&arrival.entity, number).unwrap_or(0);
        ensure!(before < number, "of {} arrived {before}, and then {number}", arrival.entity);
        told.events += 1;
        told.take(&serde_json::from_slice(&arrival.body)?)?;
    }
    Ok(told)
}

impl Told {
    fn take(&mut self, body: &Value) -> Result<()> {
        let text =
            |path: &str| body.pointer(path).and_then(Value::as_str).map(str::to_owned).context("it tells of nothing");
        if body["type"] == "device.created" {
            let device = text("/data/device/device_id")?;
            ensure!(self.devices.insert(device), "a device is new twice: {body}");
            return Ok(());
        }
        let product = text("/data/product/name")?;
        match body["type"].as_str() {
            Some("product.created") => {
                ensure!(self.products.insert(product, BTreeSet::new()).is_none(), "a product is new twice: {body}");
            }
            Some("feature.created") => {
                let codes = self.products.get_mut(&product).with_context(|| format!("{product} was not told of"))?;
                ensure!(codes.insert(text("/data/feature/code")?), "a feature is new twice: {body}");
            }
            _ => bail!("nobody has made a change of this kind: {body}"),
        }
        Ok(())
    }
}

#[test]
fn what_arrives_is_compared() {
    let arrival = |sequence: i64, entity: &str, name: &str| {
        let body = format!("{{\"type\":\"product.created\",\"data\":{{\"product\":{{\"name\":\"{name}\"}}}}}}");
        Ok(Arrival { id: format!("evt_{sequence}"), entity: entity.to_owned(), sequence, body: body.into() })
    };
    let outcome = |arrivals: &[Result<Arrival, String>]| match compare(arrivals) {
        Ok(told) => format!("{} of {}", told.events, told.arrivals),
        Err(error) => error.to_string(),
    };
    let (first, second) = (|| arrival(1, "PROD:1", "A"), || arrival(2, "PROD:1", "B"));
    assert_eq!(outcome(&[first(), second(), first()]), "2 of 3");
    assert_eq!(outcome(&[second(), first()]), "of PROD:1 arrived 2, and then 1");
    assert_eq!(outcome(&[first(), arrival(1, "PROD:1", "B")]), "event 1 arrived again, and differs");
    assert!(outcome(&[first(), arrival(2, "PROD:2", "A")]).starts_with("a product is new twice"));
    assert_eq!(outcome(&[Err("no signature".to_owned())]), "a webhook was not believed: no signature");
}
