//! What an operator allows beyond the public Internet.

use std::net::{IpAddr, SocketAddr};

use super::address::{NotPublic, judge_address};
use super::url::{OutboundHost, OutboundUrl};

/// Where requests for one site may go. Empty, it allows `https` on port 443 to public addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboundPolicy {
    /// Addresses with ports that are allowed whatever they are, and without TLS: exactly these.
    pub allowed: Vec<SocketAddr>,
    /// Whether `http`, on port 80, is allowed to public addresses.
    pub plain_http: bool,
    /// Further ports that are allowed at public addresses.
    pub ports: Vec<u16>,
}

/// Why a request is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// The address is not public, and the operator does not allow it.
    #[error("the host is {0}, which this server does not send to")]
    Address(#[from] NotPublic),
    /// `http`, which the operator does not allow.
    #[error("the URL is not https, which this server demands")]
    Plain,
    /// A port that the operator does not allow.
    #[error("this server does not send to port {0}")]
    Port(u16),
    /// The address is one of this machine's own.
    #[error("the host is this server itself")]
    Own,
}

impl OutboundPolicy {
    /// Judges what can be known of a URL before its host is resolved.
    ///
    /// # Errors
    /// [`Blocked`] says what is wrong with it.
    pub fn judge_url(&self, url: &OutboundUrl) -> Result<(), Blocked> {
        match url.host() {
            OutboundHost::Address(address) => self.judge(url, *address),
            // The name may turn out to be the allowed address; what it is resolved to is judged with each request.
            OutboundHost::Name(_) if self.allowed.iter().any(|allowed| allowed.port() == url.port()) => Ok(()),
            OutboundHost::Name(_) => self.judge_scheme_and_port(url),
        }
    }

    /// Judges an address that a URL's host is, or was resolved to. To be done before every connection.
    ///
    /// # Errors
    /// [`Blocked`] says why there must be no connection.
    pub fn judge(&self, url: &OutboundUrl, address: IpAddr) -> Result<(), Blocked> {
        if self.allows_exactly(SocketAddr::new(address, url.port())) {
            return Ok(());
        }
        judge_address(address)?;
        self.judge_scheme_and_port(url)
    }

    /// Whether the operator has named this address and port.
    #[must_use]
    pub fn allows_exactly(&self, address: SocketAddr) -> bool {
        let plain = |address: SocketAddr| (address.ip().to_canonical(), address.port());
        self.allowed.iter().any(|allowed| plain(*allowed) == plain(address))
    }

    fn judge_scheme_and_port(&self, url: &OutboundUrl) -> Result<(), Blocked> {
        if !url.is_secure() && !self.plain_http {
            return Err(Blocked::Plain);
        }
        let usual = if url.is_secure() { 443 } else { 80 };
        if url.port() == usual || self.ports.contains(&url.port()) { Ok(()) } else { Err(Blocked::Port(url.port())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(policy: &OutboundPolicy, url: &str) -> Result<(), Blocked> {
        policy.judge_url(&OutboundUrl::parse(url).unwrap())
    }

    #[test]
    fn nothing_but_the_public_internet_is_open_by_default() {
        let policy = OutboundPolicy::default();
        assert_eq!(judge(&policy, "https://hooks.example/x"), Ok(()));
        assert_eq!(judge(&policy, "https://1.1.1.1/x"), Ok(()));
        for (url, blocked) in [
            ("http://hooks.example/x", Blocked::Plain),
            ("https://hooks.example:8443/x", Blocked::Port(8443)),
            ("https://hooks.example:80/x", Blocked::Port(80)),
            ("https://127.0.0.1/x", Blocked::Address(NotPublic::Loopback)),
            ("https://[::ffff:10.0.0.1]/x", Blocked::Address(NotPublic::Private)),
            ("https://169.254.169.254/latest/meta-data/", Blocked::Address(NotPublic::LinkLocal)),
        ] {
            assert_eq!(judge(&policy, url), Err(blocked), "{url}");
        }
    }

    #[test]
    fn an_operator_opens_exactly_what_he_names() {
        let policy = OutboundPolicy { allowed: vec!["127.0.0.1:9000".parse().unwrap()], ..OutboundPolicy::default() };
        for url in ["http://127.0.0.1:9000/x", "https://127.0.0.1:9000/", "http://[::ffff:127.0.0.1]:9000/"] {
            assert_eq!(judge(&policy, url), Ok(()), "{url}");
        }
        for url in ["http://127.0.0.1:9001/", "http://127.0.0.2:9000/", "http://[::1]:9000/", "https://127.0.0.1/"] {
            assert_eq!(judge(&policy, url), Err(Blocked::Address(NotPublic::Loopback)), "{url}");
        }
        // A name may lead there, and what it leads to is judged again.
        let named = OutboundUrl::parse("http://hooks.example:9000/").unwrap();
        assert_eq!(policy.judge_url(&named), Ok(()));
        assert_eq!(policy.judge(&named, "127.0.0.1".parse().unwrap()), Ok(()));
        assert_eq!(policy.judge(&named, "1.1.1.1".parse().unwrap()), Err(Blocked::Plain));
        let wider = OutboundPolicy { plain_http: true, ports: vec![8443], ..OutboundPolicy::default() };
        for url in ["http://hooks.example/", "https://hooks.example:8443/", "http://hooks.example:8443/"] {
            assert_eq!(judge(&wider, url), Ok(()), "{url}");
        }
        assert_eq!(judge(&wider, "https://10.0.0.1:8443/"), Err(Blocked::Address(NotPublic::Private)));
    }
}
