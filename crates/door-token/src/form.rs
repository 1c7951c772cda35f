//! Bodies of requests: `application/x-www-form-urlencoded`, also as some SDKs write it without any escaping, and
//! `multipart/form-data`.

use axum::body::Body;
use countersign_crypto::Secret;
use countersign_http_kit::body::read_whole;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;

use crate::error::Error;

mod multipart;

/// Longest body, in bytes: an assertion with a certificate chain beside it fits in.
const BODY_LIMIT: usize = 64 * 1024;
/// Most parameters of a form: any request has fewer than ten.
const PARAMETERS: usize = 64;
/// The parameter that may come more than once (RFC 8707 section 2).
const REPEATABLE: &str = "resource";

/// The parameters of a form that have a value. An empty one counts as absent (RFC 6749 section 3.2).
pub(crate) struct Form(Vec<(String, Secret<String>)>);

/// Why a body is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormProblem {
    /// It says that it is something else.
    #[error("the body is no form")]
    MediaType,
    /// It cannot be read.
    #[error("the form cannot be read")]
    Malformed,
    /// A parameter comes twice.
    #[error("a parameter is repeated")]
    Repeated,
}

impl Form {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`Error`] when it is too long, does not come, or is no form.
    pub(crate) async fn receive(headers: &HeaderMap, body: Body) -> Result<Self, Error> {
        let bytes = read_whole(body, BODY_LIMIT).await?;
        Ok(Self::read(headers, &bytes)?)
    }

    pub(crate) fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, FormProblem> {
        let content_type = match headers.get(CONTENT_TYPE) {
            Some(value) => value.to_str().map_err(|_| FormProblem::MediaType)?.trim(),
            // Nobody sends anything else here.
            None => URL_ENCODED,
        };
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let pairs = match essence.as_str() {
            URL_ENCODED | "" => url_encoded(bytes)?,
            "multipart/form-data" => multipart::read(content_type, bytes, PARAMETERS)?,
            _ => return Err(FormProblem::MediaType),
        };
        let mut form: Vec<(String, Secret<String>)> = Vec::new();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.expose().is_empty()) {
            if name != REPEATABLE && form.iter().any(|(earlier, _)| *earlier == name) {
                return Err(FormProblem::Repeated);
            }
            form.push((name, value));
        }
        Ok(Self(form))
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The value of a parameter, to be kept.
    pub(crate) fn secret(&self, name: &str) -> Option<Secret<String>> {
        self.get(name).map(|value| Secret::new(value.to_owned()))
    }

    /// All values of a parameter.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.expose().as_str())
    }
}

const URL_ENCODED: &str = "application/x-www-form-urlencoded";

fn url_encoded(bytes: &[u8]) -> Result<Vec<(String, Secret<String>)>, FormProblem> {
    let text = std::str::from_utf8(bytes).map_err(|_| FormProblem::Malformed)?;
    let mut pairs = Vec::new();
    for pair in text.trim_ascii().split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() >= PARAMETERS {
            return Err(FormProblem::Malformed);
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = decode(name).zip(decode(value)).ok_or(FormProblem::Malformed)?;
        pairs.push((decoded.0, Secret::new(decoded.1)));
    }
    Ok(pairs)
}

/// Decodes a name or value: `+` is a blank, and a `%` that begins no escape is itself. `None`: the bytes are no text.
pub(crate) fn decode(text: &str) -> Option<String> {
    let spaced = Secret::new(text.replace('+', " "));
    percent_decode_str(spaced.expose()).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Whether a query carries what belongs into the body: URLs are logged and kept by everybody on the way (RFC 6749 section
/// 2.3.1, RFC 9700 section 4.3.2).
pub(crate) fn has_credentials(query: Option<&str>) -> bool {
    let names = query.unwrap_or_default().split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    names.filter_map(decode).any(|name| {
        matches!(&*name.to_ascii_lowercase(), "client_secret" | "client_assertion" | "access_token" | "token")
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(content_type: Option<&'static str>, body: &str) -> Result<Vec<(String, String)>, FormProblem> {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let form = Form::read(&headers, body.as_bytes())?;
        Ok(form.0.into_iter().map(|(name, value)| (name, value.expose().clone())).collect())
    }

    fn pairs(list: &[(&str, &str)]) -> Result<Vec<(String, String)>, FormProblem> {
        Ok(list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn forms_are_read_in_every_spelling() {
        let plain = "grant_type=client_credentials&client_id=a-1&client_secret=x~%25";
        let expected = pairs(&[("grant_type", "client_credentials"), ("client_id", "a-1"), ("client_secret", "x~%")]);
        for content_type in [
            None,
            Some("application/x-www-form-urlencoded"),
            Some(" application/x-www-form-urlencoded"),
            Some("Application/X-WWW-Form-URLEncoded; charset=utf-8"),
        ] {
            assert_eq!(read(content_type, plain), expected, "{content_type:?}");
        }
        assert_eq!(read(None, "a=50%&b=1+2&&c&d=\r\n"), pairs(&[("a", "50%"), ("b", "1 2")]));
    }

    #[test]
    fn what_is_no_form_is_refused() {
        assert_eq!(read(Some("application/json"), "{}"), Err(FormProblem::MediaType));
        assert_eq!(read(None, "a=%ff"), Err(FormProblem::Malformed));
        assert_eq!(read(None, &"a&".repeat(65)), Err(FormProblem::Malformed));
        assert_eq!(read(None, "a=1&a=1"), Err(FormProblem::Repeated));
        assert_eq!(read(None, "a=&a=1&resource=x&resource=y").map(|pairs| pairs.len()), Ok(3));
    }

    #[test]
    fn credentials_in_a_query_are_seen() {
        for query in ["client_secret=x", "a=1&client%5Fsecret=x", "Client_Secret", "token=1"] {
            assert!(has_credentials(Some(query)), "{query}");
        }
        assert!(!has_credentials(Some("client_id=x&y=client_secret")) && !has_credentials(None));
    }
}
