//! Which site and which path a request means: the `/t/{site}` prefix, trailing slashes, and the host.
//!
//! Pure functions on text. Whether a site of that name exists, and which host stands for which, is for others to say.

use std::fmt;
use std::sync::Arc;

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, Uri};

/// The name of a site as it stands in a URL: 1 to 63 characters of `a-z 0-9 -`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SiteLabel(Arc<str>);

impl SiteLabel {
    /// Reads a label in any case; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let valid = (1..=MAX_LABEL_LENGTH).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        valid.then(|| Self(text.to_ascii_lowercase().into()))
    }

    /// The label in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SiteLabel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The site prefix of a path makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SitePathError {
    /// What follows `/t/` is not a label.
    #[error("the path does not name a site after /t/")]
    BadLabel,
    /// There are two prefixes, and they name different sites. Guessing which one counts would mix tenants.
    #[error("the path names two different sites")]
    TwoSites,
}

/// Splits `/t/{site}/rest` into the site and `/rest`; a path without the prefix is returned as it is.
///
/// The same prefix may come several times: a client that is configured with `https://host/t/acme` and gets the path
/// `/t/acme/uai/…` in an answer puts the two together. The rest always begins with `/`.
///
/// # Errors
///
/// [`SitePathError`]; no site must be guessed then.
pub fn split_site(path: &str) -> Result<(Option<SiteLabel>, &str), SitePathError> {
    let mut site: Option<SiteLabel> = None;
    let mut rest = path;
    while let Some((text, behind)) = split_prefix(rest) {
        let label = SiteLabel::parse(text).ok_or(SitePathError::BadLabel)?;
        if site.as_ref().is_some_and(|earlier| *earlier != label) {
            return Err(SitePathError::TwoSites);
        }
        site = Some(label);
        rest = behind;
    }
    Ok((site, rest))
}

/// The path without one trailing slash, except for `/` itself. Nothing else is changed: `//` inside a path, or at its
/// end, is a different path that no route has.
pub fn normalize(path: &str) -> &str {
    match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => shorter,
        _ => path,
    }
}

/// The path with one slash at its begin where there are several. A client whose base URL ends with `/` sends two.
pub fn without_doubled_begin(path: &str) -> &str {
    let Some(behind) = path.strip_prefix('/') else { return path };
    let doubled = behind.len().saturating_sub(behind.trim_start_matches('/').len());
    path.get(doubled..).unwrap_or(path)
}

/// Stands beside a request from whose path [`normalize`] has taken a slash, for routes to which that makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrailingSlash;

/// The host that the request is for, in lower case, without port and without the dot of a fully qualified name.
///
/// The host in the request target counts before the header (RFC 9112 §3.2.2). `None` when there is none, or it is empty
/// (RFC 9110 §7.2 allows that).
///
/// # Errors
/// [`BadHost`] when there is more than one, or one that cannot be read; such a request is to be refused with 400
/// (RFC 9112 §3.2).
pub fn host_of(headers: &HeaderMap, uri: &Uri) -> Result<Option<String>, BadHost> {
    if let Some(authority) = uri.authority() {
        return host_name(authority);
    }
    let mut lines = headers.get_all(HOST).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(line), None) if line.is_empty() => Ok(None),
        (Some(line), None) => host_name(&Authority::try_from(line.as_bytes()).map_err(|_| BadHost)?),
        (Some(_), Some(_)) => Err(BadHost),
    }
}

/// The request names a host in a way that could be read differently by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request has no single, readable Host")]
pub struct BadHost;

fn host_name(authority: &Authority) -> Result<Option<String>, BadHost> {
    // A user name before the host has no place in a request, and is how one host is made to look like another.
    if authority.as_str().contains('@') {
        return Err(BadHost);
    }
    let host = authority.host();
    let host = host.strip_suffix('.').unwrap_or(host);
    Ok((!host.is_empty()).then(|| host.to_ascii_lowercase()))
}

/// The label and what follows it, when the path begins with the prefix.
fn split_prefix(path: &str) -> Option<(&str, &str)> {
    let behind = path.strip_prefix(PREFIX)?;
    Some(behind.find('/').and_then(|slash| behind.split_at_checked(slash)).unwrap_or((behind, "/")))
}

const PREFIX: &str = "/t/";

