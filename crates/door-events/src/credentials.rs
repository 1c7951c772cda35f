//! What is behind `Basic` and `Fno`: user name and password in base64 (RFC 7617), as people make it in a shell, where a line
//! feed gets in at the end. No password has one there, so it is dropped, once.

use countersign_crypto::Secret;
use countersign_crypto::encoding::base64_decode;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// User name and password, as they were sent.
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: Secret<String>,
}

/// Why there is no login in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginProblem {
    /// The text is no user name and password.
    #[error("the credentials are not base64 of user:password")]
    Malformed,
    /// There is no header.
    #[error("there are no credentials")]
    Missing,
    /// There is more than one header.
    #[error("there are several Authorization headers")]
    Several,
    /// Longer than the limit.
    #[error("the credentials are longer than {LIMIT} characters")]
    TooLong,
}

/// Reads the login of a request.
pub(crate) fn read(headers: &HeaderMap) -> Result<Login, LoginProblem> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let line = lines.next().ok_or(LoginProblem::Missing)?;
    if lines.next().is_some() {
        return Err(LoginProblem::Several);
    }
    let line = line.as_bytes().trim_ascii();
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    let (scheme, text) = line.split_at_checked(end).unwrap_or((line, &[]));
    if !SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known.as_bytes())) {
        return Err(LoginProblem::Malformed);
    }
    decode(text.trim_ascii())
}

/// Takes credentials apart.
pub(crate) fn decode(text: &[u8]) -> Result<Login, LoginProblem> {
    if text.len() > LIMIT {
        return Err(LoginProblem::TooLong);
    }
    let text = std::str::from_utf8(text).map_err(|_| LoginProblem::Malformed)?;
    let bare = text.trim_end_matches('=');
    let padding = "=".repeat(bare.len().wrapping_neg() % 4);
    if ![0, padding.len()].contains(&text.len().saturating_sub(bare.len())) {
        return Err(LoginProblem::Malformed);
    }
    let bytes = Secret::new(base64_decode(&format!("{bare}{padding}")).map_err(|_| LoginProblem::Malformed)?);
    let pair = bytes.expose();
    let pair = pair.strip_suffix(b"\r\n").or_else(|| pair.strip_suffix(b"\n")).unwrap_or(pair);
    let pair = std::str::from_utf8(pair).map_err(|_| LoginProblem::Malformed)?;
    if pair.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(LoginProblem::Malformed);
    }
    let (username, password) = pair.split_once(':').ok_or(LoginProblem::Malformed)?;
    if username.is_empty() || password.len() > PASSWORD_LIMIT {
        return Err(LoginProblem::Malformed);
    }
    Ok(Login { username: username.to_owned(), password: Secret::new(password.to_owned()) })
}

const SCHEMES: [&str; 2] = ["Basic", "Fno"];
/// Longest text behind the scheme, in characters.
const LIMIT: usize = 2048;
/// Longest password, in bytes.
const PASSWORD_LIMIT: usize = 1024;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read_lines(lines: &[&[u8]]) -> Result<(String, String), LoginProblem> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(line).unwrap());
        }
        read(&headers).map(|login| (login.username, login.password.expose().clone()))
    }

    #[test]
    fn check_01_credentials_are_read_as_the_contract_lists() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../../contract/events/credentials.json")).unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 10);
        for case in cases {
            let text = case["text"].as_str().unwrap();
            let member = |name: &str| case[name].as_str().map(str::to_owned);
            let expected = member("user").zip(member("password")).ok_or(LoginProblem::Malformed);
            for scheme in ["Basic", "Fno", "basic", "FNO", "bAsIc", "fno"] {
                let line = format!("{scheme} {text}");
                assert_eq!(read_lines(&[line.as_bytes()]), expected, "{line}");
            }
        }
    }

    #[test]
    fn other_headers_are_no_login() {
        use LoginProblem::{Malformed, Missing, Several, TooLong};
        let pair = b"Basic YTpi";
        assert_eq!(read_lines(&[b"  Basic \t YTpi \t"]), Ok(("a".into(), "b".into())));
        assert_eq!(read_lines(&[b"Basic\tYTpi"]), Ok(("a".into(), "b".into())));
        assert_eq!(read_lines(&[]), Err(Missing));
        assert_eq!(read_lines(&[pair, pair]), Err(Several));
        for line in [
            &b""[..],
            b"Basic",
            b"Basic ",
            b"Bearer YTpi",
            b"Digest YTpi",
            b"YTpi",
            b"Basic YT pi",
            b"Basic YTpi=",
            b"Basic YTp",
            b"Basic Y===",
            b"Basic OmI=",
            b"Basic !!",
            b"Basic \xff",
            b"Basic /zph",
        ] {
            assert_eq!(read_lines(&[line]), Err(Malformed), "{line:?}");
        }
        let long = |bytes: usize| format!("Basic {}", "YTpi".repeat(bytes / 4)).into_bytes();
        assert!(read_lines(&[&long(1024)]).is_ok());
        assert_eq!(read_lines(&[&long(2048)]), Err(Malformed));
        assert_eq!(read_lines(&[&long(2052)]), Err(TooLong));
    }
}
