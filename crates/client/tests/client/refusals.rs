//! What the client makes of statuses that bring no answer, and of signed payloads that do not fit.

use countersign_client::{ClientConfig, ClientError, ConfigError, DeviceClient, Subject};
use countersign_crypto::secret::Secret;
use serde_json::{Value, json};

use crate::support::{
    Answer, LIST_PATH, Server, TOKEN, check_answered_with, client, config, error_object, json_answer, list_payload,
    manifest_answered_with, manifest_payload, public_key, question, sign, step,
};

/// The error when the POST (`on_post`), or else the first poll, is answered with `answer`.
fn refused(answer: Answer, on_post: bool) -> ClientError {
    let server = Server::bind();
    let (client, _) = client(&server.url(""));
    let steps = if on_post {
        vec![step(LIST_PATH, answer)]
    } else {
        vec![step(LIST_PATH, json_answer(202, r#"{"url":"/p"}"#)), step("GET /p ", answer)]
    };
    let running = server.serve(steps);
    let error = client.check(&question()).unwrap_err();
    running.finish();
    error
}

#[test]
fn every_status_has_its_error_and_tells_what_the_server_says() {
    for on_post in [true, false] {
        let error = refused(error_object(401, "auth.token.expired"), on_post);
        assert!(matches!(error, ClientError::Unauthorized { subject: Subject::UpdateList, .. }));
        assert_eq!(
            error.to_string(),
            "the server refuses this device's token (401, auth.token.expired: Told by the server.); the device needs \
             a new token from the producer"
        );
        assert!(matches!(refused(error_object(404, "signing.key.missing"), on_post), ClientError::NotFound { .. }));
        assert!(matches!(refused(error_object(410, "polling.id.unknown"), on_post), ClientError::Gone { .. }));
        assert!(matches!(
            refused(error_object(500, "internal.error"), on_post),
            ClientError::UnexpectedStatus { status: 500, message: Some(_), .. }
        ));
        let busy = refused(Answer::new(429, &["Retry-After: 7"], b""), on_post);
        assert!(matches!(busy, ClientError::Busy { status: 429, retry_after: Some(wait), .. } if wait.as_secs() == 7));
        assert!(matches!(refused(Answer::new(503, &[], b""), on_post), ClientError::Busy { retry_after: None, .. }));
    }
    let error = refused(json_answer(200, "{}"), true);
    assert!(matches!(error, ClientError::UnexpectedStatus { status: 200, .. }), "a POST is never answered at once");
}

#[test]
fn a_refusal_without_an_error_object_is_still_that_refusal() {
    for body in ["", "<html>", "[1]", r#"{"key":""}"#, r#"{"key":5}"#] {
        let error = refused(json_answer(401, body), false);
        assert!(matches!(error, ClientError::Unauthorized { message: None, .. }), "{body}: {error}");
    }
    let endless = vec![b'x'; 200_000];
    assert!(matches!(refused(Answer::chunked(404, &[], &endless), false), ClientError::NotFound { .. }));
}

#[test]
fn a_redirect_is_never_followed() {
    let other = Server::bind();
    let location = format!("Location: {}", other.url("/elsewhere"));
    for status in [301, 302, 303, 307, 308] {
        for on_post in [true, false] {
            let error = refused(Answer::new(status, &[&location], b""), on_post);
            assert!(matches!(error, ClientError::Redirected { status: seen, .. } if seen == status), "{error}");
        }
    }
    other.serve(vec![]).finish();
}

#[test]
fn an_altered_polling_id_is_gone() {
    let error = refused(error_object(410, "polling.id.unknown"), false);
    assert_eq!(
        error.to_string(),
        "the update list is not held any more (410, polling.id.unknown: Told by the server.); ask again from the start"
    );
}

#[test]
fn a_genuine_list_about_another_package_is_refused() {
    let mut payload = list_payload();
    payload["updateItems"][0]["fromPackageId"] = json!("other-fw-1");
    let error = check_answered_with(&sign(&payload.to_string())).unwrap_err();
    assert!(matches!(error, ClientError::WrongPackage { .. }), "{error}");
}

#[test]
fn a_signed_list_that_does_not_fit_is_malformed() {
    let mut cases = vec![json!([]), json!({}), json!({ "updateItems": 5 }), json!(null)];
    for (member, value) in [
        ("updateId", Value::Null),
        ("fromPackageId", json!(4)),
        ("languageCode", json!("1033")),
        ("languageCode", json!(-1)),
        ("manifestURL", json!("/uai/2.0/manifests/")),
        ("manifestURL", json!("/a/b%2fc")),
    ] {
        let mut payload = list_payload();
        payload["updateItems"][0][member] = value;
        cases.push(payload);
    }
    for payload in cases {
        let outcome = check_answered_with(&sign(&payload.to_string()));
        assert!(matches!(outcome, Err(ClientError::Malformed { subject: Subject::UpdateList, .. })), "{payload}");
    }
    for text in ["", "not json", r#"{"updateItems":[],"updateItems":[]}"#, "{\"updateItems\":[]} x"] {
        let outcome = check_answered_with(&sign(text));
        assert!(matches!(outcome, Err(ClientError::Malformed { .. })), "{text}");
    }
}

#[test]
fn a_signed_manifest_that_does_not_fit_is_malformed() {
    let long_url = format!("http://h/{}", "a/".repeat(5000));
    for (member, value) in [
        ("fileSize", json!("-1")),
        ("fileSize", json!("+1")),
        ("fileSize", json!("")),
        ("fileSize", json!("1e3")),
        ("fileSize", json!("99999999999999999999")),
        ("fileSize", json!(5)),
        ("sha256Hash", json!("abcd")),
        ("sha256Hash", json!("zz".repeat(32))),
        ("execute", json!("perhaps")),
        ("execute", json!(true)),
        ("fileUrl", json!("")),
        ("fileUrl", json!("/f/fw.bin")),
        ("fileUrl", json!("ftp://h/fw.bin")),
        ("fileUrl", json!("file:///etc/passwd")),
        ("fileUrl", json!("http://user:secret@h/fw.bin")),
        ("fileUrl", json!("http://h/a b")),
        ("fileUrl", json!(long_url)),
    ] {
        let mut payload = manifest_payload(&[("https://dl.example.net/fw.bin".to_owned(), b"x")]);
        payload["manifestFiles"][0][member] = value;
        let error = manifest_answered_with(&sign(&payload.to_string())).unwrap_err();
        assert!(matches!(error, ClientError::Malformed { subject: Subject::Manifest, .. }), "{payload}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let mut payload = manifest_payload(&[("https://dl.example.net/fw.bin".to_owned(), b"x")]);
    payload["manifestFiles"][0]["sha256Hash"] = json!(null);
    payload["manifestFiles"][0]["md5Hash"] = json!("");
    let error = manifest_answered_with(&sign(&payload.to_string())).unwrap_err();
    assert!(error.to_string().contains("neither a SHA-256 nor an MD5"), "{error}");
}

#[test]
fn a_configuration_that_cannot_work_says_why() {
    let made = |config: ClientConfig| DeviceClient::new(config).map(|_| ()).unwrap_err();
    let with_keys = |keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        made(ClientConfig::new("http://h", Secret::new(TOKEN.to_owned()), keys))
    };
    assert!(matches!(with_keys(&[]), ConfigError::NoSigningKey));
    assert!(matches!(with_keys(&[&public_key(), "bm90IGEga2V5"]), ConfigError::SigningKey { position: 2, .. }));
    assert!(matches!(made(config("ftp://h")), ConfigError::BaseUrl { .. }));
    for token in ["", "a b", "a\r\nX-Evil: 1", "é.é.é"] {
        let mut config = config("http://h");
        config.token = Secret::new(token.to_owned());
        assert!(matches!(made(config), ConfigError::Token), "{token:?}");
    }
}
