//! Where the operator lets webhooks go.

use std::net::SocketAddr;
use std::sync::Arc;

use countersign_domain::outbound::{AllowedNames, AllowedNetwork, OutboundPolicy};
use countersign_domain::site::SiteName;
use countersign_outbound::EgressProxy;

/// What the operator lays down about webhooks of all sites.
#[derive(Clone, Debug, Default)]
pub struct WebhookRules {
    /// Addresses with ports that are allowed whatever they are, for a site or, without one, for all.
    allowed: Vec<(Option<SiteName>, SocketAddr)>,
    /// Networks that are treated like public addresses, in the same way.
    networks: Vec<(Option<SiteName>, AllowedNetwork)>,
    /// Names that may lead into the networks of an organization, in the same way.
    names: Vec<(Option<SiteName>, AllowedNames)>,
    /// Whether `http` is allowed to public addresses.
    plain_http: bool,
    /// Further ports that are allowed at public addresses.
    ports: Vec<u16>,
    /// The proxy through which they leave.
    proxy: Option<Arc<EgressProxy>>,
}

/// The text lays down nothing about webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRulesError {
    /// An entry of the list of addresses.
    #[error(
        "write SITE=ADDRESS:PORT, SITE=NETWORK/BITS or SITE=.NAME, with * for all sites and commas between entries, at most {ALLOWED} of them"
    )]
    Allowed,
    /// An entry of the list of ports.
    #[error("write port numbers with commas between them, at most {PORTS} of them")]
    Ports,
}

impl WebhookRulesError {
    /// What to write instead.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Allowed => "write SITE=ADDRESS:PORT, SITE=NETWORK/BITS or SITE=.NAME, or * for all sites",
            Self::Ports => "write port numbers from 1 to 65535",
        }
    }
}

impl WebhookRules {
    /// Reads a list such as `demo=127.0.0.1:9000,*=10.20.0.0/16,*=.intern.example:8443`.
    ///
    /// # Errors
    /// [`WebhookRulesError::Allowed`] when an entry cannot be read.
    pub fn allow(&mut self, text: &str) -> Result<(), WebhookRulesError> {
        for entry in entries(text) {
            let (site, address) = entry.split_once('=').ok_or(WebhookRulesError::Allowed)?;
            let site = match site.trim() {
                "*" => None,
                name => Some(SiteName::new(name).map_err(|_| WebhookRulesError::Allowed)?),
            };
            let what = address.trim();
            if what.starts_with('.') {
                self.names.push((site, what.parse().map_err(|()| WebhookRulesError::Allowed)?));
            } else if what.contains('/') {
                self.networks.push((site, what.parse().map_err(|()| WebhookRulesError::Allowed)?));
            } else {
                self.allowed.push((site, what.parse().map_err(|_| WebhookRulesError::Allowed)?));
            }
        }
        let entries = self.allowed.len() + self.networks.len() + self.names.len();
        if entries > ALLOWED { Err(WebhookRulesError::Allowed) } else { Ok(()) }
    }

    /// Reads a list such as `8443,9443`.
    ///
    /// # Errors
    /// [`WebhookRulesError::Ports`] when an entry is no port.
    pub fn allow_ports(&mut self, text: &str) -> Result<(), WebhookRulesError> {
        let read = |entry: &str| entry.parse().ok().filter(|port| *port > 0).ok_or(WebhookRulesError::Ports);
        self.ports = entries(text).map(read).collect::<Result<_, _>>()?;
        if self.ports.len() > PORTS { Err(WebhookRulesError::Ports) } else { Ok(()) }
    }

    /// Whether `http` is allowed to public addresses.
    pub fn allow_plain_http(&mut self, allowed: bool) {
        self.plain_http = allowed;
    }

    /// Lets webhooks leave through a proxy.
    pub fn leave_through(&mut self, proxy: Arc<EgressProxy>) {
        self.proxy = Some(proxy);
    }

    /// The proxy through which they leave.
    #[must_use]
    pub fn proxy(&self) -> Option<&Arc<EgressProxy>> {
        self.proxy.as_ref()
    }

    /// What holds for a site.
    #[must_use]
    pub fn policy_of(&self, site: Option<&SiteName>) -> OutboundPolicy {
        let concerns = |name: &Option<SiteName>| name.as_ref().is_none_or(|name| Some(name) == site);
        OutboundPolicy {
            allowed: self.allowed.iter().filter(|(name, _)| concerns(name)).map(|(_, address)| *address).collect(),
            networks: self.networks.iter().filter(|(name, _)| concerns(name)).map(|(_, network)| *network).collect(),
            names: self.names.iter().filter(|(name, _)| concerns(name)).map(|(_, names)| names.clone()).collect(),
            plain_http: self.plain_http,
            ports: self.ports.clone(),
        }
    }
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// Addresses in the list.
const ALLOWED: usize = 1000;
/// Ports in the list.
const PORTS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_allowed_for_a_site_or_for_all() {
        let mut rules = WebhookRules::default();
        rules.allow("demo=127.0.0.1:9000, *=10.0.0.5:8443,lumen=[::1]:1").unwrap();
        rules.allow_ports("8443, 9443").unwrap();
        let allowed = |site: &str| {
            let policy = rules.policy_of(Some(&SiteName::new(site).unwrap()));
            assert_eq!(policy.ports, [8443, 9443]);
            policy.allowed.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(allowed("demo"), ["127.0.0.1:9000", "10.0.0.5:8443"]);
        assert_eq!(allowed("lumen"), ["10.0.0.5:8443", "[::1]:1"]);
        assert_eq!(allowed("other"), ["10.0.0.5:8443"]);
        rules.allow("demo=10.20.0.0/16,*=fd00::/8:9000,lumen=.intern.example").unwrap();
        let counts = |site: &str| {
            let policy = rules.policy_of(Some(&SiteName::new(site).unwrap()));
            (policy.networks.len(), policy.names.len())
        };
        assert_eq!((counts("demo"), counts("lumen"), counts("other")), ((2, 0), (1, 1), (1, 0)));
        for bad in ["demo=10.20.0.1/16", "demo=.example", "demo=intern.example"] {
            assert_eq!(WebhookRules::default().allow(bad), Err(WebhookRulesError::Allowed), "{bad}");
        }
        for bad in ["127.0.0.1:9000", "demo=127.0.0.1", "demo=localhost:9000", "De mo=1.1.1.1:1", "=1.1.1.1:1"] {
            assert_eq!(WebhookRules::default().allow(bad), Err(WebhookRulesError::Allowed), "{bad}");
        }
        for bad in ["0", "65536", "http", "80;81"] {
            assert_eq!(WebhookRules::default().allow_ports(bad), Err(WebhookRulesError::Ports), "{bad}");
        }
    }
}
