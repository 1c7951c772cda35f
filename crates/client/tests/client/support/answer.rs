//! Canned answers: exactly the bytes that a server puts on the wire.

/// Bytes to send for one request, after which the connection is closed.
pub(crate) struct Answer(pub(crate) Vec<u8>);

impl Answer {
    /// A whole answer with its `Content-Length`. `headers` are lines without their line ends.
    pub(crate) fn new(status: u16, headers: &[&str], body: &[u8]) -> Self {
        let length = format!("Content-Length: {}", body.len());
        Self::raw(status, &[headers, &[&length]].concat(), body)
    }

    /// An answer whose headers are sent as they are given: the length may lie, or be missing.
    pub(crate) fn raw(status: u16, headers: &[&str], body: &[u8]) -> Self {
        let mut head = format!("HTTP/1.1 {status} Scripted\r\nConnection: close\r\n");
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        Self([head.as_bytes(), body].concat())
    }

    /// A body in chunks, so that its length is not announced.
    pub(crate) fn chunked(status: u16, headers: &[&str], body: &[u8]) -> Self {
        let mut chunks = Vec::new();
        for chunk in body.chunks(60_000) {
            chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            chunks.extend_from_slice(chunk);
            chunks.extend_from_slice(b"\r\n");
        }
        chunks.extend_from_slice(b"0\r\n\r\n");
        Self::raw(status, &[headers, &["Transfer-Encoding: chunked"]].concat(), &chunks)
    }

    /// An answer that announces all of `body`, but whose connection ends after `sent` bytes of it.
    pub(crate) fn breaking(status: u16, headers: &[&str], body: &[u8], sent: usize) -> Self {
        let length = format!("Content-Length: {}", body.len());
        Self::raw(status, &[headers, &[&length]].concat(), &body[..sent])
    }
}

/// A JSON answer.
pub(crate) fn json_answer(status: u16, body: &str) -> Answer {
    Answer::new(status, &["Content-Type: application/json"], body.as_bytes())
}

/// An answer with the protocol's error object.
pub(crate) fn error_object(status: u16, key: &str) -> Answer {
    json_answer(
        status,
        &serde_json::json!({ "arguments": "", "key": key, "message": "Told by the server." }).to_string(),
    )
}
