//! Who may do what on the producer door: every documented route, with every kind of credential.

use countersign_app::{sites, users};
use countersign_crypto::Secret;
use countersign_crypto::encoding::base64_encode;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::Username;
use countersign_domain::time::Timestamp;
use countersign_domain::user::Role;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::documents::{document, routes};
use crate::producer_support::{PACKAGES, Producer, UPDATES, basic, bearer, call, update};
use crate::support::{App, OTHER_KEY, PASSWORD, good_token, request};

/// Method and path of every documented route, with names of things that are there.
fn real_routes() -> Vec<(Method, String)> {
    let named = |path: String| {
        let path = path.replace("{updateId}", "UPD-1").replace("{packageId}", "pump-4.2");
        format!("/flexnet{}", path.replace("{sha256}", &"0".repeat(64)))
    };
    let routes: Vec<_> = routes("producer").into_iter().map(|(method, path)| (method, named(path))).collect();
    assert!(routes.len() >= 22 && routes.iter().all(|(_, path)| !path.contains('{')), "{routes:?}");
    routes
}

/// All that a producer can change, as JSON.
async fn state(producer: &Producer) -> Vec<Value> {
    let mut state = Vec::new();
    for path in [
        "updates?status=all",
        "download-packages",
        "files",
        "updates/update-authorization-key",
        "updates/update-signing-keys",
    ] {
        state.push(producer.get(&format!("/flexnet/operations/api/{path}")).await.json());
    }
    state
}

fn body() -> String {
    let mut body = update("UPD-1");
    for (name, value) in [
        ("publicKey", OTHER_KEY.public_key().spki_base64()),
        ("packageId", "p-1".to_owned()),
        ("product", "Pump".to_owned()),
    ] {
        body[name] = json!(value);
    }
    body.to_string()
}

#[tokio::test]
async fn every_route_refuses_missing_wrong_malformed_ended_and_foreign_credentials() {
    let producer = Producer::new().await;
    let app = &producer.app;
    let before = state(&producer).await;
    let other = sites::create(app.ctx(), SiteName::new("other").unwrap(), SiteSettings::default()).await.unwrap();
    let name = Username::new("eve").unwrap();
    let password = Secret::new(PASSWORD.to_owned());
    users::add(app.ctx(), other, name.clone(), Role::Admin, password).await.unwrap();
    let foreign = users::issue_token(app.ctx(), other, name, None).await.unwrap().0;
    let ended_at = Timestamp::from_seconds(1_772_366_400);
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
    for (method, path) in real_routes() {
        for authorization in &credentials {
            let answer = call(app, method.clone(), &path, authorization.as_deref(), body()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} with {authorization:?}");
            assert_eq!(answer.headers.get_all("www-authenticate").iter().count(), 2);
            assert!(answer.json()["errorMessage"].as_str().unwrap().contains("Log in"));
        }
        // Good credentials, twice: which of the two is meant is not guessed.
        let twice = request(&method, &path).header("authorization", bearer(app, "ada").await);
        let twice = twice.header("authorization", basic("ada", PASSWORD)).body(body().into()).unwrap();
        assert_eq!(app.send(twice).await.status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
    assert_eq!(state(&producer).await, before, "a refused request changed something");
}

#[tokio::test]
async fn a_viewer_may_read_everything_and_change_nothing() {
    let producer = Producer::new().await;
    let before = state(&producer).await;
    producer.app.add_user("vic", Role::Viewer).await;
    let viewer = bearer(&producer.app, "vic").await;
    for (method, path) in real_routes() {
        let answer = call(&producer.app, method.clone(), &path, Some(&viewer), body()).await;
        if method == Method::GET {
            let found = if path.contains("/files/") { StatusCode::NOT_FOUND } else { StatusCode::OK };
            assert_eq!(answer.status, found, "{method} {path}");
        } else {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
            assert!(answer.json()["errorMessage"].as_str().unwrap().contains("publisher"));
        }
    }
    assert_eq!(state(&producer).await, before, "a viewer changed something");
}

#[tokio::test]
async fn things_of_another_site_are_not_there() {
    let producer = Producer::new().await;
    let app = &producer.app;
    let other = sites::create(app.ctx(), SiteName::new("other").unwrap(), SiteSettings::default()).await.unwrap();
    let name = Username::new("eve").unwrap();
    users::add(app.ctx(), other, name.clone(), Role::Admin, Secret::new(PASSWORD.to_owned())).await.unwrap();
    let token = users::issue_token(app.ctx(), other, name, None).await.unwrap().0;
    let eve = format!("Bearer {}", token.expose());
    let digest = producer.store(b"bytes of demo").await;
    let before = state(&producer).await;
    let paths =
        [format!("{UPDATES}/UPD-1"), format!("{PACKAGES}/pump-4.2"), format!("/flexnet/operations/api/files/{digest}")];
    for path in &paths {
        for method in [Method::GET, Method::DELETE] {
            let answer = call(app, method, &format!("/t/other{path}"), Some(&eve), "").await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    let put = call(app, Method::PUT, &format!("/t/other{UPDATES}/UPD-1"), Some(&eve), body()).await;
    assert_eq!(put.json()["key"], "update.unknown");
    let created = call(app, Method::POST, &format!("/t/other{UPDATES}"), Some(&eve), body()).await;
    assert_eq!(created.json()["key"], "package.unknown", "packages of another site cannot be named");
    for list in [format!("{UPDATES}?status=all"), PACKAGES.to_owned()] {
        assert_eq!(call(app, Method::GET, &format!("/t/other{list}"), Some(&eve), "").await.json()["total"], 0);
    }
    assert_eq!(state(&producer).await, before);
}

#[tokio::test]
async fn a_request_without_a_site_is_421_on_every_route() {
    let app = App::bare(countersign_testkit::WorldOptions { default_site: None, ..Default::default() }).await;
    for (method, path) in real_routes() {
        let answer = call(&app, method.clone(), &path, Some(&basic("ada", PASSWORD)), body()).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{method} {path}");
    }
}

#[tokio::test]
async fn json_test_suite_at_every_route_that_takes_json() {
    let producer = Producer::new().await;
    let document = document("producer");
    let mut targets = Vec::new();
    for (method, path) in routes("producer") {
        let operation = &document["paths"][&path][method.as_str().to_lowercase()];
        if operation["requestBody"]["content"]["application/json"].is_object() {
            targets.push((method, format!("/flexnet{}", path.replace("{updateId}", "UPD-1"))));
        }
    }
    assert_eq!(targets.len(), 5, "{targets:?}");
    let files = [crate::device_json::suite("test_parsing"), crate::device_json::suite("test_transform")].concat();
    assert!(files.len() > 300);
    for (name, body) in files {
        for (method, path) in &targets {
            let answer = producer.send(method.clone(), path, body.clone()).await;
            let expected = [StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE];
            assert!(expected.contains(&answer.status), "{name} at {method} {path}: {}", answer.status);
            assert!(answer.json()["errorMessage"].is_string(), "{name}");
        }
    }
}
