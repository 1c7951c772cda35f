//! An application with a token, and storages that it may use.

use std::time::Duration;

use axum::body::Body;
use countersign_app::oauth::{self, ClientProof, TokenRequest};
use countersign_app::sites::{self, SiteRef};
use countersign_app::storages::{self, CreateStorage, StorageSettings};
use countersign_crypto::Secret;
use countersign_domain::ids::SiteId;
use countersign_domain::oauth::{Application, Scopes, TokenAlgorithm, TokenLife};
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::storage::{BackEnd, StorageName};
use countersign_domain::text::{ApplicationName, ClientId, CredentialLabel};
use countersign_testkit::WorldOptions;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, App};

/// Where the storage routes of a product are.
pub(crate) const WORDS: &str = "/v4.0/words/storage";

/// An installation with storage `Main`, and an application whose default storage it is.
pub(crate) struct Storages {
    pub(crate) app: App,
    /// A good token.
    pub(crate) token: String,
    client: ClientId,
    secret: String,
}

/// An application with a secret.
async fn application(app: &App, site: SiteId) -> (ClientId, String) {
    let name = ApplicationName::new("pipeline").unwrap();
    let storage = StorageName::new("Main").unwrap();
    let made =
        oauth::create(app.ctx(), site, name, Scopes::usual(), TokenAlgorithm::Es256, Some(storage)).await.unwrap();
    let label = CredentialLabel::new("first").unwrap();
    let secret = oauth::add_secret(app.ctx(), site, made.client_id.clone(), label, None).await.unwrap();
    (made.client_id, secret.secret.expose().clone())
}

/// A token for a secret of an application.
async fn issue(app: &App, site: &str, client: &ClientId, secret: &str) -> String {
    let site = sites::resolve(app.ctx(), SiteRef::Name(site)).await.unwrap().unwrap();
    let proof = ClientProof::Secret { client_id: client.to_string(), secret: Secret::new(secret.to_owned()) };
    let proved = oauth::authenticate_client(app.ctx(), &site, proof, None).await.unwrap();
    let request = TokenRequest { scope: None, resources: Vec::new() };
    oauth::issue(app.ctx(), &proved, &request).await.unwrap().access_token.expose().clone()
}

impl Storages {
    pub(crate) async fn new() -> Self {
        Self::with(StorageSettings::default()).await
    }

    /// With settings of storage `Main`.
    pub(crate) async fn with(settings: StorageSettings) -> Self {
        let app = App::bare(WorldOptions::default()).await;
        let (client, secret) = application(&app, app.site).await;
        let token = issue(&app, "demo", &client, &secret).await;
        let all = Self { app, token, client, secret };
        all.add("Main", settings).await;
        all
    }

    /// A token of the same application that has expired.
    pub(crate) async fn expired_token(&self) -> String {
        self.change(|application| application.token_life = TokenLife::from_seconds(60).unwrap()).await;
        let token = issue(&self.app, "demo", &self.client, &self.secret).await;
        self.change(|application| application.token_life = TokenLife::default()).await;
        self.app.world.clock.advance(Duration::from_secs(60));
        token
    }

    /// A token of the same application that is good until [`Storages::revoke`].
    pub(crate) async fn issue(&self) -> String {
        issue(&self.app, "demo", &self.client, &self.secret).await
    }

    /// Ends all tokens of the application.
    pub(crate) async fn revoke(&self) {
        oauth::revoke_tokens(self.app.ctx(), self.app.site, self.client.clone()).await.unwrap();
    }

    /// Changes the application.
    pub(crate) async fn change(&self, change: impl FnOnce(&mut Application) + Send + 'static) {
        oauth::change(self.app.ctx(), self.app.site, self.client.clone(), None, change).await.unwrap();
    }

    /// A token of an application of another site.
    pub(crate) async fn foreign_token(&self) -> String {
        let name = SiteName::new("other").unwrap();
        let site = sites::create(self.app.ctx(), name, SiteSettings::default()).await.unwrap();
        let (client, secret) = application(&self.app, site).await;
        issue(&self.app, "other", &client, &secret).await
    }

    /// Adds a storage.
    pub(crate) async fn add(&self, name: &str, settings: StorageSettings) {
        let name = StorageName::new(name).unwrap();
        let storage = CreateStorage { name, back_end: BackEnd::Managed, credentials: None, settings };
        storages::create(self.app.ctx(), self.app.site, storage).await.unwrap();
    }

    /// A request with the token.
    pub(crate) fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let method: Method = method.parse().unwrap();
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.token))
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        self.app.send(self.request(method, path).body(body.into()).unwrap()).await
    }

    /// Sends a body of a type.
    pub(crate) async fn send_typed(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let request = self.request(method, path).header("content-type", content_type);
        self.app.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Body::empty()).await
    }

    /// A call that must succeed without a body.
    #[track_caller]
    pub(crate) fn done(&self, method: &'static str, path: &str) -> impl Future<Output = ()> {
        let path = path.to_owned();
        async move {
            let answer = self.send(method, &path, Body::empty()).await;
            assert_eq!((answer.status, text(&answer)), (StatusCode::OK, String::new()), "{method} {path}");
        }
    }

    /// Puts a file into the default storage, as the body of a request.
    pub(crate) async fn put(&self, path: &str, bytes: impl Into<Body>) {
        let answer = self.send("PUT", &format!("{WORDS}/file/{path}"), bytes).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", text(&answer));
        let name = path.rsplit('/').next().unwrap();
        assert_eq!(answer.json(), json!({ "Uploaded": [name], "Errors": [] }));
    }

    /// The bytes of a file.
    pub(crate) async fn bytes(&self, path: &str) -> Vec<u8> {
        let answer = self.get(&format!("{WORDS}/file/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", text(&answer));
        answer.body.to_vec()
    }

    /// Names in a folder, folders with a slash.
    pub(crate) async fn names(&self, folder: &str) -> Vec<String> {
        let answer = self.get(&format!("{WORDS}/folder/{folder}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{folder}: {}", text(&answer));
        let entries = answer.json()["Value"].as_array().unwrap().clone();
        let name = |entry: &Value| {
            let slash = if entry["IsFolder"].as_bool().unwrap() { "/" } else { "" };
            format!("{}{slash}", entry["Name"].as_str().unwrap())
        };
        entries.iter().map(name).collect()
    }
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// Status and code of an error of a Pascal family, after checking what every such error must have.
#[track_caller]
pub(crate) fn refusal(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(body["RequestId"], answer.headers["x-request-id"].to_str().unwrap(), "{body}");
    let (code, message) = (body["Error"]["Code"].as_str().unwrap(), body["Error"]["Message"].as_str().unwrap());
    assert_eq!(body["error"], code);
    assert!(message.ends_with('.') && body["error_description"].as_str().unwrap().is_ascii(), "{body}");
    assert!(body["Error"].get("InnerError").is_none(), "{body}");
    (answer.status.as_u16(), code.to_owned())
}

/// A multipart body with one file.
pub(crate) fn multipart(part: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!("--XyZ\r\nContent-Disposition: form-data; {part}\r\n\r\n");
    [head.as_bytes(), bytes, b"\r\n--XyZ--\r\n"].concat()
}

pub(crate) const MULTIPART: &str = "multipart/form-data; boundary=XyZ";

/// 256 byte values, line ends and NUL among them.
pub(crate) fn every_byte() -> Vec<u8> {
    (0..=255).chain(*b"\r\n\0\n\r\r\n").collect()
}
