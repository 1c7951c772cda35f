//! Clients that prove themselves with a signed assertion (RFC 7523).

use countersign_app::oauth;
use countersign_crypto::jose::signing_input;
use countersign_crypto::{Algorithm, PrivateKey, ProtectedHeader};
use countersign_domain::text::{ClientId, CredentialLabel};
use countersign_testkit::WorldOptions;
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::App;
use crate::token_support::error_code;

const ISSUER: &str = "http://server.test";

struct Signer {
    app: App,
    id: ClientId,
    key: PrivateKey,
}

async fn signer(algorithm: Algorithm) -> Signer {
    let app = App::bare(WorldOptions::default()).await;
    let id = app.application().await.id;
    let key = PrivateKey::generate(algorithm).unwrap();
    let jwk = key.public_jwk().unwrap().to_public_json(algorithm).unwrap();
    let label = CredentialLabel::new("key").unwrap();
    oauth::add_key(app.ctx(), app.site, id.clone(), label, &jwk, None).await.unwrap();
    Signer { app, id, key }
}

impl Signer {
    fn claims(&self, jti: &str) -> Value {
        let now = self.app.ctx().now().as_seconds();
        json!({ "iss": self.id.as_str(), "sub": self.id.as_str(), "aud": ISSUER, "exp": now + 300, "jti": jti })
    }

    fn assertion(&self, header: &ProtectedHeader, claims: &Value) -> String {
        let input = signing_input(header, claims.to_string().as_bytes());
        let signature = self.key.sign(input.as_bytes()).unwrap();
        input.into_compact(&signature)
    }

    async fn ask(&self, assertion: &str, more: &str) -> (u16, String) {
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        let body =
            format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={assertion}{more}");
        let answer = self.app.form("/connect/token", &body).await;
        match answer.status {
            StatusCode::OK => (200, String::new()),
            status => (status.as_u16(), error_code(&answer)),
        }
    }
}

fn good() -> (u16, String) {
    (200, String::new())
}

fn refused() -> (u16, String) {
    (400, "invalid_client".to_owned())
}

#[tokio::test]
async fn an_assertion_is_good_once() {
    let signer = signer(Algorithm::RS256).await;
    let assertion = signer.assertion(&ProtectedHeader::jwt(), &signer.claims("one"));
    assert_eq!(signer.ask(&assertion, "").await, good());
    assert_eq!(signer.ask(&assertion, "").await, refused(), "it was used");
    let other = App { router: countersign_server::app(signer.app.world.second_process().await), ..signer.app };
    let signer = Signer { app: other, ..signer };
    assert_eq!(signer.ask(&assertion, "").await, refused(), "it was used elsewhere");
    let second = signer.assertion(&ProtectedHeader::jwt(), &signer.claims("two"));
    assert_eq!(signer.ask(&second, &format!("&client_id={}", signer.id)).await, good());
    let third = signer.assertion(&ProtectedHeader::jwt(), &signer.claims("three"));
    assert_eq!(signer.ask(&third, "&client_id=app-other").await, refused());
}

#[tokio::test]
async fn an_assertion_that_fails_again_and_again_is_told_to_wait_and_a_right_one_never_is() {
    let signer = signer(Algorithm::ES256).await;
    let stranger = PrivateKey::generate(Algorithm::ES256).unwrap();
    let header = base64url(r#"{"alg":"ES256"}"#);
    let signed = |key: &PrivateKey, jti: &str| {
        let input = format!("{header}.{}", base64url(&signer.claims(jti).to_string()));
        let signature = key.sign(input.as_bytes()).unwrap();
        format!("{input}.{}", countersign_crypto::encoding::base64url_encode(&signature))
    };
    let forged = signed(&stranger, "one");
    for _ in 0..5 {
        assert_eq!(signer.ask(&forged, "").await, refused());
    }
    assert_eq!(signer.ask(&forged, "").await, (429, "invalid_client".to_owned()));
    for number in 0..70 {
        assert_eq!(signer.ask(&signed(&stranger, &number.to_string()), "").await, refused(), "each is another one");
    }
    assert_eq!(signer.ask(&signed(&signer.key, "right"), "").await, good());
}

#[tokio::test]
async fn every_broken_assertion_is_refused() {
    let signer = signer(Algorithm::RS256).await;
    let now = signer.app.ctx().now().as_seconds();
    let with = |name: &str, value: Value| {
        let mut claims = signer.claims(name);
        claims[name] = value;
        claims
    };
    for claims in [
        with("iss", json!("somebody")),
        with("sub", json!("app-unknown")),
        with("aud", json!("https://other.example")),
        with("aud", json!([ISSUER])),
        with("aud", json!(format!("{ISSUER}/connect/token"))),
        with("exp", Value::Null),
        with("exp", json!("soon")),
        with("exp", json!(now - 61)),
        with("exp", json!(now + 700)),
        with("exp", json!(1e300)),
        with("nbf", json!(now + 120)),
        with("iat", json!(now + 120)),
        with("jti", Value::Null),
        with("jti", json!("")),
        with("jti", json!("x".repeat(257))),
    ] {
        let assertion = signer.assertion(&ProtectedHeader::jwt(), &claims);
        assert_eq!(signer.ask(&assertion, "").await, refused(), "{claims}");
    }
    let access_token = signer.assertion(&ProtectedHeader::access_token(Algorithm::RS256), &signer.claims("typ"));
    assert_eq!(signer.ask(&access_token, "").await, refused(), "an access token is no assertion");
    let stranger = Signer { key: PrivateKey::generate(Algorithm::RS256).unwrap(), ..signer };
    let assertion = stranger.assertion(&ProtectedHeader::jwt(), &stranger.claims("key"));
    assert_eq!(stranger.ask(&assertion, "").await, refused(), "another key");
    for text in ["x", "a.b.c", ""] {
        assert_eq!(stranger.ask(text, "").await, refused(), "{text:?}");
    }
}

#[tokio::test]
async fn the_token_endpoint_as_audience_is_a_matter_of_compatibility() {
    let signer = signer(Algorithm::RS256).await;
    oauth::change(signer.app.ctx(), signer.app.site, signer.id.clone(), None, |application| {
        application.compatibility.endpoint_audience = true;
    })
    .await
    .unwrap();
    for (jti, audience) in
        [("a", json!(format!("{ISSUER}/connect/token"))), ("b", json!([ISSUER])), ("c", json!(ISSUER))]
    {
        let mut claims = signer.claims(jti);
        claims["aud"] = audience;
        assert_eq!(signer.ask(&signer.assertion(&ProtectedHeader::jwt(), &claims), "").await, good(), "{claims}");
    }
}

#[tokio::test]
async fn keys_of_every_kind_prove_a_client() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA] {
        let signer = signer(algorithm).await;
        let header = base64url(&format!(r#"{{"alg":"{}","typ":"client-authentication+jwt"}}"#, algorithm.name()));
        let input = format!("{header}.{}", base64url(&signer.claims("one").to_string()));
        let signature = signer.key.sign(input.as_bytes()).unwrap();
        let assertion = format!("{input}.{}", countersign_crypto::encoding::base64url_encode(&signature));
        assert_eq!(signer.ask(&assertion, "").await, good(), "{}", algorithm.name());
    }
}

fn base64url(text: &str) -> String {
    countersign_crypto::encoding::base64url_encode(text.as_bytes())
}
