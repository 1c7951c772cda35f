//! A publisher with a released update, and a device that asks about it, as requests and answers on the real router.

use std::sync::LazyLock;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use countersign_app::releases::{self, Release, ReleaseFile};
use countersign_app::{Ctx, keys, packages, products, sites, users};
use countersign_crypto::jose::sign_compact;
use countersign_crypto::{
    Algorithm, Flattened, ProtectedHeader, RsaBits, RsaPrivateKey, RsaPublicKey, Secret, VerifyingKey,
};
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, LanguageText, UpdateStatus};
use countersign_domain::device::Language;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::SiteId;
use countersign_domain::site::{Site, SiteName, SiteSettings};
use countersign_domain::text::{PackageId, Platform, ProductName, UpdateId, Username};
use countersign_domain::time::Date;
use countersign_domain::user::Role;
use countersign_server::Doors;
use countersign_testkit::{World, WorldOptions};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// Seconds since 1970 far beyond every test.
pub(crate) const FAR_FUTURE: i64 = 4_102_444_800;
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const FIRST_FILE: &[u8] = b"the bytes of the pump firmware";

/// Key pairs cost some 100 ms each in a test build; all tests share two.
pub(crate) static PRODUCER_KEY: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| RsaPrivateKey::generate(RsaBits::B2048).unwrap());
pub(crate) static OTHER_KEY: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| RsaPrivateKey::generate(RsaBits::B2048).unwrap());

/// An answer with its body read.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The `key` member of the error object, after checking that it is one.
    pub(crate) fn error_key(&self) -> String {
        let object = self.json();
        let members: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["arguments", "key", "message"], "{object}");
        assert!(!object["message"].as_str().unwrap().is_empty(), "{object}");
        assert_eq!(self.headers["content-type"], "application/json");
        object["key"].as_str().unwrap().to_owned()
    }
}

/// The application on a private installation.
pub(crate) struct App {
    pub(crate) world: World,
    pub(crate) router: Doors,
    pub(crate) site: SiteId,
}

impl App {
    /// With site `demo`, its keys, and one update on offer.
    pub(crate) async fn new() -> Self {
        Self::with(WorldOptions::default()).await
    }

    /// The same, in another way.
    pub(crate) async fn with(options: WorldOptions) -> Self {
        let app = Self::bare(options).await;
        app.upload_key(&PRODUCER_KEY).await;
        keys::find_or_create_signing_key(app.ctx(), app.site).await.unwrap();
        app.publish("pump-4.1", "pump-4.2", "UPD-1", &[("pump.bin", FIRST_FILE), ("notes.txt", b"notes")]).await;
        app
    }

    /// With site `demo` and nothing in it.
    pub(crate) async fn bare(options: WorldOptions) -> Self {
        let world = World::with(options).await;
        let site = sites::create(&world.ctx, SiteName::new("demo").unwrap(), SiteSettings::default()).await.unwrap();
        let router = countersign_server::app(world.ctx.clone());
        Self { world, router, site }
    }

    pub(crate) fn ctx(&self) -> &Ctx {
        &self.world.ctx
    }

    pub(crate) async fn record(&self) -> Site {
        sites::list(self.ctx()).await.unwrap().into_iter().find(|site| site.id == self.site).unwrap()
    }

    pub(crate) async fn upload_key(&self, key: &RsaPrivateKey) {
        keys::upload(self.ctx(), &self.record().await, &key.public_key().spki_base64()).await.unwrap();
    }

    /// Adds a user with [`PASSWORD`].
    pub(crate) async fn add_user(&self, name: &str, role: Role) {
        users::add(self.ctx(), self.site, Username::new(name).unwrap(), role, Secret::new(PASSWORD.to_owned()))
            .await
            .unwrap();
    }

