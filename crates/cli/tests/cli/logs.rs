//! What the log holds at its most talkative: one line about every request, and nothing that opens a door.

use std::fs;

use countersign_crypto::encoding::{base64_encode, base64url_decode, base64url_encode, hex_decode};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::http::Caller;
use crate::proxy::{Part, Proxy};
use crate::support::{Place, program, run, text};

#[test]
fn lines_for_people_hold_no_secret() {
    assert_log_is_clean("text", |line, id| line.contains("request finished") && line.contains(id));
}

#[test]
fn lines_for_machines_hold_no_secret() {
    assert_log_is_clean("json", |line, id| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["message"] == "request finished" && line["request.id"] == id
    });
}

#[test]
fn the_demonstration_and_commands_log_no_secret_either() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", &[7; 10_000])]);
    let mut command = program(&place.path(""));
    command.env("COUNTERSIGN_LOG", "trace").args(["demo", "--exit", "--release", text(&release), "--data"]);
    let demo = run(command.arg(place.path("data")).args(["--listen", "127.0.0.1:0"]), "").ok();
    assert!(demo.stderr.contains("request finished"), "nothing was logged");
    let mut command = program(&place.path(""));
    command.env("COUNTERSIGN_LOG", "trace").args(["access-token", "create", "producer", "--json", "--data"]);
    let created = run(command.arg(place.path("data")), "").ok();

    let mut secrets = Secrets::of(&place);
    secrets.token("new access token", created.json()["access_token"].as_str().unwrap());
    secrets.assert_absent(&demo.stderr);
    secrets.assert_absent(&created.stderr);
}

/// Serves with everything logged, lets good and bad callers in, and looks through what was written.
fn assert_log_is_clean(format: &str, is_line_about: impl Fn(&str, &str) -> bool) {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", &[7; 10_000])]);
    place.run(&["demo", "--exit", "--listen", "127.0.0.1:0", "--release", text(&release)]).ok();
    let settings = [("COUNTERSIGN_LOG", "trace"), ("COUNTERSIGN_LOG_FORMAT", format)];
    let serving = place.serve_with(&["serve", "--default-site", "demo"], &settings);

    let mut secrets = Secrets::of(&place);
    let proxy = Proxy::start(Part::Nothing, 0);
    update_device(&place, &serving.base_url, &proxy);
    for request in proxy.requests() {
        secrets.path(request.split(' ').nth(1).unwrap());
    }
    let mut caller = Caller::new(&serving.base_url);
    call_as_producer(&mut caller, &place, &mut secrets);
    call_as_device(&mut caller, &place, &mut secrets);
    assert!(serving.terminate().success());

    let log = fs::read_to_string(place.path("program.log")).unwrap();
    assert!(log.contains("a device request was refused"), "what only debugging shows is missing:\n{log}");
    secrets.assert_absent(&log);
    for id in caller.request_ids() {
        let lines = log.lines().filter(|line| is_line_about(line, id)).count();
        assert_eq!(lines, 1, "request {id} has {lines} lines:\n{log}");
    }
    let lines = log.lines().filter(|line| line.contains("request finished")).count();
    assert_eq!(lines, proxy.requests().len() + caller.request_ids().len(), "requests without a line, or with two");
}

/// The reference device, through a proxy that sees what it asks for.
fn update_device(place: &Place, base_url: &str, proxy: &Proxy) {
    let credentials = place.path("data/credentials.json");
    let mut command = program(&place.path(""));
    command.env("ALL_PROXY", proxy.url()).args(["device", "update", "--url", base_url, "--into", "downloads"]);
    run(command.arg("--credentials").arg(credentials), "").ok();
    assert_eq!(proxy.requests().len(), 9, "two questions, two answers, a file, and two reports with their outcomes");
}

