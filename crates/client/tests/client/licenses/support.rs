//! Signed answers about one license, and a machine whose clocks are moved by hand.

use std::{
    iter,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use countersign_client::{
    Pause, ProxyUse,
    license::{Activation, Clock, Credential, LicenseClient, LicenseConfig, LicensePorts, Timestamp},
};
use countersign_crypto::{random::SystemRng, secret::Secret};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Recorded, Running, Server, Step, bare_signature, json_answer, public_key, step};

pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const MOMENT: Duration = Duration::from_millis(1);
const KEY: &str = "AAAA-BBBB-CCCC-0001";
const HARDWARE: &str = "HW-1";

/// A server with its script, and a machine that asks it.
pub(super) struct Shop {
    pub(super) client: Arc<LicenseClient>,
    pub(super) clock: Hands,
    pub(super) folder: TempDir,
    url: String,
    running: Running,
}

/// Two clocks: one that is set, and one that nobody sets.
#[derive(Clone)]
pub(super) struct Hands {
    shown: Arc<AtomicU64>,
    steady: Arc<AtomicU64>,
    began: Instant,
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.shown.load(Ordering::SeqCst))
    }

    fn steady(&self) -> Option<Instant> {
        Some(self.began + Duration::from_millis(self.steady.load(Ordering::SeqCst)))
    }
}

impl Hands {
    #[expect(clippy::disallowed_methods, reason = "an instant can be made in no other way")]
    fn new() -> Self {
        let (shown, steady) = (AtomicU64::new(start().as_millis()), AtomicU64::new(0));
        Self { shown: Arc::new(shown), steady: Arc::new(steady), began: Instant::now() }
    }

    /// Sets the clock that can be set. No time passes.
    pub(super) fn set(&self, at: Timestamp) {
        self.shown.store(at.as_millis(), Ordering::SeqCst);
    }

    /// So much time passes, and the clock that can be set does not move.
    pub(super) fn stand_still(&self, span: Duration) {
        self.steady.fetch_add(u64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// So much time passes.
    pub(super) fn pass(&self, span: Duration) {
        self.stand_still(span);
        self.set(self.now().plus(span));
    }
}

impl Shop {
    pub(super) fn new(steps: Vec<Step>) -> Self {
        let server = Server::bind();
        let (url, clock, folder) = (server.url(""), Hands::new(), tempfile::tempdir().unwrap());
        let client = client(&url, folder.path(), &clock, Recorded::default());
        Self { client, clock, folder, url, running: server.serve(steps) }
    }

    /// With a license that was activated as the first step.
    pub(super) fn activated(steps: Vec<Step>) -> Self {
        let activate = step("POST /api/v4/activate_license ", license(&json!({})));
        let shop = Self::new(iter::once(activate).chain(steps).collect());
        shop.client.activate(&activation()).unwrap();
        shop
    }

    /// The program, started anew.
    pub(super) fn started(&self) -> Arc<LicenseClient> {
        self.waiting(Recorded::default())
    }

    /// The same, with something that happens whenever it waits.
    pub(super) fn waiting(&self, pause: impl Pause + 'static) -> Arc<LicenseClient> {
        client(&self.url, self.folder.path(), &self.clock, pause)
    }

    /// The program with another folder.
    pub(super) fn kept_in(&self, folder: &Path) -> Arc<LicenseClient> {
        client(&self.url, folder, &self.clock, Recorded::default())
    }

    /// Demands that all of the script was asked for, in its order, and nothing else.
    pub(super) fn finish(self) {
        self.running.finish();
    }
}

pub(super) fn start() -> Timestamp {
    Timestamp::parse_iso("2026-03-01T12:00:00Z").unwrap()
}

pub(super) fn after(hours: u32) -> Timestamp {
    start().plus(HOUR * hours)
}

pub(super) fn activation() -> Activation {
    Activation::by_key(KEY)
}

/// A license with a seat of an hour, which can be lent, with other members beside.
pub(super) fn license(members: &Value) -> Answer {
    let signature = bare_signature(&format!("{HARDWARE}#{KEY}#").to_lowercase());
    let mut document = json!({
        "id": 1, "license_key": KEY, "license_type": "perpetual", "hardware_id": HARDWARE,
        "license_signature": signature, "product_details": { "short_code": "pump" },
        "is_floating_cloud": true, "floating_users": 1, "floating_timeout": 60, "can_borrow": true,
        "max_borrow_time": 48,
    });
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    signed(&document)
}

/// A feature with such a seat.
pub(super) fn feature(members: &Value) -> Answer {
    let mut document = json!({
        "code": "pdf", "feature_type": "activation", "license_id": 1, "is_floating_cloud": true, "floating_users": 1,
        "floating_timeout": 60, "can_borrow": true, "max_borrow_time": 48,
    });
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    signed(&document)
}

/// What is said of a loan.
pub(super) fn lent(until: Timestamp) -> Value {
    json!({ "license_id": 1, "borrowed_until": until.to_string() })
}

pub(super) fn signed(document: &Value) -> Answer {
    let body = document.to_string();
    let signature = format!("LicenseSignature: {}", bare_signature(&body));
    Answer::new(200, &["Content-Type: application/json", &signature], body.as_bytes())
}

pub(super) fn done() -> Answer {
    json_answer(200, "\"done\"")
}

fn client(url: &str, folder: &Path, clock: &Hands, pause: impl Pause + 'static) -> Arc<LicenseClient> {
    let credential = Credential::ApiKey { api_key: "ak_1".to_owned(), shared_key: Secret::new("shared".to_owned()) };
    let mut config = LicenseConfig::new(url, credential, "pump", vec![public_key()], folder);
    config.hardware_id = Some(HARDWARE.to_owned());
    config.proxy = ProxyUse::Direct;
    let ports = LicensePorts { clock: Box::new(clock.clone()), pause: Box::new(pause), rng: Box::new(SystemRng) };
    Arc::new(LicenseClient::with_ports(config, ports).unwrap())
}
