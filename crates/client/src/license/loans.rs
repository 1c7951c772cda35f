//! Loans: seats that are held for a time without the server.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Call, LicenseClient, LicenseError, Timestamp,
    clock::Moment,
    door::{Ask, Timing},
    entry::Entry,
    read,
    seats::name_feature,
};

/// A loan as it was answered.
struct Loan {
    /// What was kept when it was asked for.
    entry: Entry,
    until: Timestamp,
    timing: Timing,
}

impl LicenseClient {
    /// Holds a seat of the license until a time, or for as long as the license allows, and returns until when. Meanwhile the
    /// server need not be asked, whatever the [policy](super::AwayPolicy). A new loan takes the place of one that runs, also when it
    /// is shorter. Only [`LicenseClient::release_seat`] and the other functions that say so end it early.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with [`Reason::BorrowNotAllowed`](super::Reason::BorrowNotAllowed),
    /// [`Reason::BorrowDate`](super::Reason::BorrowDate) or [`Reason::NoSeat`](super::Reason::NoSeat).
    pub fn borrow_seat(&self, until: Option<Timestamp>) -> Result<Timestamp, LicenseError> {
        let Loan { entry, until, timing } = self.borrow_as(Call::Borrow, None, until)?;
        self.note(&entry.licensee, |entry| {
            entry.passage = self.passage(entry);
            let took = Moment::now(&*self.door.clock).since(&timing.asked);
            let licenses = self.licenses_of(entry).unwrap_or_default();
            let timeout = licenses.iter().filter_map(|license| license.seats).map(|seats| seats.timeout).min();
            entry.lent(until, took, timeout.unwrap_or_default());
        })?;
        Ok(until)
    }

    /// The same with a seat of a feature.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::borrow_seat`].
    pub fn borrow_feature_seat(&self, code: &str, until: Option<Timestamp>) -> Result<Timestamp, LicenseError> {
        let Loan { entry, until, timing: _ } = self.borrow_as(Call::BorrowFeature, Some(code), until)?;
        self.note(&entry.licensee, |entry| entry.lent_feature(code, Some(until)))?;
        Ok(until)
    }

    /// Whether a loan of the seat of the license, or of a feature, runs now. It ends by the time of the server, so what is known to
    /// have passed counts, and not only what the clock shows.
    pub(crate) fn is_lent(&self, feature: Option<&str>) -> bool {
        let Ok(Some(entry)) = self.kept() else { return false };
        let now = || self.now().max(self.passage(&entry).trusted());
        entry.loan(feature).is_some_and(|until| now() <= until)
    }

    fn borrow_as(&self, call: Call, feature: Option<&str>, until: Option<Timestamp>) -> Result<Loan, LicenseError> {
        #[derive(Deserialize)]
        struct Lent {
            borrowed_until: String,
            license_id: i64,
        }
        let entry = self.online()?;
        self.prepare()?;
        let license_id = self.id_of(&entry);
        let mut members = self.identity(&entry.licensee, license_id);
        name_feature(&mut members, feature);
        let until = until.map_or(Value::Null, |until| until.to_string().into());
        members.insert("borrowed_until".to_owned(), until);
        let answer = self.door.ask(&Ask::post(call, members))?;
        let what = call.to_string();
        let lent: Lent = read::typed(&what, &read::object(&what, &answer.body)?)?;
        if license_id.is_some_and(|id| id != lent.license_id) {
            return Err(LicenseError::NotOurs { what, about: "license" });
        }
        let why = "borrowed_until is no date in UTC".to_owned();
        let until = Timestamp::parse_iso(&lent.borrowed_until).ok_or(LicenseError::Malformed { what, why })?;
        Ok(Loan { entry, until, timing: answer.timing })
    }
}
