//! Passwords at rest: Argon2id in the PHC string format (RFC 9106).
//!
//! One hash costs tens of milliseconds on purpose, so callers run it on a blocking pool with a limit and remember
//! successes for a while.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::random::{Rng, random_array};

/// Hashes a password with a fresh salt. The result is a PHC string (`$argon2id$v=19$…`) that holds everything
/// [`verify_password`] needs.
pub fn hash_password(rng: &dyn Rng, password: &str) -> String {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the constants below are in Argon2's range");
    let salt = random_array::<SALT_LEN>(rng);
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: PasswordHash = hasher
        .hash_password_with_salt(password.as_bytes(), &salt)
        .expect("a salt of 16 bytes and a password below 4 GiB are in Argon2's range");
    hash.to_string()
}

/// Whether `password` is the one that `phc` was made from. Everything that is not an Argon2id string within the
/// ceilings below is answered with `false`, so that a damaged or hostile row can neither panic nor exhaust memory.
pub fn verify_password(phc: &str, password: &str) -> bool {
    let Ok(hash) = PasswordHash::new(phc) else { return false };
    let Ok(params) = Params::try_from(&hash) else { return false };
    let costs_too_much =
        params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES || params.p_cost() > MAX_LANES;
    let too_short = hash.hash.is_none_or(|output| output.len() < MIN_OUTPUT_LEN);
    if hash.algorithm.as_str() != "argon2id" || costs_too_much || too_short {
        return false;
    }
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

/// Memory for one hash in KiB. With two passes and one lane this is the smallest setting that OWASP's Password
/// Storage Cheat Sheet recommends; more memory would only lower the number of logins a small machine can take.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_LEN: usize = 16;

/// Ceilings for hashes that were made elsewhere and imported: a quarter of a second or so, not minutes.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 8;
const MIN_OUTPUT_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRng;

    #[test]
    fn verifies_its_own_hashes() {
        let phc = hash_password(&SystemRng, "correct horse");
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(verify_password(&phc, "correct horse"));
        assert!(!verify_password(&phc, "correct horsf"));
        assert!(!verify_password(&phc, ""));
        assert_ne!(phc, hash_password(&SystemRng, "correct horse"));
    }

    #[test]
    fn refuses_what_is_not_a_reasonable_hash() {
        let salt_and_hash = "c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let refused = [
            String::new(),
            "$".to_owned(),
            "plain text".to_owned(),
            "$argon2id$v=19$m=19456,t=2,p=1".to_owned(),
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA".to_owned(),
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAA".to_owned(),
            format!("$argon2id$v=19$m=4294967295,t=2,p=1${salt_and_hash}"),
            format!("$argon2id$v=19$m=19456,t=4294967295,p=1${salt_and_hash}"),
            format!("$argon2id$v=19$m=0,t=0,p=0${salt_and_hash}"),
            format!("$argon2id$v=99$m=19456,t=2,p=1${salt_and_hash}"),
            format!("$argon2d$v=19$m=19456,t=2,p=1${salt_and_hash}"),
            format!("$scrypt$ln=15,r=8,p=1${salt_and_hash}"),
        ];
        for phc in refused {
            assert!(!verify_password(&phc, "x"), "{phc}");
        }
    }
}
