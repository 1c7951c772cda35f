//! The key calls of the producer door.

use axum::body::Body;
use countersign_app::{keys, sites, users};
use countersign_crypto::encoding::base64_encode;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::Username;
use countersign_domain::user::Role;
use countersign_testkit::WorldOptions;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, App, OTHER_KEY, PASSWORD, PRODUCER_KEY, good_token, request};

const AUTHORIZATION_KEY: &str = "/flexnet/operations/api/updates/update-authorization-key";
const SIGNING_KEY: &str = "/flexnet/operations/api/updates/update-signing-key";

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", base64_encode(format!("{name}:{password}").as_bytes()))
}

async fn call(app: &App, method: Method, path: &str, authorization: Option<&str>, body: impl Into<Body>) -> Answer {
    let mut request = request(&method, path);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    app.send(request.body(body.into()).unwrap()).await
}

fn key_body(text: &str) -> String {
    json!({ "publicKey": text }).to_string()
}

async fn app() -> App {
    let app = App::bare(WorldOptions::default()).await;
    app.add_user("ada", Role::Publisher).await;
    app
}

#[tokio::test]
async fn a_key_is_uploaded_in_every_accepted_form() {
    let app = app().await;
    let login = basic("ada", PASSWORD);
    let text = PRODUCER_KEY.public_key().spki_base64();
    let broken: String =
        text.as_bytes().chunks(60).map(|line| format!("{}\r\n ", String::from_utf8_lossy(line))).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n");
    for upload in [text.as_str(), broken.as_str(), pem.as_str()] {
        for method in [Method::PUT, Method::POST] {
            let answer = call(&app, method, AUTHORIZATION_KEY, Some(&login), key_body(upload)).await;
            assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0), "{upload}");
        }
    }
    let answer = call(&app, Method::GET, AUTHORIZATION_KEY, Some(&login), "").await;
    assert_eq!(answer.json(), json!({ "publicKey": text, "errorMessage": "" }));
    assert_eq!(
        keys::list_authorization_keys(app.ctx(), app.site).await.unwrap().len(),
        1,
        "the same key again changes nothing"
    );
}

