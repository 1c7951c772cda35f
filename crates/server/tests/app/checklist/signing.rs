//! Items 14 to 17 and 21: signatures, keys, and who is let in where.

use countersign_app::{keys, users};
use countersign_crypto::encoding::{base64_encode, base64url_decode};
use countersign_crypto::{Algorithm, Flattened, RsaPublicKey, VerifyingKey};
use countersign_domain::text::Username;
use countersign_domain::user::Role;
use countersign_testkit::WorldOptions;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::documents::{posts_with_token, routes};
use crate::licensing::PLAIN_UPDATES;
use crate::support::{Answer, App, MANIFESTS, PASSWORD, PRODUCER_KEY, UPDATES, accepted, good_token, question};

const KEYS: &str = "operations/api/updates";

async fn call(app: &App, method: &str, path: &str, authorization: &str, body: String) -> Answer {
    let request = Request::builder().method(method).uri(path).header("authorization", authorization);
    app.send(request.body(body.into()).unwrap()).await
}

fn login() -> String {
    format!("Basic {}", base64_encode(format!("ada:{PASSWORD}").as_bytes()))
}

#[tokio::test]
async fn item_14_a_signed_list_is_a_flattened_jws_over_the_unsigned_answer() {
    let app = App::new().await;
    app.add_user("ada", Role::Publisher).await;
    let answer = app.ask(UPDATES, &question()).await;
    let jws = answer.json();
    assert_eq!(jws.as_object().unwrap().keys().collect::<Vec<_>>(), ["payload", "protected", "signature"]);
    for member in ["payload", "protected", "signature"] {
        let text = jws[member].as_str().unwrap();
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')), "{member}: {text}");
    }
    assert_eq!(base64url_decode(jws["protected"].as_str().unwrap()).unwrap(), br#"{"alg":"RS256"}"#);
    let published = call(&app, "GET", &format!("/flexnet/{KEYS}/update-signing-key"), &login(), String::new()).await;
    let spki = published.json()["publicKey"].as_str().unwrap().to_owned();
    let key = VerifyingKey::from_rsa(&RsaPublicKey::parse_upload(&spki).unwrap()).unwrap();
    let payload = Flattened::parse(&answer.body).unwrap().verify(Algorithm::RS256, &key).unwrap();
    let plain = String::from_utf8(app.ask(PLAIN_UPDATES, &question()).await.body.to_vec()).unwrap();
    let plain = plain.replace("/uai/2.0/updates/manifests/", "/uai/2.0/signed-updates/manifests/");
    assert_eq!(String::from_utf8(payload).unwrap(), plain);
}

#[tokio::test]
async fn item_15_without_a_signing_key_a_signed_call_is_404_and_makes_none() {
    let app = App::bare(WorldOptions::default()).await;
    app.upload_key(&PRODUCER_KEY).await;
    app.publish("pump-4.1", "pump-4.2", "UPD-1", &[("a", b"a")]).await;
    let uuid = json!({ "uuid": "00000000-0000-4000-8000-000000000000" });
    let list = app.ask(UPDATES, &question()).await;
    assert_eq!((list.status, list.error_key().as_str()), (StatusCode::NOT_FOUND, "signing.key.missing"));
    assert_eq!(app.ask(MANIFESTS, &uuid).await.status, StatusCode::NOT_FOUND);
    assert!(keys::list_signing_keys(app.ctx(), app.site).await.unwrap().is_empty());
}

#[tokio::test]
async fn item_16_an_authorization_key_may_have_line_breaks_or_be_pem_but_not_ec() {
    let app = App::bare(WorldOptions::default()).await;
    app.add_user("ada", Role::Publisher).await;
    let path = format!("/flexnet/{KEYS}/update-authorization-key");
    let text = PRODUCER_KEY.public_key().spki_base64();
    let lines: String = text.as_bytes().chunks(64).map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{lines}-----END PUBLIC KEY-----\n");
    for key in [lines, pem] {
        let answer = call(&app, "PUT", &path, &login(), json!({ "publicKey": key }).to_string()).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0), "{key}");
    }
    // openssl ecparam -name prime256v1 -genkey -noout | openssl pkey -pubout -outform DER | base64 -w0
    let ec = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKfsSPsMPqkBDXGtsQMJTAFXjSyiTDzrqdCLRZBtvOYVnU7ZLgUhSzCGpwXFyY4wUEqcEhGNMrjMOBzWAxlTWbw==";
    let answer = call(&app, "PUT", &path, &login(), json!({ "publicKey": ec }).to_string()).await;
    assert_eq!((answer.status, &answer.json()["publicKey"]), (StatusCode::BAD_REQUEST, &json!("")));
    assert_ne!(answer.json()["errorMessage"], "");
}

#[tokio::test]
async fn item_17_the_key_paths_answer_with_and_without_flexnet_and_a_trailing_slash() {
    let app = App::new().await;
    app.add_user("ada", Role::Publisher).await;
    for name in ["update-authorization-key", "update-signing-key"] {
        let mut answers = Vec::new();
        for path in [
            format!("/flexnet/{KEYS}/{name}"),
            format!("/flexnet/{KEYS}/{name}/"),
            format!("/{KEYS}/{name}"),
            format!("/{KEYS}/{name}/"),
            format!("/t/demo/flexnet/{KEYS}/{name}"),
        ] {
            let answer = call(&app, "GET", &path, &login(), String::new()).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            answers.push(answer.body);
        }
        assert!(answers.iter().all(|body| *body == answers[0]), "{name}");
    }
}

#[tokio::test]
async fn item_21_a_producers_token_is_nothing_to_a_device_call_and_a_devices_token_nothing_to_a_producer_call() {
    let app = App::new().await;
    app.add_user("ada", Role::Admin).await;
    let token = users::issue_token(app.ctx(), app.site, Username::new("ada").unwrap(), None).await.unwrap();
    let token = token.0.expose().clone();
    for path in posts_with_token("device") {
        let url = accepted(&path, &app.post(&path, Some(&token), "{}").await);
        assert_eq!(app.get(&url).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let token = format!("Bearer {}", good_token());
    for (method, path) in routes("producer") {
        let answer = call(&app, method.as_str(), &format!("/flexnet{path}"), &token, "{}".to_owned()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        let _: Value = answer.json();
    }
}
