//! Queries, bodies and metadata of the license door never make their readers panic, and metadata is written the same twice.
#![no_main]

use countersign_door_license::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::body(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        fuzzing::query(text);
        fuzzing::metadata(text);
    }
});
