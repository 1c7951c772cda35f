//! The parts of a download URL never make the reader panic.
#![no_main]

use countersign_app::downloads::UrlParts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &str)| {
    let (digest, proof, name) = input;
    if let Some(parts) = UrlParts::parse(digest, proof, name) {
        assert!(parts.expiry >= 0 && parts.name == name);
    }
});