fn call_as_producer(caller: &mut Caller, place: &Place, secrets: &mut Secrets) {
    let producer = &credentials(place)["producer"];
    let member = |name: &str| producer[name].as_str().unwrap();
    let (user, password, token) = (member("username"), member("password"), member("access_token"));
    let upload = json!({ "publicKey": place.json(&["key", "list"])[0]["public_key"] });
    let wrong = format!("{password}-wrong");
    for (proof, status) in [
        (secrets.basic(user, password), 200),
        (format!("Bearer {token}"), 200),
        (secrets.basic(user, &wrong), 401),
        (secrets.basic("nobody-known", password), 401),
        (format!("Bearer {token}0"), 401),
        ("Basic not-even-base64!".to_owned(), 401),
    ] {
        caller.send(Method::PUT, &format!("{KEYS}/update-authorization-key"), &proof, &upload).expect(status);
    }
    caller.fetch(&format!("{KEYS}/update-signing-key"), &format!("Bearer {token}")).expect(200);
    // A key that should have stayed at home is refused, and not repeated.
    let private = credentials(place)["device"]["authorization_private_key"].clone();
    let login = secrets.basic(user, password);
    caller
        .send(Method::PUT, &format!("{KEYS}/update-authorization-key"), &login, &json!({ "publicKey": private }))
        .expect(400);
    // What somebody pastes into an address is nobody's business, either.
    secrets.add("a word in a path", "c0ffee-in-a-path-c0ffee");
    caller.fetch("/c0ffee-in-a-path-c0ffee?token=c0ffee-in-a-path-c0ffee", "").expect(404);
}

fn call_as_device(caller: &mut Caller, place: &Place, secrets: &mut Secrets) {
    let device = &credentials(place)["device"];
    let token = device["token"].as_str().unwrap();
    let question = json!({
        "id": device["id"], "idType": device["id_type"], "publisherName": device["publisher_name"],
        "updateFromPkgId": device["update_from_pkg_id"], "platform": device["platform"], "language": 1033,
    });
    let list = ask(caller, secrets, UPDATES, &format!("Bearer {token}"), &question, 200);
    let manifest_id = list["updateItems"][0]["manifestURL"].as_str().unwrap().rsplit('/').next().unwrap();
    secrets.add("manifest UUID", manifest_id);
    let question_of_manifest = json!({ "uuid": manifest_id });
    let manifest = ask(caller, secrets, MANIFESTS, &format!("Bearer {token}"), &question_of_manifest, 200);

    let url = manifest["manifestFiles"][0]["fileUrl"].as_str().unwrap();
    let path = url.split_once("://").unwrap().1.split_once('/').map(|(_, path)| format!("/{path}")).unwrap();
    secrets.path(&path);
    caller.fetch(&path, "").expect(200);
    let altered = path.replacen('-', "-A", 1);
    secrets.path(&altered);
    caller.fetch(&altered, "").expect(404);

    // The signature is somebody else's, then there is none, then the token is no token at all.
    let stranger = format!("{}.{}", token.rsplit_once('.').unwrap().0, base64url_encode(&[0x5a; 256]));
    secrets.token("stranger's token", &stranger);
    for proof in [&format!("Bearer {stranger}"), "", "Bearer c0ffee-is-no-token-c0ffee"] {
        ask(caller, secrets, UPDATES, proof, &question, 401);
    }
    secrets.add("no token", "c0ffee-is-no-token-c0ffee");
    ask(caller, secrets, MANIFESTS, &format!("Bearer {token}"), &json!({ "uuid": format!("{manifest_id}0") }), 404);

    // Whoever has an activation ID can activate with it; one that nobody has issued may be a mistyped one.
    let activation_id = device["activation_id"].as_str().unwrap();
    for (id, key) in [(activation_id.to_owned(), ""), (format!("{activation_id}0"), "activation.unknown")] {
        let body = json!({ "id": "NEW-1", "idType": "STRING", "publisherName": "demo", "activationId": id });
        let outcome = ask(caller, secrets, REGISTRATIONS, &format!("Bearer {token}"), &body, 200);
        assert_eq!(outcome["key"], key);
    }

    let url = post(caller, secrets, UPDATES, &format!("Bearer {token}"), &question);
    let polling_id = url.rsplit('/').next().unwrap();
    for wrong in [format!("{MANIFESTS}/{polling_id}"), format!("{UPDATES}/A{polling_id}")] {
        secrets.path(&wrong);
        caller.fetch(&wrong, "").expect(410);
    }
}

