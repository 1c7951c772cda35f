//! Credentials for an account, a customer or a license, as producers make them and applications notice.

use serde_json::json;
use ureq::http::Method;

use crate::http::{Caller, license_proof};
use crate::support::Place;

#[test]
fn credentials_are_made_for_a_part_of_what_was_sold() {
    let place = Place::new();
    for words in [
        &["site", "create", "acme"][..],
        &["product", "create", "Pump"],
        &["account", "create", "Wind"],
        &["customer", "create", "North", "--account", "Wind"],
        &["customer", "create", "Alone"],
        &["order", "create", "SO-1", "--customer", "North"],
        &["order", "create", "SO-2", "--customer", "Alone"],
        &["license", "create", "--order", "SO-1", "--product", "Pump", "--key", "NORTH-1"],
        &["license", "create", "--order", "SO-2", "--product", "Pump", "--key", "ALONE-1"],
    ] {
        place.run(words).ok();
    }
    std::fs::write(place.path("license-key.txt"), "NORTH-1\n").unwrap();
    let parts =
        [&[][..], &["--account", "Wind"], &["--customer", "Alone"], &["--license", "@license-key.txt"]].map(|part| {
            let made = place.json(&[&["api-key", "create"], part].concat());
            (made["api_key"].as_str().unwrap().to_owned(), made["shared_key"].as_str().unwrap().to_owned())
        });
    let listed = place.json(&["api-key", "list"]);
    let ids = listed.as_array().unwrap().iter().map(|key| {
        let id = |name: &str| key[name].as_i64();
        (id("account_id"), id("customer_id"), id("license_id"))
    });
    let expected = [(None, None, Some(1)), (None, Some(2), None), (Some(1), None, None), (None, None, None)];
    assert_eq!(ids.collect::<Vec<_>>(), expected);
    let told = place.run(&["api-key", "list"]).ok().stdout;
    let lines: Vec<_> = told.lines().skip(1).collect();
    for (line, words) in lines.iter().zip(["license 1", "customer Alone", "account Wind", "all"]) {
        assert!(line.contains(words), "{line}");
    }
    assert!(!told.contains("NORTH-1"), "{told}");
    let error = place.run(&["api-key", "create", "--customer", "Nobody"]).fails(1);
    assert!(error.contains("no customer \"Nobody\"; see: countersign customer list"), "{error}");

    let application = place.json(&["app", "create", "Fleet", "--scope", "api.license"]);
    let id = application["client_id"].as_str().unwrap();
    let limited = place.json(&["app", "set", id, "--customer", "North"]);
    assert_eq!((&limited["customer_id"], &limited["account_id"]), (&json!(1), &json!(null)));
    let kept = place.json(&["app", "set", id, "--name", "Ships"]);
    assert_eq!(kept["customer_id"], 1, "what is not named stays");
    assert!(place.run(&["app", "show", id]).ok().stdout.contains("customer North"));
    let whole = place.json(&["app", "set", id, "--whole-site"]);
    assert_eq!(whole["customer_id"], json!(null));
    place.run(&["app", "set", id, "--license", "ALONE-9"]).fails(1);

    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let mut caller = Caller::new(&serving.base_url);
    for ((key, shared), own) in
        parts.iter().zip([&["NORTH-1", "ALONE-1"][..], &["NORTH-1"], &["ALONE-1"], &["NORTH-1"]])
    {
        for license in ["NORTH-1", "ALONE-1"] {
            let body = json!({ "product": "Pump", "hardware_id": "HW-1", "license_key": license }).to_string();
            let proof = license_proof(key, shared);
            let answer = caller.ask(Method::POST, "/api/v4/activate_license", &proof, body);
            if own.contains(&license) {
                answer.expect(200);
            } else {
                assert_eq!(answer.expect(400).json()["code"], "license_not_found");
            }
        }
    }
}
