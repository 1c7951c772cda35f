//! A configuration file and the manifest of a backup never make their readers panic; a manifest reads as it was written.
#![no_main]

use countersign_server::fuzzing::{configuration, manifest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(config) = configuration(text) {
        let hour = std::time::Duration::from_secs(3600);
        let limits = config.limits;
        assert!(
            [limits.header_time, limits.idle_time, limits.stall_time]
                .iter()
                .all(|time| !time.is_zero() && *time <= hour)
        );
        assert!(limits.connections > 0 && limits.connections_per_address > 0);
        assert!((16_384..=262_144).contains(&limits.header_bytes));
        assert!(config.base_url.is_none_or(|url| url.starts_with("http") && !url.ends_with('/')));
    }
    if let Some((read, again)) = manifest(text) {
        assert_eq!(read, again);
    }
});
