//! Sealing what the store keeps.

use countersign_crypto::random::random_array;
use countersign_crypto::{HmacKey, Rng, SealingKey, Secret};

use crate::master_key::MasterKey;

/// Seals and opens secrets with the master key.
///
/// Every sealed value is bound to a label that says what it is ("signing key of site 3"): a value that was moved to
/// another row does not open there.
pub struct Vault {
    key: SealingKey,
}

/// A sealed value does not open: it was altered or moved, or the master key is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open: it was altered, or it was sealed with another master key")]
pub struct SealedValueError;

impl Vault {
    /// A vault over a master key.
    #[must_use]
    pub fn new(key: &MasterKey) -> Self {
        Self { key: SealingKey::new(key.0.expose()) }
    }

    /// Seals a secret under a label.
    #[must_use]
    pub fn seal(&self, rng: &dyn Rng, label: &str, secret: &[u8]) -> Vec<u8> {
        self.key.seal(rng, label.as_bytes(), secret)
    }

    /// Opens a secret that was sealed under the same label.
    ///
    /// # Errors
    /// [`SealedValueError`] when it was not.
    pub fn open(&self, label: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealedValueError> {
        self.key.open(label.as_bytes(), sealed).map(Secret::new).map_err(|_| SealedValueError)
    }

    /// Seals anew, under the same label, what another vault has sealed.
    ///
    /// # Errors
    /// [`SealedValueError`] when the other vault does not open it.
    pub fn reseal(&self, rng: &dyn Rng, other: &Self, label: &str, sealed: &[u8]) -> Result<Vec<u8>, SealedValueError> {
        Ok(self.seal(rng, label, other.open(label, sealed)?.expose()))
    }

    /// A value that a store keeps, so that a process with another master key notices before it writes anything.
    #[must_use]
    pub fn key_check(&self, rng: &dyn Rng) -> Vec<u8> {
        self.seal(rng, KEY_CHECK_LABEL, b"")
    }

    /// Whether the store's key check was made with this master key.
    #[must_use]
    pub fn fits(&self, key_check: &[u8]) -> bool {
        self.open(KEY_CHECK_LABEL, key_check).is_ok()
    }
}

const KEY_CHECK_LABEL: &str = "master key check";
const DIGEST_KEY_LABEL: &str = "key of keyed digests";

/// Digests of random tokens, keyed so that a stolen database alone does not allow to test guesses.
pub struct KeyedDigests {
    key: HmacKey,
}

impl KeyedDigests {
    /// Makes a new key and seals it for the store.
    #[must_use]
    pub fn generate(vault: &Vault, rng: &dyn Rng) -> Vec<u8> {
        let key = Secret::new(random_array::<32>(rng));
        vault.seal(rng, DIGEST_KEY_LABEL, key.expose())
    }

    /// Opens the store's key.
    ///
    /// # Errors
    /// [`SealedValueError`] when it was sealed with another master key.
    pub fn open(vault: &Vault, sealed: &[u8]) -> Result<Self, SealedValueError> {
        Ok(Self { key: HmacKey::new(vault.open(DIGEST_KEY_LABEL, sealed)?.expose()) })
    }

    /// Seals the store's key anew for another vault.
    ///
    /// # Errors
    /// [`SealedValueError`] when `old` does not open it.
    pub fn reseal(new: &Vault, rng: &dyn Rng, old: &Vault, sealed: &[u8]) -> Result<Vec<u8>, SealedValueError> {
        new.reseal(rng, old, DIGEST_KEY_LABEL, sealed)
    }

    /// The digest under which a token is stored and looked up.
    #[must_use]
    pub fn digest(&self, token: &Secret<String>) -> [u8; 32] {
        self.key.sign(token.expose().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use countersign_crypto::SystemRng;

    use super::*;
    use crate::master_key::MasterKeySource;

    fn vault(digit: &str) -> Vault {
        let text = Secret::new(digit.repeat(64));
        Vault::new(&MasterKey::load(&MasterKeySource::Text(text)).unwrap())
    }

    #[test]
    fn a_sealed_value_opens_under_its_own_label_and_key_only() {
        let sealed = vault("a").seal(&SystemRng, "key of site 1", b"private");
        assert_eq!(vault("a").open("key of site 1", &sealed).unwrap().expose(), b"private");
        assert!(vault("a").open("key of site 2", &sealed).is_err());
        assert!(vault("b").open("key of site 1", &sealed).is_err());
    }

    #[test]
    fn what_is_sealed_anew_opens_with_the_new_key_only() {
        let (old, new) = (vault("a"), vault("b"));
        let sealed = old.seal(&SystemRng, "key of site 1", b"private");
        let again = new.reseal(&SystemRng, &old, "key of site 1", &sealed).unwrap();
        assert_eq!(new.open("key of site 1", &again).unwrap().expose(), b"private");
        assert!(old.open("key of site 1", &again).is_err());
        assert!(new.reseal(&SystemRng, &old, "key of site 2", &sealed).is_err());
        let digests = KeyedDigests::generate(&old, &SystemRng);
        let token = Secret::new("token".to_owned());
        let again = KeyedDigests::reseal(&new, &SystemRng, &old, &digests).unwrap();
        let digest = |vault, sealed: &[u8]| KeyedDigests::open(vault, sealed).unwrap().digest(&token);
        assert_eq!(digest(&new, &again), digest(&old, &digests));
    }

    #[test]
    fn another_master_key_is_noticed() {
        let check = vault("a").key_check(&SystemRng);
        assert!(vault("a").fits(&check));
        assert!(!vault("b").fits(&check));
    }

    #[test]
    fn digests_depend_on_token_and_key() {
        let vault = vault("a");
        let open = |sealed: &[u8]| KeyedDigests::open(&vault, sealed).unwrap();
        let (one, two) = (KeyedDigests::generate(&vault, &SystemRng), KeyedDigests::generate(&vault, &SystemRng));
        let token = |text: &str| Secret::new(text.to_owned());
        assert_eq!(open(&one).digest(&token("a")), open(&one).digest(&token("a")));
        assert_ne!(open(&one).digest(&token("a")), open(&one).digest(&token("b")));
        assert_ne!(open(&one).digest(&token("a")), open(&two).digest(&token("a")));
    }
}
