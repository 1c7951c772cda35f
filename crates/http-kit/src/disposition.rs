//! `Content-Disposition` (RFC 6266): under which name a client is asked to save a file.

use std::fmt::Write;

use http::HeaderValue;

/// `attachment` with the file name: as plain ASCII for old clients, and exactly (RFC 8187) when that loses something.
///
/// Path separators and control characters have no place in the name of one file and become `_`.
pub fn attachment(file_name: &str) -> HeaderValue {
    let name: String = file_name.chars().map(|letter| if is_harmful(letter) { '_' } else { letter }).collect();
    let mut value = String::from("attachment; filename=\"");
    for letter in name.chars() {
        match letter {
            '"' => value.push_str("\\\""),
            ' '..='~' => value.push(letter),
            _ => value.push('_'),
        }
    }
    value.push('"');
    // A percent sign in the plain form is decoded by some clients and not by others.
    if !name.is_ascii() || name.contains(['"', '%']) {
        value.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                value.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(value, "%{byte:02X}");
            }
        }
    }
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}

fn is_harmful(letter: char) -> bool {
    letter.is_control() || letter == '/' || letter == '\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, expected) in [
            ("setup.exe", "attachment; filename=\"setup.exe\""),
            ("my setup.exe", "attachment; filename=\"my setup.exe\""),
            ("../../x\\y\r\nz", "attachment; filename=\".._.._x_y__z\""),
            ("a\"b", "attachment; filename=\"a\\\"b\"; filename*=UTF-8''a%22b"),
            ("50%.txt", "attachment; filename=\"50%.txt\"; filename*=UTF-8''50%25.txt"),
            (
                "na\u{ef}ve \u{20ac}.zip",
                "attachment; filename=\"na_ve _.zip\"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.zip",
            ),
        ] {
            assert_eq!(attachment(name), expected, "{name:?}");
        }
    }
}
