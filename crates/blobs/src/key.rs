//! The name under which an object is stored: random, so that it says nothing and nobody can guess it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use countersign_crypto::encoding::hex_encode;
use countersign_crypto::random::{Rng, random_array};

/// The key of one stored object: 128 random bits, written as 32 lower-case hexadecimal digits.
///
/// The text form is what rows keep. It is the only form that [`ObjectKey::from_str`] takes back, so one object
/// never has two spellings, and no text from outside can lead out of the storage directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey([u8; KEY_BYTES]);

impl ObjectKey {
    /// Makes a fresh key. Two keys made this way are never equal in practice, which is why storing an object
    /// needs no check whether its name is taken.
    pub fn random(rng: &dyn Rng) -> Self {
        Self(random_array(rng))
    }

    /// The path of the object below the storage directory: `ab/cd/…`.
    ///
    /// Two levels of 256 directories each keep a directory small with tens of millions of objects.
    pub fn relative_path(&self) -> PathBuf {
        let [first, second, rest @ ..] = &self.0;
        [hex_encode(&[*first]), hex_encode(&[*second]), hex_encode(rest)].iter().collect()
    }

    /// The two bytes that choose the directory of the object.
    pub(crate) fn shard(&self) -> [u8; 2] {
        let [first, second, ..] = self.0;
        [first, second]
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex_encode(&self.0))
    }
}

impl FromStr for ObjectKey {
    type Err = InvalidObjectKey;

    fn from_str(text: &str) -> Result<Self, InvalidObjectKey> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(InvalidObjectKey) };
        let mut key = [0; KEY_BYTES];
        if pairs.len() != key.len() {
            return Err(InvalidObjectKey);
        }
        for (byte, [high, low]) in key.iter_mut().zip(pairs) {
            *byte = (nibble(*high)? << 4) | nibble(*low)?;
        }
        Ok(Self(key))
    }
}

/// The text is not 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an object key is 32 lower-case hexadecimal digits")]
pub struct InvalidObjectKey;

fn nibble(digit: u8) -> Result<u8, InvalidObjectKey> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(InvalidObjectKey),
    }
}

/// 16 bytes: what makes a collision or a guess hopeless, and still a short row and file name.
const KEY_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_text_form_comes_back() {
        let text = "00ff10a2b3c4d5e6f708192a3b4c5d6e";
        let key: ObjectKey = text.parse().expect("a valid key");
        assert_eq!(key.to_string(), text);
        assert_eq!(key.relative_path(), Path::new("00/ff/10a2b3c4d5e6f708192a3b4c5d6e"));
        assert_eq!(key.shard(), [0x00, 0xff]);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "00",
            "00ff10a2b3c4d5e6f708192a3b4c5d6",
            "00ff10a2b3c4d5e6f708192a3b4c5d6e00",
            "00FF10A2B3C4D5E6F708192A3B4C5D6E",
            "../../../../../../../etc/passwd0",
            "00ff10a2b3c4d5e6f708192a3b4c5d/e",
            "0\u{e9}ff10a2b3c4d5e6f708192a3b4c5d6",
        ] {
            assert_eq!(text.parse::<ObjectKey>(), Err(InvalidObjectKey), "{text}");
        }
    }
}
