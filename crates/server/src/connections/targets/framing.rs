//! Where in the bytes of a connection the targets of its requests are.
//!
//! To find the next request one must know where the body before it ends, and to be wrong there would change a body. So this
//! reads only what cannot be read in two ways: lines that end with CR LF, one `Content-Length` of digits, or `chunked` alone,
//! with chunks that have neither extensions nor trailers (RFC 9112 §6, §7.1). Whatever else comes, it looks at no byte of the
//! connection any more: its requests are then read as the parser reads them.

use memchr::{memchr, memchr_iter};

/// How far the requests of a connection have been read.
#[derive(Debug)]
pub(crate) struct Framing {
    state: State,
    head: Head,
    head_bytes: usize,
    /// The begin of a line whose end has not come yet.
    line: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    RequestLine(RequestLine),
    /// A line of the head behind the first.
    Field,
    /// So many bytes of a body are left.
    Body(u64),
    /// The line with the size of a chunk.
    ChunkSize,
    /// So many bytes of a chunk are left.
    Chunk(u64),
    /// The line end behind a chunk.
    ChunkEnd,
    /// The line end behind the last chunk.
    LastChunk,
    /// Nothing is looked at any more.
    Unknown,
}

/// What is known of a first line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct RequestLine {
    first: u8,
    spaces: usize,
    /// The last two bytes so far.
    last: [u8; 2],
}

/// What the lines of a head have said so far.
#[derive(Debug, Default)]
struct Head {
    bytes: usize,
    length: Option<u64>,
    chunked: bool,
    /// A body whose end cannot be known, or is for others to say.
    strange: bool,
}

impl Framing {
    /// A connection from which nothing has come. Heads longer than `head_bytes` are refused above.
    pub(crate) fn new(head_bytes: usize) -> Self {
        let state = State::RequestLine(RequestLine::default());
        Self { state, head: Head::default(), head_bytes, line: Vec::new() }
    }

    /// The next bytes of the connection as they are to be read; `None` when they stay as they came.
    pub(crate) fn plain(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut places = Vec::new();
        let mut position = 0_usize;
        while let Some(rest) = bytes.get(position..).filter(|rest| !rest.is_empty()) {
            let taken = match self.state {
                State::Unknown => break,
                State::RequestLine(line) => self.request_line(line, rest, position, &mut places),
                State::Body(left) | State::Chunk(left) => self.pass(left, rest),
                State::Field | State::ChunkSize | State::ChunkEnd | State::LastChunk => self.other_line(rest),
            };
            position = position.saturating_add(taken);
        }
        (!places.is_empty()).then(|| escaped(bytes, &places))
    }

    /// Takes bytes up to the end of a first line. Returns how many.
    fn request_line(&mut self, mut line: RequestLine, rest: &[u8], position: usize, places: &mut Vec<usize>) -> usize {
        let end = memchr(b'\n', rest);
        let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if line.first == 0 {
            line.first = part.first().copied().unwrap_or_default();
        }
        if part.is_ascii() {
            // Nearly every line, and much faster than byte by byte.
            line.spaces = line.spaces.saturating_add(memchr_iter(b' ', part).count());
        } else {
            for (offset, byte) in part.iter().enumerate() {
                match byte {
                    b' ' => line.spaces = line.spaces.saturating_add(1),
                    // Between the two spaces is the target.
                    0x80.. if line.spaces == 1 && self.head.bytes.saturating_add(offset) < self.head_bytes => {
                        places.push(position.saturating_add(offset));
                    }
                    _ => {}
                }
            }
        }
        line.last = match part {
            [.., before, last] => [*before, *last],
            [last] => [line.last[1], *last],
            [] => line.last,
        };
        let taken = part.len().saturating_add(usize::from(end.is_some()));
        self.head.bytes = self.head.bytes.saturating_add(taken);
        self.state = if self.head.bytes > self.head_bytes {
            State::Unknown
        } else if end.is_none() {
            State::RequestLine(line)
        } else if line.spaces == 2 && line.last == *b"1\r" && line.first != b'C' {
            // CONNECT has no body as others have, and HTTP/1.0 no chunks.
            State::Field
        } else {
            State::Unknown
        };
        taken
    }

    /// Takes bytes of a body. Returns how many.
    fn pass(&mut self, left: u64, rest: &[u8]) -> usize {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        let left = left.saturating_sub(taken as u64);
        let in_chunk = matches!(self.state, State::Chunk(_));
        self.state = match (in_chunk, left) {
            (true, 0) => State::ChunkEnd,
            (true, _) => State::Chunk(left),
            (false, 0) => self.next_request(),
            (false, _) => State::Body(left),
        };
        taken
    }

