//! The bytes of requests.

use anyhow::{Context as _, Result};

/// Writes the next request behind what is there.
pub(crate) type Requests = Box<dyn FnMut(&mut Vec<u8>) + Send>;

/// The same request again and again.
pub(crate) fn repeat(request: Vec<u8>) -> Requests {
    Box::new(move |out| out.extend_from_slice(&request))
}

/// Writes a POST of JSON with a device token.
pub(crate) fn post(out: &mut Vec<u8>, path: &str, token: &str, body: &[u8]) {
    let length = body.len().to_string();
    for part in [
        "POST ",
        path,
        " HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ",
        token,
        "\r\ncontent-type: application/json\r\ncontent-length: ",
        &length,
        "\r\n\r\n",
    ] {
        out.extend_from_slice(part.as_bytes());
    }
    out.extend_from_slice(body);
}

/// Writes a GET in place of what was there.
pub(crate) fn get(out: &mut Vec<u8>, path: &[u8]) {
    out.clear();
    for part in [b"GET ".as_slice(), path, b" HTTP/1.1\r\nhost: bench\r\n\r\n"] {
        out.extend_from_slice(part);
    }
}

/// The path to poll, from the answer to a POST. The server writes it as it is: a path needs no escapes in JSON.
///
/// # Errors
/// When there is none.
pub(crate) fn polling_path(accepted: &[u8]) -> Result<&[u8]> {
    let path = || {
        let start = accepted.windows(MEMBER.len()).position(|window| window == MEMBER)? + MEMBER.len();
        let rest = accepted.get(start..)?;
        rest.get(..rest.iter().position(|byte| *byte == b'"')?)
    };
    path().with_context(|| format!("the answer to a POST names no URL: {}", accepted.escape_ascii()))
}

const MEMBER: &[u8] = br#""url":""#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_written_with_its_length() {
        let mut out = Vec::new();
        post(&mut out, "/a", "T", b"{}");
        let expected = "POST /a HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer T\r\ncontent-type: application/json\r\n\
                        content-length: 2\r\n\r\n{}";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_get_takes_the_place_of_what_was_there() {
        let mut out = b"POST".to_vec();
        get(&mut out, b"/a/b");
        assert_eq!(out, b"GET /a/b HTTP/1.1\r\nhost: bench\r\n\r\n");
    }

    #[test]
    fn the_polling_path_is_found() {
        assert_eq!(polling_path(br#"{"url":"/a/b"}"#).unwrap(), b"/a/b");
        assert!(polling_path(br#"{"key":"x"}"#).is_err());
        assert!(polling_path(br#"{"url":"/a"#).is_err());
    }
}
