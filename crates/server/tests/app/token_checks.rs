//! Which access tokens let in: what is in them, what ends them, and what is never taken for one.

use std::time::Duration;

use countersign_app::installation;
use countersign_app::oauth::{self, OldTokenKeys, RetiredTokens};
use countersign_app::sites;
use countersign_crypto::encoding::{base64url_decode, base64url_encode};
use countersign_crypto::jose::{Compact, sign_compact, signing_input};
use countersign_crypto::{Algorithm, PrivateKey, ProtectedHeader};
use countersign_domain::oauth::TokenAlgorithm;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_store::StoreError;
use countersign_testkit::WorldOptions;
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, App, PRODUCER_KEY};
use crate::token_support::{Registered, error_code};

const KEYS: &str = "/.well-known/openid-configuration/jwks";
const INTROSPECT: &str = "/connect/introspect";

async fn app() -> App {
    App::bare(WorldOptions::default()).await
}

/// A protected call with a token.
async fn with_token(app: &App, token: &str) -> Answer {
    app.form_as(INTROSPECT, &[("authorization", &format!("Bearer {token}"))], "token=x").await
}

fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64url_decode(payload).unwrap()).unwrap()
}

/// A token with these claims, signed by a key that the site does not have, under the name of one that it has.
fn forged(token: &str, claims: &Value, algorithm: Algorithm) -> String {
    let kid = Compact::parse(token).unwrap().kid().unwrap().to_owned();
    let key = PrivateKey::generate(algorithm).unwrap();
    let input = signing_input(&ProtectedHeader::access_token(algorithm).with_kid(&kid), claims.to_string().as_bytes());
    let signature = key.sign(input.as_bytes()).unwrap();
    input.into_compact(&signature)
}

#[tokio::test]
async fn tokens_of_every_algorithm_carry_all_claims_and_verify_with_the_published_keys() {
    let app = app().await;
    for algorithm in TokenAlgorithm::ALL {
        let application = app.application_with(algorithm, "storage.read tokens.introspect").await;
        let token = app.token_of(&application).await;
        let claims = app.verified(KEYS, &token).await;
        assert_eq!(claims["iss"], "http://server.test");
        assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(application.id.as_str()), &claims["sub"]));
        assert_eq!(claims["aud"], "http://server.test/resources");
        assert_eq!(claims["scope"], "storage.read tokens.introspect");
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 86_400);
        assert_eq!(claims["nbf"], claims["iat"]);
        assert_eq!(claims["countersign_credential"], application.credential.0);
        assert_ne!(claims["jti"], claims_of(&app.token_of(&application).await)["jti"]);
        assert!(token.len() < 2048, "{} bytes travel on every request", token.len());
        assert_eq!(with_token(&app, &token).await.status, StatusCode::OK);
    }
    let keys = app.get(KEYS).await;
    assert_eq!(keys.headers["cache-control"], "public, max-age=300");
    assert_eq!(keys.json()["keys"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn metadata_names_the_endpoints_under_every_name() {
    let app = app().await;
    sites::create(app.ctx(), SiteName::new("acme").unwrap(), SiteSettings::default()).await.unwrap();
    for (path, issuer) in [
        ("/.well-known/oauth-authorization-server", "http://server.test"),
        ("/.well-known/openid-configuration", "http://server.test"),
        ("/t/demo/.well-known/openid-configuration", "http://server.test"),
        ("/t/acme/.well-known/openid-configuration", "http://server.test/t/acme"),
        ("/.well-known/oauth-authorization-server/t/acme", "http://server.test/t/acme"),
        ("/.well-known/openid-configuration/t/acme", "http://server.test/t/acme"),
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.headers["content-type"], "application/json", "{path}");
        let document = answer.json();
        assert_eq!(document["issuer"], issuer, "{path}");
        assert_eq!(document["grant_types_supported"], json!(["client_credentials"]));
        assert!(document["token_endpoint_auth_signing_alg_values_supported"].as_array().unwrap().len() == 3);
        assert_eq!(document.get("subject_types_supported").is_some(), path.contains("openid"), "{path}");
        for endpoint in ["token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint"] {
            let url = document[endpoint].as_str().unwrap();
            let answer = app.get(url.strip_prefix("http://server.test").unwrap()).await;
            let expected = if endpoint == "jwks_uri" { 200 } else { 405 };
            assert_eq!(answer.status.as_u16(), expected, "{url}");
        }
    }
    let unknown = app.get("/.well-known/oauth-authorization-server/t/nobody").await;
    assert_eq!((unknown.status, error_code(&unknown).as_str()), (StatusCode::MISDIRECTED_REQUEST, "invalid_request"));
}

#[tokio::test]
async fn a_bearer_that_is_none_is_answered_as_rfc_6750_says() {
    let app = app().await;
    let asker = app.asker().await;
    let token = app.token_of(&asker).await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let answer = app.form_as(INTROSPECT, &[("authorization", &format!("{scheme} {token}"))], "token=x").await;
        assert_eq!(answer.json(), json!({ "active": false }), "{scheme}");
    }
    let missing = app.form(INTROSPECT, "token=x").await;
    assert_eq!((missing.status, error_code(&missing).as_str()), (StatusCode::UNAUTHORIZED, "invalid_client"));
    assert!(missing.headers.get_all("www-authenticate").iter().any(|line| line == "Bearer realm=\"api\""));
    for header in ["Bearer ", "Bearer", "Bearer null", "Bearer a.b.c", &format!("Bearer {token}x"), "Digest x"] {
        let answer = app.form_as(INTROSPECT, &[("authorization", header)], "token=x").await;
        assert_eq!(
            (answer.status, error_code(&answer).as_str()),
            (StatusCode::UNAUTHORIZED, "invalid_token"),
            "{header}"
        );
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("Bearer realm=\"api\", error=\"invalid_token\""), "{challenge}");
    }
    let bearer = format!("Bearer {token}");
    let twice = app.form_as(INTROSPECT, &[("authorization", &bearer), ("authorization", &bearer)], "token=x").await;
    assert_eq!((twice.status, error_code(&twice).as_str()), (StatusCode::BAD_REQUEST, "invalid_request"));
    let in_query = app.form_as(&format!("{INTROSPECT}?access_token={token}"), &[], "token=x").await;
    assert_eq!(in_query.status, StatusCode::BAD_REQUEST);
    let plain = app.application().await;
    let lacking = with_token(&app, &app.token_of(&plain).await).await;
    assert_eq!((lacking.status, error_code(&lacking).as_str()), (StatusCode::FORBIDDEN, "insufficient_scope"));
    assert!(lacking.headers["www-authenticate"].to_str().unwrap().contains("scope=\"tokens.introspect\""));
}

