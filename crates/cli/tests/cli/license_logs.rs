//! What the log holds about licensed applications at its most talkative: nothing that opens a door, and no query string.

use std::fs;
use std::time::{Duration, SystemTime};

use countersign_crypto::encoding::base64url_encode;
use serde_json::{Value, json};
use ureq::http::Method;

use crate::http::{Answer, Caller, license_proof_at};
use crate::logs::{Secrets, credentials};
use crate::support::Place;

#[test]
fn lines_for_people_hold_no_secret_of_licensed_applications() {
    assert_log_is_clean("text");
}

#[test]
fn lines_for_machines_hold_no_secret_of_licensed_applications() {
    assert_log_is_clean("json");
}

/// Serves with everything logged, makes every call of the door in good and bad ways, and looks through what was written.
fn assert_log_is_clean(format: &str) {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", &[7; 10_000])]);
    let release = release.to_str().unwrap();
    place.run(&["demo", "--exit", "--listen", "127.0.0.1:0", "--release", release]).ok();
    let settings = [("COUNTERSIGN_LOG", "trace"), ("COUNTERSIGN_LOG_FORMAT", format)];
    let serving = place.serve_with(&["serve", "--default-site", "demo"], &settings);

    let mut application = Application::new(&place, &serving.base_url);
    application.calls_that_are_good();
    let signed = application.signed_now();
    application.every_call(&signed);
    let bearer = application.bearer();
    application.every_call(&bearer);
    application.calls_that_are_refused(&bearer);
    assert!(serving.terminate().success());

    let log = fs::read_to_string(place.path("program.log")).unwrap();
    assert!(log.contains("a license request was refused"), "what only debugging shows is missing:\n{log}");
    for id in application.caller.request_ids() {
        let about_it = |line: &&str| line.contains("request finished") && line.contains(id);
        assert_eq!(log.lines().filter(about_it).count(), 1, "request {id} has no line, or two:\n{log}");
    }
    application.secrets.assert_absent(&log);
}

