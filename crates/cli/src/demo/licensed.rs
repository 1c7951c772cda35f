//! The walk of a licensed application: what it proves, what is proved to it, and what it is refused.

use anyhow::{Context as _, Result, ensure};
use countersign_crypto::encoding::base64_decode;
use countersign_crypto::{Algorithm, RsaPublicKey, Secret, VerifyingKey};
use serde_json::{Value, json};
use ureq::http::Method;

use super::http::{Answer, Http, Proof};
use super::steps::Steps;

/// What a licensed application has.
pub(super) struct Application {
    /// The API key.
    pub(super) api_key: String,
    /// The shared key that signs requests.
    pub(super) shared_key: Secret<String>,
    /// The key that verifies answers (PEM, SPKI).
    pub(super) public_key: String,
    /// Code of the product.
    pub(super) product: String,
    /// Key of a license without end.
    pub(super) perpetual: Secret<String>,
    /// Key of a license with units.
    pub(super) consumption: Secret<String>,
    /// Key of a license with one seat.
    pub(super) floating: Secret<String>,
}

impl Application {
    /// Activates, checks, counts and deactivates. Everything that the server says is verified with the pinned key.
    pub(super) fn walk(&self, http: &Http, steps: &mut Steps) -> Result<()> {
        let key = VerifyingKey::from_rsa(&RsaPublicKey::parse_upload(&self.public_key)?)?;
        steps.take("License, wrong shared key", LICENSE, || {
            let wrong = Secret::new(format!("{}x", self.shared_key.expose()));
            let proof = Proof::Signed { api_key: &self.api_key, shared_key: &wrong };
            let answer = http.send(Method::POST, ACTIVATE, &proof, &self.named(&self.perpetual))?;
            refused(answer, 401, "signature_mismatch")
        })?;
        steps.take("License activation", LICENSE, || {
            let answer = self.post(http, ACTIVATE, &self.named(&self.perpetual))?;
            let license = verified(&answer, &key)?;
            self.verify_inside(&license, &key)?;
            ensure!(license["times_activated"] == 1, "the activation was not counted");
            Ok(("request signed with the shared key; both signatures of the answer verified".to_owned(), ()))
        })?;
        steps.take("License check", LICENSE, || {
            let answer = self.check(http, &self.perpetual)?;
            let license = verified(&answer, &key)?;
            self.verify_inside(&license, &key)?;
            let refused = altered(&answer, &key)?;
            Ok((format!("active; signatures verified, and {refused} of {refused} altered answers refused"), ()))
        })?;
        steps.take("License units", LICENSE, || {
            verified(&self.post(http, ACTIVATE, &self.named(&self.consumption))?, &key)?;
            let mut counted = self.named(&self.consumption);
            counted["consumptions"] = json!(4);
            let count = verified(&self.post(http, COUNT, &counted)?, &key)?;
            ensure!(count["total_consumptions"] == 4, "4 units were counted as {}", count["total_consumptions"]);
            counted["consumptions"] = json!(1000);
            let (said, ()) = refused(self.post(http, COUNT, &counted)?, 400, "license_not_enough_consumptions")?;
            counted["consumptions"] = json!(-4);
            let count = verified(&self.post(http, COUNT, &counted)?, &key)?;
            ensure!(count["total_consumptions"] == 0, "the units that were given back are counted still");
            Ok((format!("4 units counted, and given back; 1000 more {said}"), ()))
        })?;
        self.walk_seats(http, steps, &key)?;
        self.walk_offline(http, steps, &key)?;
        steps.take("License deactivation", LICENSE, || {
            for license in [&self.perpetual, &self.consumption] {
                let answer = self.post(http, DEACTIVATE, &self.named(license))?.expect(200)?;
                ensure!(answer.body == b"license_deactivated", "the answer is not the word of the protocol");
            }
            let (said, ()) = refused(self.check(http, &self.perpetual)?, 400, "license_not_active")?;
            Ok((format!("both licenses taken off the device; a check is {said}"), ()))
        })
    }

    /// The members by which the device names a license.
    fn named(&self, license: &Secret<String>) -> Value {
        self.named_on(HARDWARE, license)
    }

    /// The same for any device.
    pub(super) fn named_on(&self, hardware: &str, license: &Secret<String>) -> Value {
        json!({ "product": self.product, "hardware_id": hardware, "license_key": license.expose() })
    }

    pub(super) fn post(&self, http: &Http, path: &str, document: &Value) -> Result<Answer> {
        http.send(Method::POST, path, &self.proof(), document)
    }

    fn check(&self, http: &Http, license: &Secret<String>) -> Result<Answer> {
        self.check_on(http, HARDWARE, license)
    }

    /// A check of any device.
    pub(super) fn check_on(&self, http: &Http, hardware: &str, license: &Secret<String>) -> Result<Answer> {
        let product = &self.product;
        let path = format!("{CHECK}?product={product}&hardware_id={hardware}&license_key={}", license.expose());
        http.fetch(&path, &self.proof())
    }

    pub(super) fn proof(&self) -> Proof<'_> {
        Proof::Signed { api_key: &self.api_key, shared_key: &self.shared_key }
    }

    /// Verifies the signature inside of a license: over hardware, key and end.
    fn verify_inside(&self, license: &Value, key: &VerifyingKey) -> Result<()> {
        let end = license["validity_period"].as_str().unwrap_or_default();
        let text = format!("{HARDWARE}#{}#{end}", self.perpetual.expose()).to_lowercase();
        let signature = license["license_signature"].as_str().context("the license is not signed")?;
        Ok(key.verify(Algorithm::RS256, text.as_bytes(), &base64_decode(signature)?)?)
    }
}

/// The document of an answer whose signature was verified over its bytes.
pub(super) fn verified(answer: &Answer, key: &VerifyingKey) -> Result<Value> {
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(answer.status == 200, "expected status 200, but the server answered {}: {text}", answer.status);
    let signature = answer.signature.as_deref().context("the answer is not signed")?;
    key.verify(Algorithm::RS256, &answer.body, &base64_decode(signature)?)?;
    answer.json()
}

/// Changes one byte at the begin, in the middle and at the end of an answer, and demands that each is refused.
fn altered(answer: &Answer, key: &VerifyingKey) -> Result<usize> {
    let signature = base64_decode(answer.signature.as_deref().context("the answer is not signed")?)?;
    let places = [0, answer.body.len() / 2, answer.body.len().saturating_sub(1)];
    for place in places {
        let mut body = answer.body.clone();
        let byte = body.get_mut(place).context("the answer is empty")?;
        *byte ^= 1;
        ensure!(key.verify(Algorithm::RS256, &body, &signature).is_err(), "an altered answer was believed");
    }
    Ok(places.len())
}

/// Demands a refusal, in the shape of this door.
pub(super) fn refused(answer: Answer, status: u16, code: &str) -> Result<(String, ())> {
    let document = answer.expect(status)?.json()?;
    ensure!(document["code"] == code, "expected {code}, but the server said {}", document["code"]);
    Ok((format!("refused with {status} {code}"), ()))
}

pub(super) const ACTIVATE: &str = "/api/v4/activate_license";
const CHECK: &str = "/api/v4/check_license";
const COUNT: &str = "/api/v4/add_consumption";
pub(super) const DEACTIVATE: &str = "/api/v4/deactivate_license";
/// What the sample application calls its device.
const HARDWARE: &str = "DEMO-APPLICATION-0001";
pub(super) const LICENSE: &str =
    "see the log above; begin anew with another --data directory if licenses or keys were changed by hand";
