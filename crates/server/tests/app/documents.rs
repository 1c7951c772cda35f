//! The OpenAPI documents: committed, fresh, complete, and shown as pages.

use std::path::PathBuf;

use countersign_testkit::WorldOptions;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::support::App;

fn path(door: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../openapi/{door}.json"))
}

/// The committed document of a door.
pub(crate) fn document(door: &str) -> Value {
    let text = std::fs::read_to_string(path(door)).expect("run `cargo xtask openapi` once");
    serde_json::from_str(&text).unwrap()
}

/// Method and path of every operation of a door, from its committed document.
pub(crate) fn routes(door: &str) -> Vec<(Method, String)> {
    let document = document(door);
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            routes.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    assert!(!routes.is_empty());
    routes
}

/// Every POST of a door that takes a token, from its committed document: a new one is walked without being listed.
pub(crate) fn posts_with_token(door: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path(door)).unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let secured = paths.filter(|(_, operations)| operations["post"]["security"].is_array());
    secured.map(|(path, _)| path.clone()).collect()
}

#[tokio::test]
async fn openapi_documents_are_fresh() {
    let app = App::bare(WorldOptions::default()).await;
    for door in ["device", "events", "license", "producer", "token"] {
        let document = app.get(&format!("/openapi/{door}.json")).await.json();
        let fresh = format!("{}\n", serde_json::to_string_pretty(&document).unwrap());
        if std::env::var_os("COUNTERSIGN_UPDATE").is_some() {
            std::fs::create_dir_all(path(door).parent().unwrap()).unwrap();
            std::fs::write(path(door), &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(path(door)).unwrap_or_default();
        assert!(committed == fresh, "openapi/{door}.json is stale; run `cargo xtask openapi` and commit the result");
    }
}

#[test]
fn every_call_of_the_producer_door_tells_the_answers_that_all_can_give() {
    let document = document("producer");
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let with_body = if operation["requestBody"].is_object() { &["408", "413"][..] } else { &[] };
            for status in ["400", "421", "429", "503"].iter().chain(with_body) {
                let content = &operation["responses"][status]["content"]["application/json"];
                let schema = content["schema"]["$ref"].as_str().unwrap_or_default();
                let expected = if path.contains("/update-") { "KeyAnswer" } else { "ErrorBody" };
                assert!(schema.ends_with(expected), "{method} {path}: {status} {schema:?}");
            }
        }
    }
}

#[tokio::test]
async fn every_documented_route_exists() {
    let app = App::bare(WorldOptions::default()).await;
    let producer = routes("producer").into_iter().map(|(method, path)| (method, format!("/flexnet{path}")));
    let license = routes("license").into_iter().map(|(method, path)| (method, format!("/api/v4{path}")));
    for (method, path) in
        routes("device").into_iter().chain(producer).chain(routes("token")).chain(license).chain(routes("events"))
    {
        let answer = app.send(crate::support::request(&method, &path).body(axum::body::Body::empty()).unwrap()).await;
        assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("request.path"), "{method} {path}");
    }
}

#[tokio::test]
async fn the_documentation_pages_are_served_under_a_strict_policy() {
    let app = App::bare(WorldOptions::default()).await;
    for path in [
        "/docs",
        "/docs/device",
        "/docs/events",
        "/docs/license",
        "/docs/producer",
        "/docs/token",
        "/uai/documentation/swagger-ui.html",
        "/flexnet/swagger-ui.html",
    ] {
        let page = app.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    }
    assert!(String::from_utf8_lossy(&app.get("/").await.body).contains("/docs/device"));
    assert_eq!(&app.get("/ping").await.body[..], b"OK");
}
