//! Keys that only the server knows: the master key, and the secrets of a site.

use std::fs;
use std::process::Stdio;

use serde_json::json;
use ureq::http::Method;

use super::run_with;
use crate::beside_a_server::{check, published};
use crate::http::{Caller, license_proof};
use crate::support::{Place, Run, program, text};

/// Runs a command with the master key in a file.
fn with_key(place: &Place, key: &str, words: &[&str]) -> Run {
    run_with(place, &[("COUNTERSIGN_MASTER_KEY_FILE", text(&place.path(key)))], words)
}

#[test]
fn after_a_rotation_the_old_master_key_is_refused_and_the_new_one_works() {
    let place = published();
    place.run(&["user", "add", "ada"]).ok();
    let token = place.json(&["access-token", "create", "ada"])["access_token"].as_str().unwrap().to_owned();
    let signing = place.run(&["key", "signing"]).ok().stdout;
    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let mut caller = Caller::new(&serving.base_url);
    caller.fetch("/readyz", "").expect(200);

    let new = place.path("new.key");
    let rotated = place.json(&["key", "rotate-master", "--new-key-file", text(&new)]);
    let counts = [&rotated["made"], &rotated["sites"], &rotated["signing_keys"], &rotated["site_secrets"]];
    assert_eq!(counts, [&json!(true), &json!(1), &json!(1), &json!(2)]);
    // The server that runs with the old key is not ready any more.
    caller.fetch("/readyz", "").expect(503);
    drop(serving);

    let error = place.run(&["key", "signing"]).fails(1);
    assert!(error.contains("the master key is not the one"), "{error}");
    assert_eq!(with_key(&place, "new.key", &["key", "signing"]).ok().stdout, signing);
    let error = with_key(&place, "new.key", &["key", "rotate-master", "--new-key-file", text(&new)]).fails(1);
    assert!(error.contains("is the one that is in use"), "{error}");

    fs::rename(&new, place.path("data/master.key")).unwrap();
    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    assert_eq!(check(&place, &serving.base_url).ok().json()["updates"][0]["to"], "pump-2");
    let mut caller = Caller::new(&serving.base_url);
    // Tokens are digests under a key that was sealed anew and stayed the same.
    let path = "/flexnet/operations/api/updates/update-signing-key";
    caller.fetch(path, &format!("Bearer {token}")).expect(200);
    assert_eq!(place.run(&["doctor"]).code, Some(0));
}

#[test]
fn applications_of_the_license_door_do_not_notice_a_rotation() {
    let place = published();
    let made = place.json(&["api-key", "create"]);
    let (api_key, shared_key) = (made["api_key"].as_str().unwrap(), made["shared_key"].as_str().unwrap());
    let public = place.run(&["key", "license"]).ok().stdout;
    place.run(&["key", "rotate-master", "--new-key-file", text(&place.path("new.key"))]).ok();
    fs::rename(place.path("new.key"), place.path("data/master.key")).unwrap();

    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let mut caller = Caller::new(&serving.base_url);
    let mut products = |shared_key: &str| {
        caller.ask(Method::GET, "/api/v4/products", &license_proof(api_key, shared_key), String::new())
    };
    assert_eq!(products(shared_key).expect(200).json()[0]["product_name"], "Pump");
    let refused = products(&format!("{shared_key}x")).expect(401).json();
    assert_eq!(refused["code"], "signature_mismatch");
    // A key that is made after it works beside those from before, and answers are signed with the same key.
    let second = place.json(&["api-key", "create"]);
    let proof = license_proof(second["api_key"].as_str().unwrap(), second["shared_key"].as_str().unwrap());
    caller.ask(Method::GET, "/api/v4/products", &proof, String::new()).expect(200);
    assert_eq!(place.run(&["key", "license"]).ok().stdout, public);
}

#[test]
fn a_rotation_that_is_killed_leaves_the_old_key_or_the_new_one() {
    let place = published();
    for number in 0..20 {
        place.run(&["site", "create", &format!("site-{number}")]).ok();
    }
    let mut current = "data/master.key".to_owned();
    for round in 0..16_u32 {
        let new = format!("new-{round}.key");
        let mut command = program(&place.path(""));
        command.args(["key", "rotate-master", "--new-key-file", &new, "--data"]).arg(place.path("data"));
        command.env("COUNTERSIGN_MASTER_KEY_FILE", place.path(&current)).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // The file of the new key is there before anything is sealed anew; from then on, later in each round:
        // the first kills come before the commit, and the last ones after it.
        while !place.path(&new).exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        for _ in 0..1_u32 << round {
            let _ = place.path(&new).metadata();
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();

        let tried = [&current, &new].map(|key| with_key(&place, key, &["site", "list"]));
        let [old_works, new_works] = tried.each_ref().map(|run| run.code == Some(0));
        let [old_says, new_says] = tried.each_ref().map(|run| &run.stderr);
        assert!(old_works != new_works, "round {round}: the old key: {old_says}\nthe new key: {new_says}");
        if new_works {
            current = new;
        }
        // Every site can be loaded: nothing is sealed with the other key.
        let doctor = with_key(&place, &current, &["doctor", "--json"]);
        let findings = doctor.json();
        assert!(!findings.as_array().unwrap().iter().any(|found| found["check"] == "sites"), "{findings}");
    }
}

#[test]
fn what_was_made_with_replaced_secrets_is_still_accepted() {
    let place = published();
    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let mut caller = Caller::new(&serving.base_url);
    let token = fs::read_to_string(place.path("device.jwt")).unwrap();
    let question = json!({ "updateFromPkgId": "pump-1", "platform": "LINUX64", "language": 1033 });
    let proof = format!("Bearer {}", token.trim());
    let asked = caller.send(Method::POST, "/uai/2.0/signed-updates", &proof, &question).expect(202).json();
    let rotated = place.json(&["key", "rotate-secrets"]);
    assert_eq!([&rotated["made"], &rotated["kept"], &rotated["removed"]], [&json!(2), &json!(2), &json!(0)]);
    caller.fetch(asked["url"].as_str().unwrap(), "").expect(200);
    assert_eq!(check(&place, &serving.base_url).ok().json()["updates"][0]["to"], "pump-2");
    assert_eq!(place.json(&["key", "rotate-secrets"])["kept"], 4);
}
