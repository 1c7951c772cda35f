//! Seats: taken with a check, kept with further ones, borrowed, and given back.

use std::{
    fmt, io,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Call, LicenseClient, LicenseError, Seats, Timestamp,
    door::Ask,
    entry::{Entry, Licensee},
    read,
};

/// A seat that this machine holds. It is given back when this is dropped; until then [`FloatingSeat::renew`] must be called
/// before the [timeout](Seats::timeout) of the seat ends, or [`FloatingSeat::keep_alive`] does it.
pub struct FloatingSeat {
    client: Arc<LicenseClient>,
    /// Whose seat it is; `None`: the license's.
    feature: Option<String>,
    seats: Seats,
    renewed_at: Timestamp,
    is_held: bool,
}

/// A seat that a thread of its own keeps. It is given back when this is dropped.
pub struct KeptSeat {
    /// Closing it ends the thread.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl LicenseClient {
    /// Takes a seat of the license, or keeps the one that this machine has.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with [`Reason::NoSeat`](super::Reason::NoSeat) when none is free, which the message of the
    /// server explains; otherwise as [`LicenseClient::check`].
    pub fn take_seat(self: &Arc<Self>) -> Result<FloatingSeat, LicenseError> {
        let seats = self.check()?.seats.ok_or(NO_SEATS)?;
        Ok(FloatingSeat { client: self.clone(), feature: None, seats, renewed_at: self.now(), is_held: true })
    }

    /// Takes a seat of a feature.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::take_seat`]; nothing about the feature ends the license.
    pub fn take_feature_seat(self: &Arc<Self>, code: &str) -> Result<FloatingSeat, LicenseError> {
        let seats = self.check_feature(code)?.seats.ok_or(NO_SEATS)?;
        let feature = Some(code.to_owned());
        Ok(FloatingSeat { client: self.clone(), feature, seats, renewed_at: self.now(), is_held: true })
    }

    /// Holds a seat of the license until a time, or for as long as the license allows, and returns until when. Meanwhile the
    /// server need not be asked, whatever the [policy](super::AwayPolicy).
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with [`Reason::BorrowNotAllowed`](super::Reason::BorrowNotAllowed),
    /// [`Reason::BorrowDate`](super::Reason::BorrowDate) or [`Reason::NoSeat`](super::Reason::NoSeat).
    pub fn borrow_seat(&self, until: Option<Timestamp>) -> Result<Timestamp, LicenseError> {
        let (licensee, borrowed) = self.borrow_as(Call::Borrow, None, until)?;
        self.note(&licensee, |entry| {
            entry.passage = self.passage(entry);
            entry.borrowed_until = Some(borrowed.as_millis());
            entry.seat_until = Some(borrowed.as_millis().max(entry.seat_until.unwrap_or(0)));
        })?;
        Ok(borrowed)
    }

    /// The same with a seat of a feature.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::borrow_seat`].
    pub fn borrow_feature_seat(&self, code: &str, until: Option<Timestamp>) -> Result<Timestamp, LicenseError> {
        self.borrow_as(Call::BorrowFeature, Some(code), until).map(|(_, borrowed)| borrowed)
    }

    /// Gives the seat of the license back, borrowed or not; the license stays active on this machine. To give back what one does
    /// not hold is no error.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked, or refuses. Whatever it says, this machine uses the seat no more.
    pub fn release_seat(&self) -> Result<(), LicenseError> {
        self.release_as(None, true)
    }

    /// The same with the seat of a feature.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::release_seat`].
    pub fn release_feature_seat(&self, code: &str) -> Result<(), LicenseError> {
        self.release_as(Some(code), true)
    }

    fn release_as(&self, feature: Option<&str>, is_patient: bool) -> Result<(), LicenseError> {
        let entry = self.online()?;
        let mut members = self.identity(&entry.licensee, self.id_of(&entry));
        let call = if feature.is_some() { Call::ReleaseFeature } else { Call::Release };
        name_feature(&mut members, feature);
        // Noted first, as the program may end at any time; a disk that fails does not keep the seat from others.
        let noted = if feature.is_none() { self.note(&entry.licensee, Entry::unseated) } else { Ok(()) };
        let mut ask = Ask::post(call, members);
        ask.is_patient = is_patient;
        noted.and(self.door.ask_unsigned(&ask).map(drop))
    }

