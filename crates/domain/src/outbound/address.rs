//! Which addresses belong to the public Internet (the special-purpose registries of IANA, RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not one of the public Internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotPublic {
    /// For benchmarks between network devices (RFC 2544, RFC 5180).
    #[error("a benchmarking address")]
    Benchmark,
    /// For examples (RFC 5737, RFC 3849, RFC 9637).
    #[error("a documentation address")]
    Documentation,
    /// An IPv4 address inside an IPv6 address, whichever it is: 6to4, NAT64, Teredo, and the deprecated compatible form.
    #[error("an IPv6 address that stands for an IPv4 address")]
    Embedded,
    /// On the same link, where clouds keep their metadata services (RFC 3927, RFC 4291).
    #[error("a link-local address")]
    LinkLocal,
    /// This machine.
    #[error("a loopback address")]
    Loopback,
    /// Many machines at once, broadcast included.
    #[error("a multicast or broadcast address")]
    Multicast,
    /// A private network (RFC 1918), a unique local or site-local address (RFC 4193, RFC 3879).
    #[error("a private address")]
    Private,
    /// Not assigned to anybody, or kept for protocols.
    #[error("a reserved address")]
    Reserved,
    /// Shared between a carrier and its customers (RFC 6598).
    #[error("a shared address")]
    Shared,
    /// No address at all, and everything else in 0.0.0.0/8.
    #[error("an unspecified address")]
    Unspecified,
}

/// Whether an address belongs to the public Internet. An IPv4-mapped IPv6 address is judged as the IPv4 address that a
/// connection to it would reach.
///
/// # Errors
/// [`NotPublic`] says what it is instead.
pub fn judge_address(address: IpAddr) -> Result<(), NotPublic> {
    let found = match address {
        IpAddr::V4(address) => of_ipv4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => of_ipv4(mapped),
            None => of_ipv6(address),
        },
    };
    found.map_or(Ok(()), Err)
}

fn of_ipv4(address: Ipv4Addr) -> Option<NotPublic> {
    let within = |(network, bits, what): &(Ipv4Addr, u32, NotPublic)| {
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        (u32::from(address) & mask == u32::from(*network)).then_some(*what)
    };
    IPV4.iter().find_map(within)
}

fn of_ipv6(address: Ipv6Addr) -> Option<NotPublic> {
    let within = |(network, bits, what): &(Ipv6Addr, u32, NotPublic)| {
        let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
        (u128::from(address) & mask == u128::from(*network)).then_some(*what)
    };
    // Only 2000::/3 has been given to anybody (IANA, "IPv6 Global Unicast Address Assignments").
    let is_unicast = address.segments()[0] >> 13 == 1;
    IPV6.iter().find_map(within).or((!is_unicast).then_some(NotPublic::Reserved))
}

/// Networks with the bits of their prefixes; the first that fits says what it is.
const IPV4: &[(Ipv4Addr, u32, NotPublic)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, NotPublic::Unspecified),
    (Ipv4Addr::new(10, 0, 0, 0), 8, NotPublic::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, NotPublic::Shared),
    (Ipv4Addr::new(127, 0, 0, 0), 8, NotPublic::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, NotPublic::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, NotPublic::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, NotPublic::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, NotPublic::Documentation),
    // AS112 and AMT are answered by whoever is near; the 6to4 relays are gone (RFC 7526).
    (Ipv4Addr::new(192, 31, 196, 0), 24, NotPublic::Reserved),
    (Ipv4Addr::new(192, 52, 193, 0), 24, NotPublic::Reserved),
    (Ipv4Addr::new(192, 88, 99, 0), 24, NotPublic::Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, NotPublic::Private),
    (Ipv4Addr::new(192, 175, 48, 0), 24, NotPublic::Reserved),
    (Ipv4Addr::new(198, 18, 0, 0), 15, NotPublic::Benchmark),
    (Ipv4Addr::new(198, 51, 100, 0), 24, NotPublic::Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, NotPublic::Documentation),
    (Ipv4Addr::new(224, 0, 0, 0), 4, NotPublic::Multicast),
    (Ipv4Addr::new(255, 255, 255, 255), 32, NotPublic::Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, NotPublic::Reserved),
    // Services of one cloud at an address of its public space: metadata and the key server of every virtual machine.
    (Ipv4Addr::new(168, 63, 129, 16), 32, NotPublic::LinkLocal),
];

/// The same for IPv6. IPv4-mapped addresses never come here.
const IPV6: &[(Ipv6Addr, u32, NotPublic)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, NotPublic::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, NotPublic::Loopback),
    (Ipv6Addr::UNSPECIFIED, 96, NotPublic::Embedded),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, NotPublic::Embedded),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, NotPublic::Embedded),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, NotPublic::Embedded),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, NotPublic::Reserved),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, NotPublic::Embedded),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, NotPublic::Benchmark),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, NotPublic::Documentation),
    // The rest of the block for protocols, ORCHID among them.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, NotPublic::Reserved),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, NotPublic::Embedded),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, NotPublic::Documentation),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, NotPublic::Reserved),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, NotPublic::Private),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, NotPublic::LinkLocal),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, NotPublic::Private),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, NotPublic::Multicast),
    // ISATAP and the like hide in interface identifiers and cannot be told apart; the host route decides about those.
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_what_the_registries_say() {
        use NotPublic::{
            Benchmark, Documentation, Embedded, LinkLocal, Loopback, Multicast, Private, Reserved, Shared, Unspecified,
        };
        for (what, addresses) in [
            (Unspecified, &["0.0.0.0", "0.1.2.3", "::"][..]),
            (Loopback, &["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1"]),
            (Private, &["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12::1", "fec0::1"]),
            (Private, &["::ffff:10.1.2.3", "::ffff:192.168.0.1"]),
            (LinkLocal, &["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "febf::1", "168.63.129.16"]),
            (Shared, &["100.64.0.1", "100.127.255.255", "100.100.100.200"]),
            (Multicast, &["224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"]),
            (Documentation, &["192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1", "3fff:fff::1"]),
            (Benchmark, &["198.18.0.1", "198.19.255.255", "2001:2::1"]),
            (Embedded, &["64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "::7f00:1", "::ffff:0:1:1"]),
            (Reserved, &["192.0.0.8", "192.88.99.1", "240.0.0.1", "100::1", "2001:10::1", "4000::1", "1::1"]),
            (Private, &["fd00:ec2::254"]),
        ] {
            for address in addresses {
                assert_eq!(judge_address(address.parse().unwrap()), Err(what), "{address}");
            }
        }
    }

    #[test]
    fn neighbors_of_special_networks_are_public() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "2606:4700::1111",
            "2001:200::1",
            "2003::1",
            "3ffe:ffff::1",
        ] {
            assert_eq!(judge_address(address.parse().unwrap()), Ok(()), "{address}");
        }
    }
}
