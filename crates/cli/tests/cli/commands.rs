//! A whole site by commands alone, on a fresh data directory.

use serde_json::Value;

use crate::support::{Place, files_below, text};

/// A site `acme` with a product and a package that devices have.
fn acme() -> Place {
    let place = Place::new();
    place.run(&["site", "create", "acme"]).ok();
    place.run(&["product", "create", "Pump firmware"]).ok();
    place.run(&["package", "create", "pump-4.1", "--product", "Pump firmware"]).ok();
    place
}

fn publish(place: &Place, folder: &std::path::Path, more: &[&str]) -> crate::support::Run {
    let words = ["release", "publish", text(folder), "--product", "Pump firmware", "--from", "pump-4.1"];
    place.run(&[&words, ["--to", "pump-4.2", "--platform", "LINUX64"].as_slice(), more].concat())
}

#[test]
fn a_release_is_published_once_and_never_changes() {
    let place = acme();
    let folder = place.write("out", &[("b.bin", b"firmware"), ("a.sh", b"install"), (".hidden", b"not this")]);

    let first = publish(&place, &folder, &["--execute", "a.sh"]).ok();
    assert!(first.stdout.starts_with("Published pump-4.2 (2 files, 15 bytes)"), "{}", first.stdout);
    let stored = files_below(&place.path("data/files"));

    let second = publish(&place, &folder, &["--execute", "a.sh", "--json"]).ok().json();
    assert_eq!(second["published"], "unchanged");
    assert_eq!(files_below(&place.path("data/files")), stored, "the second upload left something behind");

    place.write("out", &[("b.bin", b"firmwarE")]);
    let error = publish(&place, &folder, &["--execute", "a.sh"]).fails(1);
    assert!(error.contains("published bytes never change"), "{error}");
    assert_eq!(files_below(&place.path("data/files")), stored, "the refused upload left something behind");

    let package = place.json(&["package", "show", "pump-4.2"]);
    let names: Vec<_> =
        package["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.sh", "b.bin"]);
    assert_eq!(package["files"][0]["execute"], true);
    assert_eq!(package["files"][1]["execute"], false);
    // SHA-256 of "firmware", computed with sha256sum.
    let sha256 = "c3bf47ea1f4a4a605470313cacb3a44f4a461f68c6faeab07e737610cb5ac835";
    assert_eq!(package["files"][1]["sha256"], sha256);
    assert_eq!(package["size"], 15);
}

