//! Seats of a floating license, as commands beside a running server see them.

use std::time::SystemTime;

use countersign_crypto::HmacKey;
use countersign_crypto::encoding::base64_encode;
use serde_json::{Value, json};
use ureq::http::Method;

use crate::http::Caller;
use crate::support::Place;

#[test]
fn seats_are_listed_taken_away_and_refusals_told() {
    let place = Place::new();
    place.run(&["site", "create", "acme"]).ok();
    place.run(&["product", "create", "Pump"]).ok();
    place.run(&["customer", "create", "Nordwind"]).ok();
    place.run(&["order", "create", "SO-1", "--customer", "Nordwind"]).ok();
    let words = ["license", "create", "--order", "SO-1", "--product", "Pump", "--key", "ACT-1", "--limit", "9"];
    place.run(&[&words[..], &["--floating", "cloud", "--floating-users", "1"]].concat()).ok();
    let empty = place.run(&["license", "seats", "ACT-1"]).ok();
    assert!(empty.stdout.contains("No device holds a seat"), "{}", empty.stdout);
    let key = place.json(&["api-key", "create"]);
    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let mut asking = Asking { caller: Caller::new(&serving.base_url), key };
    assert_eq!(asking.activate("LAPTOP-1"), 200);
    assert_eq!(asking.activate("LAPTOP-2"), 200);
    assert_eq!(asking.check("LAPTOP-2"), 400);

    let held = place.json(&["license", "seats", "ACT-1"]);
    let devices: Vec<&str> = held.as_array().unwrap().iter().map(|row| row["device"]["id"].as_str().unwrap()).collect();
    assert_eq!(devices, ["LAPTOP-1"]);
    assert_eq!((&held[0]["feature"], &held[0]["borrowed_until"]), (&Value::Null, &Value::Null));
    let text = place.run(&["license", "seats", "ACT-1"]).ok().stdout;
    assert!(text.contains("LAPTOP-1") && text.contains("UNTIL"), "{text}");
    let denials = place.json(&["license", "denials"]);
    assert_eq!((&denials[0]["device"]["id"], &denials[0]["reason"]), (&json!("LAPTOP-2"), &json!("none-free")));
    assert_eq!(place.json(&["license", "denials", "ACT-1"]), denials);
    place.run(&["license", "denials", "ACT-9"]).fails(1);

    let free = ["license", "free-seat", "ACT-1", "LAPTOP-1", "--id-type", "HARDWARE"];
    assert!(place.run(&free).ok().stdout.contains("The seat of LAPTOP-1 is free."));
    assert!(place.run(&free).fails(1).contains("holds no such seat"));
    let unknown = place.run(&[&free[..], &["--feature", "PDF"]].concat()).fails(1);
    assert!(unknown.contains("does not include this feature"), "{unknown}");
    assert_eq!(asking.check("LAPTOP-2"), 200);
}

/// An application that uses license `ACT-1` of product `Pump`.
struct Asking {
    caller: Caller,
    /// The API key, as the command has shown it.
    key: Value,
}

impl Asking {
    fn activate(&mut self, hardware: &str) -> u16 {
        let mut headers = self.proof();
        headers.push(("content-type", "application/json".to_owned()));
        let body = json!({ "product": "Pump", "hardware_id": hardware, "license_key": "ACT-1" });
        self.caller.ask(Method::POST, "/api/v4/activate_license", &headers, body.to_string()).status
    }

    fn check(&mut self, hardware: &str) -> u16 {
        let path = format!("/api/v4/check_license?product=Pump&hardware_id={hardware}&license_key=ACT-1");
        let proof = self.proof();
        self.caller.ask(Method::GET, &path, &proof, String::new()).status
    }

    #[expect(clippy::disallowed_methods, reason = "the server has the same clock")]
    fn proof(&self) -> Vec<(&'static str, String)> {
        let date = httpdate::fmt_http_date(SystemTime::now());
        let shared = HmacKey::new(self.key["shared_key"].as_str().unwrap().as_bytes());
        let signature = base64_encode(&shared.sign(format!("licenseSpring\ndate: {date}").as_bytes()));
        let api_key = self.key["api_key"].as_str().unwrap();
        let value =
            format!("algorithm=\"hmac-sha256\",headers=\"date\",signature=\"{signature}\",apiKey=\"{api_key}\"");
        vec![("date", date), ("authorization", value)]
    }
}
