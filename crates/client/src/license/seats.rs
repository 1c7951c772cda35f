//! Seats: taken with a check, kept with further ones, and given back.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use serde_json::{Map, Value};

use super::{
    Call, CheckOptions, LicenseClient, LicenseError, Seats, Timestamp, clock::Moment, door::Ask, entry::Entry,
};

/// A seat that this machine holds. It is given back when this is dropped, unless a loan of it runs, which only
/// [`FloatingSeat::release`] and its like end early. Until then [`FloatingSeat::renew`] must be called before the
/// [timeout](Seats::timeout) of the seat ends, or [`FloatingSeat::keep_alive`] does it.
pub struct FloatingSeat {
    client: Arc<LicenseClient>,
    /// Whose seat it is; `None`: the license's.
    feature: Option<String>,
    seats: Seats,
    /// `None` when it is lost.
    held: Option<Held>,
}

/// Until when a seat is held.
#[derive(Clone, Copy)]
struct Held {
    /// When it was asked for; the server has counted from later on.
    asked: Moment,
    lasts: Duration,
}

/// A seat that a thread of its own keeps. It is given back when this is dropped, unless a loan of it runs.
pub struct KeptSeat {
    client: Arc<LicenseClient>,
    feature: Option<String>,
    held: Arc<Mutex<Option<Held>>>,
    /// Closing it ends the thread.
    stop: Option<mpsc::Sender<GiveBack>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What a thread is told that is to give its seat back, whether a loan of it runs or not.
struct GiveBack;

impl LicenseClient {
    /// Takes a seat of the license, or keeps the one that this machine has.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with [`Reason::NoSeat`](super::Reason::NoSeat) when none is free, which the message of the
    /// server explains; [`LicenseError::NoSeatGiven`] when the license is not in force; otherwise as [`LicenseClient::check`].
    pub fn take_seat(self: &Arc<Self>) -> Result<FloatingSeat, LicenseError> {
        self.take(None)
    }

    /// Takes a seat of a feature.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::take_seat`], also when the feature has expired, or the license by what is kept of it; nothing about the
    /// feature ends the license.
    pub fn take_feature_seat(self: &Arc<Self>, code: &str) -> Result<FloatingSeat, LicenseError> {
        self.take(Some(code))
    }

    fn take(self: &Arc<Self>, feature: Option<&str>) -> Result<FloatingSeat, LicenseError> {
        let (seats, held) = self.hold(feature)?;
        Ok(FloatingSeat { client: self.clone(), feature: feature.map(str::to_owned), seats, held: Some(held) })
    }

    /// Takes a seat of the license, or of the feature that is named, or keeps it, and leaves it at that: the caller renews it
    /// by this within its [timeout](Seats::timeout), and gives it back.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::take_seat`] and [`LicenseClient::take_feature_seat`].
    pub fn hold_seat(&self, feature: Option<&str>) -> Result<Seats, LicenseError> {
        self.hold(feature).map(|(seats, _)| seats)
    }

    /// Asks for a seat. The server answers as well when it gives none, because what the seat is of is over.
    fn hold(&self, feature: Option<&str>) -> Result<(Seats, Held), LicenseError> {
        let (seats, timing, is_in_force) = if let Some(code) = feature {
            let (feature, timing) = self.ask_about_feature(code)?;
            if feature.seats.is_some() && (feature.is_expired || !feature.is_in_force(timing.at())) {
                return Err(LicenseError::NoSeatGiven { why: "the feature has expired" });
            }
            // This answer says nothing of the license itself.
            let licenses = self.licenses_of(&self.online()?).unwrap_or_default();
            let is_known = !licenses.is_empty();
            let is_in_force = licenses.iter().any(|license| license.is_in_force(timing.at()));
            (feature.seats, timing, is_in_force || !is_known)
        } else {
            let (license, timing) = self.ask_to_check(&CheckOptions::default())?;
            (license.seats, timing, license.is_in_force(timing.at()))
        };
        let seats = seats.ok_or(NO_SEATS)?;
        if !is_in_force {
            return Err(LicenseError::NoSeatGiven { why: "the license is not in force; check it" });
        }
        if seats.held == Some(false) {
            return Err(LicenseError::NoSeatGiven { why: "the server says that this machine holds none" });
        }
        // A timeout of nothing would be no seat at all.
        let lasts = seats.timeout.max(SHORTEST_TIMEOUT);
        Ok((seats, Held { asked: timing.asked, lasts }))
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
        let noted = match feature {
            None => self.note(&entry.licensee, Entry::unseated),
            Some(code) if entry.loan(feature).is_some() => {
                self.note(&entry.licensee, |entry| entry.lent_feature(code, None))
            }
            Some(_) => Ok(()),
        };
        let mut ask = Ask::post(call, members);
        ask.is_patient = is_patient;
        noted.and(self.door.ask_unsigned(&ask).map(drop))
    }
}

impl FloatingSeat {
    /// How many seats there are, how many are taken, and for how long one lasts.
    #[must_use]
    pub fn seats(&self) -> &Seats {
        &self.seats
    }

    /// Whether it is held now: it is not lost, and its timeout or a loan of it has not ended. Whatever becomes of the server, another
    /// machine can have it after that.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.is_some_and(|held| held.holds(&self.client, self.feature.as_deref()))
    }

