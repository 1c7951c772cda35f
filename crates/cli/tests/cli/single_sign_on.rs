//! Single sign-on by commands: providers of accounts, and what a new master key leaves of them.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;

use countersign_crypto::encoding::base64_encode;
use serde_json::{Value, json};
use ureq::http::Method;

use crate::http::{Caller, license_proof};
use crate::support::{Place, text};

/// A site with an account.
fn place() -> Place {
    let place = Place::new();
    place.run(&["site", "create", "acme"]).ok();
    place.run(&["account", "create", "Nordwind"]).ok();
    place.write("", &[("secret.txt", b"s3cret of pump\n")]);
    place
}

const SET: [&str; 7] =
    ["account", "sso", "set", "Nordwind", "--issuer", "https://id.nordwind.example", "--client-id=pump"];

#[test]
fn a_provider_is_laid_down_shown_replaced_and_removed() {
    let place = place();
    let show = ["account", "sso", "show", "Nordwind"];
    let none = place.run(&show).fails(1);
    assert!(none.contains("Nordwind has no single sign-on"), "{none}");

    let all = [
        "--client-secret-file=secret.txt",
        "--algorithm=ES256",
        "--domain=Nordwind.example",
        "--domain=nordwind.test",
        "--claim=groups=pump users",
        "--scope=groups",
        "--redirect-uri=https://pump.example/signed-on",
        "--allow-address=10.0.0.5:8443",
    ];
    let made = place.json(&[&SET[..], &all].concat());
    assert_eq!(made, json!({ "account": "Nordwind", "issuer": "https://id.nordwind.example" }));
    let shown = place.run(&[&show[..], &["--json"]].concat()).ok();
    assert!(!shown.stdout.contains("s3cret"), "a secret is never shown: {}", shown.stdout);
    assert_eq!(
        shown.json(),
        json!({
            "account": "Nordwind", "issuer": "https://id.nordwind.example", "client_id": "pump", "client_secret": true,
            "algorithm": "ES256", "domains": ["nordwind.example", "nordwind.test"], "claim": "groups=pump users",
            "scopes": ["groups"], "redirect_uris": ["https://pump.example/signed-on"],
            "allowed_addresses": ["10.0.0.5:8443"],
        })
    );
    let people = place.run(&show).ok().stdout;
    for part in ["kept", "nordwind.example, nordwind.test", "https://pump.example/signed-on", "10.0.0.5:8443"] {
        assert!(people.contains(part), "{part}: {people}");
    }

    // What replaces it has nothing of it, not even the secret.
    place.run(&[&SET[..], &["--domain=nordwind.example"]].concat()).ok();
    let second = place.json(&show);
    assert_eq!([&second["client_secret"], &second["claim"]], [&json!(false), &Value::Null]);
    assert_eq!(second["algorithm"], "RS256");

    let remove = ["account", "sso", "remove", "Nordwind"];
    place.run(&remove).ok();
    assert!(place.run(&remove).fails(1).contains("has no single sign-on"));
    place.run(&show).fails(1);
}

#[test]
fn a_provider_that_cannot_be_is_refused_with_a_reason() {
    let place = place();
    for (words, reason) in [
        (&[][..], "otherwise everybody whom the provider knows is let in"),
        (&["--domain=a b"], "without blanks"),
        (&["--domain=x.test", "--issuer=id.nordwind.example"], "with https"),
        (&["--domain=x.test", "--redirect-uri=signed-on"], "a redirect URI is absolute"),
        (&["--domain=x.test", "--client-secret-file=nowhere.txt"], "nowhere.txt"),
    ] {
        let mut set: Vec<_> = SET.to_vec();
        if words.iter().any(|word| word.starts_with("--issuer=")) {
            set.drain(4..6);
        }
        let error = place.run(&[&set[..], words].concat()).fails(1);
        assert!(error.contains(reason), "{words:?}: {error}");
    }
    for wrong in ["--claim=groups", "--algorithm=none", "--algorithm=HS256", "--allow-address=10.0.0.5"] {
        assert_eq!(place.run(&[&SET[..], &[wrong, "--domain=x.test"]].concat()).code, Some(2), "{wrong}");
    }
    for verb in ["show", "remove"] {
        let error = place.run(&["account", "sso", verb, "Nobody"]).fails(1);
        assert!(error.contains("countersign account list"), "{verb}: {error}");
    }
    let show = place.run(&["account", "sso", "show", "Nordwind"]).fails(1);
    assert!(show.contains("has no single sign-on"), "nothing was laid down: {show}");
}

