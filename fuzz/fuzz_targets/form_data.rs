//! Multipart bodies: where they are cut makes no difference, parts are what was sent, and lenient texts never fail.
#![no_main]

use bytes::Bytes;
use countersign_http_kit::form_data::{Boundary, FormData, PartHead};
use countersign_http_kit::lenient;
use futures_util::{FutureExt, stream};
use http::HeaderValue;
use libfuzzer_sys::fuzz_target;

type Parts = Vec<(PartHead, Vec<u8>)>;

/// All parts; `None` when the body is not whole.
fn read(body: &[u8], boundary: &Boundary, piece: usize) -> Option<Parts> {
    let pieces: Vec<_> = body.chunks(piece).map(|piece| Ok::<_, ()>(Bytes::copy_from_slice(piece))).collect();
    let mut form = FormData::new(stream::iter(pieces), boundary);
    let mut parts = Vec::new();
    while let Some(head) = form.next_part().now_or_never()?.ok()? {
        let mut content = Vec::new();
        while let Some(bytes) = form.next_bytes().now_or_never()?.ok()? {
            assert!(!bytes.is_empty());
            content.extend_from_slice(&bytes);
        }
        parts.push((head, content));
    }
    Some(parts)
}

fuzz_target!(|bytes: &[u8]| {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if let Ok(value) = HeaderValue::from_bytes(line) {
        let _ = Boundary::of(&value);
    }
    if let Ok(text) = std::str::from_utf8(line) {
        let _ = (lenient::decode_path(text), lenient::decode_query(text));
    }
    let boundary = Boundary::of(&HeaderValue::from_static("multipart/form-data; boundary=b")).expect("a boundary");
    let whole = read(bytes, &boundary, usize::MAX);
    assert_eq!(read(bytes, &boundary, 1), whole);
    assert_eq!(read(bytes, &boundary, 7), whole);
    let sent: usize = whole.iter().flatten().map(|(_, content)| content.len()).sum();
    assert!(sent <= bytes.len());
});
