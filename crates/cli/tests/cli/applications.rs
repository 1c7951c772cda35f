//! Applications and their credentials by commands, and what a running server makes of them.

use serde_json::{Value, json};
use ureq::http::Method;

use crate::http::{Answer, Caller};
use crate::support::{Place, text};

/// A site `acme`.
fn acme() -> Place {
    let place = Place::new();
    place.run(&["site", "create", "acme"]).ok();
    place
}

/// A new application's client ID and secret.
fn create(place: &Place, name: &str) -> (String, String) {
    let made = place.json(&["app", "create", name]);
    (word(&made, "client_id"), word(&made, "client_secret"))
}

fn word(document: &Value, member: &str) -> String {
    document[member].as_str().unwrap().to_owned()
}

/// Asks for a token.
fn token(caller: &mut Caller, id: &str, secret: &str) -> Answer {
    let headers = [("Content-Type", "application/x-www-form-urlencoded".to_owned())];
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    caller.ask(Method::POST, "/connect/token", &headers, form)
}

/// Asks until the status is as it should be. A server takes changes over within a second; so many questions take longer.
fn ask_until(caller: &mut Caller, id: &str, secret: &str, status: u16) {
    let found = (0..2000).any(|_| token(caller, id, secret).status == status);
    assert!(found, "the change did not arrive");
}

#[test]
fn an_application_is_created_listed_shown_and_deleted() {
    let place = acme();
    assert_eq!(place.json(&["app", "list"]), json!([]));
    let made = place.json(&["app", "create", "Mirror", "--scope", "storage.read", "--algorithm", "EdDSA"]);
    let (id, secret) = (word(&made, "client_id"), word(&made, "client_secret"));
    assert!(id.starts_with("app-") && !secret.is_empty(), "{made}");
    assert_eq!((&made["scopes"], &made["algorithm"]), (&json!(["storage.read"]), &json!("EdDSA")));

    assert_eq!(place.json(&["app", "list"])[0]["client_id"], json!(id));
    let shown = place.run(&["app", "show", &id, "--json"]).ok();
    assert!(!shown.stdout.contains(&secret), "a secret is shown once: {}", shown.stdout);
    let credential = &shown.json()["credentials"][0];
    assert_eq!((&credential["kind"], &credential["label"]), (&json!("secret"), &json!("first")));
    assert_eq!((&credential["active"], &credential["ends_at"]), (&json!(true), &Value::Null));

    let bare = place.json(&["app", "create", "Later", "--no-secret"]);
    assert_eq!(bare["client_secret"], Value::Null);
    assert_eq!(place.json(&["app", "secret", "list", bare["client_id"].as_str().unwrap()]), json!([]));

    place.run(&["app", "delete", &id]).ok();
    let error = place.run(&["app", "show", &id]).fails(1);
    assert!(error.contains("countersign app list"), "{error}");
    assert!(place.run(&["app", "delete", &id]).fails(1).contains("no such application"));
    assert!(place.run(&["app", "create", "Mirror", "--algorithm", "none"]).code == Some(2));
}

#[test]
fn a_secret_is_replaced_without_a_pause() {
    let place = acme();
    let (id, old) = create(&place, "Build farm");
    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let mut caller = Caller::new(&serving.base_url);
    assert_eq!(token(&mut caller, &id, &old).status, 200);

    let added = place.json(&["app", "secret", "add", &id, "--label", "2031", "--days", "30"]);
    let new = word(&added, "client_secret");
    assert!(added["ends_at"].is_string() && new != old, "{added}");
    ask_until(&mut caller, &id, &new, 200);
    assert_eq!(token(&mut caller, &id, &old).status, 200, "both are good");

    let secrets = place.json(&["app", "secret", "list", &id]);
    let labels: Vec<_> = secrets.as_array().unwrap().iter().map(|row| word(row, "label")).collect();
    assert_eq!(labels, ["first", "2031"]);
    let first = secrets[0]["id"].to_string();
    place.run(&["app", "secret", "retire", &id, &first]).ok();
    ask_until(&mut caller, &id, &old, 400);
    assert_eq!(token(&mut caller, &id, &new).status, 200);
    assert_eq!(place.json(&["app", "secret", "list", &id])[0]["active"], json!(false));
    let error = place.run(&["app", "secret", "retire", &id, "4711"]).fails(1);
    assert!(error.contains("credential"), "{error}");
    assert!(serving.terminate().success());
}

#[test]
fn a_disabled_application_gets_no_token_until_it_is_enabled() {
    let place = acme();
    let (id, secret) = create(&place, "Build farm");
    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let mut caller = Caller::new(&serving.base_url);
    assert_eq!(place.json(&["app", "disable", &id])["disabled"], json!(true));
    ask_until(&mut caller, &id, &secret, 400);
    assert_eq!(place.json(&["app", "enable", &id])["disabled"], json!(false));
    ask_until(&mut caller, &id, &secret, 200);
    place.run(&["app", "delete", &id]).ok();
    ask_until(&mut caller, &id, &secret, 400);
    assert!(serving.terminate().success());
}

#[test]
fn a_public_key_is_added_listed_and_retired() {
    let place = acme();
    let (id, _) = create(&place, "Build farm");
    let public = place.run(&["device", "keygen", "--out", "key.pem"]).ok().stdout;
    let file = place.write("", &[("public.txt", public.as_bytes()), ("wrong.pem", b"no key")]);
    let added = place.json(&["app", "key", "add", &id, text(&file.join("public.txt")), "--label", "ci"]);
    let keys = place.json(&["app", "key", "list", &id]);
    assert_eq!((&keys[0]["id"], &keys[0]["label"], &keys[0]["kind"]), (&added["id"], &json!("ci"), &json!("key")));
    assert_eq!(keys.as_array().unwrap().len(), 1, "secrets are not among them");
    place.run(&["app", "key", "add", &id, text(&file.join("wrong.pem"))]).fails(1);
    place.run(&["app", "key", "add", &id, text(&file.join("nowhere.pem"))]).fails(1);

    let number = added["id"].to_string();
    place.run(&["app", "key", "retire", &id, &number, "--days", "7"]).ok();
    let later = place.json(&["app", "key", "list", &id]);
    assert_eq!((&later[0]["active"], later[0]["ends_at"].is_string()), (&json!(true), true));
    place.run(&["app", "key", "retire", &id, &number, "--revoke-tokens"]).ok();
    let ended = place.json(&["app", "key", "list", &id]);
    assert_eq!((&ended[0]["active"], &ended[0]["tokens_revoked"]), (&json!(false), &json!(true)));
}
