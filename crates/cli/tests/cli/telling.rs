//! What a device tells by command: registration, status reports and events, against a demonstration server.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Place, Run, Running, program, run, text};

/// A demonstration server, and the commands of a device with its credentials.
struct World {
    place: Place,
    _serving: Running,
}

impl World {
    fn start() -> Self {
        let place = Place::new();
        let release = place.write("release", &[("app.bin", b"the new app")]);
        let mut serving = place.serve(&["demo", "--release", text(&release)]);
        serving.read_until("Serving until");
        Self { place, _serving: serving }
    }

    fn device(&self, words: &[&str]) -> Run {
        let mut command = program(&self.place.path(""));
        command.arg("device").args(words).arg("--credentials").arg(self.place.path("data/credentials.json"));
        run(&mut command, "")
    }

    /// The same as another device than the one of the credentials.
    fn other(&self, id: &str, words: &[&str]) -> Run {
        self.device(&[words, &["--id", id]].concat())
    }

    fn updates(&self, id: &str) -> Vec<String> {
        let list = self.other(id, &["check", "--json"]).ok().json();
        let ids = list["updates"].as_array().unwrap().iter();
        ids.map(|update| update["update_id"].as_str().unwrap().to_owned()).collect()
    }

    fn downloads(&self) -> PathBuf {
        self.place.path("downloads")
    }
}

fn activation_id(place: &Place) -> String {
    let file = std::fs::read_to_string(place.path("data/credentials.json")).unwrap();
    let file: Value = serde_json::from_str(&file).unwrap();
    file["device"]["activation_id"].as_str().unwrap().to_owned()
}

const OPEN: &str = "update-demo-2.0";
const LICENSED: &str = "update-demo-licensed";

#[test]
fn a_registration_with_an_activation_id_opens_an_update() {
    let world = World::start();
    let unknown = world.other("NEW-1", &["check"]).ok().stdout;
    assert!(unknown.contains("The server says: device.unknown"), "{unknown}");
    assert_eq!(world.updates("NEW-1"), [OPEN]);

    // Without an activation ID the device is known, and entitled to nothing.
    let without = world.other("NEW-1", &["register", "--activation-id", ""]).ok();
    assert!(without.stdout.starts_with("Registered NEW-1 of demo; nothing was activated"), "{}", without.stdout);
    assert_eq!(world.updates("NEW-1"), [OPEN]);

    // The activation ID of the credentials file is taken when none is given.
    let registered = world.other("NEW-1", &["register"]).ok();
    assert!(registered.stdout.starts_with("Registered NEW-1 of demo; what the"), "{}", registered.stdout);
    assert_eq!(world.updates("NEW-1"), [OPEN, LICENSED]);
    let again = world.other("NEW-1", &["register", "--json"]).ok().json();
    assert_eq!((&again["registered"]["id"], &again["activated"]), (&Value::from("NEW-1"), &Value::from(true)));

    let id = activation_id(&world.place);
    let file = world.place.write("", &[("id.txt", format!("{id}\n").as_bytes())]).join("id.txt");
    world.other("NEW-2", &["register", "-q", "--activation-id", &format!("@{}", text(&file))]).ok();
    assert_eq!(world.updates("NEW-2"), [OPEN, LICENSED]);
}

#[test]
fn a_refused_registration_has_its_status_and_key() {
    let world = World::start();
    let error = world.other("NEW-1", &["register", "--activation-id", "ACT-NOBODY"]).fails(6);
    assert!(error.contains("the server does not accept the registration (activation.unknown: "), "{error}");
    let error = world.device(&["register", "--id", "NEW-1", "--publisher", ""]).fails(6);
    assert!(error.contains("request.field.missing") && error.contains("[publisherName]"), "{error}");
    world.other("NEW-1", &["register", "--token", "e30.e30.AAAA"]).fails(4);
    world.other("NEW-1", &["register", "--url", "http://127.0.0.1:1"]).fails(5);
    assert_eq!(world.updates("NEW-1"), [OPEN], "a refused registration left something behind");

    let key = std::fs::read_to_string(world.place.path("data/credentials.json")).unwrap();
    let key: Value = serde_json::from_str(&key).unwrap();
    let key = key["device"]["signing_public_key"].as_str().unwrap();
    let mut command = program(&world.place.path(""));
    let nameless = ["device", "register", "--url", "http://127.0.0.1:1", "--token", "e30.e30.AAAA", "--key", key];
    let error = run(command.args(nameless), "").fails(1);
    assert!(error.contains("the device must say who it is; give --id and --publisher"), "{error}");
}