#[tokio::test]
async fn what_is_not_an_rsa_key_is_400_in_the_shape_of_the_key_answer() {
    let app = app().await;
    let login = basic("ada", PASSWORD);
    // openssl ecparam -name prime256v1 -genkey -noout | openssl pkey -pubout -outform DER | base64 -w0
    let ec = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKfsSPsMPqkBDXGtsQMJTAFXjSyiTDzrqdCLRZBtvOYVnU7ZLgUhSzCGpwXFyY4wUEqcEhGNMrjMOBzWAxlTWbw==";
    for body in [
        key_body(""),
        key_body("not a key"),
        key_body(ec),
        key_body(&PRODUCER_KEY.public_key().spki_base64()[4..]),
        "{}".to_owned(),
        json!([PRODUCER_KEY.public_key().spki_base64()]).to_string(),
        "{\"publicKey\": 7}".to_owned(),
        "nothing".to_owned(),
        String::new(),
    ] {
        let answer = call(&app, Method::PUT, AUTHORIZATION_KEY, Some(&login), body.clone()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let object = answer.json();
        assert_eq!(object["publicKey"], "", "{body}");
        assert!(object["errorMessage"].as_str().unwrap().len() > 10, "{body}: {object}");
    }
    assert!(keys::list_authorization_keys(app.ctx(), app.site).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_first_get_of_the_signing_key_makes_it_and_later_ones_repeat_it() {
    let app = app().await;
    let login = basic("ada", PASSWORD);
    let gets = (0..8).map(|_| call(&app, Method::GET, SIGNING_KEY, Some(&login), "ignored body"));
    let mut bodies = Vec::new();
    for answer in futures_util::future::join_all(gets).await {
        assert_eq!(answer.status, StatusCode::OK);
        bodies.push(answer.json());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "concurrent first calls made different keys");
    assert_eq!(bodies[0]["errorMessage"], "");
    assert!(bodies[0]["publicKey"].as_str().unwrap().starts_with("MIIBIjAN"), "base64 of a 2048-bit SPKI");
    assert_eq!(keys::list_signing_keys(app.ctx(), app.site).await.unwrap().len(), 1);
}

#[tokio::test]
async fn both_paths_answer_with_and_without_prefix_and_slash() {
    let app = app().await;
    let login = basic("ada", PASSWORD);
    for path in [AUTHORIZATION_KEY, SIGNING_KEY] {
        for spelling in [path.to_owned(), format!("{path}/"), path.replace("/flexnet", ""), format!("/t/demo{path}")] {
            let answer = call(&app, Method::GET, &spelling, Some(&login), "").await;
            assert_eq!(answer.status, StatusCode::OK, "{spelling}");
        }
    }
}

#[tokio::test]
async fn every_route_refuses_missing_wrong_malformed_ended_and_foreign_credentials() {
    let app = app().await;
    let other = sites::create(app.ctx(), SiteName::new("other").unwrap(), SiteSettings::default()).await.unwrap();
    let name = Username::new("eve").unwrap();
    users::add(app.ctx(), other, name.clone(), Role::Admin, countersign_crypto::Secret::new(PASSWORD.to_owned()))
        .await
        .unwrap();
    let foreign = users::issue_token(app.ctx(), other, name, None).await.unwrap().0;
    let ended_at = countersign_domain::time::Timestamp::from_seconds(1_772_366_400);
    let ended = users::issue_token(app.ctx(), app.site, Username::new("ada").unwrap(), Some(ended_at)).await.unwrap().0;
    let credentials = [
        None,
        Some(String::new()),
        Some("Basic".to_owned()),
        Some("Basic !!!".to_owned()),
        Some(format!("Basic {}", base64_encode(b"ada"))),
        Some(basic("ada", "wrong password")),
        Some(basic("ada", "")),
        Some(basic("nobody", PASSWORD)),
        Some(basic("", "")),
        Some(basic("eve", PASSWORD)),
        Some(format!("Bearer {}", foreign.expose())),
        Some(format!("Bearer {}", ended.expose())),
        Some("Bearer rna_00".to_owned()),
        Some(format!("Bearer {}", good_token())),
        Some("Digest username=ada".to_owned()),
    ];
    let body = key_body(&OTHER_KEY.public_key().spki_base64());
    for (method, path) in crate::documents::routes("producer") {
        for authorization in &credentials {
            let path = format!("/flexnet{path}");
            let answer = call(&app, method.clone(), &path, authorization.as_deref(), body.clone()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} with {authorization:?}");
            assert!(answer.headers.contains_key("www-authenticate"));
            assert_eq!(answer.json()["publicKey"], "");
        }
    }
    assert!(keys::list_authorization_keys(app.ctx(), app.site).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_access_token_works_like_its_user() {
    let app = app().await;
    let token = users::issue_token(app.ctx(), app.site, Username::new("ada").unwrap(), None).await.unwrap().0;
    assert!(token.expose().starts_with("rna_") && token.expose().len() == 68);
    let header = format!("Bearer {}", token.expose());
    let answer = call(&app, Method::GET, SIGNING_KEY, Some(&header), "").await;
    assert_eq!(answer.status, StatusCode::OK);
    let listed = users::list_tokens(app.ctx(), app.site).await.unwrap();
    assert_eq!(listed.len(), 1);
    let elsewhere = call(&app, Method::POST, crate::support::UPDATES, Some(&header), "{}").await;
    let poll = app.get(&crate::support::accepted(crate::support::UPDATES, &elsewhere)).await;
    assert_eq!(poll.status, StatusCode::UNAUTHORIZED, "a producer's token is no device token");
    users::revoke_token(app.ctx(), app.site, listed[0].id).await.unwrap();
    let answer = call(&app, Method::GET, SIGNING_KEY, Some(&header), "").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "a revoked token was accepted");
}

#[tokio::test]
async fn a_viewer_may_look_and_not_touch() {
    let app = app().await;
    app.add_user("vic", Role::Viewer).await;
    let (viewer, publisher) = (basic("vic", PASSWORD), basic("ada", PASSWORD));
    let body = key_body(&PRODUCER_KEY.public_key().spki_base64());
    let refused = call(&app, Method::PUT, AUTHORIZATION_KEY, Some(&viewer), body).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.json()["errorMessage"].as_str().unwrap().contains("publisher"));
    assert_eq!(call(&app, Method::GET, SIGNING_KEY, Some(&viewer), "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(call(&app, Method::GET, SIGNING_KEY, Some(&publisher), "").await.status, StatusCode::OK);
    assert_eq!(call(&app, Method::GET, SIGNING_KEY, Some(&viewer), "").await.status, StatusCode::OK);
    let empty: Value = call(&app, Method::GET, AUTHORIZATION_KEY, Some(&viewer), "").await.json();
    assert_eq!(empty, json!({ "publicKey": "", "errorMessage": "" }));
}

#[tokio::test]
async fn json_test_suite_at_the_key_upload() {
    let app = app().await;
    let token = users::issue_token(app.ctx(), app.site, Username::new("ada").unwrap(), None).await.unwrap().0;
    let header = format!("Bearer {}", token.expose());
    let files = [crate::device_json::suite("test_parsing"), crate::device_json::suite("test_transform")].concat();
    assert!(files.len() > 300);
    for (name, body) in files {
        for method in [Method::PUT, Method::POST] {
            let answer = call(&app, method, AUTHORIZATION_KEY, Some(&header), body.clone()).await;
            let expected = [StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE];
            assert!(expected.contains(&answer.status), "{name}: {}", answer.status);
            assert_eq!(answer.json()["publicKey"], "", "{name}");
        }
    }
}
