//! Recognizes RSA keys of the generator with the ROCA weakness (CVE-2017-15361), whose moduli can be factored.
//!
//! That generator makes primes of the form `k·M + (65537^a mod M)`, where `M` is the product of the first primes. So
//! its moduli are, modulo every one of those primes, a power of 65537. A modulus of a sound generator has this property
//! for all 38 odd primes up to 167 with a probability of about one in 2^27.

/// Whether a modulus (big-endian) carries the fingerprint.
pub(super) fn has_fingerprint(modulus: &[u8]) -> bool {
    ODD_PRIMES.iter().all(|prime| is_power_of_65537(remainder(modulus, *prime), *prime))
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime)
}

fn is_power_of_65537(value: u32, prime: u32) -> bool {
    let mut power = 1;
    // The powers repeat after at most `prime - 1` steps.
    for _ in 1..prime {
        if power == value {
            return true;
        }
        power = power * (65537 % prime) % prime;
    }
    false
}

/// The odd primes that take part for every key size of that generator.
const ODD_PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_have_the_fingerprint_and_others_do_not() {
        // Real keys of both kinds are in the Wycheproof files; these are the two simplest numbers.
        assert!(has_fingerprint(&65537_u32.to_be_bytes()));
        assert!(has_fingerprint(&1_u32.to_be_bytes()));
        assert!(!has_fingerprint(&2_u32.to_be_bytes()));
    }
}
