//! The token, polling URLs and download URLs appear in no output that could end in a log.

use std::error::Error;

use countersign_client::{ClientError, NoProgress};
use serde_json::json;

use crate::support::{
    Answer, LIST_PATH, Server, TOKEN, client, config, error_object, file_at, json_answer, manifest_answered_with,
    manifest_payload, question, sign, step,
};

/// An error in every form in which it can be printed, with its whole chain.
fn printed(error: &dyn Error) -> String {
    let mut text = format!("{error:?} {error} ");
    if let Some(source) = error.source() {
        text.push_str(&printed(source));
    }
    text
}

#[test]
fn debug_output_of_the_configuration_and_the_client_hides_the_token() {
    let config = config("http://user:password@host/t/acme");
    let text = format!("{config:?}");
    assert!(!text.contains(TOKEN) && !text.contains("password"), "{text}");
    let (client, _) = client("http://host/t/acme");
    assert!(!format!("{client:?}").contains(TOKEN));
}

#[test]
fn no_error_shows_the_token_or_a_polling_url() {
    let poll = json_answer(202, &json!({ "url": "/uai/2.0/signed-updates/sealed-secret" }).to_string());
    let endings: Vec<Answer> = vec![
        error_object(401, "auth.token.expired"),
        error_object(410, "polling.id.unknown"),
        error_object(500, "internal.error"),
        json_answer(200, "unsigned"),
        json_answer(202, "{}"),
        Answer(b"not http at all\r\n\r\n".to_vec()),
    ];
    for ending in endings {
        let server = Server::bind();
        let (client, _) = client(&server.url(""));
        let repeats = if ending.0.starts_with(b"not") { 3 } else { 1 };
        let mut steps = vec![step(LIST_PATH, Answer(poll.0.clone()))];
        steps
            .extend((0..repeats).map(|_| step("GET /uai/2.0/signed-updates/sealed-secret ", Answer(ending.0.clone()))));
        let running = server.serve(steps);
        let text = printed(&client.check(&question()).unwrap_err());
        running.finish();
        assert!(!text.contains(TOKEN) && !text.contains("sealed-secret"), "{text}");
    }
}

#[test]
fn no_error_and_no_debug_output_shows_a_download_url() {
    let file = file_at("http://127.0.0.1:9/f/secret-mac/fw.bin?authparam=secret-too", b"x");
    let folder = tempfile::tempdir().unwrap();
    let (client, _) = client("http://127.0.0.1:9");
    let error = client.download(&file, folder.path(), &mut NoProgress).unwrap_err();
    assert!(matches!(error, ClientError::Network { .. }), "{error}");
    let text = format!("{} {file:?}", printed(&error));
    assert!(!text.contains("secret"), "{text}");

    let manifest = manifest_payload(&[("http://h/f/secret-mac/fw.bin".to_owned(), b"x")]);
    let manifest = manifest_answered_with(&sign(&manifest.to_string())).unwrap();
    assert!(!format!("{manifest:?}").contains("secret"), "{manifest:?}");
}
