//! The headers of a webhook: what is in the body, who sends it, and the signatures.

use countersign_app::webhooks::Outgoing;
use countersign_crypto::webhook::{WebhookMessage, license_signature, standard_signature};
use countersign_domain::webhook::{CloudEventsMode, PayloadFormat};
use countersign_door_events::binary_event;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Takes an event in binary mode apart: its attributes become headers, and its data the body. What was queued before the
/// receiver had this form is no event, and stays as it is.
pub(super) fn take_apart(mut outgoing: Outgoing) -> Outgoing {
    if (outgoing.format, outgoing.cloud_events) == (PayloadFormat::CloudEvents, CloudEventsMode::Binary)
        && let Some((headers, data)) = binary_event(&outgoing.body)
    {
        outgoing.headers.extend(headers);
        outgoing.body = data.into();
    }
    outgoing
}

/// All headers but those of the connection.
///
/// # Errors
/// When one cannot be written, or no signature can be made.
pub(super) fn headers(outgoing: &Outgoing) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(COMMON);
    let content_type = match (outgoing.format, outgoing.cloud_events) {
        (PayloadFormat::CloudEvents, CloudEventsMode::Structured) => "application/cloudevents+json",
        (PayloadFormat::CloudEvents, CloudEventsMode::Binary)
        | (PayloadFormat::Fno | PayloadFormat::License | PayloadFormat::Standard, _) => "application/json",
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in &outgoing.headers {
        headers.insert(HeaderName::from_static(name), HeaderValue::try_from(value)?);
    }
    if let Some(origin) = &outgoing.origin {
        headers.insert("webhook-request-origin", HeaderValue::try_from(origin)?);
    }
    if let Some((name, value)) = &outgoing.authorization {
        let mut value = HeaderValue::from_bytes(value.expose().as_bytes())?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(name.as_str())?, value);
    }
    let timestamp = outgoing.timestamp.as_seconds();
    headers.insert(ID, HeaderValue::try_from(&outgoing.message_id)?);
    headers.insert(TIMESTAMP, HeaderValue::from(timestamp));
    let secrets = &*outgoing.secrets;
    if secrets.is_empty() {
        return Ok(headers);
    }
    let message = WebhookMessage { id: &outgoing.message_id, timestamp, body: &outgoing.body };
    headers.insert(SIGNATURE, HeaderValue::try_from(standard_signature(secrets, &message)?)?);
    if outgoing.format == PayloadFormat::License {
        let signature = license_signature(secrets, timestamp, &outgoing.body);
        headers.insert("licensespring-signature", HeaderValue::try_from(signature)?);
    }
    Ok(headers)
}

/// Headers of Standard Webhooks 1.0.0.
const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// As many headers as most webhooks have, with those of the connection.
const COMMON: usize = 16;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bytes::Bytes;
    use countersign_crypto::Secret;
    use countersign_crypto::webhook::WebhookSecret;
    use countersign_domain::ids::SiteId;
    use countersign_domain::time::Timestamp;

    use super::*;

    fn outgoing(format: PayloadFormat, secrets: Vec<WebhookSecret>) -> Outgoing {
        Outgoing {
            site: SiteId(1),
            url: "https://hooks.example/".into(),
            format,
            cloud_events: CloudEventsMode::Structured,
            origin: None,
            message_id: "evt_0001K7Q9".into(),
            timestamp: Timestamp::from_seconds(1_767_225_600),
            secrets: secrets.into(),
            authorization: Some(("authorization".into(), Arc::new(Secret::new("Bearer tökén".into())))),
            headers: vec![("x-event-attempt", "2".into())],
            body: Bytes::from_static(b"{}"),
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: Duration::from_secs(15),
            excerpt_limit: 10,
            ca: None,
        }
    }

    #[test]
    fn every_form_has_its_type_and_its_signatures() {
        let hmac = || WebhookSecret::from_hmac_key(&[7; 32]).unwrap();
        let seed = || WebhookSecret::from_ed25519_seed(&[8; 32]).unwrap();
        for (format, content_type, licensed) in [
            (PayloadFormat::Fno, "application/json", false),
            (PayloadFormat::Standard, "application/json", false),
            (PayloadFormat::CloudEvents, "application/cloudevents+json", false),
            (PayloadFormat::License, "application/json", true),
        ] {
            let headers = headers(&outgoing(format, vec![hmac(), seed(), hmac()])).unwrap();
            assert_eq!(headers["content-type"], content_type);
            assert_eq!(
                (&headers["webhook-id"], &headers["webhook-timestamp"]),
                (&HeaderValue::from_static("evt_0001K7Q9"), &HeaderValue::from_static("1767225600"))
            );
            let signature = headers["webhook-signature"].to_str().unwrap();
            let kinds: Vec<_> = signature.split(' ').map(|entry| entry.split_once(',').unwrap().0).collect();
            assert_eq!(kinds, ["v1", "v1a", "v1"]);
            assert_eq!(headers.contains_key("licensespring-signature"), licensed);
            assert_eq!(
                (headers["x-event-attempt"].to_str().unwrap(), headers["authorization"].is_sensitive()),
                ("2", true)
            );
        }
        let bare = headers(&outgoing(PayloadFormat::License, Vec::new())).unwrap();
        assert!(!bare.contains_key("webhook-signature") && !bare.contains_key("licensespring-signature"));
    }

    #[test]
    fn what_would_begin_another_header_is_refused() {
        let mut bad = outgoing(PayloadFormat::Fno, Vec::new());
        bad.authorization = Some(("authorization".into(), Arc::new(Secret::new("Bearer a\r\nx: y".into()))));
        assert!(headers(&bad).is_err());
        let mut bad = outgoing(PayloadFormat::Fno, Vec::new());
        bad.message_id = "a\nb".into();
        assert!(headers(&bad).is_err());
    }
}
