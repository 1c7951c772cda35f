//! One changed byte anywhere in a signed answer, and nothing of it is used.

use std::fs;

use countersign_client::{ClientConfig, ClientError, DeviceClient, ProxyUse, Subject};
use countersign_crypto::secret::Secret;
use serde_json::{Value, json};

use crate::support::{
    LIST_PATH, MANIFEST_PATH, Server, TOKEN, asked_and_answered, check_answered_with, list_payload,
    manifest_answered_with, manifest_payload, other_public_key, public_key, question, sign, sign_with_other_key,
    update_item,
};

/// The signed answer with one character of one member replaced by its neighbor in the alphabet, so that every
/// decoded byte stays plausible.
fn altered(answer: &str, member: &str, position: usize) -> String {
    let mut answer: Value = serde_json::from_str(answer).unwrap();
    let mut text = answer[member].as_str().unwrap().to_owned();
    let replacement = if &text[position..=position] == "A" { "B" } else { "A" };
    text.replace_range(position..=position, replacement);
    answer[member] = json!(text);
    answer.to_string()
}

/// Every twentieth position of each member, its first two and its last two.
fn alterations(answer: &str) -> Vec<String> {
    let parsed: Value = serde_json::from_str(answer).unwrap();
    let mut all = Vec::new();
    for member in ["payload", "protected", "signature"] {
        let length = parsed[member].as_str().unwrap().len();
        let edges = [0, 1, length - 2, length - 1];
        all.extend(edges.into_iter().chain((0..length).step_by(20)).map(|at| altered(answer, member, at)));
    }
    all
}

#[test]
fn every_alteration_of_a_list_is_refused() {
    let genuine = sign(&list_payload().to_string());
    for answer in alterations(&genuine) {
        let error = check_answered_with(&answer).unwrap_err();
        assert!(matches!(error, ClientError::BadSignature { subject: Subject::UpdateList }), "{error}: {answer}");
    }
    assert_eq!(check_answered_with(&genuine).unwrap().items.len(), 1);
}

#[test]
fn every_alteration_of_a_manifest_is_refused() {
    let files = [("https://dl.example.net/fw.bin".to_owned(), b"x".as_slice())];
    let genuine = sign(&manifest_payload(&files).to_string());
    for answer in alterations(&genuine) {
        let error = manifest_answered_with(&answer).unwrap_err();
        assert!(matches!(error, ClientError::BadSignature { subject: Subject::Manifest }), "{error}: {answer}");
    }
    assert_eq!(manifest_answered_with(&genuine).unwrap().files.len(), 1);
}

#[test]
fn the_refusal_says_what_happened_and_that_nothing_was_read() {
    // A payload that would be refused for its content, too, shows that its content is never reached.
    let error = check_answered_with(&sign_with_other_key("not even json")).unwrap_err();
    assert!(matches!(error, ClientError::BadSignature { .. }));
    assert_eq!(
        error.to_string(),
        "Refused: the signature of the update list does not verify with a pinned key; nothing in it was read. Either \
         the answer was altered, or the server has a new signing key that this device does not know"
    );
}

#[test]
fn what_is_not_a_signed_document_is_refused_before_anything_else() {
    let genuine: Value = serde_json::from_str(&sign(&list_payload().to_string())).unwrap();
    let mut with_header = genuine.clone();
    with_header["header"] = json!({});
    let mut without_signature = genuine.clone();
    without_signature.as_object_mut().unwrap().remove("signature");
    let unsigned = list_payload();
    for answer in [json!([genuine]), with_header, without_signature, unsigned, json!(null)] {
        let error = check_answered_with(&answer.to_string()).unwrap_err();
        assert!(matches!(error, ClientError::NotSigned { .. }), "{answer}: {error}");
    }
    assert!(matches!(check_answered_with(""), Err(ClientError::NotSigned { .. })));
}

#[test]
fn the_algorithm_is_ours_and_not_the_answers() {
    for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiJ9", "e30", ""] {
        let mut answer: Value = serde_json::from_str(&sign(&list_payload().to_string())).unwrap();
        answer["protected"] = json!(header);
        let error = check_answered_with(&answer.to_string()).unwrap_err();
        assert!(matches!(error, ClientError::BadSignature { .. }), "{header}: {error}");
    }
}

#[test]
fn any_of_several_pinned_keys_will_do() {
    let server = Server::bind();
    let keys = vec![other_public_key(), public_key()];
    let mut config = ClientConfig::new(server.url(""), Secret::new(TOKEN.to_owned()), keys);
    config.proxy = ProxyUse::Direct;
    let client = DeviceClient::new(config).unwrap();
    let payload = list_payload().to_string();
    let mut steps = asked_and_answered(LIST_PATH, &sign(&payload));
    steps.extend(asked_and_answered(LIST_PATH, &sign_with_other_key(&payload)));
    let running = server.serve(steps);
    assert_eq!(client.check(&question()).unwrap(), client.check(&question()).unwrap());
    running.finish();
}

#[test]
fn the_independent_vector_of_the_protocol_verifies() {
    // Made with another tool; see the README beside it.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract/device/vectors.json");
    let vectors: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let key = vectors["signing_key"]["public_key"].as_str().unwrap().to_owned();
    let answer = vectors["signed_manifest"]["flattened"].to_string();
    let server = Server::bind();
    let mut config = ClientConfig::new(server.url(""), Secret::new(TOKEN.to_owned()), vec![key]);
    config.proxy = ProxyUse::Direct;
    let client = DeviceClient::new(config).unwrap();
    let update = update_item();
    let running = server.serve(asked_and_answered(MANIFEST_PATH, &answer));
    let manifest = client.manifest(&update).unwrap();
    assert_eq!(manifest.files[0].name.as_str(), "pump-fw-4.2.1.bin");
    assert_eq!(manifest.files[0].size, 1_048_576);
    running.finish();
}