    /// Publishes a package for LINUX64 and the update from `from` to it.
    pub(crate) async fn publish(&self, from: &str, to: &str, update: &str, files: &[(&str, &'static [u8])]) {
        self.release_to(from, to, new_update(update, from, to), files).await;
    }

    /// The same, for devices whose account holds the product.
    pub(crate) async fn publish_checked(&self, from: &str, to: &str, update: &str, files: &[(&str, &'static [u8])]) {
        let update = NewUpdate { entitlement_check: EntitlementCheck::Account, ..new_update(update, from, to) };
        self.release_to(from, to, update, files).await;
    }

    /// The same, for devices that have a license of the product.
    pub(crate) async fn publish_licensed(&self, from: &str, to: &str, update: &str, files: &[(&str, &'static [u8])]) {
        let update = NewUpdate { entitlement_check: EntitlementCheck::LineItem, ..new_update(update, from, to) };
        self.release_to(from, to, update, files).await;
    }

    async fn release_to(&self, from: &str, to: &str, update: NewUpdate, files: &[(&str, &'static [u8])]) {
        let product = ProductName::new("Pump").unwrap();
        // Both may be there already: tests publish several releases.
        let _ = products::create(self.ctx(), self.site, product.clone()).await;
        let _ = packages::create(self.ctx(), self.site, PackageId::new(from).unwrap(), product.clone(), String::new())
            .await;
        let mut received = Vec::new();
        for (name, bytes) in files {
            let source = futures_source(bytes);
            let file = releases::receive(self.ctx(), source, |_| {}).await.unwrap();
            received.push(ReleaseFile {
                name: PlainFileName::new(*name).unwrap(),
                received: file,
                execute: name.ends_with(".sh"),
            });
        }
        let release = Release {
            product,
            package: PackageId::new(to).unwrap(),
            package_description: String::new(),
            files: received,
            update,
        };
        releases::publish(self.ctx(), self.site, release).await.unwrap();
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        through(&self.router, request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: impl Into<Body>) -> Answer {
        let mut request = Request::post(path).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// POSTs a question with a good token, checks the 202, and gives the answer of the poll.
    pub(crate) async fn ask(&self, path: &str, question: &Value) -> Answer {
        let url = self.ask_for_url(path, question).await;
        self.get(&url).await
    }

    /// POSTs a question with a good token and gives the URL to poll.
    pub(crate) async fn ask_for_url(&self, path: &str, question: &Value) -> String {
        accepted(path, &self.post(path, Some(&good_token()), question.to_string()).await)
    }

    /// The verified payload of a signed answer.
    pub(crate) async fn payload(&self, answer: &Answer) -> Value {
        assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
        let row = keys::list_signing_keys(self.ctx(), self.site).await.unwrap().remove(0);
        let key = VerifyingKey::from_rsa(&RsaPublicKey::from_spki_der(&row.spki).unwrap()).unwrap();
        let jws = Flattened::parse(&answer.body).unwrap();
        serde_json::from_slice(&jws.verify(Algorithm::RS256, &key).unwrap()).unwrap()
    }

    /// The verified manifest of the first update on offer.
    pub(crate) async fn first_manifest(&self) -> Value {
        let list = self.payload(&self.ask(UPDATES, &question()).await).await;
        let uuid = last_segment(list["updateItems"][0]["manifestURL"].as_str().unwrap());
        self.payload(&self.ask(MANIFESTS, &json!({ "uuid": uuid })).await).await
    }

    /// The path of a URL of this server.
    pub(crate) fn path_of(url: &Value) -> String {
        url.as_str().unwrap().strip_prefix("http://server.test").unwrap().to_owned()
    }
}

pub(crate) const UPDATES: &str = "/uai/2.0/signed-updates";
pub(crate) const MANIFESTS: &str = "/uai/2.0/signed-updates/manifests";

/// Checks a 202 and gives its URL.
pub(crate) fn accepted(path: &str, answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", String::from_utf8_lossy(&answer.body));
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    let url = body["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with(&format!("{path}/")), "{url}");
    url
}

/// A question to which the published update is the answer.
pub(crate) fn question() -> Value {
    json!({ "updateFromPkgId": "pump-4.1", "platform": "LINUX64", "language": 1033 })
}

pub(crate) fn last_segment(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

/// A token of the producer with these claims.
pub(crate) fn token(claims: &Value) -> String {
    sign_compact(&PRODUCER_KEY, &ProtectedHeader::jwt(), claims.to_string().as_bytes()).unwrap()
}

pub(crate) fn good_token() -> String {
    token(&json!({ "exp": FAR_FUTURE }))
}

pub(crate) fn request(method: &Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path)
}

pub(crate) fn new_update(id: &str, from: &str, to: &str) -> NewUpdate {
    NewUpdate {
        id: UpdateId::new(id).unwrap(),
        name: id.to_lowercase(),
        description: "Fixes the dosing alarm.".to_owned(),
        status: UpdateStatus::Active,
        entitlement_check: EntitlementCheck::None,
        start_date: Date::parse("2026-03-01").unwrap(),
        end_date: Some(Date::parse("2031-12-31").unwrap()),
        command_line: "--apply".to_owned(),
        release_from: vec![PackageId::new(from).unwrap()],
        release_to: vec![(Platform::new("LINUX64").unwrap(), PackageId::new(to).unwrap())],
        languages: vec![LanguageText {
            language: Language(1033),
            title: format!("Pump {to}"),
            description: String::new(),
        }],
    }
}

/// Sends a request through a router.
pub(crate) async fn through(router: &Doors, request: Request<Body>) -> Answer {
    read(router.clone().oneshot(request).await.unwrap()).await
}

async fn read(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
}

fn futures_source(bytes: &'static [u8]) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> + Send {
    futures_util::stream::iter([Ok(Bytes::from_static(bytes))])
}
