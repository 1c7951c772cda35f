//! A license with too few seats, what clients ask about them, and when.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use countersign_domain::time::Timestamp;
use countersign_interop::{Answer, Installation};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::application::{Application, Call as Activation, Shop, Wish as Doing};

/// Key of the license whose seats are shared.
pub(super) const SHARED: &str = "LIC-FEW-SEATS";
/// The feature of it that has seats of its own.
pub(super) const FEATURE: &str = "PLOT";
/// Key of the license whose seats nobody renews.
pub(super) const SILENT: &str = "LIC-SILENT-SEATS";
/// Seats of that license.
pub(super) const SILENT_SEATS: usize = 3;
/// After which time the seat of a silent client is free: the shortest that there is.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);
/// By how much a seat may last longer than its holder was told.
pub(super) const SLACK: Duration = Duration::from_secs(1);

/// What has seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pool {
    License,
    Feature,
}

/// A call about a seat.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The hardware of the client.
    pub(super) client: String,
    pub(super) pool: Pool,
    pub(super) wish: Wish,
    /// When it was sent.
    pub(super) at: Timestamp,
}

/// What a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// To take a seat, or to renew it.
    Check,
    /// To keep it until then.
    Borrow(Timestamp),
    Release,
}

impl Pool {
    pub(super) const ALL: [Self; 2] = [Self::License, Self::Feature];

    /// How many seats there are.
    pub(super) fn seats(self) -> usize {
        match self {
            Self::License => 5,
            Self::Feature => 3,
        }
    }
}

impl Call {
    pub(super) fn new(client: &str, pool: Pool, wish: Wish) -> Self {
        Self { client: client.to_owned(), pool, wish, at: now() }
    }

    /// Sends it.
    pub(super) fn send(&self, application: &Application) -> Result<Answer> {
        self.send_for(SHARED, application)
    }

    /// Sends it for a license.
    pub(super) fn send_for(&self, license: &str, application: &Application) -> Result<Answer> {
        let mut document = json!({ "product": "Pump", "hardware_id": self.client, "license_key": license });
        if self.pool == Pool::Feature {
            document["feature"] = FEATURE.into();
        }
        let path = match (self.wish, self.pool) {
            (Wish::Check, pool) => {
                let named = format!("product=Pump&hardware_id={}&license_key={license}", self.client);
                let path = match pool {
                    Pool::License => format!("check_license?{named}"),
                    Pool::Feature => format!("check_license_feature?{named}&feature={FEATURE}"),
                };
                return application.ask(Method::GET, &path, &[], b"");
            }
            (Wish::Borrow(until), pool) => {
                document["borrowed_until"] = until.to_string().into();
                if pool == Pool::License { "floating/borrow" } else { "floating/feature_borrow" }
            }
            (Wish::Release, Pool::License) => "floating/release",
            (Wish::Release, Pool::Feature) => "floating/feature_release",
        };
        application.ask(Method::POST, path, &[], document.to_string().as_bytes())
    }
}

/// A site with licenses that have seats.
pub(super) fn prepare(installation: &Installation) -> Result<Shop> {
    let [shared, plots, silent] =
        [Pool::License.seats(), Pool::Feature.seats(), SILENT_SEATS].map(|seats| seats.to_string());
    let floating = ["--floating", "cloud", "--floating-timeout", "1", "--borrow", "1", "--floating-users"];
    let license = ["license", "create", "--order", "SO-1", "--product", "Pump", "--limit", "unlimited", "--key"];
    let commands = [
        &["feature", "create", FEATURE, "--product", "Pump", "--name", "Plots"][..],
        &[&["feature", "set", FEATURE, "--product", "Pump"][..], &floating, &[&plots]].concat(),
        &[&license[..], &[SHARED, "--feature", FEATURE], &floating, &[&shared]].concat(),
        &[&license[..], &[SILENT], &floating, &[&silent]].concat(),
    ];
    Shop::with(installation, &commands)
}

/// Makes a license active on a device, without a seat of it.
pub(super) fn activate(application: &Application, license: &str, client: &str) -> Result<()> {
    let call = Activation { stream: 0, device: client.to_owned(), wish: Doing::Activate, key: None };
    let answer = application.send_for(license, &call)?;
    ensure!(answer.status == 200, "{client}: {answer:?}");
    // Activation takes a seat, if one is free.
    let answer = Call::new(client, Pool::License, Wish::Release).send_for(license, application)?;
    ensure!(answer.status == 200, "{client}: {answer:?}");
    Ok(())
}

/// The time of this machine, which is that of the server too.
#[expect(clippy::disallowed_methods, reason = "what the server did in the meantime lies between two of these")]
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A time in an answer or a list; nothing when there is none.
pub(super) fn time(value: &Value) -> Result<Option<Timestamp>> {
    let read = |text: &str| Timestamp::read_tolerantly(text).with_context(|| format!("`{text}` is no time"));
    value.as_str().map(read).transpose()
}
