//! The bearer check: the application that an access token lets in (RFC 6750).

use countersign_crypto::Secret;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::error::Error;

/// The token of a request; `None` when there is no `Authorization` header. What some SDKs send before they have a token,
/// `Bearer` with nothing behind it or `Bearer null`, is a token like any other wrong one, and so is another scheme.
///
/// # Errors
/// [`Error::TwoTokens`] when there is more than one header (RFC 6750 section 3.1).
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<Option<Secret<String>>, Error> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(Error::TwoTokens);
    }
    let line = line.to_str().unwrap_or_default().trim();
    let (scheme, token) = line.split_once(' ').unwrap_or((line, ""));
    let token = if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" };
    Ok(Some(Secret::new(token.to_owned())))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(lines: &[&'static str]) -> Result<Option<String>, ()> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, HeaderValue::from_static(line));
        }
        bearer_token(&headers).map(|token| token.map(|token| token.expose().clone())).map_err(|_| ())
    }

    #[test]
    fn a_token_is_found_in_every_spelling() {
        assert_eq!(read(&[]), Ok(None));
        for (line, token) in [
            ("Bearer a.b.c", "a.b.c"),
            ("bEARER   a.b.c ", "a.b.c"),
            ("Bearer", ""),
            ("Bearer ", ""),
            ("Bearer null", "null"),
            ("Basic YTpi", ""),
            ("", ""),
        ] {
            assert_eq!(read(&[line]), Ok(Some(token.to_owned())), "{line:?}");
        }
        assert_eq!(read(&["Bearer a", "Bearer a"]), Err(()));
    }
}
