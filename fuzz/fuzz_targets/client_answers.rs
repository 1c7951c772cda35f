//! Answers of a server never make the client's readers panic, and every file of an accepted manifest can be stored safely.
#![no_main]

use std::collections::HashMap;

use countersign_client::fuzzing::{manifest, rest_of_file, unsigned, update_list};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(list) = update_list(bytes) {
        for item in list.items {
            let id = item.manifest.as_str();
            assert!(!id.is_empty() && !id.contains(['/', '?', '#', '%']) && id != "..");
        }
    }
    if let Some(manifest) = manifest(bytes) {
        let mut digests = HashMap::new();
        for file in &manifest.files {
            assert!(!file.name.as_str().contains(['/', '\\', '\0']));
            let digest = *digests.entry(file.name.as_str().to_lowercase()).or_insert(file.digest);
            assert_eq!(digest, file.digest, "two files would be stored under one name");
        }
    }
    let (_, message) = unsigned(bytes);
    if let Some(message) = message {
        assert!(!message.to_string().contains(char::is_control));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(!(rest_of_file(text, 4, 10) && rest_of_file(text, 5, 10)), "one range that begins at two places");
    }
});
