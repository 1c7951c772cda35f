//! How errors are answered: one object, for readers of all kinds (contract §3.5).
//!
//! Clients of the Pascal family read `Error.Code`, some of them also `error` as a string, as at the token endpoint; those of
//! the camel family read `error.code`. Members that are not there are left out, never null: some clients fail at that.

use axum::Json;
use axum::response::{IntoResponse, Response};
use countersign_domain::time::Timestamp;
use countersign_http_kit::current_request::CurrentRequest;
use countersign_http_kit::security_headers;
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::caller::Software;
use super::casing::Casing;
use super::error::{Error, Told};

/// The answer that an error gets, and its line in the log.
pub(crate) fn refuse(error: &Error, casing: Casing, software: &Software, now: Timestamp) -> Response {
    let told = error.told();
    let Told { status, code, .. } = &told;
    let cause: &dyn std::error::Error = error;
    if *status == StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(error = cause, code, client.sdk = software.name(), "a storage request failed");
    } else {
        let (sdk, version) = (software.name(), software.version());
        tracing::info!(reason = %error, code, client.sdk = sdk, client.sdk_version = version, "a storage request was refused");
    }
    let mut response = (*status, Json(body(&told, casing, now))).into_response();
    let headers = response.headers_mut();
    security_headers::private(headers);
    if *status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    if let Some(allowed) = error.allowed() {
        headers.insert(ALLOW, HeaderValue::from_static(allowed));
    }
    if let Error::Refused(refusal) = error
        && let Some(challenge) = refusal.challenge()
    {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

fn body(told: &Told, casing: Casing, now: Timestamp) -> Value {
    let id = CurrentRequest::get().map(|request| request.id().to_owned()).unwrap_or_default();
    let mut members = Map::new();
    if casing == Casing::Pascal {
        members.insert("error".to_owned(), told.code.into());
        members.insert("error_description".to_owned(), ascii(&told.text).into());
    }
    if casing != Casing::Camel {
        members.insert("RequestId".to_owned(), id.clone().into());
        let error = json!({ "Code": told.code, "Message": told.text, "DateTime": now.to_string() });
        members.insert("Error".to_owned(), error);
    }
    if casing != Casing::Pascal {
        members.insert("requestId".to_owned(), id.into());
        members.insert("error".to_owned(), json!({ "code": told.code, "message": told.text }));
    }
    Value::Object(members)
}

/// The characters that RFC 6749 §5.2 allows; others as `'`.
pub(crate) fn ascii(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') { c } else { '\'' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_reads_its_members() {
        let told = Error::Route.told();
        let now = Timestamp::from_seconds(0);
        let text = "There is no call at this path.";
        let pascal = json!({ "Code": "errorPathNotFound", "Message": text, "DateTime": now.to_string() });
        let camel = json!({ "code": "errorPathNotFound", "message": text });
        assert_eq!(
            body(&told, Casing::Pascal, now),
            json!({ "error": "errorPathNotFound", "error_description": text, "RequestId": "", "Error": pascal })
        );
        assert_eq!(body(&told, Casing::Camel, now), json!({ "requestId": "", "error": camel }));
        assert_eq!(
            body(&told, Casing::Both, now),
            json!({ "RequestId": "", "Error": pascal, "requestId": "", "error": camel })
        );
    }

    #[test]
    fn descriptions_have_no_other_characters() {
        assert_eq!(ascii("no \"caf\u{e9}\"\n\\"), "no 'caf''''");
    }
}