#[test]
fn reports_are_told_in_numbers_and_words() {
    let world = World::start();
    let said = world.device(&["report", "--update-id", OPEN, "--status", "install-completed"]).ok();
    assert_eq!(said.stdout, format!("Reported of update {OPEN}: install completed.\n"));
    let words = ["report", "--update-id", OPEN, "--status", "7", "--reason", "odd", "--json"];
    let document = world.device(&words).ok().json();
    assert_eq!((&document["reported"]["status"], &document["reported"]["reason"]), (&7.into(), &"odd".into()));
    world.device(&["report", "--update-id", OPEN, "--status", "-1", "-q"]).ok();

    let unknown = world.device(&["report", "--update-id", "no-such", "--status", "0"]).fails(6);
    assert!(unknown.contains("(update.unknown: "), "{unknown}");
    let stranger = world.other("STRANGER", &["report", "--update-id", OPEN, "--status", "0"]).fails(6);
    assert!(stranger.contains("(device.unknown: ") && stranger.contains("[STRANGER]"), "{stranger}");
    assert_eq!(world.device(&["report", "--update-id", OPEN, "--status", "done"]).code, Some(2));
}

#[test]
fn events_are_logged_for_registered_devices() {
    let world = World::start();
    let words = ["event", "selfTest", "--group", "afterUpdate", "--value", "pass 14/14", "--update-id", OPEN];
    assert!(world.device(&words).ok().stdout.starts_with("Logged event selfTest of "));
    let document = world.device(&["event", "started", "--json"]).ok().json();
    assert_eq!((&document["logged"]["name"], &document["logged"]["group"]), (&"started".into(), &"".into()));
    assert!(world.other("STRANGER", &["event", "started"]).fails(6).contains("(device.unknown: "));
    assert!(world.device(&["event", &"x".repeat(256)]).fails(6).contains("(event.name.invalid: "));
}

#[test]
fn an_update_reports_how_it_goes_unless_it_is_told_not_to() {
    let world = World::start();
    let into = world.downloads();
    let into_folder = ["update", "--into", text(&into)];
    let told = world.device(&into_folder).ok().stdout;
    let position = |text: &str| told.find(text).unwrap_or_else(|| panic!("{text} is not in {told}"));
    assert!(position("✓ Reported: download started") < position("✓ app.bin: 11 bytes, SHA-256 verified"));
    assert!(position("✓ app.bin: 11 bytes") < position("✓ Reported: download completed"));

    let document = world.device(&[&into_folder[..], &["--json", "--update", LICENSED]].concat()).ok().json();
    let statuses: Vec<_> = document["reports"].as_array().unwrap().iter().map(|report| &report["status"]).collect();
    assert_eq!(statuses, [0, 1]);
    assert!(document["reports"][0]["reported"] == true && document["reports"][0]["error"].is_null(), "{document}");
    let silent = world.device(&[&into_folder[..], &["--json", "--no-report"]].concat()).ok().json();
    assert_eq!(silent["reports"].as_array().unwrap().len(), 0);
    assert_eq!(silent["files"][0]["name"], "app.bin");

    // The device is not known, so its reports are not accepted; the update is none the worse for it.
    let stranger = world.other("STRANGER", &[&into_folder[..], &["--json"]].concat()).ok();
    assert!(stranger.stderr.contains("Not reported: download started; the server does not"), "{}", stranger.stderr);
    assert_eq!(stranger.json()["reports"][1]["reported"], false);
    assert_eq!(std::fs::read(into.join("app.bin")).unwrap(), b"the new app");
}
