//! Networks and names that an operator opens: receivers on premises, which have no public address.

use std::net::IpAddr;
use std::str::FromStr;

use super::address::NotPublic;
use crate::site::clean_host;

/// Addresses with the same first bits (RFC 4632, RFC 4291 section 2.3), such as `10.20.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowedNetwork {
    first: IpAddr,
    bits: u8,
    /// The port at which they are open with and without TLS; `None`: the same ports as at public addresses.
    pub port: Option<u16>,
}

/// Host names that end in a name, such as `.intern.example`; the name itself is not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedNames {
    /// With the dot in front.
    suffix: String,
    /// See [`AllowedNetwork::port`].
    pub port: Option<u16>,
}

impl AllowedNetwork {
    /// Whether an address is in it. An IPv4-mapped IPv6 address is the IPv4 address that a connection to it would reach.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                (u32::from(first) ^ u32::from(address))
                    .checked_shr(32_u32.saturating_sub(self.bits.into()))
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let differs = u128::from(first) ^ u128::from(address);
                differs.checked_shr(128_u32.saturating_sub(self.bits.into())).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl AllowedNames {
    /// Whether a host name, in lower case, is among them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        name.len() > self.suffix.len() && name.ends_with(&self.suffix)
    }

    /// Whether such a name may lead to an address of this kind: one inside an organization, and never this machine, its
    /// link or a service for metadata.
    #[must_use]
    pub fn may_lead_to(kind: NotPublic) -> bool {
        matches!(kind, NotPublic::Private | NotPublic::Shared)
    }
}

impl FromStr for AllowedNetwork {
    type Err = ();

    /// `ADDRESS/BITS`, or `ADDRESS/BITS:PORT`. Bits behind the first ones must be zero: they would be a mistake.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, rest) = text.split_once('/').ok_or(())?;
        let (bits, port) = match rest.split_once(':') {
            Some((bits, port)) => (bits, Some(port.parse().ok().filter(|port| *port > 0).ok_or(())?)),
            None => (rest, None),
        };
        let (first, bits): (IpAddr, u8) = (address.parse().map_err(|_| ())?, bits.parse().map_err(|_| ())?);
        let (most, left_over) = match first {
            IpAddr::V4(first) => (32, u32::from(first).checked_shl(bits.into()).unwrap_or(0) != 0),
            IpAddr::V6(first) => (128, u128::from(first).checked_shl(bits.into()).unwrap_or(0) != 0),
        };
        if bits > most || left_over { Err(()) } else { Ok(Self { first, bits, port }) }
    }
}

impl FromStr for AllowedNames {
    type Err = ();

    /// `.NAME`, or `.NAME:PORT`. A name has at least two parts: a whole top-level domain belongs to nobody.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok().filter(|port| *port > 0).ok_or(())?)),
            None => (text, None),
        };
        let name = clean_host(name.strip_prefix('.').ok_or(())?).filter(|name| name.contains('.')).ok_or(())?;
        Ok(Self { suffix: format!(".{name}"), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_addresses_and_no_others() {
        let contains = |network: &str, address: &str| {
            network.parse::<AllowedNetwork>().unwrap().contains(address.parse().unwrap())
        };
        for (network, inside, outside) in [
            ("10.20.0.0/16", "10.20.255.1", "10.21.0.0"),
            ("10.20.0.0/16:8443", "::ffff:10.20.3.4", "::ffff:10.21.3.4"),
            ("10.1.2.3/32", "10.1.2.3", "10.1.2.2"),
            ("fd00:1::/32", "fd00:1:ffff::1", "fd00:2::1"),
            ("fd00::1/128", "fd00::1", "10.0.0.1"),
        ] {
            assert!(contains(network, inside), "{network} {inside}");
            assert!(!contains(network, outside), "{network} {outside}");
        }
        assert!(contains("0.0.0.0/0", "203.0.113.9") && contains("::/0", "2001:db8::1"));
        assert!(!contains("0.0.0.0/0", "::1"));
        for bad in ["10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8:0", "x/8", "fd00::/129", "/8"] {
            assert!(bad.parse::<AllowedNetwork>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_end_in_the_whole_name() {
        let names: AllowedNames = ".Intern.example:8443".parse().unwrap();
        assert_eq!(names.port, Some(8443));
        for (name, inside) in [
            ("a.intern.example", true),
            ("b.a.intern.example", true),
            ("intern.example", false),
            ("xintern.example", false),
        ] {
            assert_eq!(names.contains(name), inside, "{name}");
        }
        for bad in ["intern.example", ".example", ".", ".a b.example", ".intern.example:0", ".intern.example:x"] {
            assert!(bad.parse::<AllowedNames>().is_err(), "{bad}");
        }
    }
}
