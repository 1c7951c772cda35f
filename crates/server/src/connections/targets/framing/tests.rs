//! Requests on one connection, cut into pieces in every way: targets change, and nothing else.

use super::*;

const LIMIT: usize = 1024;

/// What is read of these bytes when they come in pieces of these lengths, again and again.
fn read(bytes: &[u8], pieces: &[usize]) -> Vec<u8> {
    let mut framing = Framing::new(LIMIT);
    let (mut rest, mut plain) = (bytes, Vec::new());
    for length in pieces.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at((*length).min(rest.len()));
        plain.extend(framing.plain(piece).unwrap_or_else(|| piece.to_vec()));
        rest = behind;
    }
    plain
}

#[track_caller]
fn check(bytes: &[u8], expected: &[u8]) {
    for pieces in [&[usize::MAX][..], &[1], &[2], &[3, 1], &[7, 2, 13], &[64]] {
        assert_eq!(String::from_utf8_lossy(&read(bytes, pieces)), String::from_utf8_lossy(expected), "{pieces:?}");
    }
}

#[test]
fn bytes_of_a_target_are_escaped() {
    check(b"GET /a/caf\xe9.txt?x=\xc3\xa9 HTTP/1.1\r\n\r\n", b"GET /a/caf%E9.txt?x=%C3%A9 HTTP/1.1\r\n\r\n");
    check(b"GET /plain%41 HTTP/1.1\r\nhost: a\r\n\r\n", b"GET /plain%41 HTTP/1.1\r\nhost: a\r\n\r\n");
}

#[test]
fn nothing_else_is() {
    for bytes in [
        &b"G\xe9T / HTTP/1.1\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nx: \xe9\r\n\r\n",
        b"PUT / HTTP/1.1\r\ncontent-length: 20\r\n\r\nGET /\xe9 HTTP/1.1\r\n\r\n\xe9",
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n12\r\nGET /\xe9 HTTP/1.1\r\n\xe9\r\n0\r\n\r\n",
    ] {
        check(bytes, bytes);
    }
}

#[test]
fn the_next_request_is_found_behind_a_body() {
    for body in [
        &b"content-length:  3 \r\n\r\n\xe9\r\n"[..],
        b"Content-Length: 0\r\n\r\n",
        b"x: y\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\n3\r\n\r\n\xe9\r\nA\r\n0123456789\r\n0\r\n\r\n",
    ] {
        let with = |target: &[u8]| [b"PUT /x HTTP/1.1\r\n", body, b"GET /", target, b" HTTP/1.1\r\n\r\n"].concat();
        check(&with(b"\xff"), &with(b"%FF"));
        let twice = [with(b"\xff"), with(b"\xfe")].concat();
        check(&twice, &[with(b"%FF"), with(b"%FE")].concat());
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_left_alone_from_then_on() {
    let long = format!("x: {}\r\n\r\n", "y".repeat(LIMIT));
    for head in [
        "content-length: 1\r\ncontent-length: 1\r\n\r\nx",
        "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n0\r\nx: y\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n 1\r\nx\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
        "content-length: +1\r\n\r\nx",
        "content-length: 1, 1\r\n\r\nx",
        "content-length: f\r\n\r\nx",
        "content-length: 1\n\r\nx",
        "content-length:\r\n 1\r\n\r\nx",
        "expect: 100-continue\r\ncontent-length: 1\r\n\r\nx",
        "upgrade: websocket\r\n\r\n",
        &long,
    ] {
        let both = [b"PUT /x HTTP/1.1\r\n", head.as_bytes(), b"GET /\xff HTTP/1.1\r\n\r\n"].concat();
        check(&both, &both);
    }
    for first in ["CONNECT a:1 HTTP/1.1", "GET / HTTP/1.0", "GET  / HTTP/1.1", "", "GET /"] {
        let both = [first.as_bytes(), b"\r\n\r\nGET /\xff HTTP/1.1\r\n\r\n"].concat();
        check(&both, &both);
    }
}

/// Numbers that look random, and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        // Line ends and spaces often, because everything hangs on them.
        let alphabet = b"\r\n \xe9\xffG/:0a";
        let mut byte = || alphabet[usize::try_from(self.below(alphabet.len() as u64)).unwrap()];
        let mut bytes: Vec<u8> = (0..64).map(|_| byte()).collect();
        bytes.truncate(usize::try_from(self.below(most)).unwrap());
        bytes
    }
}

#[test]
fn whatever_bodies_are_made_of_they_never_change() {
    let mut numbers = Numbers(7);
    for _ in 0..500 {
        let (mut sent, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..8 {
            let name = [b'a', 0x80 | u8::try_from(numbers.below(128)).unwrap()];
            let body = numbers.bytes(60);
            let mut framed = Vec::new();
            if numbers.below(2) == 0 {
                framed.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
                framed.extend(&body);
            } else {
                framed.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                for chunk in body.chunks(usize::try_from(1 + numbers.below(20)).unwrap()) {
                    framed.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
                }
                framed.extend(b"0\r\n\r\n");
            }
            sent.extend([b"PUT /", &name[..], b" HTTP/1.1\r\nhost: a\r\n", &framed].concat());
            let plain = format!("PUT /a%{:02X} HTTP/1.1\r\nhost: a\r\n", name[1]);
            expected.extend([plain.as_bytes(), &framed].concat());
        }
        let pieces: Vec<usize> = (0..5).map(|_| usize::try_from(1 + numbers.below(90)).unwrap()).collect();
        assert_eq!(read(&sent, &pieces), expected);
    }
}
