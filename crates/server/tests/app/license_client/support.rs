//! A server on a socket that can go away, and machines with clients.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use countersign_app::{Clock as _, keys};
use countersign_client::license::{
    AwayPolicy, Clock, Credential, LicenseClient, LicenseConfig, LicensePorts, LicenseState, Timestamp, WhenAway,
};
use countersign_client::{Pause, ProxyUse};
use countersign_crypto::{Secret, SystemRng};
use countersign_http_kit::http_time::HttpTime;
use countersign_testkit::{TestClock, WorldOptions};
use http::StatusCode;
use http::header::{CONTENT_TYPE, DATE};
use http_body_util::BodyExt as _;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::{JoinSet, spawn_blocking};

use crate::license_support::{HARDWARE, Licensing};
use crate::support::App;

pub(super) const KEY: &str = "AAAA-BBBB-CCCC-0001";
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// How the server is today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Weather {
    Fine,
    /// The connection ends before anything was done.
    Away,
    /// It fails with 500 before anything was done.
    Failing,
    /// It does what it is asked, and the answer is lost on the way.
    LosesAnswers,
    /// The same, once.
    LosesOneAnswer,
    /// One byte of each good answer is changed on the way.
    Tampers,
    /// The signature of good answers is lost on the way.
    Unsigned,
    /// A page of somebody else answers everything.
    Portal,
    /// A gateway finds nothing, and says so in JSON.
    Gateway,
}

impl Weather {
    const ALL: [Self; 9] = [
        Self::Fine,
        Self::Away,
        Self::Failing,
        Self::LosesAnswers,
        Self::LosesOneAnswer,
        Self::Tampers,
        Self::Unsigned,
        Self::Portal,
        Self::Gateway,
    ];
}

/// The license door on a socket.
pub(super) struct Shop {
    pub(super) door: Licensing,
    pub(super) address: SocketAddr,
    sky: Arc<Sky>,
    began: Instant,
    _tasks: JoinSet<()>,
}

struct Sky {
    weather: AtomicU8,
    requests: AtomicUsize,
    /// What machines' steady clocks have shown since they began, in seconds.
    steady: AtomicU64,
}

/// A folder with a client, as on one machine.
pub(super) struct Machine {
    pub(super) folder: TempDir,
    pub(super) client: Arc<LicenseClient>,
    pub(super) pauses: Recorded,
}

/// A pause that returns at once and remembers how long it should have been.
#[derive(Clone, Default)]
pub(super) struct Recorded(Arc<Mutex<Vec<Duration>>>);

impl Recorded {
    pub(super) fn all(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

impl Pause for Recorded {
    fn pause(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration);
    }
}

/// The clock of the server, as clients see it, and so many minutes ahead of it. Beside it, a clock that nobody sets.
struct SharedClock {
    shown: Arc<TestClock>,
    minutes: i64,
    sky: Arc<Sky>,
    began: Instant,
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(u64::try_from(self.shown.now().as_millis() + self.minutes * 60_000).unwrap())
    }

    fn steady(&self) -> Option<Instant> {
        Some(self.began + Duration::from_secs(self.sky.steady.load(Ordering::SeqCst)))
    }
}

