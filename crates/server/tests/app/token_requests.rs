//! The token endpoint: paths, encodings, credentials, and every refusal.

use std::time::Duration;

use axum::body::Body;
use countersign_app::oauth;
use countersign_domain::oauth::{TokenAlgorithm, TokenLife};
use countersign_testkit::WorldOptions;
use http::{Method, Request, StatusCode};
use serde_json::json;

use crate::support::App;
use crate::token_support::{assert_is_private, error_code};

const TOKEN: &str = "/connect/token";

async fn app() -> App {
    App::bare(WorldOptions::default()).await
}

#[tokio::test]
async fn every_path_of_the_sdks_gives_a_token() {
    let app = app().await;
    let application = app.application().await;
    for path in [
        TOKEN,
        "/v4.0/words/connect/token",
        "/v3.0/cells/connect/token",
        "/v4.0/cells/connect/token",
        "/v1.1/anything/connect/token",
        "//v4.0/words/connect/token",
        "/t/demo/connect/token",
        "/connect/token/",
    ] {
        let answer = app.form(path, &application.form()).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_is_private(&answer.headers);
        let body = answer.json();
        let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["access_token", "expires_in", "scope", "token_type"], "{path}");
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(86400)));
        assert_eq!(body["scope"], "api.storage storage.read storage.write api.license");
    }
    for path in
        ["/v4/words/connect/token", "/x4.0/words/connect/token", "/v4.0/Words/connect/token", "/connect/nothing"]
    {
        let answer = app.form(path, &application.form()).await;
        assert_eq!(
            (answer.status, error_code(&answer).as_str()),
            (StatusCode::NOT_FOUND, "errorItemNotFound"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_retired_path_answers_with_all_its_members_until_it_is_switched_off() {
    let app = app().await;
    let application = app.application().await;
    let body = app.form("/oauth2/token", &application.form()).await.json();
    assert_eq!((&body["token_type"], &body["refresh_token"]), (&json!("bearer"), &json!("")));
    assert_eq!(body["client_id"], application.id.as_str());
    assert!(body["clientRefreshTokenLifeTimeInMinutes"].is_string() && body["expires_in"].is_number());
    for date in [".issued", ".expires"] {
        assert!(body[date].as_str().unwrap().ends_with(" GMT"), "{body}");
    }
    assert!(body.as_object().unwrap().values().all(|value| !value.is_null()));
    oauth::change(app.ctx(), app.site, application.id.clone(), None, |application| {
        application.compatibility.oauth2_path = false;
    })
    .await
    .unwrap();
    let refused = app.form("/oauth2/token", &application.form()).await;
    assert_eq!((refused.status, error_code(&refused).as_str()), (StatusCode::BAD_REQUEST, "unauthorized_client"));
}

#[tokio::test]
async fn every_encoding_of_the_form_is_read() {
    let app = app().await;
    let application = app.application().await;
    let (id, secret) = (&application.id, &application.secret);
    let part = |name: &str, value: &str| {
        format!(
            "--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\nContent-Length: {}\r\n\r\n{value}\r\n",
            value.len()
        )
    };
    let parts = [
        part("grant_type", "client_credentials"),
        part("client_id", id.as_str()),
        part("client_secret", secret),
        "--x--\r\n".to_owned(),
    ]
    .concat();
    for (content_type, body) in [
        ("application/x-www-form-urlencoded; charset=utf-8", application.form()),
        (" application/x-www-form-urlencoded", application.form()),
        ("multipart/form-data; boundary=x", parts),
        ("application/x-www-form-urlencoded", format!("{}&refresh_token=&other=1%2&scope=", application.form())),
    ] {
        let answer = app.form_as(TOKEN, &[("content-type", content_type)], &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{content_type}: {}", String::from_utf8_lossy(&answer.body));
    }
    let bare = Request::post(TOKEN).body(Body::from(application.form())).unwrap();
    assert_eq!(app.send(bare).await.status, StatusCode::OK, "without Content-Type");
    for stray in ["Bearer ", "Bearer", "Bearer null", "Bearer a.b.c"] {
        let answer = app.form_as(TOKEN, &[("authorization", stray)], &application.form()).await;
        assert_eq!(answer.status, StatusCode::OK, "a stray {stray:?} is ignored");
    }
}

#[tokio::test]
async fn basic_works_and_its_failures_are_challenged() {
    let app = app().await;
    let application = app.application().await;
    let grant = "grant_type=client_credentials";
    let basic = application.basic();
    let answer = app.form_as(TOKEN, &[("authorization", &basic)], grant).await;
    assert_eq!(answer.status, StatusCode::OK);
    let with_id = format!("{grant}&client_id={}", application.id);
    assert_eq!(app.form_as(TOKEN, &[("authorization", &basic)], &with_id).await.status, StatusCode::OK);
    let wrong = format!("{}x", basic.trim_end_matches('='));
    for header in [wrong.as_str(), "Basic !!", "Basic YTpi"] {
        let refused = app.form_as(TOKEN, &[("authorization", header)], grant).await;
        assert_eq!((refused.status, error_code(&refused).as_str()), (StatusCode::UNAUTHORIZED, "invalid_client"));
        assert!(refused.headers["www-authenticate"].to_str().unwrap().starts_with("Basic realm="), "{header}");
    }
    for (header, body) in [(&basic, application.form()), (&basic, format!("{grant}&client_id=somebody-else"))] {
        let refused = app.form_as(TOKEN, &[("authorization", header)], &body).await;
        assert_eq!((refused.status, error_code(&refused).as_str()), (StatusCode::BAD_REQUEST, "invalid_request"));
    }
    let twice = [("authorization", basic.as_str()), ("authorization", basic.as_str())];
    assert_eq!(app.form_as(TOKEN, &twice, grant).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn every_refusal_has_its_status_and_code() {
    let app = app().await;
    let application = app.application().await;
    let (id, good) = (&application.id, application.form());
    for (body, status, code) in [
        (String::new(), 400, "invalid_request"),
        ("grant_type=client_credentials".to_owned(), 400, "invalid_client"),
        (format!("grant_type=client_credentials&client_id={id}"), 400, "invalid_client"),
        (format!("grant_type=client_credentials&client_id={id}&client_secret=wrong"), 400, "invalid_client"),
        ("grant_type=client_credentials&client_id=app-0&client_secret=x".to_owned(), 400, "invalid_client"),
        (good.replace("client_credentials", "password"), 400, "unsupported_grant_type"),
        ("grant_type=refresh_token".to_owned(), 400, "invalid_request"),
        ("grant_type=refresh_token&refresh_token=x".to_owned(), 400, "unsupported_grant_type"),
        (format!("{good}&client_id={id}"), 400, "invalid_request"),
        (format!("{good}&scope=openid"), 400, "invalid_scope"),
        (format!("{good}&scope=tokens.introspect"), 400, "invalid_scope"),
        (format!("{good}&resource=https%3A%2F%2Fother.example"), 400, "invalid_target"),
        (format!("{good}&client_assertion=x"), 400, "invalid_request"),
        (format!("{good}&a=%ff"), 400, "invalid_request"),
        (format!("{good}&padding={}", "x".repeat(64 * 1024)), 413, "invalid_request"),
    ] {
        let answer = app.form(TOKEN, &body).await;
        let said = format!("{}: {}", &body[..body.len().min(200)], String::from_utf8_lossy(&answer.body));
        assert_eq!((answer.status.as_u16(), error_code(&answer).as_str()), (status, code), "{said}");
    }
    let json = app.form_as(TOKEN, &[("content-type", "application/json")], "{}").await;
    assert_eq!((json.status.as_u16(), error_code(&json).as_str()), (415, "invalid_request"));
    for query in ["client_secret=x", "grant_type=client_credentials&access_token=x"] {
        let answer = app.form(&format!("{TOKEN}?{query}"), &good).await;
        assert_eq!((answer.status.as_u16(), error_code(&answer).as_str()), (400, "invalid_request"), "{query}");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = app.send(crate::support::request(&method, TOKEN).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), error_code(&answer).as_str()), (405, "errorMethodNotAllowed"), "{method}");
        assert_eq!(answer.headers["allow"], "POST");
    }
}

#[tokio::test]
async fn a_scope_can_be_narrowed() {
    let app = app().await;
    let application = app.application().await;
    let body = app.form(TOKEN, &format!("{}&scope=storage.read", application.form())).await.json();
    assert_eq!(body["scope"], "storage.read");
    let claims = app.verified("/.well-known/openid-configuration/jwks", body["access_token"].as_str().unwrap()).await;
    assert_eq!(claims["scope"], "storage.read");
}

#[tokio::test]
async fn five_wrong_tries_wait_and_the_right_secret_does_not() {
    let app = app().await;
    let application = app.application().await;
    let wrong = format!("{}x", application.form());
    for _ in 0..5 {
        assert_eq!(app.form(TOKEN, &wrong).await.status, StatusCode::BAD_REQUEST);
    }
    let limited = app.form(TOKEN, &wrong).await;
    assert_eq!((limited.status, error_code(&limited).as_str()), (StatusCode::TOO_MANY_REQUESTS, "invalid_client"));
    assert_eq!(limited.headers["retry-after"], "600");
    assert_eq!(app.form(TOKEN, &application.form()).await.status, StatusCode::OK, "the right secret works");
    assert_eq!(app.form(TOKEN, &format!("{wrong}y")).await.status, StatusCode::BAD_REQUEST, "another pair");
    app.world.clock.advance(Duration::from_secs(600));
    assert_eq!(app.form(TOKEN, &wrong).await.status, StatusCode::BAD_REQUEST, "all tries are free again");
}

#[tokio::test]
async fn a_secret_that_becomes_right_is_not_held_back_by_its_failures() {
    let app = app().await;
    let application = app.application().await;
    oauth::set_disabled(app.ctx(), app.site, application.id.clone(), true).await.unwrap();
    for _ in 0..6 {
        assert_ne!(app.form(TOKEN, &application.form()).await.status, StatusCode::OK);
    }
    oauth::set_disabled(app.ctx(), app.site, application.id.clone(), false).await.unwrap();
    assert_eq!(app.form(TOKEN, &application.form()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn secrets_overlap_and_end_one_by_one() {
    let app = app().await;
    let application = app.application().await;
    let second = app.add_secret(&application.id).await;
    let with_second = application.form().replace(&application.secret, second.secret.expose());
    for form in [&application.form(), &with_second] {
        assert_eq!(app.form(TOKEN, form).await.status, StatusCode::OK);
    }
    let list = async || oauth::list_credentials(app.ctx(), app.site, application.id.clone()).await.unwrap();
    assert!(list().await.iter().all(|one| one.last_used_at.is_none()), "no token waits for a write");
    oauth::write_last_uses(app.ctx()).await.unwrap();
    assert!(
        list().await.iter().all(|credential| credential.last_used_at.is_some()),
        "it is seen which ones are in use"
    );
    let end = app.ctx().now().plus(Duration::from_secs(60));
    oauth::retire(app.ctx(), app.site, application.id.clone(), application.credential, end, oauth::RetiredTokens::Keep)
        .await
        .unwrap();
    assert_eq!(app.form(TOKEN, &application.form()).await.status, StatusCode::OK, "until its end");
    app.world.clock.advance(Duration::from_secs(60));
    assert_eq!(app.form(TOKEN, &application.form()).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(app.form(TOKEN, &with_second).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_another_process_has_made_works_at_once() {
    let app = app().await;
    let application = app.application().await;
    let other = countersign_server::app(app.world.second_process().await);
    let second = app.add_secret(&application.id).await;
    let body = application.form().replace(&application.secret, second.secret.expose());
    let request = Request::post(TOKEN).body(Body::from(body)).unwrap();
    let answer = crate::support::through(&other, request).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
}

#[tokio::test]
async fn tokens_live_as_long_as_their_application_says() {
    let app = app().await;
    let application = app.application_with(TokenAlgorithm::EdDsa, "storage.read").await;
    oauth::change(app.ctx(), app.site, application.id.clone(), None, |application| {
        application.token_life = TokenLife::from_seconds(60).unwrap();
        application.compatibility.scope_array = true;
        application.audience = Some("https://api.example".to_owned());
    })
    .await
    .unwrap();
    let body = app.form(TOKEN, &application.form()).await.json();
    assert_eq!(body["expires_in"], 60);
    let token = body["access_token"].as_str().unwrap();
    let claims = app.verified("/.well-known/jwks.json", token).await;
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
    assert_eq!(claims["scope"], json!(["storage.read"]));
    assert_eq!(claims["aud"], json!(["https://api.example", "http://server.test/resources"]));
    let narrowed = app.form(TOKEN, &format!("{}&resource=https%3A%2F%2Fapi.example", application.form())).await.json();
    let claims = app.verified("/.well-known/jwks.json", narrowed["access_token"].as_str().unwrap()).await;
    assert_eq!(claims["aud"], "https://api.example");
    let asker = app.asker().await;
    assert!(app.is_active(&asker, token).await);
    let narrowed = narrowed["access_token"].as_str().unwrap();
    let about =
        |token: &str| format!("token={token}&client_id={}&client_secret={}", application.id, application.secret);
    let told = app.form("/connect/introspect", &about(narrowed)).await.json();
    assert_eq!((&told["active"], &told["aud"]), (&json!(true), &json!("https://api.example")));
    let told = app.form("/connect/introspect", &about(token)).await.json();
    assert_eq!(told["aud"], json!(["https://api.example", "http://server.test/resources"]));
    let bearer = format!("Bearer {narrowed}");
    let used = app.form_as("/connect/introspect", &[("authorization", &bearer)], "token=x").await;
    assert_eq!(
        (used.status.as_u16(), error_code(&used).as_str()),
        (401, "invalid_token"),
        "it is meant for others only"
    );
    assert!(app.is_active(&asker, narrowed).await);
    assert_eq!(app.form("/connect/revocation", &about(narrowed)).await.status.as_u16(), 200);
    assert!(!app.is_active(&asker, narrowed).await, "it was revoked");
}
