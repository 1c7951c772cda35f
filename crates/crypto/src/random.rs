//! The source of randomness, as a trait so that tests can be repeated, and the few shapes made from it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand;

use crate::encoding::hex_encode;

/// A source of random bytes. Only [`SystemRng`] may be used for anything that has to stay secret; other
/// implementations exist for tests.
pub trait Rng: Send + Sync {
    /// Fills `out` with random bytes.
    fn fill(&self, out: &mut [u8]);
}

/// The random generator of the crypto library, seeded and reseeded from the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, out: &mut [u8]) {
        rand::fill(out).expect("the library ends the process itself when the system has no randomness to give");
    }
}

/// Draws randomness for many small pieces at once, for what has to be unique and may be known, like nonces and ids: asking
/// the library for a few bytes costs as much as for a kilobyte. The bytes lie in memory before they are used, so they are
/// not for keys.
pub struct DrawnAhead {
    rng: Arc<dyn Rng>,
    drawn: Mutex<Drawn>,
}

/// Random bytes, the first of which have not been used yet.
struct Drawn {
    bytes: [u8; 1024],
    left: usize,
}

impl DrawnAhead {
    /// Pieces of this randomness.
    #[must_use]
    pub fn new(rng: Arc<dyn Rng>) -> Self {
        Self { rng, drawn: Mutex::new(Drawn { bytes: [0; 1024], left: 0 }) }
    }
}

impl Rng for DrawnAhead {
    fn fill(&self, out: &mut [u8]) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.left < out.len() {
            self.rng.fill(&mut drawn.bytes);
            drawn.left = drawn.bytes.len();
        }
        let end = drawn.left;
        match end.checked_sub(out.len()).and_then(|start| Some((start, drawn.bytes.get(start..end)?))) {
            Some((start, piece)) => {
                out.copy_from_slice(piece);
                drawn.left = start;
            }
            None => self.rng.fill(out),
        }
    }
}

/// `N` random bytes.
pub fn random_array<const N: usize>(rng: &dyn Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill(&mut bytes);
    bytes
}

/// A random UUID (RFC 9562 §5.4, version 4) in lower case with hyphens, 36 characters. It holds 122 random bits.
pub fn random_uuid_v4(rng: &dyn Rng) -> String {
    let mut value = u128::from_be_bytes(random_array::<16>(rng));
    value &= !(VERSION_MASK | VARIANT_MASK);
    value |= VERSION_4 | VARIANT_RFC;
    let hex = hex_encode(&value.to_be_bytes());
    let mut text = String::with_capacity(hex.len() + 4);
    for (position, digit) in hex.chars().enumerate() {
        if matches!(position, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

const VERSION_MASK: u128 = 0xf << 76;
const VERSION_4: u128 = 0x4 << 76;
const VARIANT_MASK: u128 = 0b11 << 62;
const VARIANT_RFC: u128 = 0b10 << 62;

#[cfg(test)]
mod tests {
    use super::*;

    struct Constant(u8);

    impl Rng for Constant {
        fn fill(&self, out: &mut [u8]) {
            out.fill(self.0);
        }
    }

    #[test]
    fn uuid_carries_version_and_variant() {
        assert_eq!(random_uuid_v4(&Constant(0x00)), "00000000-0000-4000-8000-000000000000");
        assert_eq!(random_uuid_v4(&Constant(0xff)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn no_byte_that_was_drawn_ahead_is_given_twice() {
        let ahead = DrawnAhead::new(Arc::new(SystemRng));
        let pieces: std::collections::HashSet<[u8; 12]> = (0..1000).map(|_| random_array(&ahead)).collect();
        assert_eq!(pieces.len(), 1000);
        for length in [0, 1, 1024, 5000] {
            let mut out = vec![0; length];
            ahead.fill(&mut out);
            assert!(length < 1024 || out.chunks(64).all(|piece| piece.iter().any(|byte| *byte != 0)), "{length}");
        }
    }

    #[test]
    fn system_randomness_differs_each_time() {
        assert_ne!(random_array::<32>(&SystemRng), random_array::<32>(&SystemRng));
        assert_ne!(random_uuid_v4(&SystemRng), random_uuid_v4(&SystemRng));
    }
}
