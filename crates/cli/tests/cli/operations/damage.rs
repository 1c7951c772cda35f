//! `scrub`: bytes that have changed, and bytes that nobody names.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use super::{flip, objects};
use crate::beside_a_server::published;

/// Makes a file look as if it had been written so many hours before another one.
fn age(path: &Path, other: &Path, hours: u64) {
    let written = fs::metadata(other).unwrap().modified().unwrap();
    File::options().write(true).open(path).unwrap().set_modified(written - Duration::from_secs(hours * 3600)).unwrap();
}

#[test]
fn a_changed_byte_and_a_missing_object_are_found() {
    let place = published();
    let object = objects(&place.path("data")).remove(0);
    assert!(place.run(&["scrub"]).ok().stdout.starts_with("Read 1 files (8 bytes): all are as they were stored."));
    flip(&object);
    let run = place.run(&["scrub", "--json"]);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert_eq!(run.json()["damaged"][0]["fault"], "its bytes have changed");
    flip(&object);
    fs::remove_file(&object).unwrap();
    let run = place.run(&["scrub"]);
    assert_eq!(run.code, Some(4));
    assert!(run.stdout.contains("it is missing"), "{}", run.stdout);
}

#[test]
fn only_what_nobody_names_and_is_old_is_collected() {
    let place = published();
    let data = place.path("data");
    let named = objects(&data).remove(0);
    place.write(
        "data/files/ab/cd",
        &[("0123456789abcdef0123456789ab", b"old"), ("0123456789abcdef0123456789ac", b"new")],
    );
    place.write("data/files/incoming", &[("young.part", b"half")]);
    let old = data.join("files/ab/cd/0123456789abcdef0123456789ab");
    age(&old, &named, 25);
    age(&named, &named, 100);
    let young = data.join("files/ab/cd/0123456789abcdef0123456789ac");
    age(&young, &young, 23);

    let looked = place.json(&["scrub"]);
    assert!(looked["collected"].is_null() && old.exists(), "a look has removed something");
    let collected = place.json(&["scrub", "--collect"]);
    assert_eq!(collected["collected"], serde_json::json!({ "objects": 1, "bytes": 3, "uploads": 0 }));
    assert!(!old.exists() && young.exists() && named.exists() && data.join("files/incoming/young.part").exists());
    assert_eq!(collected["damaged"], serde_json::json!([]));
}
