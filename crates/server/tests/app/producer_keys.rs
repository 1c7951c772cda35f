//! The key calls of the producer door.

use std::time::Duration;

use countersign_app::{keys, users};
use countersign_crypto::{Algorithm, Flattened, RsaPublicKey, VerifyingKey};
use countersign_domain::text::Username;
use countersign_domain::user::Role;
use countersign_testkit::WorldOptions;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::producer_support::{Producer, basic, call};
use crate::support::{Answer, App, PASSWORD, PRODUCER_KEY, question};

const AUTHORIZATION_KEY: &str = "/flexnet/operations/api/updates/update-authorization-key";
const SIGNING_KEY: &str = "/flexnet/operations/api/updates/update-signing-key";
const SIGNING_KEYS: &str = "/flexnet/operations/api/updates/update-signing-keys";
const ROTATE: &str = "/flexnet/operations/api/updates/update-signing-key/rotate";

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
    for path in [AUTHORIZATION_KEY, SIGNING_KEY, SIGNING_KEYS] {
        for spelling in [path.to_owned(), format!("{path}/"), path.replace("/flexnet", ""), format!("/t/demo{path}")] {
            let answer = call(&app, Method::GET, &spelling, Some(&login), "").await;
            assert_eq!(answer.status, StatusCode::OK, "{spelling}");
        }
    }
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

#[tokio::test]
async fn a_new_signing_key_is_published_before_it_signs() {
    let producer = Producer::new().await;
    let old = public_key(&producer.get(SIGNING_KEY).await);
    let url = producer.app.ask_for_url(crate::support::UPDATES, &question()).await;
    producer.app.world.clock.advance(Duration::from_secs(60));

    let rotated = producer.send(Method::POST, ROTATE, "").await;
    let new = public_key(&rotated);
    assert_ne!(new, old);
    assert_eq!(rotated.json()["errorMessage"], "");
    assert_eq!(public_key(&producer.get(SIGNING_KEY).await), new, "the newest is published");
    for (milliseconds, signing, other) in [(0, &old, &new), (1000, &old, &new), (999, &old, &new), (1, &new, &old)] {
        producer.app.world.clock.advance(Duration::from_millis(milliseconds));
        let fresh = producer.app.ask(crate::support::UPDATES, &question()).await;
        for answer in [producer.app.get(&url).await, fresh] {
            assert!(verifies(&answer, signing) && !verifies(&answer, other), "{milliseconds} ms later");
        }
        let listed = producer.get(SIGNING_KEYS).await.json();
        let listed: Vec<_> = listed["keys"].as_array().unwrap().iter().collect();
        let words = |key: &&Value| (key["publicKey"].clone(), key["signing"].clone());
        let expected = [(json!(new), json!(signing == &new)), (json!(old), json!(signing == &old))];
        assert_eq!(listed.iter().map(words).collect::<Vec<_>>(), expected);
        assert_eq!(listed[0]["createdAt"], "2026-03-01T12:01:00Z");
    }
}

fn public_key(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["publicKey"].as_str().unwrap().to_owned()
}

/// Whether a signed answer verifies with this public key.
fn verifies(answer: &Answer, spki: &str) -> bool {
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
    let key = VerifyingKey::from_rsa(&RsaPublicKey::parse_upload(spki).unwrap()).unwrap();
    Flattened::parse(&answer.body).unwrap().verify(Algorithm::RS256, &key).is_ok()
}

#[tokio::test]
async fn rotating_without_a_key_makes_the_first_which_signs_at_once() {
    let app = App::bare(WorldOptions::default()).await;
    app.add_user("ada", Role::Publisher).await;
    let login = basic("ada", PASSWORD);
    assert_eq!(call(&app, Method::GET, SIGNING_KEYS, Some(&login), "").await.json(), json!({ "keys": [] }));
    let first = public_key(&call(&app, Method::POST, ROTATE, Some(&login), "").await);
    let listed = call(&app, Method::GET, SIGNING_KEYS, Some(&login), "").await.json();
    assert_eq!(listed["keys"][0], json!({ "publicKey": first, "createdAt": "2026-03-01T12:00:00Z", "signing": true }));
}

#[tokio::test]
async fn without_authorization_keys_no_device_is_let_in() {
    let producer = Producer::new().await;
    let url = producer.app.ask_for_url(crate::support::UPDATES, &question()).await;
    assert_eq!(producer.app.get(&url).await.status, StatusCode::OK);
    for _ in 0..2 {
        let answer = producer.delete(AUTHORIZATION_KEY).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0));
    }
    assert_eq!(producer.app.get(&url).await.status, StatusCode::UNAUTHORIZED, "asked before, polled after");
    let asked = producer.app.ask(crate::support::UPDATES, &question()).await;
    assert_eq!((asked.status, asked.error_key().as_str()), (StatusCode::UNAUTHORIZED, "auth.key.missing"));
    assert_eq!(producer.get(AUTHORIZATION_KEY).await.json(), json!({ "publicKey": "", "errorMessage": "" }));

    let body = key_body(&PRODUCER_KEY.public_key().spki_base64());
    assert_eq!(producer.send(Method::PUT, AUTHORIZATION_KEY, body).await.status, StatusCode::OK);
    assert_eq!(producer.app.ask(crate::support::UPDATES, &question()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_key_calls_refuse_in_the_shape_of_their_answers() {
    let producer = Producer::new().await;
    for (method, path) in crate::documents::routes("producer") {
        let path = format!("/flexnet{path}");
        if !path.contains("update-") {
            continue;
        }
        for (method, authorization) in [(method, None), (Method::PATCH, Some("Basic x"))] {
            let answer = call(&producer.app, method, &path, authorization, "").await;
            let object = answer.json();
            let members: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
            assert_eq!(
                (members, &object["publicKey"]),
                (vec!["errorMessage".to_owned(), "publicKey".to_owned()], &json!(""))
            );
        }
    }
}