/// As long as a label of a domain name may be (RFC 1035 §2.3.4), because that is what it may become.
const MAX_LABEL_LENGTH: usize = 63;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn prefixes() {
        let longest = "a".repeat(63);
        let longest_path = format!("/t/{longest}/x");
        for (path, site, rest) in [
            ("/", None, "/"),
            ("/uai/2.0/updates", None, "/uai/2.0/updates"),
            ("/t", None, "/t"),
            ("/tea/acme", None, "/tea/acme"),
            ("/T/acme/x", None, "/T/acme/x"),
            ("/t/acme", Some("acme"), "/"),
            ("/t/acme/", Some("acme"), "/"),
            ("/t/acme/uai/2.0/updates", Some("acme"), "/uai/2.0/updates"),
            ("/t/ACME/x", Some("acme"), "/x"),
            ("/t/acme-uat/x/", Some("acme-uat"), "/x/"),
            ("/t/acme//x", Some("acme"), "//x"),
            ("/t/acme/t/acme/x", Some("acme"), "/x"),
            ("/t/acme/t/Acme", Some("acme"), "/"),
            ("/t/acme/t", Some("acme"), "/t"),
            ("/t/acme/x/t/other", Some("acme"), "/x/t/other"),
            (&longest_path, Some(&*longest), "/x"),
            ("", None, ""),
        ] {
            let (found, left) = split_site(path).expect(path);
            assert_eq!((found.as_ref().map(SiteLabel::as_str), left), (site, rest), "{path}");
        }
    }

    #[test]
    fn prefixes_that_make_no_sense() {
        let too_long = format!("/t/{}/x", "a".repeat(64));
        for (path, error) in [
            ("/t/", SitePathError::BadLabel),
            ("/t//x", SitePathError::BadLabel),
            ("/t/a_b/x", SitePathError::BadLabel),
            ("/t/a%62/x", SitePathError::BadLabel),
            ("/t/a.b/x", SitePathError::BadLabel),
            ("/t/../x", SitePathError::BadLabel),
            ("/t/\u{e9}/x", SitePathError::BadLabel),
            (&too_long, SitePathError::BadLabel),
            ("/t/acme/t//x", SitePathError::BadLabel),
            ("/t/acme/t/other/x", SitePathError::TwoSites),
            ("/t/acme/t/acme/t/other/x", SitePathError::TwoSites),
        ] {
            assert_eq!(split_site(path), Err(error), "{path}");
        }
    }

    #[test]
    fn trailing_slashes() {
        for (path, expected) in
            [("/", "/"), ("", ""), ("/a", "/a"), ("/a/", "/a"), ("/a//", "/a/"), ("//", "/"), ("/a//b/", "/a//b")]
        {
            assert_eq!(normalize(path), expected, "{path}");
        }
    }

    #[test]
    fn doubled_begins() {
        for (path, expected) in
            [("/", "/"), ("", ""), ("//", "/"), ("///a//b", "/a//b"), ("/a", "/a"), ("a//", "a//"), ("/%2F", "/%2F")]
        {
            assert_eq!(without_doubled_begin(path), expected, "{path}");
        }
    }

    #[test]
    fn hosts() {
        for (lines, uri, expected) in [
            (&["Example.COM"][..], "/x", Ok(Some("example.com"))),
            (&["example.com:8080"], "/x", Ok(Some("example.com"))),
            (&["example.com."], "/x", Ok(Some("example.com"))),
            (&["127.0.0.1:1"], "/x", Ok(Some("127.0.0.1"))),
            (&["[::1]:8080"], "/x", Ok(Some("[::1]"))),
            (&["header.example"], "http://Target.example:80/x", Ok(Some("target.example"))),
            (&[], "/x", Ok(None)),
            (&[""], "/x", Ok(None)),
            (&["."], "/x", Ok(None)),
            (&["a.example", "b.example"], "/x", Err(BadHost)),
            (&["user@example.com"], "/x", Err(BadHost)),
            (&["example.com/x"], "/x", Err(BadHost)),
            (&["exa mple.com"], "/x", Err(BadHost)),
            (&["[::1"], "/x", Err(BadHost)),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(HOST, HeaderValue::from_static(line));
            }
            let uri: Uri = uri.parse().expect(uri);
            let expected = expected.map(|host: Option<&str>| host.map(str::to_owned));
            assert_eq!(host_of(&headers, &uri), expected, "{lines:?} {uri}");
        }
    }
}
