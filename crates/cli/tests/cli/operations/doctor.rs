//! `doctor` finds each of a list of faults, and nothing where nothing is wrong.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::time::Duration;

use serde_json::Value;

use super::{flip, objects, run_with};
use crate::beside_a_server::published;
use crate::support::Place;

fn examine(place: &Place, variables: &[(&str, &str)], more: &[&str]) -> (Option<i32>, Value) {
    // Nothing else listens there, so that no note about it is in the way.
    let variables = [variables, &[("COUNTERSIGN_LISTEN", "127.0.0.1:1")]].concat();
    let run = run_with(place, &variables, &[&["doctor", "--json"], more].concat());
    (run.code, run.json())
}

fn chmod(place: &Place, name: &str, mode: u32) {
    fs::set_permissions(place.path(name), Permissions::from_mode(mode)).unwrap();
}

fn object(place: &Place) -> std::path::PathBuf {
    objects(&place.path("data")).remove(0)
}

/// A fault: how it comes to be, how the look is made, and what it is called.
struct Fault {
    provoke: fn(&Place),
    variables: &'static [(&'static str, &'static str)],
    more: &'static [&'static str],
    finding: (&'static str, &'static str),
}

const fn fault(provoke: fn(&Place), level: &'static str, check: &'static str) -> Fault {
    Fault { provoke, variables: &[], more: &[], finding: (level, check) }
}

const FAULTS: &[Fault] = &[
    fault(|place| chmod(place, "data", 0o755), "error", "file-modes"),
    fault(|place| chmod(place, "data/countersign.db", 0o644), "error", "file-modes"),
    fault(|place| chmod(place, "data/master.key", 0o640), "error", "file-modes"),
    fault(|place| fs::remove_file(place.path("data/master.key")).unwrap(), "error", "master-key"),
    fault(|place| fs::write(place.path("data/master.key"), "ab".repeat(32)).unwrap(), "error", "master-key"),
    fault(|place| fs::remove_dir_all(place.path("data")).unwrap(), "error", "data-directory"),
    fault(|place| fs::remove_dir_all(place.path("data/files")).unwrap(), "error", "files"),
    fault(|place| fs::remove_file(object(place)).unwrap(), "error", "files"),
    fault(|place| fs::write(object(place), "short").unwrap(), "error", "files"),
    Fault { more: &["--deep"], ..fault(|place| flip(&object(place)), "error", "files") },
    fault(leave_an_upload, "warning", "orphans"),
    fault(break_the_database, "error", "store"),
    fault(|place| drop(place.run(&["key", "revoke", "--all"]).ok()), "warning", "authorization-keys"),
    fault(|place| drop(place.run(&["site", "create", "beta"]).ok()), "warning", "signing-keys"),
    Fault { variables: &[("COUNTERSIGN_DEFAULT_SITE", "nobody")], ..fault(|_| (), "error", "default-site") },
    Fault {
        variables: &[("COUNTERSIGN_BASE_URL", "http://updates.example.com")],
        ..fault(|_| (), "warning", "base-url")
    },
    // An exabyte is left nowhere.
    Fault { more: &["--room", "1099511627776"], ..fault(|_| (), "warning", "disk-space") },
];

fn leave_an_upload(place: &Place) {
    let folder = place.write("data/files/incoming", &[("left.part", b"half")]);
    let upload = File::options().write(true).open(folder.join("left.part")).unwrap();
    let written = upload.metadata().unwrap().modified().unwrap();
    upload.set_modified(written - Duration::from_secs(25 * 3600)).unwrap();
}

fn break_the_database(place: &Place) {
    let file = File::options().write(true).open(place.path("data/countersign.db")).unwrap();
    file.write_all_at(&[0xff; 4096], 0).unwrap();
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let place = published();
    assert_eq!(examine(&place, &[], &[]), (Some(0), serde_json::json!([])));
    assert_eq!(examine(&place, &[], &["--deep"]), (Some(0), serde_json::json!([])));
    assert_eq!(place.run(&["doctor"]).ok().last_line(), "Nothing is wrong.");
    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let address = serving.base_url.trim_start_matches("http://").to_owned();
    let run = run_with(&place, &[("COUNTERSIGN_LISTEN", &address)], &["doctor", "--json"]).ok();
    assert_eq!((&run.json()[0]["level"], &run.json()[0]["check"]), (&"note".into(), &"server".into()));
}

#[test]
fn every_provoked_fault_is_found_and_says_what_to_do() {
    for Fault { provoke, variables, more, finding: (level, check) } in FAULTS {
        let place = published();
        provoke(&place);
        let (code, findings) = examine(&place, variables, more);
        let found = findings.as_array().unwrap().iter().find(|found| found["check"] == *check);
        let found = found.unwrap_or_else(|| panic!("{check} was not found: {findings}"));
        assert_eq!(found["level"], *level, "{found}");
        assert!(found["todo"].as_str().is_some_and(|todo| todo.len() > 5), "{found}");
        assert_eq!(code, Some(if *level == "error" { 4 } else { 3 }), "{findings}");
    }
}

#[test]
fn the_time_of_a_store_is_taken_back_when_it_is_ahead_and_no_server_runs() {
    let place = published();
    let words = ["doctor", "--repair-clock"];
    let nobody = [("COUNTERSIGN_LISTEN", "127.0.0.1:1")];
    assert!(run_with(&place, &nobody, &words).ok().stdout.contains("Nothing was changed"));
    assert_eq!(run_with(&place, &nobody, &[&words[..], &["--json"]].concat()).ok().json(), Value::Null);
    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let address = serving.base_url.trim_start_matches("http://").to_owned();
    assert!(run_with(&place, &[("COUNTERSIGN_LISTEN", &address)], &words).fails(1).contains("stop it first"));
}