    fn borrow_as(
        &self,
        call: Call,
        feature: Option<&str>,
        until: Option<Timestamp>,
    ) -> Result<(Licensee, Timestamp), LicenseError> {
        #[derive(Deserialize)]
        struct Lent {
            borrowed_until: String,
            license_id: i64,
        }
        let entry = self.online()?;
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
        Ok((entry.licensee, until))
    }
}

impl FloatingSeat {
    /// How many seats there are, how many are taken, and for how long one lasts.
    #[must_use]
    pub fn seats(&self) -> &Seats {
        &self.seats
    }

    /// When to renew it at the latest: after a third of its timeout, so that two renewals may fail.
    #[must_use]
    pub fn renew_at(&self) -> Timestamp {
        self.renewed_at.plus(self.interval())
    }

    /// Keeps the seat for another timeout.
    ///
    /// # Errors
    ///
    /// As when it was taken. After a [refusal](LicenseError::Refused), and without the license, the seat is lost; after any other
    /// error it lasts until its timeout ends.
    pub fn renew(&mut self) -> Result<(), LicenseError> {
        let renewed = match &self.feature {
            Some(code) => self.client.check_feature(code).map(|feature| feature.seats),
            None => self.client.check().map(|license| license.seats),
        };
        match renewed {
            Ok(seats) => {
                self.seats = seats.ok_or(NO_SEATS)?;
                self.renewed_at = self.client.now();
                self.is_held = true;
                Ok(())
            }
            Err(error) => {
                self.is_held = still_holds(&error);
                Err(error)
            }
        }
    }

    /// Gives the seat back.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked: the seat is free again when its timeout ends.
    pub fn release(mut self) -> Result<(), LicenseError> {
        self.is_held = false;
        self.client.release_as(self.feature.as_deref(), true)
    }

    /// Lets a thread renew the seat, every so often or at [`FloatingSeat::renew_at`], until what is returned is dropped or
    /// the seat is lost. `told` hears of each renewal that failed, on that thread.
    ///
    /// # Errors
    ///
    /// When the system starts no thread; the seat is given back then.
    pub fn keep_alive(
        mut self,
        every: Option<Duration>,
        mut told: impl FnMut(&LicenseError) + Send + 'static,
    ) -> io::Result<KeptSeat> {
        let (stop, stopped) = mpsc::channel::<()>();
        let every = every.unwrap_or_else(|| self.interval()).max(SHORTEST_INTERVAL);
        let renewing = move || {
            // Nothing is sent; the end of the channel is what ends the wait.
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = self.renew() {
                    told(&error);
                    if !self.is_held {
                        break;
                    }
                }
            }
        };
        let thread = thread::Builder::new().name("license seat".to_owned()).spawn(renewing)?;
        Ok(KeptSeat { stop: Some(stop), thread: Some(thread) })
    }

    fn interval(&self) -> Duration {
        // A timeout of nothing would be no wait at all.
        self.seats.timeout.max(Duration::from_secs(60)).checked_div(3).unwrap_or(SHORTEST_INTERVAL)
    }
}

impl Drop for FloatingSeat {
    fn drop(&mut self) {
        if self.is_held {
            // Once, so that a program ends soon; a seat that is not given back ends with its timeout.
            let _ = self.client.release_as(self.feature.as_deref(), false);
        }
    }
}

impl KeptSeat {
    /// Gives the seat back, and waits until that is done.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for KeptSeat {
    fn drop(&mut self) {
        drop(self.stop.take());
        // What is told of errors may drop this, on the very thread, which then ends by itself.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for FloatingSeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FloatingSeat")
            .field("feature", &self.feature)
            .field("seats", &self.seats)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for KeptSeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptSeat(..)")
    }
}

/// Whether a seat that could not be renewed is still this machine's: neither a network nor a disk that fails takes it away.
fn still_holds(error: &LicenseError) -> bool {
    let is_lost =
        matches!(error, LicenseError::Refused { .. } | LicenseError::NeverActivated | LicenseError::NotPossible { .. });
    error.is_away() || !is_lost
}

fn name_feature(members: &mut Map<String, Value>, feature: Option<&str>) {
    if let Some(code) = feature {
        members.insert("feature".to_owned(), code.into());
    }
}

const NO_SEATS: LicenseError =
    LicenseError::NotPossible { what: "the server counts no seats of this license or feature" };
/// However short a timeout is, a thread asks no more often.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);
