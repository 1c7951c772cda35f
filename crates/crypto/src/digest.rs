//! SHA-256 for everything, and MD5 because update manifests carry it.

use std::fmt;

use aws_lc_rs::digest;
use md5::Digest as _;

/// SHA-256 of `bytes` (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> [u8; SHA256_LEN] {
    array_of(&digest::digest(&digest::SHA256, bytes))
}

/// SHA-256 of bytes that arrive in pieces.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Sha256 {
    /// Starts with nothing.
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Adds the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces in their order.
    pub fn finish(self) -> [u8; SHA256_LEN] {
        array_of(&self.0.finish())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256(..)")
    }
}

/// MD5 of bytes that arrive in pieces.
///
/// It exists only because the manifest of the device protocol has a member for it. Files with equal MD5 are easy to
/// make, so it says nothing about who made a file: never compare it where an attacker could profit.
#[derive(Clone)]
pub struct Md5(md5::Md5);

impl Md5 {
    /// Starts with nothing.
    pub fn new() -> Self {
        Self(md5::Md5::new())
    }

    /// Adds the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces in their order.
    pub fn finish(self) -> [u8; MD5_LEN] {
        self.0.finalize().into()
    }
}

impl Default for Md5 {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Md5(..)")
    }
}

fn array_of(digest: &digest::Digest) -> [u8; SHA256_LEN] {
    digest.as_ref().try_into().expect("a SHA-256 digest has 32 bytes")
}

/// Bytes of a SHA-256 digest.
pub const SHA256_LEN: usize = 32;

/// Bytes of an MD5 digest.
pub const MD5_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::hex_encode;

    #[test]
    fn sha256_matches_the_published_example() {
        // FIPS 180-4 examples: the message "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex_encode(&sha256(b"abc")), expected);
        let mut pieces = Sha256::new();
        pieces.update(b"a");
        pieces.update(b"");
        pieces.update(b"bc");
        assert_eq!(hex_encode(&pieces.finish()), expected);
    }

    #[test]
    fn md5_matches_the_published_example() {
        // RFC 1321 appendix A.5: the message "abc".
        let mut pieces = Md5::new();
        pieces.update(b"ab");
        pieces.update(b"c");
        assert_eq!(hex_encode(&pieces.finish()), "900150983cd24fb0d6963f7d28e17f72");
    }
}
