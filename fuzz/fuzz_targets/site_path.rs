//! Paths, hosts, entity tags and HTTP dates never make their readers panic.
#![no_main]

use countersign_http_kit::entity_tag::EntityTag;
use countersign_http_kit::http_time::HttpTime;
use countersign_http_kit::request_id::RequestId;
use countersign_http_kit::site_path::{host_of, normalize, split_site};
use http::{HeaderMap, HeaderValue, Uri};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok((_, rest)) = split_site(text) {
            assert!(text.ends_with(rest) || rest == "/");
            let _ = normalize(rest);
        }
        let _ = EntityTag::strong(text);
    }
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        let mut headers = HeaderMap::new();
        headers.insert("host", value.clone());
        headers.insert("x-request-id", value.clone());
        let _ = HttpTime::parse(&value);
        let _ = (host_of(&headers, &Uri::from_static("/")), RequestId::from_headers(&headers));
    }
});
