//! The parts of a download URL never make the reader panic.
#![no_main]

use countersign_app::downloads::UrlParts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (digest, proof, name) = (line(), line(), line());
    if let Some(parts) = UrlParts::parse(digest, proof, name) {
        assert!(parts.expiry >= 0 && parts.name == name);
    }
});
