//! Reading a JSON body into a structure.

use serde::de::{DeserializeOwned, Error as _};

/// Reads one JSON object. An array is refused: for the parser it would be the same structure without names.
///
/// # Errors
/// The parser's error; its line and column say where.
pub fn read_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(serde_json::Error::custom("not a JSON object"));
    }
    serde_json::from_slice(bytes)
}
