//! A licensed application on a device without a connection: its files are carried to the server, and what the server answers
//! is carried back.

use anyhow::{Context as _, Result, ensure};
use countersign_crypto::encoding::{base64_decode, base64_encode};
use countersign_crypto::{Algorithm, HmacKey, VerifyingKey};
use serde_json::json;

use super::http::{Http, date};
use super::licensed::{Application, LICENSE, refused, verified};
use super::steps::Steps;

impl Application {
    /// A device without a connection: somebody carries its files to the server, and what the server answers back.
    pub(super) fn walk_offline(&self, http: &Http, steps: &mut Steps, key: &VerifyingKey) -> Result<()> {
        steps.take("License, device offline", LICENSE, || {
            let carried = self.request_file("activation", "DEMO-OFFLINE-ACTIVATION")?;
            let answer = http.send_text(ACTIVATE_OFFLINE, &self.proof(), &carried)?;
            let license = verified(&answer, key)?;
            let text = String::from_utf8(answer.body.clone())?;
            let (signed, _) = text.split_once(",\"license_signature\":").context("the file is not signed")?;
            let outer = license["license_signature_v2"].as_str().context("the file is not signed")?;
            key.verify(Algorithm::RS256, format!("{signed}}}").as_bytes(), &base64_decode(outer)?)?;
            let altered = format!("{signed} }}");
            ensure!(
                key.verify(Algorithm::RS256, altered.as_bytes(), &base64_decode(outer)?).is_err(),
                "an altered file was believed"
            );
            let again = http.send_text(ACTIVATE_OFFLINE, &self.proof(), &carried)?;
            ensure!(again.body == answer.body, "the same request file was answered differently");
            let back = self.request_file("deactivation", "DEMO-OFFLINE-DEACTIVATION")?;
            let released = http.send_text(DEACTIVATE_OFFLINE, &self.proof(), &back)?.expect(200)?;
            ensure!(released.body == b"license_deactivated", "the answer is not the word of the protocol");
            let (said, ()) =
                refused(http.send_text(ACTIVATE_OFFLINE, &self.proof(), &carried)?, 400, "offline_request_used")?;
            Ok((
                format!(
                    "activated and deactivated by files; the file in response verified; the first one again is {said}"
                ),
                (),
            ))
        })
    }

    /// A file as a device without a connection writes it: base64 of JSON, signed as a whole with the shared key.
    fn request_file(&self, kind: &str, id: &str) -> Result<String> {
        let request = json!({
            "request": kind, "product": self.product, "hardware_id": OFFLINE, "license_key": self.perpetual.expose(),
            "is_vm": false, "sdk_ver": "countersign demo", "api_key": self.api_key, "date": date(), "schema_version": 2,
            "request_id": format!("{id}-{}", crate::clock::now().as_millis()),
        });
        let request = request.to_string();
        let tag = HmacKey::new(self.shared_key.expose().as_bytes()).sign(request.as_bytes());
        let signature = base64_encode(&tag);
        Ok(base64_encode(format!("{{\"request\":{request},\"signature\":\"{signature}\"}}").as_bytes()))
    }
}

/// A device of it that has no connection.
const OFFLINE: &str = "DEMO-APPLICATION-OFFLINE";
const ACTIVATE_OFFLINE: &str = "/api/v4/activate_offline";
const DEACTIVATE_OFFLINE: &str = "/api/v4/deactivate_offline";
