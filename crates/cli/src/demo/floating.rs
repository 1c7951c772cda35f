//! Two devices and one seat: who comes second is refused, and gets it when the first one gives it back.

use anyhow::{Result, ensure};
use countersign_crypto::VerifyingKey;

use super::http::Http;
use super::licensed::{ACTIVATE, Application, DEACTIVATE, LICENSE, refused, verified};
use super::steps::Steps;

impl Application {
    /// Two devices of a license with one seat.
    pub(super) fn walk_seats(&self, http: &Http, steps: &mut Steps, key: &VerifyingKey) -> Result<()> {
        let license = &self.floating;
        steps.take("License, two devices and one seat", LICENSE, || {
            let activate = |device| verified(&self.post(http, ACTIVATE, &self.named_on(device, license))?, key);
            ensure!(activate(FIRST)?["floating_in_use"] == true, "the first device has no seat");
            ensure!(activate(SECOND)?["floating_in_use"] == false, "two devices have the one seat");
            let (said, ()) = refused(self.check_on(http, SECOND, license)?, 400, "floating_not_available")?;
            verified(&self.check_on(http, FIRST, license)?, key)?;
            let answer = self.post(http, RELEASE, &self.named_on(FIRST, license))?.expect(200)?;
            ensure!(answer.body == b"license_released", "the answer is not the word of the protocol");
            let held = verified(&self.check_on(http, SECOND, license)?, key)?;
            ensure!(held["floating_in_use_devices"] == 1, "{} seats are held", held["floating_in_use_devices"]);
            refused(self.check_on(http, FIRST, license)?, 400, "floating_not_available")?;
            for device in [FIRST, SECOND] {
                self.post(http, DEACTIVATE, &self.named_on(device, license))?.expect(200)?;
            }
            Ok((format!("the second is {said}, and has the seat once the first has given it back"), ()))
        })
    }
}

const RELEASE: &str = "/api/v4/floating/release";
/// What the sample application calls its devices.
const FIRST: &str = "DEMO-SEAT-0001";
const SECOND: &str = "DEMO-SEAT-0002";
