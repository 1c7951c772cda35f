//! A logged-in producer, as requests and answers.

use axum::body::Body;
use countersign_app::users;
use countersign_crypto::encoding::{base64_encode, hex_encode};
use countersign_crypto::sha256;
use countersign_domain::text::Username;
use countersign_domain::user::Role;
use countersign_server::Doors;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, App, question, request};

pub(crate) const UPDATES: &str = "/flexnet/operations/api/updates";
pub(crate) const PACKAGES: &str = "/flexnet/operations/api/download-packages";
pub(crate) const FILES: &str = "/flexnet/operations/api/files";

/// The application with a released update, and a publisher who acts with an access token: passwords are slow to check.
pub(crate) struct Producer {
    pub(crate) app: App,
    header: String,
}

impl Producer {
    /// The publisher `ada` of site `demo`.
    pub(crate) async fn new() -> Self {
        let app = App::new().await;
        app.add_user("ada", Role::Publisher).await;
        let header = bearer(&app, "ada").await;
        Self { app, header }
    }

    /// The same producer, through another process.
    pub(crate) fn through(self, router: Doors) -> Self {
        Self { app: App { router, ..self.app }, header: self.header }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, Body::empty()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        call(&self.app, method, path, Some(&self.header), body).await
    }

    /// Stores a file and gives its SHA-256.
    pub(crate) async fn store(&self, bytes: &'static [u8]) -> String {
        let answer = self.send(Method::POST, FILES, bytes).await;
        assert!(answer.status.is_success(), "{}", answer.status);
        let digest = hex_encode(&sha256(bytes));
        assert_eq!(answer.json()["sha256"], digest);
        digest
    }

    /// The last segments of the manifest URLs that a device at `pump-4.1` is offered.
    pub(crate) async fn manifest_uuids(&self) -> Vec<String> {
        let list = self.app.payload(&self.app.ask(crate::support::UPDATES, &question()).await).await;
        let items = list["updateItems"].as_array().unwrap().iter();
        items.map(|item| crate::support::last_segment(item["manifestURL"].as_str().unwrap()).to_owned()).collect()
    }

    /// The answer to a device that asks for a file list.
    pub(crate) async fn manifest(&self, uuid: &str) -> Answer {
        self.app.ask(crate::support::MANIFESTS, &json!({ "uuid": uuid })).await
    }
}

/// Status and key of an error of the resources, after checking that it is one.
pub(crate) fn refusal(answer: &Answer) -> (StatusCode, String) {
    let object = answer.json();
    let members: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["errorMessage", "key"], "{object}");
    assert!(object["errorMessage"].as_str().unwrap().len() > 10, "{object}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    (answer.status, object["key"].as_str().unwrap().to_owned())
}

pub(crate) async fn call(
    app: &App,
    method: Method,
    path: &str,
    authorization: Option<&str>,
    body: impl Into<Body>,
) -> Answer {
    let mut request = request(&method, path);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    app.send(request.body(body.into()).unwrap()).await
}

pub(crate) fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", base64_encode(format!("{name}:{password}").as_bytes()))
}

/// The header with an access token of a user of the site.
pub(crate) async fn bearer(app: &App, name: &str) -> String {
    let token = users::issue_token(app.ctx(), app.site, Username::new(name).unwrap(), None).await.unwrap().0;
    format!("Bearer {}", token.expose())
}

/// The body of an update from `pump-4.1` to `pump-4.2` that every device on LINUX32 gets.
pub(crate) fn update(id: &str) -> Value {
    json!({
        "updateId": id,
        "updateName": format!("name of {id}"),
        "description": "Fixes the dosing alarm.",
        "status": "Active",
        "startDate": "2026-03-01",
        "endDate": "2031-12-31",
        "entitlementCheck": "None",
        "commandLine": "--apply",
        "releaseFrom": ["pump-4.1"],
        "releaseTo": [{ "platform": "LINUX64", "packageId": "pump-4.2" }],
        "languages": [{ "languageCode": 1033, "title": "Pump 4.2", "description": "" }],
    })
}

/// A body with one member replaced, or left out.
pub(crate) fn with(body: &Value, pointer: &str, value: Option<Value>) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match value {
        Some(value) if parent.is_array() => parent[name.parse::<usize>().unwrap()] = value,
        Some(value) => parent[name] = value,
        None => {
            parent.as_object_mut().unwrap().remove(name);
        }
    }
    body
}
