//! The URL of a receiver. Only one spelling of a host is read, so that what was checked is what is connected to: addresses
//! in decimal, octal, hexadecimal or short form, which resolvers understand in their own ways, are refused.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::site::clean_host;
use crate::web_url::{URL_LIMIT, WebUrl, WebUrlError, split};

/// Longest accepted URL, in bytes.
pub const OUTBOUND_URL_LIMIT: usize = URL_LIMIT;

/// An absolute `http` or `https` URL, in parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OutboundUrl {
    text: String,
    secure: bool,
    host: OutboundHost,
    port: u16,
    /// Where path and query begin in `text`; its length when there are none.
    target: usize,
}

/// The host of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OutboundHost {
    /// An address.
    Address(IpAddr),
    /// A name, in lower case.
    Name(String),
}

/// Why a text is no such URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundUrlError {
    /// A character that must be percent-encoded in a URL (RFC 3986 section 2).
    #[error("must not contain {0:?}; percent-encode it")]
    Character(char),
    /// A user name or password in the URL.
    #[error("must not contain a user name or a password")]
    Credentials,
    /// A fragment says nothing to a receiver.
    #[error("must not have a fragment (#)")]
    Fragment,
    /// There is no host, or not in the one form that is read.
    #[error("needs a host name, an IPv4 address in four decimal numbers, or an IPv6 address in brackets")]
    Host,
    /// Not a number from 1 to 65535.
    #[error("has no usable port")]
    Port,
    /// Not an absolute URL of the web.
    #[error("must begin with https:// or http://")]
    Scheme,
    /// Longer than the limit.
    #[error("must be at most {OUTBOUND_URL_LIMIT} bytes long")]
    TooLong,
}

impl From<WebUrlError> for OutboundUrlError {
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

impl OutboundUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`OutboundUrlError`] names the broken rule.
    pub fn parse(text: &str) -> Result<Self, OutboundUrlError> {
        let WebUrl { secure, authority, target } = split(text)?;
        let (host, port) = host_and_port(authority, if secure { 443 } else { 80 })?;
        Ok(Self { text: text.to_owned(), secure, host, port, target })
    }

    /// The URL as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is `https`.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whom a connection is made to.
    #[must_use]
    pub fn host(&self) -> &OutboundHost {
        &self.host
    }

    /// The port, that of the scheme when none is written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query for the request line, never empty.
    #[must_use]
    pub fn target(&self) -> String {
        match self.text.get(self.target..).unwrap_or_default() {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            path => path.to_owned(),
        }
    }

    /// The value of the `Host` header: without the port of the scheme (RFC 9110 section 7.2).
    #[must_use]
    pub fn authority(&self) -> String {
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual { self.host.to_string() } else { format!("{}:{}", self.host, self.port) }
    }
}

impl fmt::Display for OutboundUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for OutboundHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

fn host_and_port(authority: &str, usual: u16) -> Result<(OutboundHost, u16), OutboundUrlError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(OutboundUrlError::Host)?;
        let address = address.parse::<Ipv6Addr>().map_err(|_| OutboundUrlError::Host)?;
        let port = match port.strip_prefix(':') {
            Some(port) => read_port(port)?,
            None if port.is_empty() => usual,
            None => return Err(OutboundUrlError::Host),
        };
        return Ok((OutboundHost::Address(IpAddr::V6(address)), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, read_port(port)?),
        None => (authority, usual),
    };
    // Strict: four decimal numbers without leading zeros.
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok((OutboundHost::Address(IpAddr::V4(address)), port));
    }
    let name = clean_host(host).ok_or(OutboundUrlError::Host)?;
    // What ends in a number is an address to somebody (WHATWG URL, "ends in a number checker").
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_number { Err(OutboundUrlError::Host) } else { Ok((OutboundHost::Name(name), port)) }
}

fn read_port(text: &str) -> Result<u16, OutboundUrlError> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse::<u16>().ok().filter(|port| is_number && *port > 0);
    port.ok_or(OutboundUrlError::Port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_into_what_a_request_needs() {
        for (text, secure, host, port, target, authority) in [
            ("https://Hooks.Example", true, "hooks.example", 443, "/", "hooks.example"),
            ("https://hooks.example./a?b=1", true, "hooks.example", 443, "/a?b=1", "hooks.example"),
            ("HTTPS://hooks.example:8443?b", true, "hooks.example", 8443, "/?b", "hooks.example:8443"),
            ("http://127.0.0.1:9000/x", false, "127.0.0.1", 9000, "/x", "127.0.0.1:9000"),
            ("http://[::1]:80/", false, "[::1]", 80, "/", "[::1]"),
            ("https://[2001:DB8::1]/x", true, "[2001:db8::1]", 443, "/x", "[2001:db8::1]"),
            ("https://xn--bcher-kva.example/", true, "xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"),
        ] {
            let url = OutboundUrl::parse(text).unwrap();
            let read = (url.is_secure(), url.host().to_string(), url.port(), url.target(), url.authority());
            assert_eq!(read, (secure, host.to_owned(), port, target.to_owned(), authority.to_owned()), "{text}");
            assert_eq!(url.as_str(), text);
        }
    }

    #[test]
    fn other_spellings_and_tricks_are_refused() {
        use OutboundUrlError::{Character, Credentials, Fragment, Host, Port, Scheme};
        for (text, error) in [
            ("", Scheme),
            ("hooks.example/x", Scheme),
            ("//hooks.example/x", Scheme),
            ("ftp://hooks.example/", Scheme),
            ("file:///etc/passwd", Scheme),
            ("gopher://127.0.0.1:6379/_x", Scheme),
            ("unix:///run/x.sock", Scheme),
            ("https:/hooks.example", Scheme),
            (" https://hooks.example", Scheme),
            ("https://", Host),
            ("https:///x", Host),
            ("https://:443/", Host),
            ("http://2130706433/", Host),
            ("http://0x7f000001/", Host),
            ("http://0x7f.0.0.1/", Host),
            ("http://0177.0.0.1/", Host),
            ("http://127.1/", Host),
            ("http://127.0.0.1./", Host),
            ("http://127.0.0.1.0x1/", Host),
            ("http://010.0.0.1/", Host),
            ("http://1.2.3.256/", Host),
            ("http://a.0x/", Host),
            ("http://[::ffff:127.0.0.1/", Host),
            ("http://[fe80::1%25eth0]/", Host),
            ("http://[::1]x/", Host),
            ("http://a_b.example/", Host),
            ("http://a..b/", Host),
            ("http://ada:pass@hooks.example/", Credentials),
            ("http://hooks.example@127.0.0.1/", Credentials),
            ("https://hooks.example/#x", Fragment),
            ("https://hooks.example/\r\nx: y", Character('\r')),
            ("https://hooks.example\\@127.0.0.1/", Character('\\')),
            ("https://bücher.example/", Character('ü')),
            ("http://①②⑦.0.0.1/", Character('①')),
            ("https://hooks.example:/", Port),
            ("https://hooks.example:0/", Port),
            ("https://hooks.example:65536/", Port),
            ("https://hooks.example:+443/", Port),
        ] {
            assert_eq!(OutboundUrl::parse(text), Err(error), "{text:?}");
        }
        let long = format!("https://h.example/{}", "x".repeat(OUTBOUND_URL_LIMIT));
        assert_eq!(OutboundUrl::parse(&long), Err(OutboundUrlError::TooLong));
    }
}
