//! The `Authorization` header as licensed applications write it: `name="value"` parameters in any order and any letter case,
//! with commas between them; or `Bearer` and a token. Only its form is read here.

use countersign_crypto::Secret;

use crate::codes::Code;

/// What a header says, unverified.
pub(crate) enum Authorization {
    /// An API key and a signature over the `Date`.
    Hmac {
        /// The API key.
        api_key: String,
        /// The signature, in base64.
        signature: String,
    },
    /// A token.
    Bearer(Secret<String>),
}

/// Longest header that is read, in bytes.
const HEADER_LIMIT: usize = 4096;
/// Most parameters: the grammar knows four.
const PARAMETERS: usize = 16;

impl Authorization {
    /// Reads the value of the header.
    ///
    /// # Errors
    /// The code that says what is wrong with it, in the order in which the parts are judged: grammar, missing parameters,
    /// algorithm, signed headers.
    pub(crate) fn read(value: &[u8]) -> Result<Self, Code> {
        let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= HEADER_LIMIT);
        let text = text.ok_or(Code::AuthorizationInvalidHeaders)?.trim_matches(BLANKS);
        if let Some(token) = bearer(text) {
            return Ok(Self::Bearer(Secret::new(token.to_owned())));
        }
        let parameters = Parameters::read(text).ok_or(Code::AuthorizationInvalidHeaders)?;
        if parameters.value("algorithm").is_some_and(|algorithm| !algorithm.eq_ignore_ascii_case("hmac-sha256")) {
            return Err(Code::HmacRequired);
        }
        if parameters.value("headers").is_none_or(|headers| !headers.eq_ignore_ascii_case("date")) {
            return Err(Code::AuthorizationInvalidHeaders);
        }
        match (parameters.value("apikey"), parameters.value("signature")) {
            (Some(api_key), Some(signature)) if !api_key.is_empty() && !signature.is_empty() => {
                Ok(Self::Hmac { api_key: api_key.to_owned(), signature: signature.to_owned() })
            }
            _ => Err(Code::AuthorizationMissingParams),
        }
    }
}

/// Whether a header presents a token.
pub(crate) fn is_bearer(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|text| bearer(text.trim_matches(BLANKS)).is_some())
}

/// The token of the scheme `Bearer` (RFC 6750 section 2.1), in any letter case; it may be empty.
fn bearer(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked("bearer".len())?;
    let separated = rest.is_empty() || rest.starts_with(BLANKS);
    (scheme.eq_ignore_ascii_case("bearer") && separated).then(|| rest.trim_matches(BLANKS))
}

/// Parameters in the order in which they were sent.
struct Parameters<'h>(Vec<(&'h str, &'h str)>);

impl<'h> Parameters<'h> {
    /// `None` when the text does not follow the grammar, or names a parameter twice: nobody could say which one is meant.
    fn read(text: &'h str) -> Option<Self> {
        let mut found: Vec<(&str, &str)> = Vec::new();
        for part in text.split(',') {
            // Values hold `=`, names do not.
            let (name, value) = part.trim_matches(BLANKS).split_once('=')?;
            let value = value.strip_prefix('"')?.strip_suffix('"')?;
            let is_new = found.iter().all(|(known, _)| !known.eq_ignore_ascii_case(name));
            if name.is_empty() || value.contains('"') || !is_new || found.len() == PARAMETERS {
                return None;
            }
            found.push((name, value));
        }
        Some(Self(found))
    }

    fn value(&self, name: &str) -> Option<&'h str> {
        self.0.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// Optional white space of HTTP (RFC 9110 section 5.6.3).
const BLANKS: [char; 2] = [' ', '\t'];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, Code> {
        Authorization::read(text.as_bytes()).map(|found| match found {
            Authorization::Hmac { api_key, signature } => format!("{api_key} {signature}"),
            Authorization::Bearer(token) => format!("Bearer {}", token.expose()),
        })
    }

    #[test]
    fn all_spellings_of_real_clients_mean_the_same() {
        let seen = Ok("k-1 ab+/c=".to_owned());
        for text in [
            r#"algorithm="hmac-sha256",headers="date",signature="ab+/c=",apiKey="k-1""#,
            r#"algorithm="hmac-sha256", headers="date", signature="ab+/c=", apikey="k-1""#,
            r#"  ApiKey="k-1"	, SIGNATURE="ab+/c=" ,Headers="Date","#.trim_end_matches(','),
            r#"headers="date",signature="ab+/c=",apikey="k-1",algorithm="HMAC-SHA256",more="x""#,
        ] {
            assert_eq!(read(text), seen, "{text}");
        }
        assert_eq!(read("bearer  a.b.c "), Ok("Bearer a.b.c".to_owned()));
        assert_eq!(read("Bearer"), Ok("Bearer ".to_owned()));
    }

    #[test]
    fn faults_are_told_apart() {
        use Code::{AuthorizationInvalidHeaders as Invalid, AuthorizationMissingParams as Missing, HmacRequired};
        for (text, code) in [
            ("", Invalid),
            ("Basic YTpi", Invalid),
            ("Bearerx", Invalid),
            (r#"headers="date",signature="s""#, Missing),
            (r#"headers="date",apikey="k""#, Missing),
            (r#"headers="date",signature="",apikey="k""#, Missing),
            (r#"signature="s",apikey="k""#, Invalid),
            (r#"headers="date host",signature="s",apikey="k""#, Invalid),
            (r#"headers="date",signature="s",apikey="k""#.trim_end_matches('"'), Invalid),
            (r#"headers="date",signature="s",apikey="k","#, Invalid),
            (r#"headers="date",signature="s",apikey="k",apiKey="j""#, Invalid),
            (r#"headers="date",signature="s",="k""#, Invalid),
            (r#"algorithm="rsa-sha256",headers="date",signature="s",apikey="k""#, HmacRequired),
        ] {
            assert_eq!(read(text), Err(code), "{text}");
        }
        assert_eq!(Authorization::read(b"\xff").err(), Some(Invalid));
        assert_eq!(read(&format!("x=\"{}\"", "y".repeat(4096))), Err(Invalid));
        assert_eq!(read(&"a=\"\",".repeat(20)), Err(Invalid));
    }
}
