//! The demonstration: what it verifies, what it writes, and what it keeps.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{Place, Run, files_below, program, run, text};

fn demo(place: &Place, release: &std::path::Path, more: &[&str]) -> Run {
    let words = ["demo", "--exit", "--listen", "127.0.0.1:0", "--release", text(release)];
    place.run(&[&words, more].concat())
}

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn credentials(place: &Place) -> Value {
    serde_json::from_str(&std::fs::read_to_string(place.path("data/credentials.json")).unwrap()).unwrap()
}

#[test]
fn every_step_holds_and_the_last_line_says_what_was_verified() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", &[7; 100_000]), ("README.txt", b"read me")]);
    let shown = demo(&place, &release, &[]).ok();
    assert!(shown.stdout.starts_with("Countersign is ready at http://127.0.0.1:"), "{}", shown.stdout);
    assert!(
        shown.last_line().starts_with("Verified: signed list, signed manifest and 2 files (100,007 bytes);"),
        "{}",
        shown.stdout
    );
    for said in [
        "offered before registration: demo-1.0 -> demo-2.0, and nothing else",
        "✓ Registration, unknown activation ID: refused with activation.unknown",
        "offered besides, because of the license: demo-1.0 -> demo-licensed",
        "reported: download started, download completed, install completed",
        "✓ Event: selfTest logged",
        "✓ Events, login: back-office got a token; http://127.0.0.1:",
        "✓ Events, wrong password: refused with 401",
        "✓ Webhook: lineitem.activated for order ",
        "arrived, signature verified; one byte changed in its body, another ID or time: 3 of 3 refused",
        "✓ Webhook without signature: refused by the receiver with 401",
        "✓ License, wrong shared key: refused with 401 signature_mismatch",
        "✓ License, two devices and one seat: the second is refused with 400 floating_not_available, and has the seat once",
        "✓ License deactivation: both licenses taken off the device; a check is refused with 400 license_not_active",
    ] {
        assert!(shown.stdout.contains(said), "{said} is not in {}", shown.stdout);
    }
    assert_eq!(std::fs::read(place.path("data/device-downloads/app.bin")).unwrap(), vec![7; 100_000]);
    assert_eq!(mode(&place.path("data/device-downloads")), 0o700);
    assert!(!shown.stderr.contains("WARN") && !shown.stderr.contains("ERROR"), "{}", shown.stderr);

    let document = demo(&place, &release, &["--json"]).ok().json();
    assert_eq!(document["steps"].as_array().unwrap().len(), 28);
    assert_eq!(document["summary"], shown.last_line());
}

