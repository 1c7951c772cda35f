//! Applications, their token requests, and their tokens taken apart.

use axum::body::Body;
use countersign_app::oauth;
use countersign_crypto::jose::Compact;
use countersign_crypto::{Algorithm, Jwk};
use countersign_domain::oauth::{Scopes, TokenAlgorithm};
use countersign_domain::text::{ApplicationName, ClientId, CredentialLabel};
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;

use crate::support::{Answer, App};

/// An application with one secret.
pub(crate) struct Registered {
    pub(crate) id: ClientId,
    pub(crate) secret: String,
    pub(crate) credential: countersign_domain::ids::CredentialId,
}

impl Registered {
    /// The body of a token request.
    pub(crate) fn form(&self) -> String {
        format!("grant_type=client_credentials&client_id={}&client_secret={}", self.id, self.secret)
    }

    /// A header that proves it with HTTP Basic.
    pub(crate) fn basic(&self) -> String {
        let pair = format!("{}:{}", self.id, self.secret);
        format!("Basic {}", countersign_crypto::encoding::base64_encode(pair.as_bytes()))
    }
}

impl App {
    /// Makes an application that may do the usual, with tokens of this algorithm.
    pub(crate) async fn application_with(&self, algorithm: TokenAlgorithm, scopes: &str) -> Registered {
        let name = ApplicationName::new("Build farm").unwrap();
        let scopes = Scopes::parse(scopes).unwrap();
        let made = oauth::create(self.ctx(), self.site, name, scopes, algorithm, None).await.unwrap();
        let issued = self.add_secret(&made.client_id).await;
        Registered { id: made.client_id, secret: issued.secret.expose().clone(), credential: issued.id }
    }

    /// Makes an application whose tokens are cheap to sign.
    pub(crate) async fn application(&self) -> Registered {
        self.application_with(TokenAlgorithm::Es256, "api.storage api.license").await
    }

    pub(crate) async fn add_secret(&self, id: &ClientId) -> oauth::IssuedSecret {
        let label = CredentialLabel::new("test").unwrap();
        oauth::add_secret(self.ctx(), self.site, id.clone(), label, None).await.unwrap()
    }

    /// POSTs a form.
    pub(crate) async fn form(&self, path: &str, body: &str) -> Answer {
        self.form_as(path, &[], body).await
    }

    /// POSTs a form with more headers.
    pub(crate) async fn form_as(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::post(path);
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// A fresh token of an application.
    pub(crate) async fn token_of(&self, application: &Registered) -> String {
        let answer = self.form("/connect/token", &application.form()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Whether the server takes a token for good, by the word of another application that may ask about all.
    pub(crate) async fn is_active(&self, asker: &Registered, token: &str) -> bool {
        let answer =
            self.form_as("/connect/introspect", &[("authorization", &asker.basic())], &format!("token={token}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
        answer.json()["active"].as_bool().unwrap()
    }

    /// An application that may ask about all tokens.
    pub(crate) async fn asker(&self) -> Registered {
        self.application_with(TokenAlgorithm::Es256, "tokens.introspect").await
    }

    /// The claims of a token, verified with the published keys of a path.
    pub(crate) async fn verified(&self, keys_path: &str, token: &str) -> Value {
        let keys = self.get(keys_path).await.json();
        let unverified = Compact::parse(token).unwrap();
        assert_eq!(unverified.typ(), Some("at+jwt"));
        let kid = unverified.kid().unwrap().to_owned();
        let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid.as_str()).expect("published");
        for private in ["d", "p", "q", "k"] {
            assert!(key.get(private).is_none(), "{key}");
        }
        let jwk = Jwk::parse(key.to_string().as_bytes()).unwrap();
        let algorithm = match key["alg"].as_str().unwrap() {
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            "EdDSA" => Algorithm::EdDSA,
            other => panic!("{other}"),
        };
        assert_eq!(jwk.kid_by_thumbprint(), kid, "named by its thumbprint");
        let payload = unverified.verify(algorithm, &jwk.verifying_key(algorithm).unwrap()).unwrap();
        serde_json::from_slice(payload.payload()).unwrap()
    }
}

/// Checks the one shape of errors of the token door, and gives its code.
pub(crate) fn error_code(answer: &Answer) -> String {
    let body = answer.json();
    let code = body["error"].as_str().unwrap().to_owned();
    let text = body["error_description"].as_str().unwrap();
    let plain = |c: char| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
    assert!(!text.is_empty() && text.chars().all(plain), "RFC 6749 section 5.2: {text:?}");
    assert_eq!(body["Error"]["Code"].as_str(), Some(code.as_str()), "{body}");
    assert_eq!(body["Error"]["Message"].as_str(), Some(text), "{body}");
    assert!(body["Error"].get("InnerError").is_none(), "{body}");
    assert_eq!(body["RequestId"].as_str(), answer.headers["x-request-id"].to_str().ok(), "{body}");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_is_private(&answer.headers);
    code
}

pub(crate) fn assert_is_private(headers: &HeaderMap) {
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["pragma"], "no-cache");
}
