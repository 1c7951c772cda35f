//! What has become of a license, by commands and by an application.

use serde_json::{Value, json};
use ureq::http::Method;

use crate::http::{Caller, license_proof};
use crate::support::Place;

#[test]
fn a_license_has_a_history_of_devices_and_units() {
    let place = Place::new();
    for words in [
        &["site", "create", "acme"][..],
        &["product", "create", "Pump"],
        &["feature", "create", "PAGES", "--product", "Pump", "--name", "Pages"],
        &["feature", "set", "PAGES", "--product", "Pump", "--type", "consumption", "--units", "100"],
        &["customer", "create", "Nordwind"],
        &["order", "create", "SO-1", "--customer", "Nordwind"],
    ] {
        place.run(words).ok();
    }
    let license = ["license", "create", "--order", "SO-1", "--product", "Pump", "--key", "ACT-1", "--feature", "PAGES"];
    place.run(&[&license[..], &["--type", "consumption", "--units", "10"]].concat()).ok();
    let key = place.json(&["api-key", "create"]);
    let (api_key, shared_key) = (key["api_key"].as_str().unwrap(), key["shared_key"].as_str().unwrap());

    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let mut caller = Caller::new(&serving.base_url);
    let mut call = |path: &str, more: &Value| {
        let mut body = json!({ "product": "Pump", "hardware_id": "HW-1", "license_key": "ACT-1" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let proof = license_proof(api_key, shared_key);
        caller.ask(Method::POST, &format!("/api/v4/{path}"), &proof, body.to_string())
    };
    call("activate_license", &json!({})).expect(200);
    call("add_consumption", &json!({ "consumptions": 8 })).expect(200);
    call("add_consumption", &json!({ "consumptions": 8 })).expect(400);
    call("add_consumption", &json!({ "consumptions": -3 })).expect(200);
    call("add_feature_consumption", &json!({ "consumptions": 40, "feature": "PAGES" })).expect(200);
    call("deactivate_license", &json!({})).expect(200);
    drop(serving);

    let all = place.json(&["license", "history", "ACT-1"]);
    let row = |row: &Value| {
        let member = |name: &str| row[name].clone();
        (member("event"), row["device"]["id"].clone(), member("feature"), member("units"), member("total"))
    };
    let none = Value::Null;
    let expected = [
        ("license.created", &none, &none, &none, &none),
        ("license.activated", &json!("HW-1"), &none, &none, &none),
        ("license.units-counted", &json!("HW-1"), &none, &json!(8), &json!(8)),
        ("license.units-counted", &json!("HW-1"), &none, &json!(-3), &json!(5)),
        ("license.units-counted", &json!("HW-1"), &json!("PAGES"), &json!(40), &json!(40)),
        ("license.released", &json!("HW-1"), &none, &none, &none),
    ];
    let expected = expected.map(|(event, device, feature, units, total)| {
        (json!(event), device.clone(), feature.clone(), units.clone(), total.clone())
    });
    assert_eq!(all.as_array().unwrap().iter().map(row).collect::<Vec<_>>(), expected);
    assert_eq!((&all[0]["channel"], &all[1]["channel"]), (&json!("command-line"), &json!("license-door")));

    let after = all[2]["row"].to_string();
    let part = place.json(&["license", "history", "ACT-1", "--after", &after, "--limit", "2"]);
    assert_eq!(part, Value::from(&all.as_array().unwrap()[3..5]));
    let shown = place.run(&["license", "history", "ACT-1", "--after", &after]).ok().stdout;
    assert!(shown.starts_with("ROW  TIME") && shown.contains("units-counted  HW-1    PAGES    40     40"), "{shown}");
    let error = place.run(&["license", "history", "ACT-2"]).fails(1);
    assert!(error.contains("countersign license list") && !error.contains("ACT-"), "{error}");
}
