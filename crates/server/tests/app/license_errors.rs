//! Every error of the license door is JSON of three members, whatever went wrong.

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::documents::routes;
use crate::license_support::{HARDWARE, Licensing, endless, identity, refusal, refused};
use crate::support::request;

#[tokio::test]
async fn item_c13_every_client_error_is_json() {
    let door = Licensing::new().await;
    for (method, path, status, code) in [
        (Method::GET, "/api/v4/no_such_call", 404, "not_found"),
        (Method::GET, "/api/v4", 404, "not_found"),
        (Method::GET, "/api", 404, "not_found"),
        (Method::POST, "/api/v5/activate_license", 404, "not_found"),
        (Method::DELETE, "/api/v3/check_license", 404, "not_found"),
        (Method::GET, "/api/v4/activate_license", 405, "method_not_allowed"),
        (Method::PUT, "/api/v4/check_license", 405, "method_not_allowed"),
        (Method::POST, "/api/v4/oauth_url", 405, "method_not_allowed"),
        (Method::POST, "/.well-known", 405, "method_not_allowed"),
    ] {
        let answer = door.app.send(request(&method, path).body(Body::empty()).unwrap()).await;
        assert_eq!(refusal(&answer), (status, code.to_owned()), "{method} {path}");
    }
    let large = format!("{{\"x\":\"{}\"}}", "y".repeat(70_000));
    let answer = door.send(Method::POST, "/activate_license", &[], large).await;
    assert_eq!(refusal(&answer), (413, "payload_too_large".to_owned()));
    let (date, good) = door.proof_at(door.now());
    let form = request(&Method::POST, "/api/v4/activate_license").header("date", &date).header("authorization", &good);
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let answer = door.app.send(form.body(Body::from("product=pump")).unwrap()).await;
    assert_eq!(refusal(&answer), (415, "unsupported_media_type".to_owned()));
    let elsewhere = request(&Method::GET, "/t/nowhere/api/v4/products").body(Body::empty()).unwrap();
    assert_eq!(refusal(&door.app.send(elsewhere).await), (421, "site_unknown".to_owned()));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_json_too() {
    let door = Licensing::new().await;
    // From here on nothing waits for the store, whose threads the paused time does not know.
    door.verified(&door.get("/products").await).await;
    tokio::time::pause();
    let never = futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
    let answer = door.send(Method::POST, "/activate_license", &[], Body::from_stream(never)).await;
    assert_eq!(refusal(&answer), (408, "request_timeout".to_owned()));
}

#[tokio::test]
async fn item_c16_a_slash_at_the_end_changes_nothing() {
    let door = Licensing::new().await;
    for (method, path) in routes("license") {
        let with = door.send(method.clone(), &format!("{path}/"), &[], "{}").await;
        let without = door.send(method.clone(), &path, &[], "{}").await;
        assert_eq!((with.status, &with.body), (without.status, &without.body), "{method} {path}");
        assert!(
            with.status != StatusCode::NOT_FOUND && !with.status.is_server_error(),
            "{method} {path}: {}",
            with.status
        );
    }
}

#[tokio::test]
async fn item_c18_the_root_answers() {
    let door = Licensing::new().await;
    assert_eq!(door.app.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_missing_or_misshapen_is_told() {
    let door = Licensing::new().await;
    door.license("AAAA-BBBB-CCCC-0001", endless(3), Default::default()).await;
    let full = identity("AAAA-BBBB-CCCC-0001", HARDWARE);
    let with = |name: &str, value: Value| {
        let mut body = full.clone();
        body[name] = value;
        body
    };
    for (body, code) in [
        (with("product", json!(null)), "missing_parameters"),
        (with("product", json!("")), "missing_parameters"),
        (with("product", json!("valve")), "unknown_product"),
        (with("product", json!("x".repeat(300))), "unknown_product"),
        (with("product", json!({})), "validation_error"),
        (with("hardware_id", json!(null)), "missing_hardware_id"),
        (with("hardware_id", json!("x".repeat(513))), "validation_error"),
        (with("license_key", json!("")), "license_key_required"),
        (with("license_key", json!("x".repeat(300))), "license_not_found"),
        (with("license_key", json!("ZZZZ")), "license_not_found"),
        (with("license_id", json!("x")), "validation_error"),
        (with("license_id", json!(4711)), "license_not_found"),
        (with("is_vm", json!("perhaps")), "validation_error"),
        (with("variables", json!([1])), "validation_error"),
        (with("bundle_code", json!("none")), "unknown_product"),
        (json!([]), "validation_error"),
        (json!({ "product": "pump", "hardware_id": HARDWARE, "username": "u@example.test" }), "missing_parameters"),
        (
            json!({ "product": "pump", "hardware_id": HARDWARE, "id_token": "x", "customer_account_code": "y" }),
            "sso_failed",
        ),
        (json!({ "product": "pump", "hardware_id": HARDWARE, "id_token": "x" }), "missing_parameters"),
        (json!({ "product": "pump", "hardware_id": HARDWARE, "customer_account_code": "y" }), "missing_parameters"),
        (
            json!({ "product": "pump", "hardware_id": HARDWARE, "username": "u@example.test", "password": "x" }),
            "invalid_credentials",
        ),
    ] {
        assert_eq!(refusal(&door.post("/activate_license", &body).await), refused(code), "{body}");
    }
    for (body, code) in [("", "invalid_json"), ("{", "invalid_json"), ("nonsense", "invalid_json")] {
        assert_eq!(refusal(&door.send(Method::POST, "/activate_license", &[], body).await), refused(code), "{body}");
    }
    // Members of other ages and empty ones are passed over, and a number may stand for a text.
    let body = with("password", json!(""));
    door.verified(&door.post("/activate_license", &body).await).await;
    let body = with("sdk_ver", json!(3));
    door.verified(&door.post("/activate_license", &body).await).await;
    assert_eq!(refusal(&door.get("/check_license?product=%ff").await), refused("validation_error"));
    let keyed = door.send(Method::POST, "/activate_license", &[("idempotency-key", "")], full.to_string()).await;
    assert_eq!(refusal(&keyed), refused("validation_error"));
}

#[tokio::test]
async fn calls_that_are_not_there_say_so_in_the_words_of_the_protocol() {
    let door = Licensing::new().await;
    assert_eq!(refusal(&door.get("/sso_url?product=pump&customer_account_code=x").await), refused("sso_failed"));
}

#[test]
fn the_page_of_errors_is_fresh_like_openapi() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors/license.md");
    let page = countersign_door_license::error_page();
    if std::env::var_os("COUNTERSIGN_UPDATE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == page, "docs/errors/license.md is stale; run `cargo xtask openapi` and commit the result");
}