/// Asks and polls; returns the payload of a signed answer.
fn ask(caller: &mut Caller, secrets: &mut Secrets, path: &str, proof: &str, question: &Value, status: u16) -> Value {
    let url = post(caller, secrets, path, proof, question);
    let answer = caller.fetch(&url, "").expect(status).json();
    match answer["payload"].as_str() {
        Some(payload) => serde_json::from_slice(&base64url_decode(payload).unwrap()).unwrap(),
        None => answer,
    }
}

/// Asks; returns where to poll.
fn post(caller: &mut Caller, secrets: &mut Secrets, path: &str, proof: &str, question: &Value) -> String {
    let answer = caller.send(Method::POST, path, proof, question).expect(202).json();
    let url = answer["url"].as_str().unwrap().to_owned();
    secrets.path(&url);
    url
}

pub(crate) fn credentials(place: &Place) -> Value {
    serde_json::from_str(&fs::read_to_string(place.path("data/credentials.json")).unwrap()).unwrap()
}

/// Texts that must not be in a log, each with a name for the message.
pub(crate) struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// What a data directory holds before anybody calls.
    pub(crate) fn of(place: &Place) -> Self {
        let mut secrets = Self(Vec::new());
        let credentials = credentials(place);
        let text = |pointer: &str| credentials.pointer(pointer).and_then(Value::as_str).unwrap();
        secrets.token("device token", text("/device/token"));
        secrets.token("access token", text("/producer/access_token"));
        secrets.basic(text("/producer/username"), text("/producer/password"));
        secrets.add("activation ID", text("/device/activation_id"));
        secrets.add("private key", "PRIVATE KEY");
        for line in text("/device/authorization_private_key").lines().filter(|line| !line.starts_with("-----")) {
            // The first line of every key of this kind is much the same, and so are short ends.
            if line.len() > 32 && !line.starts_with("MII") {
                secrets.add("private key", line);
            }
        }
        let master_key = fs::read_to_string(place.path("data/master.key")).unwrap();
        let bytes = hex_decode(master_key.trim()).unwrap();
        secrets.add("master key", master_key.trim());
        secrets.add("master key", &base64_encode(&bytes));
        secrets.add("master key", format!("{:?}", &bytes[..16]).trim_matches(['[', ']']));
        secrets
    }

    pub(crate) fn add(&mut self, what: &str, secret: &str) {
        assert!(secret.len() > 8, "{what} {secret:?} would be found by chance");
        self.0.push((what.to_owned(), secret.to_owned()));
    }

    /// A token as a whole, and the part of it that makes it one.
    pub(crate) fn token(&mut self, what: &str, token: &str) {
        self.add(what, token);
        let signature = token.rsplit_once('.').map(|(_, signature)| signature);
        self.add(what, signature.or(token.strip_prefix("rna_")).unwrap());
    }

    /// A login; returns the value of its `Authorization` header.
    fn basic(&mut self, user: &str, password: &str) -> String {
        self.add("password", password);
        let login = base64_encode(format!("{user}:{password}").as_bytes());
        self.add("login", &login);
        format!("Basic {login}")
    }

    /// The path of a request, if it is a credential: of a poll, or of a file.
    fn path(&mut self, path: &str) {
        let last = path.rsplit('/').next().unwrap();
        if path.starts_with("/f/") {
            let code = path.split('/').nth(4).and_then(|segment| segment.split_once('-')).unwrap().1;
            self.add("code of a download", code);
            self.add("path of a download", path);
        } else if path.starts_with("/uai/2.0/") && last.len() > 40 {
            self.add("polling ID", last);
        }
    }

    pub(crate) fn assert_absent(&self, log: &str) {
        for (what, secret) in &self.0 {
            let line = log.lines().find(|line| line.contains(secret.as_str()));
            assert!(line.is_none(), "{what} {secret} is in the log: {line:?}");
        }
    }
}

const KEYS: &str = "/flexnet/operations/api/updates";
const REGISTRATIONS: &str = "/uai/2.0/devices/registrations";
const UPDATES: &str = "/uai/2.0/signed-updates";
const MANIFESTS: &str = "/uai/2.0/signed-updates/manifests";