/// A provider that publishes itself and gives nothing for codes; tells what it hears at its token endpoint.
fn provider() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let (sender, heard) = mpsc::channel();
    let configuration = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
    });
    // It ends with the test process.
    std::thread::Builder::new()
        .spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(connection);
                let (mut head, mut length) = (String::new(), 0);
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {
                    let line = head.trim_end().lines().last().unwrap_or_default().to_lowercase();
                    length = line.strip_prefix("content-length: ").map_or(length, |number| number.parse().unwrap());
                }
                let mut body = vec![0; length];
                let _ = reader.read_exact(&mut body);
                let (status, answer) = match head.split(' ').nth(1) {
                    Some("/.well-known/openid-configuration") => ("200 OK", configuration.to_string()),
                    Some("/keys") => ("200 OK", json!({ "keys": [] }).to_string()),
                    _ => ("400 Bad Request", json!({ "error": "invalid_grant" }).to_string()),
                };
                if head.starts_with("POST /token ") {
                    let _ = sender.send(head.clone());
                }
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                    answer.len()
                );
                let _ = reader.get_mut().write_all(answer.as_bytes());
            }
        })
        .unwrap();
    (issuer, heard)
}

#[test]
fn sealed_secrets_of_providers_and_air_gap_keys_survive_a_new_master_key() {
    let place = place();
    let (issuer, heard) = provider();
    let address = issuer.trim_start_matches("http://");
    place.run(&["product", "create", "Pump"]).ok();
    place.run(&["product", "set", "Pump", "--code", "pump", "--authorization", "user"]).ok();
    let words = ["account", "sso", "set", "Nordwind", "--client-id=pump", "--client-secret-file=secret.txt"];
    let more = ["--domain=nordwind.example", "--issuer", &issuer, "--allow-address", address];
    place.run(&[&words[..], &more].concat()).ok();
    let air_gap = place.run(&["key", "air-gap"]).ok().stdout;
    let made = place.json(&["api-key", "create"]);

    let rotated = place.json(&["key", "rotate-master", "--new-key-file", text(&place.path("new.key"))]);
    assert_eq!([&rotated["sso_providers"], &rotated["api_keys"]], [&json!(1), &json!(1)]);
    assert_eq!(rotated["site_secrets"], 3, "the air gap key is one of them");
    fs::rename(place.path("new.key"), place.path("data/master.key")).unwrap();

    assert_eq!(place.run(&["key", "air-gap"]).ok().stdout, air_gap);
    assert_eq!(place.json(&["account", "sso", "show", "Nordwind"])["client_secret"], true);
    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let mut caller = Caller::new(&serving.base_url);
    let proof = license_proof(made["api_key"].as_str().unwrap(), made["shared_key"].as_str().unwrap());
    let body = json!({
        "product": "pump", "hardware_id": "HW-1", "customer_account_code": "Nordwind", "code": "any",
    });
    let refused = caller.ask(Method::POST, "/api/v4/activate_license", &proof, body.to_string()).expect(400).json();
    assert_eq!(refused["code"], "sso_failed");
    let expected = format!("authorization: Basic {}", base64_encode(b"pump:s3cret%20of%20pump"));
    let heard = heard.recv().unwrap();
    assert!(heard.lines().any(|line| line == expected), "the secret of before goes to the provider: {heard}");
}
