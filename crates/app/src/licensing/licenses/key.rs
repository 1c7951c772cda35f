//! Keys of licenses for which the producer has none of his own.

use countersign_crypto::Rng;
use countersign_crypto::random::random_array;
use countersign_domain::text::{LicenseKey, TextError};

/// Digits of Crockford's base 32: none is mistaken for another when a person reads a key to somebody.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Groups of a key.
const GROUPS: usize = 4;
/// Digits in a group. All digits together hold 100 random bits: no key is guessed, and no two are equal.
const GROUP_LENGTH: usize = 5;

/// Makes a key that nobody can guess, such as `ACT-7K3QX-09ZWM-C4T8H-V2N6P`.
pub(crate) fn generate(rng: &dyn Rng) -> Result<LicenseKey, TextError> {
    let random = random_array::<{ GROUPS * GROUP_LENGTH }>(rng);
    let mut key = String::from("ACT");
    for (position, byte) in random.into_iter().enumerate() {
        if position % GROUP_LENGTH == 0 {
            key.push('-');
        }
        // Five bits of the byte choose one of 32 digits, each as likely as any other.
        key.extend(DIGITS.get(usize::from(byte & 31)).map(|digit| char::from(*digit)));
    }
    LicenseKey::new(key)
}

#[cfg(test)]
mod tests {
    use countersign_crypto::SystemRng;

    use super::*;

    /// Gives the numbers from 0 on.
    struct Counting;

    impl Rng for Counting {
        fn fill(&self, out: &mut [u8]) {
            for (number, byte) in (0..).zip(out) {
                *byte = number;
            }
        }
    }

    #[test]
    fn keys_are_four_groups_of_five_digits() {
        assert_eq!(generate(&Counting).unwrap().as_str(), "ACT-01234-56789-ABCDE-FGHJK");
    }

    #[test]
    fn every_digit_comes_up_and_no_key_twice() {
        let keys: std::collections::BTreeSet<_> = (0..1000).map(|_| generate(&SystemRng).unwrap()).collect();
        assert_eq!(keys.len(), 1000);
        let all: String = keys.iter().map(LicenseKey::as_str).collect();
        for digit in DIGITS {
            assert!(all.contains(char::from(*digit)), "{digit}");
        }
        assert!(keys.iter().all(|key| key.as_str().len() == "ACT-00000-00000-00000-00000".len()));
    }
}