    /// When to renew it at the latest: after a third of its timeout, so that two renewals may fail.
    #[must_use]
    pub fn renew_at(&self) -> Timestamp {
        self.held.map_or_else(|| self.client.now(), |held| held.asked.at.plus(self.interval()))
    }

    /// Keeps the seat for another timeout. One that has ended is taken anew, if it is free.
    ///
    /// # Errors
    ///
    /// As when it was taken. After a [refusal](LicenseError::Refused), without the license, and when
    /// [none was given](LicenseError::NoSeatGiven), the seat is lost; after any other error it lasts until its timeout ends.
    pub fn renew(&mut self) -> Result<(), LicenseError> {
        match self.client.hold(self.feature.as_deref()) {
            Ok((seats, held)) => {
                (self.seats, self.held) = (seats, Some(held));
                Ok(())
            }
            Err(error) => {
                self.held = self.held.filter(|_| still_holds(&error));
                Err(error)
            }
        }
    }

    /// Gives the seat back, borrowed or not.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked: the seat is free again when its timeout, or a loan of it, ends.
    pub fn release(mut self) -> Result<(), LicenseError> {
        self.held = None;
        self.client.release_as(self.feature.as_deref(), true)
    }

    /// Lets a thread renew the seat, every so often or at [`FloatingSeat::renew_at`], until what is returned is dropped or
    /// the seat is lost. `told` hears of each renewal that failed, on that thread. A seat whose timeout ends while the server is
    /// away is not held, as [`KeptSeat::is_held`] says, and is taken anew once the server answers.
    ///
    /// # Errors
    ///
    /// When the system starts no thread; the seat is dropped then.
    pub fn keep_alive(
        mut self,
        every: Option<Duration>,
        mut told: impl FnMut(&LicenseError) + Send + 'static,
    ) -> io::Result<KeptSeat> {
        let (stop, stopped) = mpsc::channel();
        let every = every.unwrap_or_else(|| self.interval()).max(SHORTEST_INTERVAL);
        let (client, feature) = (self.client.clone(), self.feature.clone());
        let held = Arc::new(Mutex::new(self.held));
        let shown = held.clone();
        let renewing = move || {
            loop {
                match stopped.recv_timeout(every) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                    Ok(GiveBack) => {
                        self.give_back();
                        break;
                    }
                }
                let renewed = self.renew();
                *shown.lock().unwrap_or_else(PoisonError::into_inner) = self.held;
                if let Err(error) = renewed {
                    told(&error);
                    if self.held.is_none() {
                        break;
                    }
                }
            }
        };
        let thread = thread::Builder::new().name("license seat".to_owned()).spawn(renewing)?;
        Ok(KeptSeat { client, feature, held, stop: Some(stop), thread: Some(thread) })
    }

    /// Gives it back unless it is lost, and asks for that once, so that a program ends soon; a seat that is not given back ends
    /// with its timeout.
    fn give_back(&mut self) {
        // Also when its timeout has ended: an answer that was lost may have renewed it.
        if self.held.take().is_some() {
            let _ = self.client.release_as(self.feature.as_deref(), false);
        }
    }

    fn interval(&self) -> Duration {
        self.seats.timeout.max(SHORTEST_TIMEOUT).checked_div(3).unwrap_or(SHORTEST_INTERVAL)
    }
}

impl Held {
    fn holds(&self, client: &LicenseClient, feature: Option<&str>) -> bool {
        Moment::now(&*client.door.clock).since(&self.asked) <= self.lasts || client.is_lent(feature)
    }
}

impl Drop for FloatingSeat {
    fn drop(&mut self) {
        // A loan was made to last when the program does not.
        if self.held.is_some() && !self.client.is_lent(self.feature.as_deref()) {
            self.give_back();
        }
    }
}

impl KeptSeat {
    /// Whether it is held now; see [`FloatingSeat::is_held`].
    #[must_use]
    pub fn is_held(&self) -> bool {
        let held = *self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.is_some_and(|held| held.holds(&self.client, self.feature.as_deref()))
    }

    /// Gives the seat back, borrowed or not, and waits until that is done.
    pub fn release(self) {
        if let Some(stop) = &self.stop {
            // A thread that is gone has lost the seat.
            let _ = stop.send(GiveBack);
        }
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

/// Whether a seat that could not be renewed is still this machine's until it ends: neither a network nor a disk that fails takes
/// it away before.
fn still_holds(error: &LicenseError) -> bool {
    let is_lost = matches!(
        error,
        LicenseError::Refused { .. }
            | LicenseError::NeverActivated
            | LicenseError::NoSeatGiven { .. }
            | LicenseError::NotPossible { .. }
    );
    error.is_away() || !is_lost
}

pub(crate) fn name_feature(members: &mut Map<String, Value>, feature: Option<&str>) {
    if let Some(code) = feature {
        members.insert("feature".to_owned(), code.into());
    }
}

const NO_SEATS: LicenseError =
    LicenseError::NotPossible { what: "the server counts no seats of this license or feature" };
/// However short the server says a timeout is.
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(60);
/// However short a timeout is, a thread asks no more often.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);
