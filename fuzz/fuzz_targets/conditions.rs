//! Conditions of a request never make their readers panic, and HTTP times and entity tags are read as they were written.
#![no_main]

use countersign_http_kit::conditional::{Verdict, evaluate};
use countersign_http_kit::entity_tag::EntityTag;
use countersign_http_kit::http_time::HttpTime;
use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE};
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (tag, time) = (EntityTag::strong("abc").expect("a tag"), HttpTime::from_unix_seconds(784_111_777));
    let mut headers = HeaderMap::new();
    // Each line is a header: its first byte says which.
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some((which, value)) = line.split_first() else { continue };
        let names = [IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE];
        let Some(name) = names.get(usize::from(which.wrapping_sub(b'0'))) else { continue };
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        if let Some(read) = HttpTime::parse(&value) {
            let written = read.header_value().expect("a time between 1970 and 9999");
            assert_eq!(HttpTime::parse(&written), Some(read));
        }
        if let Some(mine) = value.to_str().ok().and_then(EntityTag::strong) {
            let mut alone = HeaderMap::new();
            alone.insert(IF_NONE_MATCH, HeaderValue::try_from(format!("\"{}\"", mine.opaque())).expect("visible"));
            assert_eq!(evaluate(&Method::GET, &alone, &mine, time), Verdict::NotModified);
        }
        headers.append(name, value);
    }
    let get = evaluate(&Method::GET, &headers, &tag, time);
    assert!(get != Verdict::Proceed || headers.contains_key(RANGE));
    assert_ne!(evaluate(&Method::HEAD, &headers, &tag, time), Verdict::Proceed, "ranges are for GET");
    assert_ne!(evaluate(&Method::PUT, &headers, &tag, time), Verdict::NotModified, "304 is for GET and HEAD");
    assert!(!headers.is_empty() || get == Verdict::ProceedWhole);
});
