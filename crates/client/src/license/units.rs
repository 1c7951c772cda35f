//! Counting units of a license or of a feature.

use countersign_crypto::random::random_uuid_v4;

use super::{
    Call, LicenseClient, LicenseError, Units,
    door::{Ask, sendable},
    read,
};

/// Units to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumption {
    /// How many; negative to give units back where the license lets that be done.
    pub units: i64,
    /// The code of the feature whose units they are; `None`: of the license.
    pub feature: Option<String>,
    /// What makes a repetition of this count known to the server for 24 hours, across restarts of the application; 1 to 255
    /// visible ASCII characters. `None`: only the attempts of one call are known as one.
    pub idempotency_key: Option<String>,
}

impl Consumption {
    /// Units of the license.
    #[must_use]
    pub fn of_license(units: i64) -> Self {
        Self { units, feature: None, idempotency_key: None }
    }

    /// Units of a feature.
    #[must_use]
    pub fn of_feature(code: impl Into<String>, units: i64) -> Self {
        Self { units, feature: Some(code.into()), idempotency_key: None }
    }
}

impl LicenseClient {
    /// Counts units, and returns what is left. Sent again after a lost answer, they count once. What [`LicenseClient::license`]
    /// says of units is as old as the last check.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with [`Reason::NotEnoughUnits`](super::Reason::NotEnoughUnits) when not all of them are left:
    /// none is counted then. [`LicenseError::NotPossible`] when the `idempotency_key` cannot be sent. After [`LicenseError::is_away`] nobody knows whether they were counted; call again with the
    /// same `idempotency_key` to find out.
    pub fn consume(&self, consumption: &Consumption) -> Result<Units, LicenseError> {
        let own;
        let once = match &consumption.idempotency_key {
            Some(key) => sendable(key)?,
            None => {
                own = random_uuid_v4(&*self.door.rng);
                &own
            }
        };
        let entry = self.online()?;
        let license_id = self.id_of(&entry);
        let mut members = self.identity(&entry.licensee, license_id);
        members.insert("consumptions".to_owned(), consumption.units.into());
        let call = match &consumption.feature {
            Some(code) => {
                members.insert("feature".to_owned(), code.as_str().into());
                Call::ConsumeFeature
            }
            None => Call::Consume,
        };
        let answer = self.door.ask(&Ask::post(call, members).once(once))?;
        let what = call.to_string();
        let (of_license, id, units) = read::counted(&what, &read::object(&what, &answer.body)?)?;
        let answered = if consumption.feature.is_some() { of_license } else { Some(id) };
        if license_id.is_some() && answered != license_id {
            return Err(LicenseError::NotOurs { what, about: "license" });
        }
        Ok(units)
    }
}
