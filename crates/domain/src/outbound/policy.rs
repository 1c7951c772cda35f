//! What an operator allows beyond the public Internet.

use std::net::{IpAddr, SocketAddr};

use super::address::{NotPublic, judge_address};
use super::allowed::{AllowedNames, AllowedNetwork};
use super::url::{OutboundHost, OutboundUrl};

/// Where requests for one site may go. Empty, it allows `https` on port 443 to public addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboundPolicy {
    /// Addresses with ports that are allowed whatever they are, and without TLS: exactly these.
    pub allowed: Vec<SocketAddr>,
    /// Networks that are treated like public addresses.
    pub networks: Vec<AllowedNetwork>,
    /// Names that may lead into the networks of an organization.
    pub names: Vec<AllowedNames>,
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
            OutboundHost::Name(_) if self.networks.iter().any(|network| network.port == Some(url.port())) => Ok(()),
            OutboundHost::Name(_) if self.names_of(url).any(|names| names.port == Some(url.port())) => Ok(()),
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
        let network_ports =
            self.networks.iter().filter(|network| network.contains(address)).map(|network| network.port);
        let kind = judge_address(address);
        let may_be_named = kind.map_or_else(AllowedNames::may_lead_to, |()| true);
        let name_ports = self.names_of(url).filter(|_| may_be_named).map(|names| names.port);
        let ports: Vec<Option<u16>> = network_ports.chain(name_ports).collect();
        if ports.contains(&Some(url.port())) {
            return Ok(());
        }
        if !ports.contains(&None) {
            kind?;
        }
        self.judge_scheme_and_port(url)
    }

    /// The entries that the host of a URL is among; none for an address.
    fn names_of<'a>(&'a self, url: &'a OutboundUrl) -> impl Iterator<Item = &'a AllowedNames> {
        let host = match url.host() {
            OutboundHost::Address(_) => None,
            OutboundHost::Name(name) => Some(name.as_str()),
        };
        self.names.iter().filter(move |names| host.is_some_and(|host| names.contains(host)))
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

    #[test]
    fn an_operator_opens_networks_and_names() {
        let policy = OutboundPolicy {
            networks: vec!["10.20.0.0/16".parse().unwrap(), "192.168.7.0/24:9000".parse().unwrap()],
            names: vec![".intern.example".parse().unwrap(), ".lab.example:8080".parse().unwrap()],
            ..OutboundPolicy::default()
        };
        let private = Err(Blocked::Address(NotPublic::Private));
        for (url, address, judged) in [
            ("https://10.20.1.2/", "10.20.1.2", Ok(())),
            ("https://hooks.example/", "10.20.1.2", Ok(())),
            ("http://10.20.1.2/", "10.20.1.2", Err(Blocked::Plain)),
            ("https://10.20.1.2:9000/", "10.20.1.2", Err(Blocked::Port(9000))),
            ("https://10.21.1.2/", "10.21.1.2", private),
            ("http://192.168.7.9:9000/", "192.168.7.9", Ok(())),
            ("https://192.168.7.9/", "192.168.7.9", private),
            ("https://erp.intern.example/", "172.16.0.1", Ok(())),
            ("https://erp.intern.example/", "fd00::1", Ok(())),
            ("http://erp.intern.example/", "172.16.0.1", Err(Blocked::Plain)),
            ("https://erp.intern.example/", "127.0.0.1", Err(Blocked::Address(NotPublic::Loopback))),
            ("https://erp.intern.example/", "169.254.169.254", Err(Blocked::Address(NotPublic::LinkLocal))),
            ("https://erp.other.example/", "172.16.0.1", private),
            ("http://a.lab.example:8080/", "172.16.0.1", Ok(())),
            ("http://a.lab.example:8080/", "::1", Err(Blocked::Address(NotPublic::Loopback))),
            ("https://a.lab.example/", "172.16.0.1", private),
        ] {
            let parsed = OutboundUrl::parse(url).unwrap();
            assert_eq!(policy.judge(&parsed, address.parse().unwrap()), judged, "{url} {address}");
            if judged.is_ok() {
                assert_eq!(policy.judge_url(&parsed), Ok(()), "{url}");
            }
        }
    }
}
