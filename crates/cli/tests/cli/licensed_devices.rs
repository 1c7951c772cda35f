//! Devices that register at a running server, as commands beside it see them.

use serde_json::{Value, json};

use crate::support::{Place, Run, Running, program, run, text};

/// A site with a license `ACT-1` for two devices, and its server.
struct Site {
    place: Place,
    serving: Running,
}

impl Site {
    fn start() -> Self {
        let place = Place::new();
        place.run(&["site", "create", "acme"]).ok();
        place.run(&["product", "create", "Pump"]).ok();
        for name in ["Nordwind", "Rival"] {
            place.run(&["customer", "create", name]).ok();
            place.run(&["order", "create", name, "--customer", name]).ok();
            let key = if name == "Nordwind" { "ACT-1" } else { "ACT-2" };
            let words = ["license", "create", "--order", name, "--product", "Pump", "--key", key, "--limit", "2"];
            place.run(&words).ok();
        }
        let public = place.run(&["device", "keygen", "--out", text(&place.path("device-key.pem"))]).ok().stdout;
        place.run_with_input(&["key", "upload", "-"], &public).ok();
        let token = place.run(&["device", "token", "--key", text(&place.path("device-key.pem"))]).ok().stdout;
        let signing = place.run(&["key", "signing"]).ok().stdout;
        place.write("", &[("device.jwt", token.as_bytes()), ("signing-key.txt", signing.as_bytes())]);
        let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
        Self { place, serving }
    }

    /// What the device `id` does with an activation ID.
    fn register(&self, id: &str, key: &str) -> Run {
        let words = ["device", "register", "--url", &self.serving.base_url, "--key", "@signing-key.txt"];
        let mut command = program(&self.place.path(""));
        command.args(words).args(["--token", "@device.jwt", "--id", id, "--publisher", "acme", "--activation-id", key]);
        run(&mut command, "")
    }

    fn activations(&self, key: &str) -> Vec<String> {
        let list = self.place.json(&["license", "activations", key]);
        list.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn licenses_come_off_devices_and_go_to_others() {
    let site = Site::start();
    site.register("A", "ACT-1").ok();
    site.register("B", "ACT-1").ok();
    assert_eq!(site.activations("ACT-1"), ["A", "B"]);
    assert_eq!(site.register("C", "ACT-1").code, Some(6), "a third device fits on a license for two");
    let shown = site.place.json(&["device", "show", "A", "--publisher", "acme"]);
    assert_eq!((&shown["customer"], &shown["status"]), (&json!("Nordwind"), &json!("active")));
    assert_eq!((&shown["licenses"][0]["key"], &shown["licenses"][0]["product"]), (&json!("ACT-1"), &json!("Pump")));
    assert!(site.place.run(&["license", "show", "ACT-1"]).ok().stdout.contains("2 of 2"));

    site.place.run(&["license", "release", "ACT-1", "A", "--publisher", "acme"]).ok();
    assert_eq!(site.activations("ACT-1"), ["B"]);
    site.register("C", "ACT-1").ok();
    assert_eq!(site.activations("ACT-1"), ["B", "C"]);

    // A lower limit takes nothing away, and lets nothing in.
    let lowered = site.place.run(&["license", "set", "ACT-1", "--limit", "1"]).ok();
    assert!(lowered.stderr.contains("on 1 device more than it allows"), "{}", lowered.stderr);
    assert_eq!(site.place.json(&["license", "set", "ACT-1", "--limit", "0"])["excess"], 2);
    site.register("B", "ACT-1").ok();
    assert_eq!(site.register("A", "ACT-1").code, Some(6));
    assert_eq!(site.activations("ACT-1"), ["B", "C"]);
}

#[test]
fn devices_are_given_back_retired_and_handed_on() {
    let site = Site::start();
    site.register("A", "ACT-1").ok();
    let other_account = site.place.run(&["device", "set", "A", "--publisher", "acme", "--customer", "Rival"]).fails(1);
    assert!(other_account.contains("countersign license release KEY"), "{other_account}");
    assert_eq!(site.register("A", "ACT-2").code, Some(6), "a device has licenses of two accounts");

    let returned = site.place.json(&["device", "return", "A", "--publisher", "acme"]);
    assert_eq!((&returned["released"], &returned["status"]), (&json!(1), &json!("returned")));
    assert_eq!(site.activations("ACT-1"), Vec::<String>::new());
    site.place.run(&["device", "set", "A", "--publisher", "acme", "--customer", "Rival"]).ok();
    site.register("A", "ACT-2").ok();
    assert_eq!(site.place.json(&["device", "show", "A", "--publisher", "acme"])["status"], "active");

    site.place.run(&["device", "retire", "A", "--publisher", "acme"]).ok();
    assert_eq!(site.activations("ACT-2"), ["A"]);
    assert_eq!(site.register("A", "ACT-2").code, Some(6), "an obsolete device registers");
    let audit = site.place.json(&["audit", "list"]);
    let of_devices: Vec<&Value> = audit
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"].as_str().unwrap().starts_with("device."))
        .map(|entry| &entry["action"])
        .collect();
    assert_eq!(of_devices, ["device.return", "device.set-customer", "device.retire"]);
}