#[tokio::test]
async fn what_is_no_access_token_of_the_site_is_refused() {
    let app = app().await;
    let asker = app.asker().await;
    let token = app.token_of(&asker).await;
    let claims = claims_of(&token);
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let altered = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        base64url_encode(claims.to_string().as_bytes())
    };
    let without_exp = {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove("exp");
        claims
    };
    let hs256 = base64url_encode(br#"{"alg":"HS256","typ":"at+jwt"}"#);
    let none = base64url_encode(br#"{"alg":"none","typ":"at+jwt"}"#);
    for (what, bad) in [
        ("longer life", format!("{header}.{}.{signature}", altered("exp", json!(99_999_999_999_i64)))),
        ("more scope", format!("{header}.{}.{signature}", altered("scope", json!("api.license")))),
        ("another key", forged(&token, &claims, Algorithm::ES256)),
        ("another algorithm under the name of a key", forged(&token, &claims, Algorithm::EdDSA)),
        ("no exp", forged(&token, &without_exp, Algorithm::ES256)),
        ("HS256", format!("{hs256}.{payload}.{signature}")),
        ("none", format!("{none}.{payload}.")),
        ("cut off", format!("{header}.{payload}.{}", &signature[..40])),
        ("doubled", format!("{token}.{token}")),
        (
            "a device token",
            sign_compact(&PRODUCER_KEY, &ProtectedHeader::jwt(), claims.to_string().as_bytes()).unwrap(),
        ),
    ] {
        let answer = with_token(&app, &bad).await;
        assert_eq!(
            (answer.status, error_code(&answer).as_str()),
            (StatusCode::UNAUTHORIZED, "invalid_token"),
            "{what}"
        );
    }
    assert_eq!(with_token(&app, &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_expires_to_the_second() {
    let app = app().await;
    let asker = app.asker().await;
    let token = app.token_of(&asker).await;
    app.world.clock.advance(Duration::from_secs(86_398));
    assert_eq!(with_token(&app, &token).await.status, StatusCode::OK);
    app.world.clock.advance(Duration::from_secs(2));
    let answer = with_token(&app, &token).await;
    assert_eq!((answer.status, error_code(&answer).as_str()), (StatusCode::UNAUTHORIZED, "invalid_token"));
    assert!(answer.json()["error_description"].as_str().unwrap().contains("expired"));
}

#[tokio::test]
async fn another_sites_token_is_refused() {
    let app = app().await;
    let asker = app.asker().await;
    let token = app.token_of(&asker).await;
    sites::create(app.ctx(), SiteName::new("acme").unwrap(), SiteSettings::default()).await.unwrap();
    let header = format!("Bearer {token}");
    let answer = app.form_as("/t/acme/connect/introspect", &[("authorization", &header)], "token=x").await;
    assert_eq!((answer.status, error_code(&answer).as_str()), (StatusCode::UNAUTHORIZED, "invalid_token"));
    let answer = app.form("/t/acme/connect/token", &asker.form()).await;
    assert_eq!((answer.status, error_code(&answer).as_str()), (StatusCode::BAD_REQUEST, "invalid_client"));
}

/// Ends tokens in one way, and looks whether a good one is refused in this process, and within a second in another one that
/// has let it in before.
async fn ended_by(end: impl AsyncFnOnce(&App, &Registered)) {
    let mut app = app().await;
    let (asker, application) = (app.asker().await, app.application().await);
    let token = app.token_of(&application).await;
    let elsewhere = countersign_server::app(app.world.second_process().await);
    let here = std::mem::replace(&mut app.router, elsewhere.clone());
    assert!(app.is_active(&asker, &token).await);
    app.router = here;
    assert!(app.is_active(&asker, &token).await);
    end(&app, &application).await;
    assert!(!app.is_active(&asker, &token).await, "in force where it was made");
    app.router = elsewhere;
    app.world.clock.advance(Duration::from_millis(1001));
    assert!(!app.is_active(&asker, &token).await, "in force elsewhere");
}

#[tokio::test]
async fn a_disabled_application_is_nobody() {
    ended_by(async |app, application| {
        oauth::set_disabled(app.ctx(), app.site, application.id.clone(), true).await.unwrap();
        let answer = app.form("/connect/token", &application.form()).await;
        assert_eq!((answer.status, error_code(&answer).as_str()), (StatusCode::BAD_REQUEST, "invalid_client"));
    })
    .await;
}

#[tokio::test]
async fn a_deleted_application_is_nobody() {
    ended_by(async |app, application| {
        oauth::delete(app.ctx(), app.site, application.id.clone()).await.unwrap();
        assert_eq!(app.form("/connect/token", &application.form()).await.status, StatusCode::BAD_REQUEST);
    })
    .await;
}

#[tokio::test]
async fn a_revoked_credential_takes_its_tokens_along() {
    ended_by(async |app, application| {
        let (ctx, id) = (app.ctx(), application.id.clone());
        let kept = app.add_secret(&id).await;
        oauth::retire(ctx, app.site, id.clone(), application.credential, ctx.now(), RetiredTokens::Revoke)
            .await
            .unwrap();
        assert_eq!(app.form("/connect/token", &application.form()).await.status, StatusCode::BAD_REQUEST);
        let form = application.form().replace(&application.secret, kept.secret.expose());
        assert_eq!(app.form("/connect/token", &form).await.status, StatusCode::OK, "the other secret goes on");
    })
    .await;
}

#[tokio::test]
async fn all_tokens_end_at_once() {
    ended_by(async |app, application| {
        oauth::revoke_tokens(app.ctx(), app.site, application.id.clone()).await.unwrap();
        let fresh = app.token_of(application).await;
        let asker = app.asker().await;
        assert!(app.is_active(&asker, &fresh).await, "one of the same second that was issued later is good");
    })
    .await;
}

#[tokio::test]
async fn a_removed_key_takes_its_tokens_along() {
    ended_by(async |app, application| {
        oauth::rotate_token_key(app.ctx(), app.site, TokenAlgorithm::Es256, OldTokenKeys::Remove).await.unwrap();
        assert_eq!(app.form("/connect/token", &application.form()).await.status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn an_epoch_ends_all_tokens() {
    ended_by(async |app, _| {
        installation::begin_epoch(app.ctx()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_client_revokes_its_own_token_and_no_other() {
    let app = app().await;
    let (asker, application, other) = (app.asker().await, app.application().await, app.application().await);
    let (token, sibling) = (app.token_of(&application).await, app.token_of(&application).await);
    let revoke = async |who: &Registered, token: &str| {
        let body = format!("client_id={}&client_secret={}&token={token}", who.id, who.secret);
        app.form("/connect/revocation", &body).await
    };
    let foreign = revoke(&other, &token).await;
    assert_eq!((foreign.status, error_code(&foreign).as_str()), (StatusCode::BAD_REQUEST, "unauthorized_client"));
    assert!(app.is_active(&asker, &token).await);
    for _ in 0..2 {
        let answer = revoke(&application, &token).await;
        assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b""[..]));
        assert!(!app.is_active(&asker, &token).await);
    }
    assert!(app.is_active(&asker, &sibling).await);
    assert_eq!(revoke(&application, "nothing").await.status, StatusCode::OK, "RFC 7009 section 2.2");
    let wrong = app.form("/connect/revocation", &format!("token={token}")).await;
    assert_eq!((wrong.status, error_code(&wrong).as_str()), (StatusCode::BAD_REQUEST, "invalid_client"));
    let missing = revoke(&application, "").await;
    assert_eq!((missing.status, error_code(&missing).as_str()), (StatusCode::BAD_REQUEST, "invalid_request"));
}

#[tokio::test]
async fn whoever_has_revoked_too_many_is_told_how_to_end_all() {
    let app = app().await;
    let application = app.application().await;
    let token = app.token_of(&application).await;
    let found = oauth::find(app.ctx(), app.site, application.id.clone()).await.unwrap().unwrap();
    let (site, ends_at) = (app.site, app.ctx().now().plus(Duration::from_secs(3600)));
    let unit = app.world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            for number in 0..1000 {
                tx.spent_tokens().revoke(site, found.id, &format!("token {number}"), ends_at).await?;
            }
            Ok(())
        })
    });
    unit.await.unwrap();
    let body = format!("client_id={}&client_secret={}&token={token}", application.id, application.secret);
    let full = app.form("/connect/revocation", &body).await;
    assert_eq!((full.status.as_u16(), error_code(&full).as_str()), (503, "temporarily_unavailable"));
    assert!(full.json()["error_description"].as_str().unwrap().contains("app revoke-tokens"));
    assert!(full.headers.get("retry-after").is_none(), "in a moment nothing will have changed");
    app.world.clock.advance(Duration::from_secs(3600));
    assert_eq!(app.form("/connect/revocation", &body).await.status, StatusCode::OK, "they have expired");
}

#[tokio::test]
async fn a_client_learns_about_its_own_tokens_only() {
    let app = app().await;
    let (application, other) = (app.application().await, app.application().await);
    let token = app.token_of(&application).await;
    let ask = async |who: &Registered| {
        app.form_as(INTROSPECT, &[("authorization", &who.basic())], &format!("token={token}&token_type_hint=x"))
            .await
            .json()
    };
    let told = ask(&application).await;
    let claims = claims_of(&token);
    for name in ["iss", "sub", "client_id", "aud", "exp", "iat", "nbf", "jti", "scope"] {
        assert_eq!(told[name], claims[name], "{name}");
    }
    assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("Bearer")));
    assert_eq!(ask(&other).await, json!({ "active": false }));
    let wrong = app.form_as(INTROSPECT, &[], &format!("client_id={}&client_secret=x&token={token}", other.id)).await;
    assert_eq!((wrong.status, error_code(&wrong).as_str()), (StatusCode::UNAUTHORIZED, "invalid_client"));
}

#[tokio::test]
async fn a_new_key_is_published_before_it_signs_and_the_old_one_until_its_tokens_have_expired() {
    let app = app().await;
    let asker = app.asker().await;
    let old = app.token_of(&asker).await;
    let kid = |token: &str| Compact::parse(token).unwrap().kid().unwrap().to_owned();
    oauth::rotate_token_key(app.ctx(), app.site, TokenAlgorithm::Es256, OldTokenKeys::Keep).await.unwrap();
    assert_eq!(app.get(KEYS).await.json()["keys"].as_array().unwrap().len(), 2, "published at once");
    assert_eq!(kid(&app.token_of(&asker).await), kid(&old));
    app.world.clock.advance(Duration::from_secs(300));
    let new = app.token_of(&asker).await;
    assert_ne!(kid(&new), kid(&old));
    for token in [&old, &new] {
        assert_eq!(with_token(&app, token).await.status, StatusCode::OK);
    }
    app.world.clock.advance(Duration::from_secs(7 * 24 * 3600 + 120));
    let keys = app.get(KEYS).await.json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert_eq!(keys["keys"][0]["kid"], kid(&new).as_str());
}
