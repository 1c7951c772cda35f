//! Documents for programs: what a command that creates something prints is what is shown of it later.

use serde_json::{Value, json};

use crate::support::{Place, text};

/// The entry of a list that has a value in a member.
fn entry(list: &Value, member: &str, value: &str) -> Value {
    list.as_array().unwrap().iter().find(|entry| entry[member] == value).unwrap().clone()
}

#[test]
fn what_is_created_is_printed_as_it_is_shown() {
    let place = Place::new();
    let site = place.json(&["site", "create", "acme", "--host", "Acme.example"]);
    assert_eq!(site, place.json(&["site", "list"])[0]);
    let product = place.json(&["product", "create", "Pump"]);
    assert_eq!(product, place.json(&["product", "list"])[0]);
    let account = place.json(&["account", "create", "Group"]);
    assert_eq!(account, place.json(&["account", "list"])[0]);
    let customer = place.json(&["customer", "create", "Nordwind", "--account", "Group"]);
    assert_eq!(customer, place.json(&["customer", "show", "Nordwind"]));
    let order = place.json(&["order", "create", "SO-1", "--customer", "Nordwind"]);
    assert_eq!(order, entry(&place.json(&["order", "list"]), "number", "SO-1"));
    let device = place.json(&["device", "add", "SRV-1", "--publisher", "acme", "--class", "server"]);
    assert_eq!(device, place.json(&["device", "show", "SRV-1", "--publisher", "acme"]));
    for package in ["pump-1", "pump-2"] {
        let created = place.json(&["package", "create", package, "--product", "Pump"]);
        assert_eq!(created, place.json(&["package", "show", package]));
    }
    let words = ["update", "create", "--id", "up", "--from", "pump-1", "--to", "LINUX64=pump-2", "--title", "New"];
    assert_eq!(place.json(&words), place.json(&["update", "show", "up"]));
}

#[test]
fn one_key_and_all_keys_are_revoked_in_one_shape() {
    let place = Place::new();
    place.run(&["site", "create", "acme"]).ok();
    for name in ["a.pem", "b.pem", "c.pem"] {
        let public = place.run(&["device", "keygen", "--out", text(&place.path(name))]).ok().stdout;
        place.run_with_input(&["key", "upload", "-"], &public).ok();
    }
    assert_eq!(place.json(&["key", "revoke", "2"]), json!({ "revoked": [2] }));
    assert_eq!(place.json(&["key", "revoke", "--all"]), json!({ "revoked": [3, 1] }));
    assert_eq!(place.json(&["key", "revoke", "--all"]), json!({ "revoked": [] }));
}

#[test]
fn the_list_of_signing_keys_says_which_one_signs() {
    let place = Place::new();
    place.run(&["site", "create", "acme"]).ok();
    place.run(&["key", "signing"]).ok();
    assert_eq!(place.json(&["key", "signing", "--all"])[0]["signing"], true, "the only key signs at once");
    place.run(&["key", "rotate-signing"]).ok();
    let list = place.json(&["key", "signing", "--all"]);
    let signing: Vec<_> = list.as_array().unwrap().iter().filter(|key| key["signing"] == true).collect();
    assert_eq!(signing.len(), 1, "{list}");
    assert!(place.run(&["key", "signing", "--all"]).ok().stdout.contains("SIGNS"));
}

#[test]
fn a_license_says_on_how_many_devices_it_may_be() {
    let place = Place::new();
    place.run(&["site", "create", "acme"]).ok();
    place.run(&["product", "create", "Pump"]).ok();
    place.run(&["customer", "create", "Nordwind"]).ok();
    place.run(&["order", "create", "SO-1", "--customer", "Nordwind"]).ok();
    place.run(&["license", "create", "--order", "SO-1", "--product", "Pump", "--key", "ACT-0001"]).ok();
    for (limit, said) in
        [("unlimited", "on 0 devices, of any number."), ("1", "on 0 of 1 device."), ("5", "on 0 of 5 devices.")]
    {
        let shown = place.run(&["license", "set", "ACT-0001", "--limit", limit]).ok().stdout;
        assert!(shown.contains(said), "{shown}");
    }
}

#[test]
fn a_publisher_without_a_device_is_not_ignored() {
    let place = Place::new();
    place.run(&["site", "create", "acme"]).ok();
    for history in ["reports", "events"] {
        place.run(&["device", history]).ok();
        for more in [&["--publisher", "acme"][..], &["--id-type", "MAC"]] {
            let run = place.run(&[&["device", history], more].concat());
            assert_eq!(run.code, Some(2), "{history} {more:?}: {}", run.stdout);
        }
    }
}
