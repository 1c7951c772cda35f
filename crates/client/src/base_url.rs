//! Where the server is, and how the `url` of a 202 answer becomes an address on that same server.
//!
//! The `url` is a path from the root of the host (our `docs/protocol`: asynchronous pattern). Behind a path prefix it
//! may or may not repeat the prefix; both lead to the same address, and no `url` leads to another origin.

use ureq::http::{
    Uri,
    uri::{Authority, PathAndQuery, Scheme},
};

use crate::config::ConfigError;

/// A parsed base URL: scheme and authority, and a path prefix without a trailing slash (often empty).
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
    prefix: String,
}

/// Why the `url` of a 202 answer was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinFault {
    /// It points at another scheme, host or port.
    Foreign,
    /// It is neither a path from the root nor an absolute URL.
    Malformed,
}

impl BaseUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let fault = |fault| ConfigError::BaseUrl { fault };
        if text.contains(['#', '?']) {
            return Err(fault("it must end with its path, without a query or fragment"));
        }
        let uri: Uri = text.trim().parse().map_err(|_| fault("it is not a URL; expected https://host/path"))?;
        let parts = uri.into_parts();
        let scheme = parts.scheme.ok_or_else(|| fault("it lacks https:// or http:// at its start"))?;
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(fault("only https:// and http:// are spoken"));
        }
        let authority = parts.authority.ok_or_else(|| fault("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(fault("it must not hold a user name or password"));
        }
        if authority.host().is_empty() {
            return Err(fault("it names no host"));
        }
        let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        Ok(Self { scheme, authority, prefix: path.path().trim_end_matches('/').to_owned() })
    }

    /// The address of an endpoint, given as a path below the prefix.
    pub(crate) fn endpoint(&self, path: &str) -> Result<Uri, JoinFault> {
        self.at(&format!("{}{path}", self.prefix))
    }

    /// The address that the `url` of a 202 answer means.
    pub(crate) fn join(&self, url: &str) -> Result<Uri, JoinFault> {
        if url.len() > MAX_URL_BYTES {
            return Err(JoinFault::Malformed);
        }
        // "//host/path" is a path to nobody but a parser in a hurry, and another host to everyone else.
        if url.starts_with("//") {
            return Err(JoinFault::Foreign);
        }
        if url.starts_with('/') {
            return self.below_root(url);
        }
        let uri: Uri = url.parse().map_err(|_| JoinFault::Malformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(JoinFault::Malformed);
        };
        if !self.is_origin(scheme, authority) {
            return Err(JoinFault::Foreign);
        }
        self.below_root(uri.path_and_query().map_or("/", PathAndQuery::as_str))
    }

    /// Scheme, host and port, for messages. Never a path: the path of a poll is as good as a password.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    fn below_root(&self, path: &str) -> Result<Uri, JoinFault> {
        let repeats_prefix = path.strip_prefix(self.prefix.as_str()).is_some_and(|rest| rest.starts_with('/'));
        if repeats_prefix { self.at(path) } else { self.endpoint(path) }
    }

    fn at(&self, path: &str) -> Result<Uri, JoinFault> {
        let path: PathAndQuery = path.parse().map_err(|_| JoinFault::Malformed)?;
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .map_err(|_| JoinFault::Malformed)
    }

    fn is_origin(&self, scheme: &Scheme, authority: &Authority) -> bool {
        let port = |authority: &Authority| authority.port_u16().or_else(|| default_port(scheme));
        *scheme == self.scheme
            && !authority.as_str().contains('@')
            && authority.host().eq_ignore_ascii_case(self.authority.host())
            && port(authority) == port(&self.authority)
    }
}

fn default_port(scheme: &Scheme) -> Option<u16> {
    match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// Polling URLs seen are below 300 bytes; anything near this limit is not one.
const MAX_URL_BYTES: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::{BaseUrl, JoinFault};

    fn joined(base: &str, url: &str) -> Result<String, JoinFault> {
        BaseUrl::parse(base).unwrap().join(url).map(|uri| uri.to_string())
    }

    #[test]
    fn a_prefix_is_kept_and_never_doubled() {
        for (base, url, expected) in [
            ("http://h", "/uai/x", "http://h/uai/x"),
            ("http://h/", "/uai/x", "http://h/uai/x"),
            ("http://h/t/a", "/uai/x", "http://h/t/a/uai/x"),
            ("http://h/t/a/", "/t/a/uai/x", "http://h/t/a/uai/x"),
            ("http://h/t/a", "/t/ab/x", "http://h/t/a/t/ab/x"),
            ("http://h:8080/t/a", "http://H:8080/t/a/x?q=1", "http://h:8080/t/a/x?q=1"),
            ("https://h", "https://h:443/x", "https://h/x"),
        ] {
            assert_eq!(joined(base, url).as_deref(), Ok(expected), "{base} {url}");
        }
    }

    #[test]
    fn other_origins_are_foreign_and_nonsense_is_malformed() {
        for url in ["https://h/x", "http://h:81/x", "http://other/x", "//other/x", "http://u@h/x", "//h/x"] {
            assert_eq!(joined("http://h", url), Err(JoinFault::Foreign), "{url}");
        }
        for url in ["", "x", "h/x", "@other/x", "/a b", "/a\r\nb", "/\\other/x\u{0}", "http:", "?x"] {
            assert_eq!(joined("http://h", url), Err(JoinFault::Malformed), "{url}");
        }
        assert_eq!(joined("http://h", &format!("/{}", "a".repeat(9000))), Err(JoinFault::Malformed));
    }

    #[test]
    fn a_base_url_that_cannot_be_used_is_refused() {
        for base in
            ["", "h", "h/path", "/path", "ftp://h", "http://", "http://u:p@h", "http://h?x", "http://h#x", "http://a b"]
        {
            let error = BaseUrl::parse(base).unwrap_err().to_string();
            assert!(error.starts_with("the base URL cannot be used"), "{base}");
            assert!(!error.contains("u:p"), "{error}");
        }
    }
}
