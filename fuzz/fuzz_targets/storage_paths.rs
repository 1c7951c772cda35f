//! Paths and names of storages never panic; an accepted path has one spelling and never leaves its storage.
#![no_main]

use countersign_domain::storage::{ListAfter, StorageName, StoragePath, VersionId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = (StorageName::new(text), text.parse::<VersionId>());
    assert_eq!(ListAfter::parse(text).to_string(), text);
    if let Ok(path) = StoragePath::new(text) {
        assert_eq!(StoragePath::new(path.as_str()), Ok(path.clone()), "a second spelling");
        assert!(path.as_str().len() <= StoragePath::LIMIT && !path.as_str().chars().any(char::is_control));
        assert!(path.segments().all(|name| name != ".." && name != "." && name.len() <= StoragePath::SEGMENT_LIMIT));
        assert!(path.is_within(&StoragePath::root()) && path.is_within(&path));
    }
});
