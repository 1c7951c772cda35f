//! Whatever a connection sends, only bytes beyond ASCII change, each into `%XX`, and where it is cut makes no difference.
#![no_main]

use countersign_server::fuzzing::plain_targets;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, steps) = input;
    let whole = plain_targets(&bytes, &[]);
    let mut end = 0_usize;
    let ends: Vec<usize> = steps
        .iter()
        .map(|step| {
            end = end.saturating_add(usize::from(*step)).min(bytes.len());
            end
        })
        .collect();
    assert_eq!(plain_targets(&bytes, &ends), whole);
    let mut left = whole.as_slice();
    for byte in bytes {
        let escaped = format!("%{byte:02X}");
        left = match left.strip_prefix(&[byte]) {
            Some(rest) => rest,
            None => left.strip_prefix(escaped.as_bytes()).filter(|_| byte >= 0x80).expect("a byte became another"),
        };
    }
    assert!(left.is_empty());
});
