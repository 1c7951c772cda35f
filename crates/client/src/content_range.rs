//! The `Content-Range` of a 206 answer (RFC 9110 §14.4), accepted only if it is the range that was asked for.

/// Whether `value` is exactly "everything from `from` to the end of a file of `size` bytes". An unknown size (`*`), a
/// part that ends early, and any other start are all refused: the bytes would be put at the wrong place.
pub(crate) fn is_rest_of_file(value: &str, from: u64, size: u64) -> bool {
    let Some(last) = size.checked_sub(1) else { return false };
    let Some((unit, range)) = value.trim().split_once(' ') else { return false };
    let Some((span, total)) = range.trim().split_once('/') else { return false };
    let Some((first, end)) = span.split_once('-') else { return false };
    unit.eq_ignore_ascii_case("bytes")
        && number(first) == Some(from)
        && number(end) == Some(last)
        && number(total) == Some(size)
}

fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::is_rest_of_file;

    #[test]
    fn only_the_rest_of_the_file_is_accepted() {
        assert!(is_rest_of_file("bytes 4-9/10", 4, 10));
        assert!(is_rest_of_file("Bytes 0-9/10", 0, 10));
        for value in [
            "",
            "bytes",
            "bytes */10",
            "bytes 4-9/*",
            "bytes 3-9/10",
            "bytes 5-9/10",
            "bytes 4-8/10",
            "bytes 4-9/11",
            "bytes 4-10/10",
            "items 4-9/10",
            "bytes 4-9",
            "bytes -9/10",
            "bytes +4-9/10",
            "bytes 4-99999999999999999999999/10",
        ] {
            assert!(!is_rest_of_file(value, 4, 10), "{value}");
        }
        assert!(!is_rest_of_file("bytes 0-0/0", 0, 0));
    }
}
