//! Commands beside a running server: what they change is in force there within a second.

use crate::http::Caller;
use crate::support::{Place, Run, program, run, text};

/// A site with a key, a signing key and a release; `device-key.pem` and `device.jwt` lie beside the data directory.
pub(crate) fn published() -> Place {
    let place = Place::new();
    place.run(&["site", "create", "acme"]).ok();
    place.run(&["product", "create", "Pump"]).ok();
    place.run(&["package", "create", "pump-1", "--product", "Pump"]).ok();
    let public = place.run(&["device", "keygen", "--out", "device-key.pem"]).ok().stdout;
    place.run_with_input(&["key", "upload", "-"], &public).ok();
    let token = place.run(&["device", "token", "--key", "device-key.pem"]).ok().stdout;
    let signing = place.run(&["key", "signing"]).ok().stdout;
    let folder = place.write("", &[("device.jwt", token.as_bytes()), ("signing-key.txt", signing.as_bytes())]);
    assert!(folder.join("device.jwt").exists());
    let release = place.write("out", &[("pump.bin", b"firmware")]);
    let words = ["release", "publish", text(&release), "--product", "Pump", "--from", "pump-1", "--to", "pump-2"];
    place.run(&[&words[..], &["--platform", "LINUX64"]].concat()).ok();
    place
}

pub(crate) fn check(place: &Place, url: &str) -> Run {
    let words = ["device", "check", "--url", url, "--key", "@signing-key.txt", "--token", "@device.jwt", "--json"];
    run(program(&place.path("")).args(words).args(["--from", "pump-1", "--platform", "LINUX64"]), "")
}

/// Asks until the answer is as it should be. A server takes changes over within a second; so many questions take longer.
fn ask_until(place: &Place, url: &str, holds: impl Fn(&Run) -> bool) {
    let found = (0..2000).any(|_| holds(&check(place, url)));
    assert!(found, "the change did not arrive");
}

#[test]
fn a_running_server_takes_over_what_commands_change() {
    let place = published();
    let serving = place.serve(&["serve", "--default-site", "acme"]);
    let url = serving.base_url.clone();
    let update = check(&place, &url).ok().json();
    assert_eq!(update["updates"][0]["to"], "pump-2");
    assert_eq!(update["updates"][0]["title"], "pump-2");
    // By the path prefix of the site it is the same.
    assert_eq!(check(&place, &format!("{url}/t/acme")).ok().json(), update);

    place.run(&["update", "deactivate", "update-pump-2"]).ok();
    ask_until(&place, &url, |run| run.code == Some(0) && run.json()["updates"].as_array().unwrap().is_empty());
    place.run(&["update", "activate", "update-pump-2"]).ok();
    ask_until(&place, &url, |run| run.code == Some(0) && run.json()["updates"][0]["to"] == "pump-2");
    place.run(&["key", "revoke", "1"]).ok();
    ask_until(&place, &url, |run| run.code == Some(4));
    assert!(serving.terminate().success());
}

#[test]
fn a_revoked_access_token_is_refused_by_a_running_server() {
    let place = published();
    place.run(&["user", "add", "ada"]).ok();
    let token = place.json(&["access-token", "create", "ada"])["access_token"].as_str().unwrap().to_owned();
    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let mut caller = Caller::new(&serving.base_url);
    let mut status =
        || caller.fetch("/flexnet/operations/api/updates/update-signing-key", &format!("Bearer {token}")).status;
    assert_eq!(status(), 200);
    let id = place.json(&["access-token", "list"])[0]["id"].to_string();
    place.run(&["access-token", "revoke", &id]).ok();
    // A server takes changes over within a second; so many questions take longer.
    assert!((0..20_000).any(|_| status() == 401), "the revoked token is still accepted");
}

#[test]
fn the_token_may_come_from_the_environment() {
    let place = published();
    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let token = std::fs::read_to_string(place.path("device.jwt")).unwrap();
    let words = ["device", "check", "--url", &serving.base_url, "--key", "@signing-key.txt", "--from", "pump-1"];
    let mut command = program(&place.path(""));
    command.args(words).args(["--platform", "LINUX64"]);
    let missing = run(&mut command, "").fails(1);
    assert!(missing.contains("COUNTERSIGN_DEVICE_TOKEN"), "{missing}");
    run(command.env("COUNTERSIGN_DEVICE_TOKEN", token.trim()), "").ok();
}
