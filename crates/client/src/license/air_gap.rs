//! Activation across an air gap (§9 of the contract): only codes that people type cross it, and the policy file comes with the
//! software. Everything is on the curve P-256.

use countersign_crypto::{
    digest::sha256,
    encoding::{base64_decode, base64_encode, hex_encode},
    p256::P256PrivateKey,
    secret::Secret,
};
use serde_json::{Map, Value};

use super::{
    License, LicenseClient, LicenseError,
    entry::{Entry, Licensee, Signed},
    offline::decoded,
    read,
};

impl LicenseClient {
    /// Answers an initialization code with the activation code of this machine.
    ///
    /// # Errors
    ///
    /// [`LicenseError::AirGapCode`] when the initialization code was mistyped.
    pub fn air_gap_activation_code(
        &self,
        license_key: &str,
        initialization_code: &Secret<String>,
    ) -> Result<String, LicenseError> {
        let mistyped = || LicenseError::AirGapCode { what: "initialization code" };
        let scalar = base64_decode(initialization_code.expose().trim()).map_err(|_| mistyped())?;
        let scalar = Secret::new(<[u8; 32]>::try_from(scalar).map_err(|_| mistyped())?);
        let key = P256PrivateKey::from_scalar(scalar.expose()).map_err(|_| mistyped())?;
        let text = format!("{}{license_key}", self.hardware_id);
        let signature = key.sign_sha1(text.as_bytes()).map_err(|_| mistyped())?;
        Ok(base64_encode(&signature))
    }

    /// Activates with the confirmation code that the producer gave for this machine, and the policy file that came with it or
    /// with the software (base64 or JSON).
    ///
    /// The code proves machine, license key and policy; the policy file itself is not signed. Ship it where users cannot change
    /// it, in the program itself for instance.
    ///
    /// # Errors
    ///
    /// [`LicenseError::AirGapCode`] when code, key, machine and policy do not fit; [`LicenseError::NotOurs`] when the policy is
    /// of another product; [`LicenseError::GivenBack`] when this machine has given it back since. What was kept before stays.
    pub fn activate_air_gap(
        &self,
        license_key: &str,
        confirmation_code: &str,
        policy_file: &str,
    ) -> Result<License, LicenseError> {
        let (policy, confirmation) = (decoded(policy_file)?, confirmation_code.trim().to_owned());
        let license = verified_license(self, &policy, &confirmation, license_key)?;
        if self.past()?.was_given_back(&mark(&confirmation)?) {
            return Err(LicenseError::GivenBack);
        }
        let now = self.now();
        self.update(|kept| {
            let signed = Signed::AirGap { policy, confirmation };
            let passage = self.remembered(kept.as_ref())?.at(now);
            Ok(Some(Entry::new(Licensee::Key(license_key.to_owned()), signed, passage)))
        })?;
        Ok(license)
    }

    /// Answers a fresh initialization code with the deactivation code of this machine, and forgets the license.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::air_gap_activation_code`]; the license is kept then.
    pub fn air_gap_deactivation_code(&self, initialization_code: &Secret<String>) -> Result<String, LicenseError> {
        let entry = self.activated()?;
        let Signed::AirGap { confirmation, .. } = &entry.signed else {
            return Err(LicenseError::NotPossible { what: "this license was not activated across an air gap" });
        };
        let mark = mark(confirmation)?;
        let code = self.air_gap_activation_code(entry.licensee.text(), initialization_code)?;
        self.update_past(|past| past.give_back(mark))?;
        self.forget()?;
        Ok(code)
    }
}

/// The license of a policy that a code confirms for this machine.
pub(crate) fn verified_license(
    client: &LicenseClient,
    policy: &str,
    confirmation: &str,
    license_key: &str,
) -> Result<License, LicenseError> {
    const WHAT: &str = "policy file";
    let missing =
        LicenseError::NotPossible { what: "codes across an air gap need the air gap key in the configuration" };
    let key = client.air_gap_key.ok_or(missing)?;
    let mut document = read::object(WHAT, policy.as_bytes())?;
    let id = document.get("id").and_then(Value::as_u64).ok_or_else(|| unfit(WHAT))?;
    let signature = base64_decode(confirmation).map_err(|_| unfit("confirmation code"))?;
    let text = format!("{}{license_key}{id}", client.hardware_id);
    key.verify_sha256(text.as_bytes(), &signature).map_err(|_| unfit("confirmation code"))?;
    complete(&mut document, license_key);
    let license = read::license(WHAT, document)?;
    if license.product != client.product {
        return Err(LicenseError::NotOurs { what: WHAT.to_owned(), about: "product" });
    }
    Ok(license)
}

/// What tells a confirmation code from all others, however it is written: of its two numbers the first. The second can be
/// replaced by its negative, and the signature verifies still.
fn mark(confirmation: &str) -> Result<String, LicenseError> {
    let signature = base64_decode(confirmation).map_err(|_| unfit("confirmation code"))?;
    let first = signature.get(..32).ok_or_else(|| unfit("confirmation code"))?;
    Ok(hex_encode(&sha256(first)))
}

/// A policy as the license that it describes.
fn complete(document: &mut Map<String, Value>, license_key: &str) {
    if let Some(license_type) = document.remove("default_license_type") {
        document.insert("license_type".to_owned(), license_type);
    }
    document.insert("license_key".to_owned(), license_key.into());
}

fn unfit(what: &'static str) -> LicenseError {
    LicenseError::AirGapCode { what }
}
