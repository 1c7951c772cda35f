//! URLs of receivers never make their reader panic. One that is taken has a request line and a host without surprises, and an
//! address that is not public is not sent to.
#![no_main]

use countersign_domain::outbound::{OutboundHost, OutboundPolicy, OutboundUrl, judge_address};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(url) = OutboundUrl::parse(text) else { return };
    assert!(url.target().starts_with('/') && url.target().bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(url.authority().bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@' && byte != b'/'));
    if let OutboundHost::Address(address) = url.host() {
        let open = OutboundPolicy::default().judge_url(&url).is_ok();
        assert!(!open || judge_address(*address).is_ok());
    }
});