/// Headers that prove who calls.
type Proof = Vec<(&'static str, String)>;

/// A licensed application of the demonstration.
struct Application {
    caller: Caller,
    secrets: Secrets,
    credentials: Value,
    password: String,
}

impl Application {
    fn new(place: &Place, base_url: &str) -> Self {
        let credentials = credentials(place);
        let mut secrets = Secrets::of(place);
        secrets.add("shared key", credentials["license_api"]["shared_key"].as_str().unwrap());
        secrets.add("client secret", credentials["oauth"]["client_secret"].as_str().unwrap());
        for key in credentials["license_api"]["license_keys"].as_object().unwrap().values().flat_map(Value::as_array) {
            key.iter().for_each(|key| secrets.add("license key", key.as_str().unwrap()));
        }
        let password = credentials["license_api"]["user"]["password"].as_str().unwrap().to_owned();
        secrets.add("password", &password);
        secrets.add("query string", MARK);
        Self { caller: Caller::new(base_url), secrets, credentials, password }
    }

    fn member(&self, name: &str) -> String {
        self.credentials["license_api"][name].as_str().unwrap().to_owned()
    }

    /// A key of a license of this kind that no device has used.
    fn key(&self, kind: &str) -> String {
        self.credentials["license_api"]["license_keys"][kind][0].as_str().unwrap().to_owned()
    }

    /// A proof by API key.
    fn signed(&mut self, api_key: &str, shared_key: &str, at: SystemTime) -> Proof {
        let proof = license_proof_at(api_key, shared_key, at);
        let signature = proof[1].1.split('"').nth(5).unwrap().to_owned();
        self.secrets.add("signature", &signature);
        proof.to_vec()
    }

    fn signed_now(&mut self) -> Proof {
        let (api_key, shared_key) = (self.member("api_key"), self.member("shared_key"));
        self.signed(&api_key, &shared_key, now())
    }

    /// A proof by access token.
    fn bearer(&mut self) -> Proof {
        let oauth = |name: &str| self.credentials["oauth"][name].as_str().unwrap();
        let (id, secret) = (oauth("client_id"), oauth("client_secret"));
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let headers = [("content-type", "application/x-www-form-urlencoded".to_owned())];
        let issued = self.caller.ask(Method::POST, "/connect/token", &headers, form).expect(200).json();
        let token = issued["access_token"].as_str().unwrap();
        self.secrets.token("bearer token", token);
        vec![("authorization", format!("Bearer {token}"))]
    }

    fn get(&mut self, proof: &Proof, path: &str, query: &str) -> Answer {
        let path = format!("{BASE}{path}?{query}&more={MARK}");
        self.caller.ask(Method::GET, &path, proof, String::new())
    }

    fn post(&mut self, proof: &Proof, path: &str, body: &Value) -> Answer {
        let mut headers = proof.clone();
        headers.push(("content-type", "application/json".to_owned()));
        self.caller.ask(Method::POST, &format!("{BASE}{path}?more={MARK}"), &headers, body.to_string())
    }

    /// What applications do, by key, by user, and with a bundle.
    fn calls_that_are_good(&mut self) {
        let proof = self.signed_now();
        let product = self.member("product");
        for (kind, count) in
            [("perpetual", ""), ("consumption", "/add_consumption"), ("features", "/add_feature_consumption")]
        {
            let key = self.key(kind);
            let mut body = json!({ "product": product, "hardware_id": HARDWARE, "license_key": key });
            let query = format!("product={product}&hardware_id={HARDWARE}&license_key={key}");
            self.post(&proof, "/activate_license", &body).expect(200);
            self.get(&proof, "/check_license", &query).expect(200);
            for path in ["/versions", "/installation_file", "/get_device_variables"] {
                self.get(&proof, path, &query).expect(200);
            }
            body["variables"] = json!({ "language": MARK });
            self.post(&proof, "/track_device_variables", &body).expect(200);
            if kind == "features" {
                self.get(&proof, "/check_license_feature", &format!("{query}&feature=PRO")).expect(200);
            }
            (body["consumptions"], body["feature"]) = (json!(1), json!("PAGES"));
            if !count.is_empty() {
                self.post(&proof, count, &body).expect(200);
            }
            self.post(&proof, "/deactivate_license", &body).expect(200);
        }

        let user = self.credentials["license_api"]["user"]["email"].as_str().unwrap().to_owned();
        let old = self.password.clone();
        let by_user = json!({ "product": product, "hardware_id": HARDWARE, "username": user, "password": old });
        self.post(&proof, "/activate_license", &by_user).expect(200);
        let query = format!("product={product}&username={user}&password={old}");
        self.get(&proof, "/user_licenses", &query).expect(200);
        self.password = "c0ffee-new-password-c0ffee".to_owned();
        self.secrets.add("password", &self.password);
        let change = json!({ "username": user, "password": old, "new_password": self.password });
        self.post(&proof, "/change_password", &change).expect(200);

        let key = self.key("bundle");
        let body = json!({ "product": self.member("bundle"), "hardware_id": HARDWARE, "license_key": key });
        self.post(&proof, "/activate_bundle", &body).expect(200);
        let query = format!("product={}&hardware_id={HARDWARE}&license_key={key}", self.member("bundle"));
        self.get(&proof, "/check_bundle", &query).expect(200);
        self.post(&proof, "/deactivate_bundle", &body).expect(200);

        let query = format!("product={}&hardware_id={HARDWARE}", self.member("trial_product"));
        let trial = self.get(&proof, "/trial_key", &query).expect(200).json();
        self.secrets.add("license key", trial["license"].as_str().unwrap());
        self.get(&proof, "/device_licenses", &format!("hardware_id={HARDWARE}")).expect(200);
    }

    /// Every documented call with a good proof and all that it could ask for at once. Many are refused for what they ask, and
    /// none for the proof.
    fn every_call(&mut self, proof: &Proof) {
        let (product, key) = (self.member("product"), self.key("perpetual"));
        let user = self.credentials["license_api"]["user"]["email"].as_str().unwrap().to_owned();
        let password = self.password.clone();
        let query = format!(
            "product={product}&hardware_id={HARDWARE}&license_key={key}&username={user}&password={password}&customer={user}"
        );
        let body = json!({
            "product": product, "hardware_id": HARDWARE, "license_key": key, "username": user, "password": password,
            "new_password": password, "consumptions": 1, "feature": "PAGES", "variables": { "language": MARK },
        });
        let document: Value = serde_json::from_str(include_str!("../../../../openapi/license.json")).unwrap();
        let calls = document["paths"].as_object().unwrap();
        assert!(calls.len() >= 31, "{}", calls.len());
        for (path, methods) in calls {
            let answer = match methods.get("get") {
                Some(_) => self.get(proof, path, &query),
                None => self.post(proof, path, &body),
            };
            assert!(answer.status < 500 && answer.status != 401 && answer.status != 429, "{path}: {}", answer.status);
        }
    }

    /// Proofs that fail, and secrets in places where they do not belong.
    fn calls_that_are_refused(&mut self, bearer: &Proof) {
        let (api_key, shared_key, now) = (self.member("api_key"), self.member("shared_key"), now());
        let query = format!("product=none&hardware_id={HARDWARE}&license_key={}", self.key("perpetual"));
        let token = bearer[0].1.clone();
        let stranger = format!("{}.{}", token.rsplit_once('.').unwrap().0, base64url_encode(&[0x5a; 64]));
        self.secrets.token("stranger's token", stranger.trim_start_matches("Bearer "));
        let date = || ("date", httpdate::fmt_http_date(now));
        for (proof, code) in [
            (self.signed(&api_key, "c0ffee-another-key-c0ffee", now), "signature_mismatch"),
            (self.signed("nobodys-key", &shared_key, now), "invalid_api_key"),
            // Somebody has mistaken one part for the other.
            (self.signed(&shared_key, &api_key, now), "invalid_api_key"),
            (self.signed(&api_key, &shared_key, now - Duration::from_secs(1800)), "date_header_diff"),
            (vec![date(), ("authorization", shared_key.clone())], "authorization_invalid_headers"),
            (vec![date(), ("authorization", format!("Bearer {shared_key}"))], "oauth_token_malformed"),
            (vec![("authorization", stranger.clone())], "oauth_token_malformed"),
            (vec![], "missing_headers"),
        ] {
            for answer in [
                self.get(&proof, "/check_license", &query),
                self.post(
                    &proof,
                    "/activate_license",
                    &json!({ "product": MARK, "license_key": self.key("perpetual") }),
                ),
            ] {
                assert_eq!(answer.json()["code"], code, "{proof:?}");
            }
        }
        let proof = self.signed_now();
        let wrong = "c0ffee-wrong-password-c0ffee";
        self.secrets.add("password", wrong);
        let asked = format!("product={}&username=user@demo.example&password={wrong}", self.member("product"));
        assert_eq!(self.get(&proof, "/user_licenses", &asked).json()["code"], "invalid_credentials");
        // What cannot be read, and what is nowhere.
        let broken = format!("{{\"license_key\":\"{}\"", self.key("perpetual"));
        let refused = self.caller.ask(Method::POST, &format!("{BASE}/activate_license"), &proof, broken);
        assert_eq!(refused.json()["code"], "invalid_json");
        assert_eq!(self.get(&proof, "/check_license", &format!("{query}&x=%ff")).json()["code"], "validation_error");
        self.get(&proof, &format!("/{MARK}"), &query).expect(404);
    }
}

const BASE: &str = "/api/v4";
const HARDWARE: &str = "HW-LOGGED-0001";
/// The time that requests name.
#[expect(clippy::disallowed_methods, reason = "the real server compares it with its own clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Stands in every query string, and in values that only the application understands.
const MARK: &str = "c0ffee-in-a-query-c0ffee";
