//! CloudEvents in binary mode (section 3.1 of its HTTP binding): the attributes of an event as headers, and its data as body.
//! It is made from the event as it was kept, so the data are the same bytes on every attempt.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::value::RawValue;

/// An event in structured mode, in parts.
#[derive(Deserialize)]
struct Event<'a> {
    specversion: String,
    id: String,
    source: String,
    #[serde(rename = "type")]
    event_type: String,
    subject: String,
    time: String,
    sequence: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Names and values of headers.
type Headers = Vec<(&'static str, String)>;

/// The headers and the data of a body in structured mode; `None` when it is none.
#[must_use]
pub fn binary_event(body: &[u8]) -> Option<(Headers, Vec<u8>)> {
    let event: Event<'_> = serde_json::from_slice(body).ok()?;
    let headers = [
        ("ce-specversion", event.specversion),
        ("ce-id", event.id),
        ("ce-source", event.source),
        ("ce-type", event.event_type),
        ("ce-subject", event.subject),
        ("ce-time", event.time),
        ("ce-sequence", event.sequence),
    ];
    let headers = headers.into_iter().map(|(name, value)| (name, encoded(&value)));
    Some((headers.collect(), event.data.get().as_bytes().to_vec()))
}

/// The value of a header (section 3.1.3.2): what is not printable ASCII, and blanks, quotes and percent signs, are
/// percent-encoded.
fn encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            0x21..=0x7e if !b"\"%".contains(&byte) => encoded.push(char::from(byte)),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_header_is_encoded() {
        assert_eq!(encoded("a b%\"é\r\n€"), "a%20b%25%22%C3%A9%0D%0A%E2%82%AC");
        assert_eq!(encoded("urn:countersign:site:demo"), "urn:countersign:site:demo");
    }

    #[test]
    fn what_is_no_event_travels_as_it_is() {
        for body in ["", "{}", "[]", "{\"specversion\":\"1.0\"}"] {
            assert_eq!(binary_event(body.as_bytes()), None, "{body}");
        }
    }
}
