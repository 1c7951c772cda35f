//! File names and URLs in a manifest never make the client's readers panic, and an accepted name is a plain one.
#![no_main]

use countersign_client::{FileName, FileUrl, ManifestId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = (FileUrl::parse(text), ManifestId::from_manifest_url(text));
    if let Ok(name) = FileName::from_path_segment(text) {
        let name = name.as_str();
        assert!(!name.contains(['/', '\\', '\0', ':']) && name != "." && name != ".." && !name.is_empty());
        let path = std::path::Path::new(name);
        assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(name), "a name that is a path");
    }
});
