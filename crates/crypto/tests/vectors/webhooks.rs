//! Signatures of webhooks: what a receiver must believe, what it must refuse, and what we make.

use countersign_crypto::Secret;
use countersign_crypto::webhook::{
    WebhookMessage, WebhookRefusal, WebhookSecret, license_signature, standard_signature, verify_standard,
};

use crate::support::{contract, text};

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret::parse(Secret::new(text.to_owned())).unwrap()
}

#[test]
fn what_others_wrote_down_is_believed_and_refused() {
    let file = contract("events/standard-webhooks-cases.json");
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let header = |name: &str| case["headers"][name].as_str().unwrap_or_default();
        let key = secret(text(case, "secret"));
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        let body = text(case, "payload").as_bytes();
        let now = case["now"].as_i64().unwrap();
        let verdict = verify_standard(&key, id, timestamp, header("webhook-signature"), body, now);
        assert_eq!(verdict.is_ok(), text(case, "expect") == "valid", "{}: {verdict:?}", text(case, "name"));
        if text(case, "name") == "known answer" {
            let message = WebhookMessage { id, timestamp: timestamp.parse().unwrap(), body };
            assert_eq!(standard_signature([&key], &message).unwrap(), header("webhook-signature"));
        }
    }
}

#[test]
fn check_08_signatures_of_each_kind_are_those_that_were_computed_elsewhere() {
    let vector = contract("events/signature.json");
    let body = text(&vector, "body").as_bytes();
    let message = WebhookMessage { id: text(&vector, "id"), timestamp: vector["timestamp"].as_i64().unwrap(), body };
    let (first, second) = (secret(text(&vector, "secret")), secret(text(&vector, "second_secret")));
    let pair = secret(text(&vector, "private"));
    assert_eq!(pair.public_text().as_deref(), Some(text(&vector, "public")));
    assert_eq!(standard_signature([&first], &message).unwrap(), text(&vector, "v1"));
    assert_eq!(standard_signature([&pair], &message).unwrap(), text(&vector, "v1a"));
    let both = format!("{} {} {}", text(&vector, "v1"), text(&vector, "second_v1"), text(&vector, "v1a"));
    assert_eq!(standard_signature([&first, &second, &pair], &message).unwrap(), both);
    assert_eq!(license_signature([&first], message.timestamp, body), text(&vector, "license"));
    assert_eq!(
        license_signature([&first, &pair, &second], message.timestamp, body),
        text(&vector, "license_with_both")
    );

    for key in [&first, &second, &pair] {
        let verify = |id: &str, signature: &str, body: &[u8]| {
            verify_standard(key, id, &message.timestamp.to_string(), signature, body, message.timestamp)
        };
        assert_eq!(verify(message.id, &both, body), Ok(()));
        assert_eq!(verify("evt_other", &both, body), Err(WebhookRefusal::Signature));
        assert_eq!(verify(message.id, &both, b"{}"), Err(WebhookRefusal::Signature));
        assert_eq!(verify(message.id, &both.replace("v1", "v9"), body), Err(WebhookRefusal::Signature));
        assert_eq!(verify(message.id, "", body), Err(WebhookRefusal::Signature));
    }
}