#[test]
fn the_credentials_file_is_private_and_has_what_outside_programs_read() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"app")]);
    demo(&place, &release, &[]).ok();
    assert_eq!(mode(&place.path("data/credentials.json")), 0o600);
    let file = credentials(&place);
    let texts = [
        "/base_url",
        "/site",
        "/device/authorization_private_key",
        "/device/token",
        "/device/signing_public_key",
        "/device/id",
        "/device/id_type",
        "/device/publisher_name",
        "/device/activation_id",
        "/device/update_from_pkg_id",
        "/device/platform",
        "/producer/username",
        "/producer/password",
        "/producer/access_token",
        "/events/username",
        "/events/password",
        "/oauth/client_id",
        "/oauth/client_secret",
        "/oauth/storage",
        "/license_api/api_key",
        "/license_api/shared_key",
        "/license_api/public_key",
        "/license_api/product",
        "/license_api/bundle",
        "/license_api/client_id",
        "/license_api/client_secret",
        "/license_api/user/email",
        "/license_api/user/password",
        "/license_api/trial_product",
    ];
    for member in texts {
        let text = file.pointer(member).and_then(Value::as_str).unwrap_or_else(|| panic!("{member} is missing"));
        assert!(!text.is_empty(), "{member} is empty");
    }
    assert_eq!(file["site"], "demo");
    assert_eq!(file["device"]["language"], 1033);
    assert!(file["device"]["authorization_private_key"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert!(file["producer"]["access_token"].as_str().unwrap().starts_with("rna_"));
    let keys = file["license_api"]["license_keys"].as_object().unwrap();
    assert_eq!(keys.len(), 9);
    assert!(keys.values().all(|keys| keys.as_array().is_some_and(|keys| keys.len() == 3)), "{keys:?}");
    let count = |pointer: &str| file.pointer(pointer).unwrap().as_object().unwrap().len();
    let counts = ["", "/device", "/producer", "/events"].map(count);
    assert_eq!(counts, [7, 10, 3, 2], "a member is missing, or not known here");
}

#[test]
fn a_second_run_keeps_keys_and_credentials() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"app")]);
    demo(&place, &release, &[]).ok();
    let first = credentials(&place);
    demo(&place, &release, &[]).ok();
    let second = credentials(&place);
    assert_eq!(first["device"], second["device"]);
    assert_eq!(first["producer"], second["producer"]);
    assert_eq!(first["events"], second["events"]);
    assert_eq!(place.json(&["webhook", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(place.json(&["key", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(place.json(&["update", "list"]).as_array().unwrap().len(), 2);
}

/// Registers new devices with the activation ID of the credentials file until there is no room; returns how many fitted.
fn fill(place: &Place, serving: &str, prefix: &str) -> usize {
    let register = |number: usize| {
        let id = format!("{prefix}-{number}");
        let words = ["device", "register", "-q", "--id", &id, "--url", serving, "--credentials"];
        run(program(&place.path("")).args(words).arg(place.path("data/credentials.json")), "")
    };
    for number in 0..100 {
        let registered = register(number);
        if registered.code != Some(0) {
            assert!(registered.fails(6).contains("(activation.exhausted: "));
            return number;
        }
    }
    panic!("there is no end to the license");
}

#[test]
fn every_start_leaves_room_for_more_devices() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"app")]);
    let activation_id = |place: &Place| credentials(place)["device"]["activation_id"].clone();
    let mut ids = Vec::new();
    for prefix in ["FIRST", "SECOND"] {
        let mut serving = place.serve(&["demo", "--release", text(&release)]);
        serving.read_until("Serving until");
        let fitted = fill(&place, &serving.base_url, prefix);
        assert!(fitted >= 3, "{prefix}: {fitted} devices fitted");
        ids.push(activation_id(&place));
        assert!(serving.terminate().success());
    }
    assert_eq!(ids[0], ids[1], "the key of the credentials file was not kept");
}

#[test]
fn what_the_producer_has_ended_does_not_end_the_demonstration() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"app")]);
    demo(&place, &release, &[]).ok();
    let before = credentials(&place)["device"].clone();
    let key = before["activation_id"].as_str().unwrap();
    place.run(&["license", "set", key, "--status", "disabled"]).ok();
    let (id, publisher) = (before["id"].as_str().unwrap(), before["publisher_name"].as_str().unwrap());
    place.run(&["device", "retire", id, "--publisher", publisher]).ok();
    place.run(&["update", "deactivate", "update-demo-licensed"]).ok();

    demo(&place, &release, &[]).ok();
    let after = credentials(&place)["device"].clone();
    assert_ne!(after["activation_id"], before["activation_id"], "a disabled license was kept");
    assert_eq!(place.json(&["license", "show", key])["status"], "disabled", "what the producer has decided was undone");
}

#[test]
fn another_product_has_a_license_of_its_own() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"app")]);
    demo(&place, &release, &[]).ok();
    let with_release = credentials(&place)["device"].clone();
    place.run(&["demo", "--exit", "--listen", "127.0.0.1:0"]).ok();
    let with_program = credentials(&place)["device"].clone();
    assert_ne!(with_release["activation_id"], with_program["activation_id"]);
    demo(&place, &release, &[]).ok();
    assert_eq!(credentials(&place)["device"], with_release, "the license that was there already was not found again");
}

#[test]
fn only_what_is_missing_is_made_again() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"app")]);
    demo(&place, &release, &[]).ok();
    let mut file = credentials(&place);
    let before = file.clone();
    file["device"].as_object_mut().unwrap().remove("token");
    file["producer"].as_object_mut().unwrap().remove("access_token");
    file["device"]["activation_id"] = Value::from("ACT-1");
    file["device"]["serial"] = Value::from("S-1");
    std::fs::write(place.path("data/credentials.json"), file.to_string()).unwrap();
    demo(&place, &release, &[]).ok();
    let after = credentials(&place);
    for kept in ["/device/authorization_private_key", "/device/signing_public_key", "/producer/password"] {
        assert_eq!(before.pointer(kept), after.pointer(kept), "{kept}");
    }
    assert_eq!(after["device"]["serial"], "S-1", "a member of another version was lost");
    let before_id = before.pointer("/device/activation_id");
    assert_eq!(after.pointer("/device/activation_id"), before_id, "a key that nobody issued stayed");
    assert!(after["device"]["token"].is_string());
    assert_ne!(before["producer"]["access_token"], after["producer"]["access_token"]);
}

