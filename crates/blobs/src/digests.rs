//! The two digests that every stored object carries, computed together in one pass over its bytes.

use countersign_crypto::digest::{Md5, Sha256};

/// SHA-256 and MD5 of a stream, and its length. Storage back ends feed it with exactly the bytes they store.
///
/// SHA-256 is what signed answers speak about. MD5 is there only because manifests of the device contract carry
/// it; nothing is ever decided by it. Feeding it costs processor time (about 2 ms per MiB): not on an async thread.
pub struct Digests {
    sha256: Sha256,
    md5: Md5,
    size: u64,
}

/// What [`Digests`] knows after the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinishedDigests {
    /// The number of bytes.
    pub size: u64,
    /// SHA-256 of all bytes.
    pub sha256: [u8; 32],
    /// MD5 of all bytes.
    pub md5: [u8; 16],
}

impl Digests {
    /// The digests of nothing yet.
    pub fn new() -> Self {
        Self { sha256: Sha256::new(), md5: Md5::new(), size: 0 }
    }

    /// Takes the next bytes of the stream.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.md5.update(bytes);
        // A slice is shorter than 2^63 bytes, and no stream of 2^64 bytes ever ends.
        self.size = self.size.saturating_add(bytes.len() as u64);
    }

    /// The digests of everything taken.
    pub fn finish(self) -> FinishedDigests {
        FinishedDigests { size: self.size, sha256: self.sha256.finish(), md5: self.md5.finish() }
    }
}

impl Default for Digests {
    fn default() -> Self {
        Self::new()
    }
}
