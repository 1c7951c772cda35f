//! Our webhooks, verified and read by the libraries that receivers use: Standard Webhooks in Python and Node, CloudEvents in
//! Python.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use countersign_app::webhooks::Formats;
use countersign_crypto::SystemRng;
use countersign_crypto::webhook::{WebhookMessage, WebhookSecret, standard_signature};
use countersign_domain::webhook::{EndpointSettings, EventTypes, PayloadFormat};
use countersign_door_events::EventFormats;
use countersign_interop::{node_sdks, python};
use serde_json::{Value, json};

#[test]
fn the_reference_libraries_believe_what_we_send_and_nothing_else() -> Result<()> {
    let cases = serde_json::to_string(&cases()?)?;
    for (library, outcome) in [("Python", python("webhooks.py", &cases)?), ("Node", node_sdks("webhooks.mjs", &cases)?)]
    {
        ensure!(outcome.succeeded, "{library} is not content:\n{}", outcome.report);
        ensure!(outcome.report.contains("every check held"), "{library} stopped early:\n{}", outcome.report);
    }
    Ok(())
}

/// A webhook of every type in every form, and each of them spoiled in one way.
fn cases() -> Result<Vec<Value>> {
    let (old, new) = (WebhookSecret::generate_hmac(&SystemRng)?, WebhookSecret::generate_hmac(&SystemRng)?);
    #[expect(clippy::disallowed_methods, reason = "the libraries compare the time with the machine's clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let now = i64::try_from(now)?;
    let mut cases = Vec::new();
    for format in PayloadFormat::ALL {
        let settings = EndpointSettings { format: *format, ..EndpointSettings::new("https://hooks.example/") };
        for event_type in EventTypes::KNOWN {
            let body = EventFormats.sample(event_type, &settings).context("every type has a sample")?;
            let body = String::from_utf8(body)?;
            let case = |name: &str, timestamp: i64, sent: &str, secret: &WebhookSecret, good: bool| -> Result<Value> {
                let message = WebhookMessage { id: "evt_1_2", timestamp, body: body.as_bytes() };
                // As while one secret replaces the other.
                let signature = standard_signature([&new, &old], &message)?;
                let content_type = if *format == PayloadFormat::CloudEvents {
                    "application/cloudevents+json"
                } else {
                    "application/json"
                };
                Ok(json!({
                    "name": format!("{event_type} as {format}, {name}"), "format": format.as_str(), "good": good,
                    "secret": secret.text().expose(), "body": sent,
                    "headers": {
                        "content-type": content_type, "webhook-id": "evt_1_2", "webhook-timestamp": timestamp.to_string(),
                        "webhook-signature": signature,
                    },
                }))
            };
            cases.push(case("as sent", now, &body, &new, true)?);
            cases.push(case("for who has the old secret", now, &body, &old, true)?);
            cases.push(case("too late", now - 301, &body, &new, false)?);
            cases.push(case("with another body", now, &format!("{body} "), &new, false)?);
            cases.push(case("for somebody else", now, &body, &WebhookSecret::generate_hmac(&SystemRng)?, false)?);
        }
    }
    Ok(cases)
}
