//! Authenticated encryption of small values that leave the process and come back: polling identifiers, secrets at
//! rest, stored answers.
//!
//! The cipher is AES-256-GCM-SIV (RFC 8452). Several nodes seal with one key without talking to each other, and with
//! this cipher a nonce that repeats by accident shows only that two sealed values were equal.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use thiserror::Error;

use crate::random::{Rng, random_array};

/// A sealed value could not be opened: it is too short, was altered, or was sealed with another key or other
/// associated data. Which of these it is cannot be told apart, on purpose.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the sealed value was altered, or belongs to another key or purpose")]
pub struct OpenError;

/// A key that seals and opens, prepared once.
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    /// Prepares a key of 32 random bytes.
    pub fn new(key: &[u8; SEALING_KEY_LEN]) -> Self {
        let unbound = UnboundKey::new(&AES_256_GCM_SIV, key).expect("an AES-256 key has 32 bytes");
        Self(LessSafeKey::new(unbound))
    }

    /// Encrypts `plaintext` and binds it to `aad`, which is not stored and must be given again to open. The result is
    /// a random nonce of 12 bytes, the ciphertext, and a tag of 16 bytes.
    pub fn seal(&self, rng: &dyn Rng, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let nonce = random_array::<NONCE_LEN>(rng);
        let mut sealed = Vec::with_capacity(plaintext.len().saturating_add(SEAL_OVERHEAD));
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let (_, body) = sealed.split_at_mut(NONCE_LEN);
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), body)
            .expect("the cipher takes every plaintext below 64 GiB");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Decrypts what [`SealingKey::seal`] made with this key and the same `aad`.
    ///
    /// # Errors
    ///
    /// [`OpenError`] for everything else.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(OpenError)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut plaintext = body.to_vec();
        let length = self.0.open_in_place(nonce, Aad::from(aad), &mut plaintext).map_err(|_| OpenError)?.len();
        plaintext.truncate(length);
        Ok(plaintext)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

/// Bytes of a sealing key.
pub const SEALING_KEY_LEN: usize = 32;

/// Bytes by which a sealed value is longer than its plaintext: nonce and tag.
pub const SEAL_OVERHEAD: usize = 28;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{hex_decode, hex_encode};

    struct Zero;

    impl Rng for Zero {
        fn fill(&self, out: &mut [u8]) {
            out.fill(0);
            if let Some(first) = out.first_mut() {
                *first = 3;
            }
        }
    }

    #[test]
    fn matches_the_published_example() {
        // RFC 8452 appendix C.2: key 01 00…, nonce 03 00…, 8 bytes of plaintext.
        let mut key = [0; SEALING_KEY_LEN];
        key[0] = 1;
        let sealed = SealingKey::new(&key).seal(&Zero, b"", &hex_decode("0100000000000000").unwrap());
        assert_eq!(hex_encode(&sealed[NONCE_LEN..]), "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28");
    }

    #[test]
    fn opens_only_what_it_sealed() {
        let key = SealingKey::new(&[7; SEALING_KEY_LEN]);
        for plaintext in [&b""[..], b"x", &[0x5a; 1000]] {
            let sealed = key.seal(&crate::SystemRng, b"purpose", plaintext);
            assert_eq!(sealed.len(), plaintext.len() + SEAL_OVERHEAD);
            assert_eq!(key.open(b"purpose", &sealed).unwrap(), plaintext);
            assert_eq!(key.open(b"other", &sealed), Err(OpenError));
            assert_eq!(SealingKey::new(&[8; SEALING_KEY_LEN]).open(b"purpose", &sealed), Err(OpenError));
            for position in 0..sealed.len() {
                let mut altered = sealed.clone();
                altered[position] ^= 1;
                assert_eq!(key.open(b"purpose", &altered), Err(OpenError));
                assert_eq!(key.open(b"purpose", &sealed[..position]), Err(OpenError));
            }
        }
    }
}
