//! How often callers may fail, and how much devices may tell. An operator can change it while the server runs.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use countersign_domain::ids::SiteId;
use countersign_domain::report::EVENTS_PER_MINUTE;
use countersign_domain::time::Timestamp;

use crate::Ctx;
use crate::devices::{REFUSALS, RefusedTokens};
use crate::license_proof::{self, RefusedProofs};
use crate::users::{FAILURES, FailedGuesses, FailedLogins, GUESSES, LOGIN_WINDOW};

/// Limits within a minute, unless another time is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Wrong passwords under one name from one address within five minutes.
    pub failed_logins: u32,
    /// Refused device tokens of one address.
    pub refused_tokens: u32,
    /// Events that one device may log.
    pub device_events: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { failed_logins: FAILURES, refused_tokens: REFUSALS, device_events: EVENTS_PER_MINUTE }
    }
}

/// Who tries a password: a name, as a digest, from an address.
pub(crate) type Guess = (SiteId, [u8; 32], IpAddr);

/// What is counted, and the limits that hold now.
pub(crate) struct Rates {
    pub(crate) failed_logins: FailedLogins,
    pub(crate) failed_guesses: FailedGuesses,
    pub(crate) refused_tokens: RefusedTokens,
    pub(crate) refused_proofs: RefusedProofs,
    device_events: AtomicU32,
}

impl Default for Rates {
    fn default() -> Self {
        let RateLimits { failed_logins, refused_tokens, device_events } = RateLimits::default();
        Self {
            failed_logins: FailedLogins::within(LOGIN_WINDOW, failed_logins),
            failed_guesses: FailedGuesses::new(GUESSES),
            refused_tokens: RefusedTokens::new(refused_tokens),
            refused_proofs: RefusedProofs::new(license_proof::REFUSALS),
            device_events: AtomicU32::new(device_events),
        }
    }
}

impl Rates {
    /// Seconds until another password is tried for a name, as a digest, from an address; `None`: at once. There are limits for
    /// the name, and for the address whatever the names.
    pub(crate) fn password_wait(&self, &(site, name, address): &Guess, now: Timestamp) -> Option<u32> {
        let of_name = self.failed_logins.wait(&(site, name, address), now);
        of_name.max(self.failed_guesses.wait(&(site, address), now))
    }

    /// Notes a wrong password.
    pub(crate) fn note_wrong_password(&self, &(site, name, address): &Guess, now: Timestamp) {
        self.failed_logins.note(&(site, name, address), now);
        self.failed_guesses.note(&(site, address), now);
    }

    /// Events that a device may log within a minute.
    pub(crate) fn device_events(&self) -> u32 {
        self.device_events.load(Ordering::Relaxed)
    }
}

impl Ctx {
    /// Puts other limits in force, at once. What was counted so far goes on to count.
    pub fn limit_rates(&self, limits: RateLimits) {
        let rates = &self.rates;
        rates.failed_logins.allow(limits.failed_logins);
        rates.refused_tokens.allow(limits.refused_tokens);
        rates.device_events.store(limits.device_events, Ordering::Relaxed);
    }
}
