//! Reading names as clients wrote them who did not take care: `%` that escapes nothing, and letters in Latin-1.
//!
//! Nothing is refused here. What a name may be is decided by the rules for names, on what comes out.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// The text of bytes: UTF-8 if they are that, or else Latin-1, in which any bytes are text.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// The text of a percent-encoded part of a path. A `%` without two hexadecimal digits behind it, and `+`, mean themselves.
#[must_use]
pub fn decode_path(encoded: &str) -> String {
    text(&Cow::from(percent_decode(encoded.as_bytes())))
}

/// The text of a name or value of a query: the same, but that `+` is a blank.
#[must_use]
pub fn decode_query(encoded: &str) -> String {
    text(&Cow::from(percent_decode(encoded.replace('+', " ").as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_escape_means_itself() {
        for (encoded, path, query) in [
            ("a%20b+c", "a b+c", "a b c"),
            ("a%2Fb%2fc", "a/b/c", "a/b/c"),
            ("a%.txt", "a%.txt", "a%.txt"),
            ("%%41%4", "%A%4", "%A%4"),
            ("%2541", "%41", "%41"),
            ("caf%C3%A9", "caf\u{e9}", "caf\u{e9}"),
            ("caf%E9", "caf\u{e9}", "caf\u{e9}"),
            ("%FF%00", "\u{ff}\0", "\u{ff}\0"),
        ] {
            assert_eq!((decode_path(encoded), decode_query(encoded)), (path.to_owned(), query.to_owned()), "{encoded}");
        }
    }
}
