//! The source of randomness, as a trait so that tests can be repeated, and the few shapes made from it.

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
    fn system_randomness_differs_each_time() {
        assert_ne!(random_array::<32>(&SystemRng), random_array::<32>(&SystemRng));
        assert_ne!(random_uuid_v4(&SystemRng), random_uuid_v4(&SystemRng));
    }
}