#[test]
fn other_files_become_the_next_version_and_the_only_offer() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"one")]);
    demo(&place, &release, &[]).ok();
    place.write("release", &[("app.bin", b"two")]);
    demo(&place, &release, &[]).ok();
    assert_eq!(std::fs::read(place.path("data/device-downloads/app.bin")).unwrap(), b"two");
    place.write("release", &[("app.bin", b"one")]);
    demo(&place, &release, &[]).ok();
    assert_eq!(std::fs::read(place.path("data/device-downloads/app.bin")).unwrap(), b"one");
    let updates = place.json(&["update", "list"]);
    let states: Vec<_> = updates.as_array().unwrap().iter().map(|update| update["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["active", "inactive", "active"], "the last one is for those who have a license");
}

#[test]
fn a_taken_port_is_said_and_another_one_used() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"app")]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let words = ["demo", "--exit", "--release", text(&release)];
    let mut command = program(&place.path(""));
    let shown = run(command.env("COUNTERSIGN_LISTEN", &address).args(words), "").ok();
    assert!(shown.stderr.contains(&format!("{address} cannot be used")), "{}", shown.stderr);
    let ready = shown.stdout.lines().next().unwrap();
    assert!(ready.starts_with("Countersign is ready at http://127.0.0.1:") && !ready.contains(&address), "{ready}");
    assert!(place.path("countersign-demo/credentials.json").exists());

    // Who names an address on the command line gets that one, or none.
    let error = run(program(&place.path("")).args(words).args(["--listen", &address]), "").fails(1);
    assert!(error.contains(&address), "{error}");
}

#[test]
fn it_serves_until_it_is_told_to_stop() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"app")]);
    let mut serving = place.serve(&["demo", "--release", text(&release)]);
    assert_eq!(credentials(&place)["base_url"], serving.base_url.as_str(), "the file is there before the ready line");
    serving.read_until("Serving until");
    assert!(serving.terminate().success());
}

#[test]
fn webhooks_leave_for_the_receiver_of_the_demonstration_alone() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"app")]);
    let mut serving = place.serve(&["demo", "--release", text(&release)]);
    serving.read_until("Serving until");
    let login = credentials(&place)["events"].clone();
    let (username, password) = (login["username"].as_str().unwrap(), login["password"].as_str().unwrap());
    let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
    let url = |path: &str| format!("{}/notifications/api/v1/{path}", serving.base_url);
    let basic = countersign_crypto::encoding::base64_encode(format!("{username}:{password}").as_bytes());
    let request = agent.post(url("authenticate")).header("authorization", format!("Basic {basic}"));
    let answer: Value =
        serde_json::from_slice(&request.send_empty().unwrap().body_mut().read_to_vec().unwrap()).unwrap();
    let bearer = format!("Bearer {}", answer["token"].as_str().unwrap());

    let other = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for refused in [format!("http://{other}/"), serving.base_url.clone()] {
        let document = serde_json::json!({ "name": "other", "url": refused }).to_string();
        let request = agent.post(url("endpoints")).header("authorization", &bearer);
        let answer = request.header("content-type", "application/json").send(&document).unwrap();
        assert_eq!(answer.status(), 422, "{refused}");
    }
    let known = place.json(&["webhook", "list"])[0]["url"].as_str().unwrap().to_owned();
    let document = serde_json::json!({ "name": "other", "url": known }).to_string();
    let request = agent.post(url("endpoints")).header("authorization", &bearer);
    assert_eq!(request.header("content-type", "application/json").send(&document).unwrap().status(), 201);
    assert!(serving.terminate().success());
}

#[test]
fn a_damaged_credentials_file_is_not_replaced() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"app")]);
    place.write("data", &[("credentials.json", b"{")]);
    let error = demo(&place, &release, &[]).fails(1);
    assert!(error.contains("is not a credentials file"), "{error}");
    assert_eq!(std::fs::read(place.path("data/credentials.json")).unwrap(), b"{");
}

#[test]
fn a_step_that_does_not_hold_fails_the_demonstration() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", &[7; 10_000])]);
    demo(&place, &release, &[]).ok();
    // The stored bytes are damaged behind the server's back; the release itself is already published.
    let stored = files_below(&place.path("data/files"));
    let object = stored.iter().find(|file| std::fs::metadata(file).unwrap().len() == 10_000).unwrap();
    let mut bytes = std::fs::read(object).unwrap();
    bytes[5_000] ^= 1;
    std::fs::remove_file(object).unwrap();
    std::fs::write(object, bytes).unwrap();

    let error = demo(&place, &release, &[]).fails(1);
    assert!(error.contains("the step \"Download app.bin\" failed; see the cause below"), "{error}");
    assert!(error.contains("because: Refused: app.bin has the wrong SHA-256 digest"), "{error}");
}
