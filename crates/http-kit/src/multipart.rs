//! The frame around the parts of a `multipart/byteranges` answer (RFC 9110 §14.6).

use bytes::Bytes;
use countersign_crypto::digest::Sha256;
use countersign_crypto::encoding::hex_encode;
use http::HeaderValue;

use crate::ranges::ByteRange;
use crate::representation::Representation;

/// A separator that does not occur in the file.
///
/// It is derived from the digest of the file: every node and every repetition gives equal bytes, and nobody can build
/// a file that has its own separator inside without finding a fixed point of SHA-256.
pub(crate) struct Boundary(String);

impl Boundary {
    pub(crate) fn of(representation: &Representation) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"multipart/byteranges");
        digest.update(&representation.sha256);
        let digest = digest.finish();
        let (half, _) = digest.split_at(16);
        Self(hex_encode(half))
    }

    /// The value of `Content-Type` for the whole answer.
    pub(crate) fn content_type(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(format!("multipart/byteranges; boundary={}", self.0)).ok()
    }

    /// What stands before the bytes of a part.
    pub(crate) fn part_head(&self, representation: &Representation, range: &ByteRange) -> Bytes {
        let mut head = Vec::with_capacity(160);
        head.extend_from_slice(b"\r\n--");
        head.extend_from_slice(self.0.as_bytes());
        head.extend_from_slice(b"\r\nContent-Type: ");
        head.extend_from_slice(representation.content_type.as_bytes());
        head.extend_from_slice(b"\r\nContent-Range: ");
        head.extend_from_slice(content_range(range, representation.length).as_bytes());
        head.extend_from_slice(b"\r\n\r\n");
        Bytes::from(head)
    }

    /// What stands behind the bytes of the last part.
    pub(crate) fn end(&self) -> Bytes {
        Bytes::from(format!("\r\n--{}--\r\n", self.0))
    }
}

/// The text of a `Content-Range` header (RFC 9110 §14.4).
pub(crate) fn content_range(range: &ByteRange, length: u64) -> String {
    format!("bytes {}-{}/{length}", range.first(), range.last())
}
