//! URLs of files that lie on a server of the producer's own choice. Nothing here, and nothing behind it, ever fetches one.

use crate::web_url::{URL_LIMIT, WebUrlError, split};

/// Longest accepted URL, in bytes.
pub const EXTERNAL_URL_LIMIT: usize = URL_LIMIT;

/// Why a URL was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExternalUrlError {
    /// A character that must be percent-encoded in a URL (RFC 3986 section 2).
    #[error("a URL must not contain {0:?}; percent-encode it")]
    Character(char),
    /// A user name or password: every device would get to know it.
    #[error("a URL must not contain a user name or a password")]
    Credentials,
    /// A fragment says nothing to a server.
    #[error("a URL of a file has no fragment (#)")]
    Fragment,
    /// There is no host, or no usable one.
    #[error("a URL needs a host, such as https://files.example.com/pump.bin")]
    Host,
    /// Not an absolute URL of the web.
    #[error("a URL must begin with https:// or http://")]
    Scheme,
    /// Longer than the limit.
    #[error("a URL must be at most {EXTERNAL_URL_LIMIT} bytes long")]
    TooLong,
}

impl From<WebUrlError> for ExternalUrlError {
    fn from(error: WebUrlError) -> Self {
        match error {
            WebUrlError::Character(character) => Self::Character(character),
            WebUrlError::Credentials => Self::Credentials,
            WebUrlError::Fragment => Self::Fragment,
            WebUrlError::Scheme => Self::Scheme,
            WebUrlError::TooLong => Self::TooLong,
        }
    }
}

/// Checks that a text is an absolute URL from which a device can download a file, and which gives nothing else away.
///
/// # Errors
/// [`ExternalUrlError`] names the broken rule.
pub fn check_external_url(text: &str) -> Result<(), ExternalUrlError> {
    let authority = split(text)?.authority;
    if is_host_and_port(authority) { Ok(()) } else { Err(ExternalUrlError::Host) }
}

/// The last segment of a URL's path, still percent-encoded: devices name the file after it. Empty when there is none.
#[must_use]
pub fn last_segment(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.split('?').next().unwrap_or_default();
    path.split_once('/').and_then(|(_, path)| path.rsplit('/').next()).unwrap_or_default()
}

/// A host name or an address, and perhaps a port.
fn is_host_and_port(authority: &str) -> bool {
    if let Some(address) = authority.strip_prefix('[') {
        let Some((address, port)) = address.split_once(']') else { return false };
        return address.parse::<std::net::Ipv6Addr>().is_ok()
            && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    crate::site::clean_host(host).is_some() && is_port(port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_files_are_taken() {
        for good in [
            "https://files.example.com/pump.bin",
            "http://127.0.0.1:8081/a/b%20c.bin?version=4.2&part=1",
            "HTTPS://Files.Example.com",
            "https://[2001:db8::1]:8443/x",
            "https://[2001:db8::1]/x",
            "https://h/a@b",
        ] {
            assert_eq!(check_external_url(good), Ok(()), "{good}");
        }
        let longest = format!("https://h/{}", "x".repeat(EXTERNAL_URL_LIMIT - 10));
        assert_eq!(check_external_url(&longest), Ok(()));
        assert_eq!(check_external_url(&format!("{longest}x")), Err(ExternalUrlError::TooLong));
    }

    #[test]
    fn what_is_no_such_url_is_refused_by_its_rule() {
        use ExternalUrlError::{Character, Credentials, Fragment, Host, Scheme};
        for (bad, error) in [
            ("", Scheme),
            ("files.example.com/pump.bin", Scheme),
            ("//files.example.com/pump.bin", Scheme),
            ("ftp://h/x", Scheme),
            ("file:///etc/passwd", Scheme),
            ("javascript:alert(1)//://", Scheme),
            (" https://h/x", Scheme),
            ("https://h/a b", Character(' ')),
            ("https://h/a\nb", Character('\n')),
            ("https://h/\0", Character('\0')),
            ("https://h/ä", Character('ä')),
            ("https://h\\x", Character('\\')),
            ("https://h/<x>", Character('<')),
            ("https://ada:secret@h/x", Credentials),
            ("https://ada@h/x", Credentials),
            ("https://h/x#part", Fragment),
            ("https://", Host),
            ("https:///x", Host),
            ("https://?x", Host),
            ("https://:443/x", Host),
            ("https://h:/x", Host),
            ("https://h:0/x", Host),
            ("https://h:65536/x", Host),
            ("https://h:+1/x", Host),
            ("https://a..b/x", Host),
            ("https://[::1/x", Host),
            ("https://[x]/x", Host),
            ("https://[::1]x/x", Host),
        ] {
            assert_eq!(check_external_url(bad), Err(error), "{bad:?}");
        }
    }

    #[test]
    fn the_name_is_at_the_end_of_the_path() {
        for (url, name) in [
            ("https://h/a/pump%20fw.bin?x=/y", "pump%20fw.bin"),
            ("https://h/pump.bin", "pump.bin"),
            ("https://h/a/", ""),
            ("https://h", ""),
            ("https://h?x=/y", ""),
        ] {
            assert_eq!(last_segment(url), name, "{url}");
        }
    }
}
