//! What the license client reads of outside bytes never makes it panic: answers, files, what is kept, tokens, dates.
#![no_main]

use countersign_client::license::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::answers(bytes);
    assert!(!fuzzing::kept(bytes), "a file that nobody has sealed was opened");
    if let Ok(text) = std::str::from_utf8(bytes) {
        for (signed, signature) in fuzzing::file(text).into_iter().chain(fuzzing::bundle_file(text)) {
            assert!(signed.ends_with('}') && !signature.contains('"'));
        }
        if let Some(time) = fuzzing::moment(text) {
            assert_eq!(fuzzing::moment(&time.to_string()), Some(time));
        }
    }
});
