//! `X-Forwarded-For` never makes its reader panic, and only a trusted proxy is believed; networks hold what they name.
#![no_main]

use std::net::IpAddr;
use std::sync::LazyLock;

use countersign_http_kit::client_address::{ClientAddress, Network, TrustedProxies};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

static PROXIES: LazyLock<TrustedProxies> =
    LazyLock::new(|| ["10.0.0.0/8", "fd00::/8"].iter().map(|text| text.parse().expect("a network")).collect());

fuzz_target!(|bytes: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else { continue };
        if let Ok(text) = value.to_str()
            && let Ok(network) = text.parse::<Network>()
        {
            let first: IpAddr = text.split('/').next().unwrap_or_default().parse().expect("it begins with an address");
            let alone: TrustedProxies = [network].into_iter().collect();
            assert!(alone.contains(first) || first.is_ipv6() && first.to_canonical().is_ipv4(), "{text}");
        }
        headers.append("x-forwarded-for", value);
    }
    let [stranger, proxy] = [IpAddr::from([192, 0, 2, 1]), IpAddr::from([10, 0, 0, 1])];
    assert_eq!(ClientAddress::of_request(stranger, &headers, &PROXIES).ip(), stranger);
    let client = ClientAddress::of_request(proxy, &headers, &PROXIES);
    assert_eq!(ClientAddress::of_peer(client.ip()), client, "the network of a subscriber has itself as its own");
});
