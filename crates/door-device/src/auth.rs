//! The bearer token of a device, as found in the headers.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Takes the token out of `Authorization: Bearer …` (RFC 6750 section 2.1).
///
/// The scheme is read without regard to case, and blanks around the token are ignored. Nothing is verified here. `None`
/// when there is no such header, another scheme, or more than one header: two readers must not see two tokens.
///
/// It is lent: a copy would have to be overwritten again, which was a sixtieth of a check with a new token.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    // What `to_str` would take, checked a block at a time.
    let line = line.as_bytes();
    let line = str::from_utf8(line).ok().filter(|_| line.is_ascii())?;
    let (scheme, token) = line.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_tolerantly_and_only_once() {
        let headers = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(AUTHORIZATION, http::HeaderValue::from_static(line));
            }
            headers
        };
        for (lines, token) in [
            (&["Bearer abc"][..], Some("abc")),
            (&["bearer   abc "], Some("abc")),
            (&["BEARER abc"], Some("abc")),
            (&[], None),
            (&[""], None),
            (&["Bearer"], None),
            (&["Bearer "], None),
            (&["Basic abc"], None),
            (&["Bearerabc"], None),
            (&["Bearer abc", "Bearer def"], None),
        ] {
            assert_eq!(bearer(&headers(lines)), token, "{lines:?}");
        }
    }
}
