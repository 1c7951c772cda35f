//! Bodies of updates and packages, queries, and URLs of files elsewhere never make their readers panic, and stay in bounds.
#![no_main]

use countersign_app::packages::{FileSource, name_in_url};
use countersign_domain::catalog::external_url::{EXTERNAL_URL_LIMIT, check_external_url};
use countersign_door_producer::fuzzing::page;
use countersign_door_producer::{read_package, read_update};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(update) = read_update(bytes, None) {
        assert_eq!(read_update(bytes, Some(&update.id)).as_ref(), Ok(&update));
        let _ = update.check();
    }
    if let Ok(package) = read_package(bytes) {
        for file in &package.files {
            if let FileSource::External(external) = &file.source {
                let _ = check_external_url(&external.url);
            }
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = name_in_url(text);
        if let Some(page) = page(text) {
            assert!(page.page >= 1 && (1..=500).contains(&page.size));
        }
        if check_external_url(text).is_ok() {
            assert!(text.is_ascii() && text.len() <= EXTERNAL_URL_LIMIT && !text.contains(char::is_whitespace));
        }
    }
});
