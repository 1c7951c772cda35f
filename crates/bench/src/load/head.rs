//! As much of an HTTP answer's head as a load needs: its status and the length of what follows.

/// What the head of an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The status.
    pub(super) status: u16,
    /// Bytes of the head itself.
    pub(super) length: usize,
    /// Bytes of the body.
    pub(super) body: u64,
}

/// The answer is not one that this client reads.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the answer is no HTTP/1.1 answer with a Content-Length")]
pub(super) struct BadHead;

/// Reads the head of an answer (RFC 9112 section 4). `None`: it has not come whole yet.
///
/// # Errors
/// [`BadHead`] when it has no status or no length.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Head>, BadHead> {
    let Some(end) = bytes.windows(END.len()).position(|window| window == END) else { return Ok(None) };
    let head = bytes.get(..end).unwrap_or_default();
    let digits = head.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3)).ok_or(BadHead)?;
    let status = number(digits).and_then(|status| u16::try_from(status).ok()).ok_or(BadHead)?;
    let body = head.split(|byte| *byte == b'\n').find_map(content_length).ok_or(BadHead)?;
    Ok(Some(Head { status, length: end + END.len(), body }))
}

fn content_length(line: &[u8]) -> Option<u64> {
    let (name, value) = line.split_at_checked(NAME.len())?;
    if !name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    number(value.trim_ascii())
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

const END: &[u8] = b"\r\n\r\n";
const NAME: &[u8] = b"content-length:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_status_and_length() {
        let answer = b"HTTP/1.1 202 Accepted\r\nserver: x\r\nContent-Length: 15\r\n\r\n{\"url\":\"/a/b\"}";
        let head = parse(answer).unwrap().unwrap();
        assert_eq!((head.status, head.body), (202, 15));
        assert_eq!(answer[head.length], b'{');
    }

    #[test]
    fn half_a_head_is_waited_for() {
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n"), Ok(None));
        assert_eq!(parse(b""), Ok(None));
    }

    #[test]
    fn other_answers_are_refused() {
        for bad in [&b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"[..], b"HTTP/2 200\r\n\r\n", b"\r\n\r\n"] {
            assert_eq!(parse(bad), Err(BadHead));
        }
    }
}
