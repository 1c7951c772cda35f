//! What fuzz targets reach: readers of headers and bodies.

use crate::credentials;
use crate::service::fuzzing;

/// Reads credentials. What comes out is a name and a password without control characters.
pub fn login(text: &[u8]) {
    if let Ok(login) = credentials::decode(text) {
        assert!(!login.username.is_empty() && !login.username.contains(':'));
        for text in [&login.username, login.password.expose()] {
            assert!(text.bytes().all(|byte| !byte.is_ascii_control()));
        }
    }
}

/// Reads settings and keeps them, and reads what was kept.
pub fn settings(body: &[u8]) {
    fuzzing(body);
}
