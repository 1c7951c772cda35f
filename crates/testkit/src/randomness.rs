//! Randomness that is the same in every run of a test.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign_crypto::{Rng, sha256};

/// SHA-256 of a seed and a counter, block by block.
pub struct SeededRng {
    seed: u64,
    blocks: AtomicU64,
}

impl SeededRng {
    /// A source that gives the same bytes for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, blocks: AtomicU64::new(0) }
    }
}

impl Rng for SeededRng {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = self.blocks.fetch_add(1, Ordering::SeqCst);
            let bytes = sha256(&[self.seed.to_be_bytes(), block.to_be_bytes()].concat());
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}