impl Shop {
    /// With product `pump` and nothing else.
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let options = WorldOptions { base_url: format!("http://{address}"), ..WorldOptions::default() };
        let door = Licensing::over(App::bare(options).await).await;
        let sky = Arc::new(Sky {
            weather: AtomicU8::new(Weather::Fine as u8),
            requests: AtomicUsize::new(0),
            steady: AtomicU64::new(0),
        });
        let (doors, clock, over) = (door.app.router.clone(), door.app.world.clock.clone(), sky.clone());
        let routes = Router::new().fallback(move |request: Request| {
            let (doors, clock, over) = (doors.clone(), clock.clone(), over.clone());
            async move { over.answer(request, &doors, &clock).await }
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let began = began();
        Self { door, address, sky, began, _tasks: tasks }
    }

    pub(super) fn turns(&self, weather: Weather) {
        self.sky.weather.store(weather as u8, Ordering::SeqCst);
    }

    /// How many requests have come.
    pub(super) fn requests(&self) -> usize {
        self.sky.requests.load(Ordering::SeqCst)
    }

    /// So much time passes, whatever clocks show that can be set.
    pub(super) fn runs(&self, span: Duration) {
        self.sky.steady.fetch_add(span.as_secs(), Ordering::SeqCst);
    }

    pub(super) fn advance(&self, span: Duration) {
        self.door.app.world.clock.advance(span);
    }

    pub(super) fn set(&self, at: Timestamp) {
        let millis = i64::try_from(at.as_millis()).unwrap();
        self.door.app.world.clock.set(countersign_domain::time::Timestamp::from_millis(millis));
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock(0).now()
    }

    /// The usual configuration of a machine that keeps its license in a folder.
    pub(super) async fn config(&self, hardware: &str, folder: &Path) -> LicenseConfig {
        let credential = Credential::ApiKey {
            api_key: self.door.api_key.clone(),
            shared_key: Secret::new(self.door.shared_key.clone()),
        };
        let key = keys::find_or_create_license_key(self.door.app.ctx(), &self.door.app.record().await).await.unwrap();
        let key = countersign_crypto::spki_pem(&key.spki);
        let url = format!("http://{}", self.address);
        let mut config = LicenseConfig::new(url, credential, "pump", vec![key], folder);
        config.hardware_id = Some(hardware.to_owned());
        config.proxy = ProxyUse::Direct;
        config.away = AwayPolicy { confirmed_for: HOUR * 24, then: WhenAway::Grace(HOUR * 72) };
        config
    }

    /// A machine whose configuration is changed.
    pub(super) async fn machine_with(&self, change: impl FnOnce(&mut LicenseConfig)) -> Machine {
        let folder = tempfile::tempdir().unwrap();
        let mut config = self.config(HARDWARE, folder.path()).await;
        change(&mut config);
        let pauses = Recorded::default();
        let client = Arc::new(self.client(config, pauses.clone()));
        Machine { folder, client, pauses }
    }

    pub(super) async fn machine(&self) -> Machine {
        self.machine_with(|_| {}).await
    }

    /// Another client, as a program that was started anew.
    pub(super) fn client(&self, config: LicenseConfig, pauses: impl Pause + 'static) -> LicenseClient {
        let ports = LicensePorts { clock: self.clock(0), pause: Box::new(pauses), rng: Box::new(SystemRng) };
        LicenseClient::with_ports(config, ports).unwrap()
    }

    /// A client whose clock is so many minutes ahead of the server's.
    pub(super) fn client_ahead(&self, config: LicenseConfig, minutes: i64) -> LicenseClient {
        let pause = Box::new(Recorded::default());
        let ports = LicensePorts { clock: self.clock(minutes), pause, rng: Box::new(SystemRng) };
        LicenseClient::with_ports(config, ports).unwrap()
    }

    fn clock(&self, minutes: i64) -> Box<dyn Clock> {
        let (shown, sky, began) = (self.door.app.world.clock.clone(), self.sky.clone(), self.began);
        Box::new(SharedClock { shown, minutes, sky, began })
    }
}

impl Machine {
    /// Does something with the client, on a thread that may wait.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Arc<LicenseClient>) -> T + Send + 'static,
    ) -> T {
        let client = self.client.clone();
        spawn_blocking(move || what(&client)).await.unwrap()
    }

    pub(super) async fn state(&self) -> LicenseState {
        self.run(|client| client.state()).await.unwrap()
    }

    pub(super) async fn check_or_grace(&self) -> LicenseState {
        self.run(|client| client.check_or_grace()).await.unwrap()
    }
}

impl Sky {
    async fn answer(&self, request: Request, doors: &countersign_server::Doors, clock: &TestClock) -> Response {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let index = usize::from(self.weather.load(Ordering::SeqCst));
        let weather = Weather::ALL[index];
        match weather {
            Weather::Away => return cut_off(),
            Weather::Failing => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Weather::Portal => return (StatusCode::FORBIDDEN, "<html>Please log in.").into_response(),
            Weather::Gateway => {
                let page = r#"{"timestamp":"2026-03-01T12:00:00Z","status":404,"error":"Not Found","path":"/api/v4"}"#;
                return (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "application/json")], page).into_response();
            }
            Weather::Fine | Weather::LosesAnswers | Weather::LosesOneAnswer | Weather::Tampers | Weather::Unsigned => {}
        }
        let mut response = doors.answer(request).await;
        let date = HttpTime::from_unix_seconds(clock.now().as_seconds()).header_value().unwrap();
        response.headers_mut().insert(DATE, date);
        match weather {
            Weather::LosesAnswers => cut_off(),
            Weather::LosesOneAnswer => {
                self.weather.store(Weather::Fine as u8, Ordering::SeqCst);
                cut_off()
            }
            Weather::Unsigned => {
                response.headers_mut().remove("licensesignature");
                response
            }
            Weather::Tampers if response.status() == StatusCode::OK => {
                let (parts, body) = response.into_parts();
                let mut body = body.collect().await.unwrap().to_bytes().to_vec();
                // The same length, and good JSON still.
                if let Some(position) = body.windows(4).position(|four| four == b"\"id\"") {
                    body[position + 1] = b'I';
                }
                Response::from_parts(parts, Body::from(body))
            }
            Weather::Tampers
            | Weather::Fine
            | Weather::Away
            | Weather::Failing
            | Weather::Portal
            | Weather::Gateway => response,
        }
    }
}

/// Where a steady clock begins: only what passes from there on is looked at.
#[expect(clippy::disallowed_methods, reason = "an instant can be made in no other way")]
fn began() -> Instant {
    Instant::now()
}

/// An answer that breaks off.
fn cut_off() -> Response {
    let broken = std::io::Error::other("the cable was pulled");
    Body::from_stream(futures_util::stream::iter([Err::<bytes::Bytes, _>(broken)])).into_response()
}