#[test]
fn what_cannot_be_published_leaves_nothing() {
    let place = acme();
    let good = place.write("good", &[("a.bin", b"a")]);
    let cases: [(&[&str], &str); 5] = [
        (&["--execute", "none.sh"], "there is no such file"),
        (&["--from", "pump-9"], "package pump-9 is not known"),
        (&["--end", "2020-01-01"], "ends (2020-01-01) before it starts"),
        (&["--language", "1031", "--title", "one", "--title", "two"], "once for each --language"),
        (&["--platform", "LINUX64"], "is given twice"),
    ];
    for (more, expected) in cases {
        let error = publish(&place, &good, more).fails(1);
        assert!(error.contains(expected), "{error}");
    }
    std::fs::create_dir(good.join("sub")).unwrap();
    assert!(publish(&place, &good, &[]).fails(1).contains("sub is a folder"));
    assert!(publish(&place, &place.path("nowhere"), &[]).fails(1).contains("cannot be read"));

    let unknown = place.run(&[
        "release",
        "publish",
        text(&place.write("other", &[("a", b"a")])),
        "--product",
        "Pump",
        "--from",
        "pump-4.1",
        "--to",
        "x",
        "--platform",
        "LINUX64",
    ]);
    assert!(unknown.fails(1).contains("countersign product create"));
    assert_eq!(files_below(&place.path("data/files")), Vec::<std::path::PathBuf>::new());
    assert_eq!(place.json(&["package", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(place.json(&["update", "list"]).as_array().unwrap().len(), 0);
}

#[test]
fn a_stopped_publication_leaves_nothing() {
    let place = acme();
    let folder = place.write("out", &[("a.bin", b"a small file before the large one")]);
    // No bytes on the disk, but seconds of digesting.
    std::fs::File::create(folder.join("b.bin")).unwrap().set_len(8 << 30).unwrap();
    let words = ["release", "publish", text(&folder), "--product", "Pump firmware", "--from", "pump-4.1"];
    let running = place.begin(&[&words[..], &["--to", "pump-4.2", "--platform", "LINUX64"]].concat());
    while files_below(&place.path("data/files")).len() < 2 {
        std::thread::yield_now();
    }
    assert_eq!(running.terminate().code(), Some(1));
    assert_eq!(files_below(&place.path("data/files")), Vec::<std::path::PathBuf>::new());
    assert_eq!(place.json(&["package", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn keys_go_in_and_out() {
    let place = acme();
    let private = place.path("device-key.pem");
    let made = place.run(&["device", "keygen", "--out", text(&private)]).ok();
    let public = made.stdout.trim();
    assert!(place.run(&["device", "keygen", "--out", text(&private)]).fails(1).contains("is not replaced"));
    place.run_with_input(&["key", "upload", "-"], public).ok();
    assert_eq!(place.json(&["key", "list"])[0]["public_key"], public);

    let error = place.run(&["key", "upload", text(&private)]).fails(1);
    assert!(error.contains("this is a private key"), "{error}");

    let signing = place.json(&["key", "signing"]);
    assert_eq!(signing["created"], true);
    assert_eq!(place.run(&["key", "signing"]).ok().stdout.trim(), signing["public_key"]);
    assert_eq!(place.json(&["key", "signing"])["created"], false);

    place.run(&["key", "revoke", "1"]).ok();
    assert_eq!(place.json(&["key", "list"])[0]["active"], false);
    assert!(place.run(&["key", "revoke", "7"]).fails(1).contains("no authorization key 7"));

    let token = place.run(&["device", "token", "--key", text(&private), "--days", "2"]).ok();
    assert_eq!(token.stdout.trim().split('.').count(), 3);
    assert!(token.stderr.contains("expires"), "{}", token.stderr);
    assert_eq!(mode(&private), 0o600);
}

#[test]
fn users_get_passwords_that_are_shown_once_or_come_from_a_file() {
    let place = acme();
    let made = place.json(&["user", "add", "ada", "--role", "admin"]);
    assert_eq!(made["password"].as_str().unwrap().len(), 24);
    let quiet = place.run(&["user", "add", "bob", "-q"]).ok();
    assert!(quiet.stdout.contains("Password (shown only now): "), "a password that nobody sees: {}", quiet.stdout);
    let given = place.run_with_input(&["user", "add", "eve", "--password-file", "-"], "correct horse\n").ok();
    assert!(!given.stdout.contains("horse"), "{}", given.stdout);
    assert!(
        place.run_with_input(&["user", "add", "joe", "--password-file", "-"], "short\n").fails(1).contains("8 char")
    );
    assert!(place.run(&["user", "add", "ada"]).fails(1).contains("exists"));
    assert!(place.run(&["user", "password", "zoe"]).fails(1).contains("no user zoe"));
    assert_ne!(place.json(&["user", "password", "ada"])["password"], made["password"]);
    assert_eq!(place.run(&["user", "add", "kim", "--role", "owner"]).code, Some(2));

    let list = place.json(&["user", "list"]);
    let roles: Vec<_> = list.as_array().unwrap().iter().map(|user| user["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["admin", "publisher", "publisher"]);
    let token = place.json(&["access-token", "create", "ada", "--days", "30"]);
    assert!(token["access_token"].as_str().unwrap().starts_with("rna_"));
    assert!(token["ends_at"].is_string());
    assert!(place.run(&["access-token", "create", "zoe"]).fails(1).contains("no user zoe"));
}

#[test]
fn access_tokens_are_listed_without_themselves_and_revoked() {
    let place = acme();
    assert!(place.run(&["access-token", "list"]).ok().stdout.contains("access-token create USER"));
    place.run(&["user", "add", "ada"]).ok();
    let first = place.json(&["access-token", "create", "ada"]);
    let second = place.json(&["access-token", "create", "ada", "--days", "30"]);

    let list = place.json(&["access-token", "list"]);
    let ids: Vec<i64> = list.as_array().unwrap().iter().map(|token| token["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    let with_end = list.as_array().unwrap().iter().find(|token| token["ends_at"].is_string()).unwrap();
    assert_eq!(with_end["ends_at"], second["ends_at"]);
    assert_eq!((&with_end["username"], &with_end["active"]), (&Value::from("ada"), &Value::from(true)));
    let shown = place.run(&["access-token", "list"]).ok().stdout;
    assert!(shown.contains("ISSUED") && shown.contains("valid until"), "{shown}");
    for token in [&first, &second] {
        let token = token["access_token"].as_str().unwrap();
        assert!(!shown.contains(token) && !list.to_string().contains(token), "a token is shown again");
    }

    let id = with_end["id"].to_string();
    assert!(place.run(&["access-token", "revoke", &id]).ok().stdout.contains("is revoked"));
    assert_eq!(place.json(&["access-token", "list"]).as_array().unwrap().len(), 1);
    for unknown in [&id, "4711"] {
        assert!(place.run(&["access-token", "revoke", unknown]).fails(1).contains("access-token list"));
    }
    // The tokens of another site are not within reach.
    place.run(&["site", "create", "beta"]).ok();
    let other = ids.iter().map(ToString::to_string).find(|other| *other != id).unwrap();
    place.run(&["access-token", "revoke", &other, "--site", "beta"]).fails(1);
    assert_eq!(place.json(&["access-token", "list", "--site", "acme"]).as_array().unwrap().len(), 1);
}

#[test]
fn updates_are_created_shown_offered_and_withdrawn() {
    let place = acme();
    place.run(&["package", "create", "pump-4.2", "--product", "Pump firmware"]).ok();
    let words = ["update", "create", "--id", "up", "--from", "pump-4.1", "--to", "LINUX64=pump-4.2", "--inactive"];
    let texts = ["--language", "1033", "--title", "New", "--language", "1031", "--title", "Neu", "--end", "2099-12-31"];
    place.run(&[&words[..], &texts].concat()).ok();

    let update = place.json(&["update", "show", "up"]);
    assert_eq!(update["status"], "inactive");
    assert_eq!(update["end_date"], "2099-12-31");
    assert_eq!(update["texts"][1]["title"], "Neu");
    assert_eq!(update["to"][0]["platform"], "LINUX64");
    assert!(!update.to_string().contains("uuid"), "whoever knows the UUID gets the files: {update}");

    place.run(&["update", "activate", "up"]).ok();
    assert_eq!(place.json(&["update", "list"])[0]["status"], "active");
    place.run(&["update", "deactivate", "up"]).ok();
    assert!(place.run(&["update", "list"]).ok().stdout.contains("inactive"));
    assert!(place.run(&["update", "activate", "no"]).fails(1).contains("update list"));
    assert!(place.run(&["update", "show", "no"]).fails(1).contains("update list"));
    let wrong = ["update", "create", "--id", "x", "--from", "pump-4.1", "--to", "pump-4.2"];
    assert!(place.run(&wrong).stderr.contains("PLATFORM=PACKAGE"));
}

#[test]
fn the_site_is_found_or_named() {
    let place = Place::new();
    assert!(place.run(&["product", "list"]).fails(1).contains("there is no data directory"));
    assert!(!place.path("data").exists(), "a mistyped directory became a store");
    place.run(&["site", "create", "acme", "--host", "updates.acme.example"]).ok();
    assert_eq!(place.json(&["product", "list"]).as_array().unwrap().len(), 0);
    place.run(&["site", "create", "beta", "--base-url", "https://beta.example/"]).ok();
    assert!(place.run(&["product", "list"]).fails(1).contains("choose one with --site: acme, beta"));
    assert!(place.run(&["product", "list", "--site", "gamma"]).fails(1).contains("there are: acme, beta"));
    place.run(&["product", "create", "P", "--site", "beta"]).ok();
    assert_eq!(place.json(&["product", "list", "--site", "beta"])[0]["name"], "P");
    assert_eq!(place.json(&["product", "list", "--site", "acme"]).as_array().unwrap().len(), 0);
    let sites = place.json(&["site", "list"]);
    assert_eq!(sites[0]["hosts"][0], "updates.acme.example");
    assert_eq!(sites[1]["base_url"], "https://beta.example");
    assert!(place.run(&["site", "create", "acme"]).fails(1).contains("exists already"));
    assert_eq!(place.run(&["site", "create", "Not A Label"]).code, Some(2));
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Place::new().run(&["completions", shell]).ok().stdout;
        assert!(script.contains("access-token") && script.contains("publish"), "{shell}");
    }
}

fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
