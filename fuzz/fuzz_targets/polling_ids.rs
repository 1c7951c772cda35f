//! The content of a polling ID never makes the reader panic; what is written again is never longer, and reads as the same.
#![no_main]

use countersign_app::polling::fuzzing::rewritten;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    if let Some(again) = rewritten(content) {
        assert!(again.len() <= content.len(), "{again:?}");
        assert_eq!(rewritten(&again).as_ref(), Some(&again));
    }
});
