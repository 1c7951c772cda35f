//! The bodies with which a device tells something, and the error object that says what the server made of it.

use serde::{Deserialize, Serialize};

use super::{IdentityBody, malformed, to_json};
use crate::{
    device_event::DeviceEvent,
    error::{ClientError, Subject},
    registration::Registration,
    server_message::ServerMessage,
    status_report::StatusReport,
};

/// The body of `POST /uai/2.0/devices/registrations`.
pub(crate) fn registration(registration: &Registration) -> Vec<u8> {
    let activation_id = registration.activation_id.as_ref();
    to_json(&RegistrationBody {
        device: IdentityBody::of(Some(&registration.device)),
        identity_name: &registration.identity_name,
        activation_id: activation_id.map_or("", |id| id.expose()),
    })
}

/// The body of `POST /uai/2.0/updates/statusLog`.
pub(crate) fn status_report(report: &StatusReport) -> Vec<u8> {
    to_json(&StatusReportBody {
        device_class: report.device_class.as_str(),
        device: IdentityBody::of(report.device.as_ref()),
        update_id: &report.update_id,
        update_name: &report.update_name,
        package_id: &report.package,
        platform: &report.platform,
        language: report.language,
        status_code: report.stage.code(),
        status_reason: cut(&report.reason, MAX_REASON),
        time_stamp: report.happened_at.as_deref(),
    })
}

/// The body of `POST /uai/2.0/events`.
pub(crate) fn device_event(event: &DeviceEvent) -> Vec<u8> {
    to_json(&DeviceEventBody {
        device_class: event.device_class.as_str(),
        device: IdentityBody::of(Some(&event.device)),
        event_name: &event.name,
        event_group: &event.group,
        event_value: cut(&event.value, MAX_VALUE),
        timestamp: event.happened_at.as_deref(),
        download_package_id: &event.package,
        update_id: &event.update_id,
        update_name: &event.update_name,
        platform: &event.platform,
        language: event.language,
    })
}

/// Reads what the server made of it: an error object of three empty strings is success, any other a refusal. A body that
/// is no error object says neither.
pub(crate) fn outcome(subject: Subject, body: &[u8]) -> Result<(), ClientError> {
    let body: OutcomeBody =
        serde_json::from_slice(body).map_err(|_| malformed(subject, "the outcome is not an error object"))?;
    let [key, message, arguments] = [body.key, body.message, body.arguments].map(Option::unwrap_or_default);
    if key.is_empty() && message.is_empty() && arguments.is_empty() {
        return Ok(());
    }
    Err(ClientError::Declined { subject, message: ServerMessage::clean(&key, &message, &arguments) })
}

fn cut(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RegistrationBody<'a> {
    #[serde(flatten)]
    device: IdentityBody<'a>,
    identity_name: &'a str,
    activation_id: &'a str,
}

/// Time members are left out when there is no time: servers read an empty text in different ways.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusReportBody<'a> {
    device_class: &'a str,
    #[serde(flatten)]
    device: IdentityBody<'a>,
    update_id: &'a str,
    update_name: &'a str,
    package_id: &'a str,
    platform: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<u32>,
    status_code: i64,
    status_reason: &'a str,
    // With a capital S here, without one in events: the protocol has it so.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_stamp: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceEventBody<'a> {
    device_class: &'a str,
    #[serde(flatten)]
    device: IdentityBody<'a>,
    event_name: &'a str,
    event_group: &'a str,
    event_value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
    download_package_id: &'a str,
    update_id: &'a str,
    update_name: &'a str,
    platform: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<u32>,
}

/// `key` must be there, though it may be null: without it any JSON object would read as success.
#[derive(Deserialize)]
struct OutcomeBody {
    #[serde(deserialize_with = "Option::deserialize")]
    key: Option<String>,
    message: Option<String>,
    arguments: Option<String>,
}

/// The protocol keeps no more of a reason.
const MAX_REASON: usize = 100;
/// Servers keep no more of an event's value, and a body has a limit.
const MAX_VALUE: usize = 4000;

#[cfg(test)]
mod tests {
    use super::{ClientError, Subject, cut, outcome};

    #[test]
    fn texts_are_cut_at_characters() {
        assert_eq!((cut("äöü", 2), cut("äöü", 3), cut("", 3)), ("äö", "äöü", ""));
    }

    #[test]
    fn only_an_empty_error_object_is_success() {
        let read = |body: &str| outcome(Subject::Event, body.as_bytes());
        for body in [
            r#"{"arguments":"","key":"","message":""}"#,
            r#"{"arguments":null,"key":null,"message":null,"more":1}"#,
            r#"{"key":""}"#,
        ] {
            assert!(read(body).is_ok(), "{body}");
        }
        for body in ["", "{}", "[]", "null", "OK", r#"{"message":""}"#, r#"{"key":0}"#, r#"{"key":"","message":[]}"#] {
            assert!(matches!(read(body), Err(ClientError::Malformed { .. })), "{body}");
        }
        for body in [r#"{"key":"k"}"#, r#"{"key":"","message":"no"}"#, r#"{"key":"","arguments":"a"}"#] {
            assert!(matches!(read(body), Err(ClientError::Declined { .. })), "{body}");
        }
    }
}