    /// Takes bytes up to the end of a line that is not the first of a head. Returns how many.
    fn other_line(&mut self, rest: &[u8]) -> usize {
        let Some(end) = memchr(b'\n', rest) else {
            self.line.extend_from_slice(rest);
            if self.line.len() > self.head_bytes {
                self.state = State::Unknown;
            }
            return rest.len();
        };
        let part = rest.get(..end).unwrap_or_default();
        let taken = end.saturating_add(1);
        if self.line.is_empty() {
            self.state = self.after(part);
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(part);
            self.state = self.after(&line);
        }
        taken
    }

    /// What follows a line, which is given without its LF.
    fn after(&mut self, line: &[u8]) -> State {
        let Some(line) = line.strip_suffix(b"\r") else { return State::Unknown };
        match self.state {
            State::Field => {
                self.head.bytes = self.head.bytes.saturating_add(line.len()).saturating_add(LINE_END);
                if self.head.bytes > self.head_bytes {
                    return State::Unknown;
                }
                if !line.is_empty() {
                    self.head.take(line);
                    return State::Field;
                }
                match std::mem::take(&mut self.head) {
                    Head { strange: true, .. } | Head { length: Some(_), chunked: true, .. } => State::Unknown,
                    Head { chunked: true, .. } => State::ChunkSize,
                    Head { length: Some(length @ 1..), .. } => State::Body(length),
                    Head { .. } => self.next_request(),
                }
            }
            State::ChunkSize => match chunk_size(line) {
                Some(0) => State::LastChunk,
                Some(size) => State::Chunk(size),
                None => State::Unknown,
            },
            State::ChunkEnd if line.is_empty() => State::ChunkSize,
            State::LastChunk if line.is_empty() => self.next_request(),
            State::ChunkEnd | State::LastChunk | State::Unknown => State::Unknown,
            // These are not made of lines that are read here.
            State::RequestLine(_) | State::Body(_) | State::Chunk(_) => State::Unknown,
        }
    }

    fn next_request(&mut self) -> State {
        self.head = Head::default();
        State::RequestLine(RequestLine::default())
    }
}

impl Head {
    /// Takes a line of the head.
    fn take(&mut self, line: &[u8]) {
        let colon = memchr(b':', line).unwrap_or(line.len());
        let (name, value) = line.split_at_checked(colon).unwrap_or_default();
        let value = || value.strip_prefix(b":").unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = digits(value(), 10, 18);
            self.strange |= length.is_none() || self.length.is_some();
            self.length = length;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.strange |= self.chunked || !value().eq_ignore_ascii_case(b"chunked");
            self.chunked = true;
        } else {
            // A client that waits for our consent may send no body, one that upgrades speaks something else, and a line that
            // goes on has no name.
            self.strange |= name.eq_ignore_ascii_case(b"expect")
                || name.eq_ignore_ascii_case(b"upgrade")
                || name.first().is_none_or(u8::is_ascii_whitespace);
        }
    }
}

/// The size of a chunk: hexadecimal digits and nothing else.
fn chunk_size(line: &[u8]) -> Option<u64> {
    digits(line, 16, 15)
}

/// A number of 1 to `most` digits, so that it fits.
fn digits(text: &[u8], radix: u32, most: usize) -> Option<u64> {
    let text = std::str::from_utf8(text).ok().filter(|text| (1..=most).contains(&text.len()))?;
    text.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u64::from_str_radix(text, radix).ok()).flatten()
}

/// The bytes with those at these places as `%XX`.
fn escaped(bytes: &[u8], places: &[usize]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len().saturating_add(places.len().saturating_mul(2)));
    let mut from = 0;
    for place in places {
        plain.extend_from_slice(bytes.get(from..*place).unwrap_or_default());
        if let Some(byte) = bytes.get(*place) {
            let digit = |number: u8| HEX.get(usize::from(number)).copied().unwrap_or_default();
            plain.extend([b'%', digit(byte >> 4), digit(byte & 0xf)]);
        }
        from = place.saturating_add(1);
    }
    plain.extend_from_slice(bytes.get(from..).unwrap_or_default());
    plain
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";
/// CR LF.
const LINE_END: usize = 2;

#[cfg(test)]
mod tests;
