//! A user of the events door, as requests and answers.

use axum::body::Body;
use countersign_crypto::encoding::base64_encode;
use countersign_domain::user::Role;
use countersign_testkit::WorldOptions;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::support::{Answer, App, PASSWORD, request};

pub(crate) const LOGIN: &str = "/notifications/api/v1/authenticate";

/// The application with a publisher who has logged in to the events door.
pub(crate) struct BackOffice {
    pub(crate) app: App,
    pub(crate) token: String,
}

impl BackOffice {
    pub(crate) async fn new() -> Self {
        Self::on(App::bare(WorldOptions::default()).await).await
    }

    /// The publisher `ada` of an application.
    pub(crate) async fn on(app: App) -> Self {
        app.add_user("ada", Role::Publisher).await;
        let token = token_of(&app, "ada").await;
        Self { app, token }
    }

    /// Logs in again, when the hour of the token is over.
    pub(crate) async fn renew(&mut self) {
        self.token = token_of(&self.app, "ada").await;
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, &[], body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Body::empty()).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        send(&self.app, method, path, Some(&format!("Bearer {}", self.token)), headers, body).await
    }
}

pub(crate) async fn send(
    app: &App,
    method: Method,
    path: &str,
    authorization: Option<&str>,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = request(&method, path);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(body.into()).unwrap()).await
}

/// A header with name and password.
pub(crate) fn pair(scheme: &str, name: &str, password: &str) -> String {
    format!("{scheme} {}", base64_encode(format!("{name}:{password}").as_bytes()))
}

/// A fresh token of a user with the usual password.
pub(crate) async fn token_of(app: &App, name: &str) -> String {
    let answer = send(app, Method::POST, LOGIN, Some(&pair("Basic", name, PASSWORD)), &[], Body::empty()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["token"].as_str().unwrap().to_owned()
}

/// Status and key of an error, after checking that it is one.
pub(crate) fn refusal(answer: &Answer) -> (u16, String) {
    let object = answer.json();
    let members: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["arguments", "key", "message", "requestId"], "{object}");
    assert!(object["message"].as_str().unwrap().len() > 10, "{object}");
    assert_eq!(object["requestId"].as_str(), answer.headers["x-request-id"].to_str().ok(), "{object}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["content-type"], "application/json");
    if answer.status == StatusCode::UNAUTHORIZED {
        assert!(answer.headers.contains_key("www-authenticate"), "RFC 9110 section 11.6.1");
    }
    (answer.status.as_u16(), object["key"].as_str().unwrap().to_owned())
}
