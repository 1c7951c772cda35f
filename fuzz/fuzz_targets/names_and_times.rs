//! Names, hosts, URLs, dates and times never make their readers panic; what is accepted keeps its rules and reads as the same.
#![no_main]

use countersign_domain::file_name::PlainFileName;
use countersign_domain::site::{SiteName, clean_base_url, clean_host};
use countersign_domain::text::{LicenseKey, PackageId};
use countersign_domain::time::{Date, Timestamp};
use countersign_http_kit::disposition::attachment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(time) = Timestamp::read_tolerantly(text) {
        assert_eq!(Timestamp::read_tolerantly(&time.to_string()), Some(time));
        assert_eq!(Date::parse(&time.date().to_string()), Ok(time.date()));
    }
    if let Ok(date) = Date::parse(text) {
        assert_eq!(date.to_string(), text);
    }
    let names =
        [PackageId::new(text).map(|id| id.to_string()), LicenseKey::new(text).map(|key| key.as_str().to_owned())];
    for name in names.into_iter().flatten() {
        assert!(name == text && name.len() <= 255 && name.trim() == name && !name.contains(char::is_control));
    }
    if let Ok(name) = SiteName::new(text) {
        assert_eq!(clean_host(name.as_str()).as_deref(), Some(text), "the name of a site is a label of a host");
    }
    if let Some(host) = clean_host(text) {
        assert_eq!(clean_host(&host), Some(host));
    }
    if let Some(url) = clean_base_url(text) {
        assert!(url.len() <= text.len() && !url.ends_with('/'));
        assert_eq!(clean_base_url(&url), Some(url));
    }
    if let Ok(name) = PlainFileName::new(text) {
        let path = std::path::Path::new(name.as_str());
        assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(text), "a name that is a path");
        assert!(PlainFileName::of_published(text).is_ok());
    }
    let header = attachment(text);
    let header = header.to_str().expect("ASCII");
    assert!(header.starts_with("attachment") && !header.contains(['/', '\r', '\n']));
    assert!(header.matches('"').count() >= 2);
});
