//! `config check` and `migrate`.

use serde_json::Value;

use super::run_with;
use crate::support::Place;

fn setting<'a>(all: &'a Value, name: &str) -> &'a Value {
    all.as_array().unwrap().iter().find(|found| found["setting"] == name).unwrap()
}

#[test]
fn every_value_says_where_it_comes_from_and_secrets_stay_hidden() {
    let place = Place::new();
    place.write("", &[("countersign.toml", b"default_site = \"acme\"\nmaster_key_command = [\"kms\", \"hunter2\"]\n")]);
    let variables =
        [("COUNTERSIGN_LISTEN", "127.0.0.1:9"), ("COUNTERSIGN_DATABASE_URL", "postgres://ada:hunter2@db.test/x")];
    let run = run_with(&place, &variables, &["config", "check", "--json"]).ok();
    assert!(!run.stdout.contains("hunter2"), "{}", run.stdout);
    let all = run.json();
    for (name, value, origin, from) in [
        ("default_site", "acme", "file", "countersign.toml"),
        ("listen", "127.0.0.1:9", "variable", "COUNTERSIGN_LISTEN"),
        ("log", "text", "built-in", "built in"),
        ("database", "(secret)", "variable", "COUNTERSIGN_DATABASE_URL"),
    ] {
        let found = setting(&all, name);
        assert_eq!([&found["value"], &found["origin"], &found["from"]], [value, origin, from], "{name}");
    }
    assert_eq!(setting(&all, "data")["from"], "--data");
    assert_eq!(setting(&all, "master_key_command")["value"], "kms (arguments are not shown)");
    let table = run_with(&place, &variables, &["config", "check"]).ok().stdout;
    assert!(table.starts_with("SETTING") && !table.contains("hunter2"), "{table}");
    let key = "5c".repeat(32);
    let run = run_with(&Place::new(), &[("COUNTERSIGN_MASTER_KEY", &key)], &["config", "check"]).ok();
    assert!(run.stdout.contains("COUNTERSIGN_MASTER_KEY") && !run.stdout.contains(&key), "{}", run.stdout);
}

#[test]
fn what_cannot_be_in_force_is_refused_by_name() {
    let none: &[(&str, &str)] = &[];
    let cases = [
        ("lisen = \"x\"", none, "lisen"),
        ("listen = \"8080\"", &[], "listen: \"8080\""),
        ("", &[("COUNTERSIGN_LISTN", "127.0.0.1:1")], "COUNTERSIGN_LISTN is no setting"),
        ("master_key_file = \"/nowhere/key\"", &[], "master_key_file: the file /nowhere/key cannot be read"),
        ("master_key_file = \"a\"\nmaster_key_command = [\"b\"]", &[], "contradict each other"),
        ("tls_certificate = \"/nowhere/c\"\ntls_key = \"/nowhere/k\"", &[], "/nowhere/c cannot be read"),
    ];
    for (file, variables, expected) in cases {
        let place = Place::new();
        place.write("", &[("countersign.toml", file.as_bytes())]);
        let error = run_with(&place, variables, &["config", "check"]).fails(1);
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let error = Place::new().run(&["config", "check", "--config", "nowhere.toml"]).fails(1);
    assert!(error.contains("nowhere.toml cannot be read"), "{error}");
}

#[test]
fn migrations_are_looked_for_and_applied() {
    let place = Place::new();
    assert!(place.run(&["migrate", "--check"]).fails(1).contains("there is no data directory"));
    std::fs::create_dir(place.path("data")).unwrap();
    let missing = place.run(&["migrate", "--check", "--json"]);
    assert_eq!(missing.code, Some(3), "{}", missing.stderr);
    assert_eq!(missing.json()["missing"][0], "0001_first");
    assert!(!place.path("data/countersign.db").exists(), "a look has made a store");
    let applied = place.json(&["migrate"]);
    assert_eq!(applied["applied"], missing.json()["missing"]);
    assert!(place.run(&["migrate", "--check"]).ok().stdout.starts_with("The store is up to date"));
    assert_eq!(place.json(&["migrate"])["missing"], serde_json::json!([]));
}
