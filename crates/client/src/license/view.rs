//! Licenses and what belongs to them, as applications see them.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Timestamp;

/// A license as the server has signed it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct License {
    /// Row ID; the server wants it back in later calls.
    pub id: i64,
    /// The license key; `None` when it was activated for a user.
    pub key: Option<String>,
    /// E-mail address of the user for whom it is active.
    pub user: Option<String>,
    /// Code of the product.
    pub product: String,
    /// Name of the product.
    pub product_name: String,
    /// `perpetual`, `time-limited`, `subscription` or `consumption`.
    pub license_type: String,
    /// Before this it is not valid.
    pub starts: Option<Timestamp>,
    /// After this it is not valid, but for its own [grace](License::grace); `None`: it never ends.
    pub ends: Option<Timestamp>,
    /// How long it goes on after its end, because a payment may be late.
    pub grace: Option<Duration>,
    /// Whether its last day had passed when the server signed this.
    pub is_expired: bool,
    /// Whether it was active on this device.
    pub is_active: bool,
    /// Whether the producer lets it be used.
    pub is_enabled: bool,
    /// Whether it is a trial.
    pub is_trial: bool,
    /// Until when new releases are included; `None`: all of them.
    pub maintenance_ends: Option<Timestamp>,
    /// Whether virtual machines are not let in.
    pub prevents_vm: bool,
    /// Whether it can be activated without a connection.
    pub allows_offline: bool,
    /// Seats, when they are counted by the server.
    pub seats: Option<Seats>,
    /// Units, when it counts some.
    pub units: Option<Units>,
    /// Its features.
    pub features: Vec<Feature>,
    /// What the producer has written beside it.
    pub metadata: Map<String, Value>,
    /// Named texts beside it.
    pub custom_fields: Vec<(String, String)>,
    /// The newest release that fits this device, when the answer named one.
    pub release: Option<Release>,
    /// All members as they were signed, for what is not read here.
    pub document: Map<String, Value>,
}

/// Seats of a license or a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seats {
    /// How many there are.
    pub count: u64,
    /// How many were taken, this device included.
    pub in_use: u64,
    /// Whether this device had one; `None` when the answer does not say.
    pub held: Option<bool>,
    /// How long a seat lasts without another check.
    pub timeout: Duration,
    /// How long one can be borrowed; `None`: not at all.
    pub longest_loan: Option<Duration>,
    /// Until when this device has borrowed one.
    pub borrowed_until: Option<Timestamp>,
}

/// Units of a license or a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Units {
    /// How many were counted.
    pub used: i64,
    /// How many there are; `None`: any number.
    pub limit: Option<i64>,
    /// How many more may be counted beyond the limit; `None`: any number.
    pub overage: Option<i64>,
    /// Whether units can be given back.
    pub can_be_returned: bool,
}

impl Units {
    /// How many can still be counted, overage included; `None`: any number.
    #[must_use]
    pub fn left(&self) -> Option<i64> {
        Some(self.limit?.saturating_add(self.overage?).saturating_sub(self.used).max(0))
    }
}

/// A feature of a license.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Feature {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// After this it is not valid; `None`: it ends with the license.
    pub ends: Option<Timestamp>,
    /// Whether it was over when the server signed this.
    pub is_expired: bool,
    /// Seats of its own, when it has some.
    pub seats: Option<Seats>,
    /// Units, when it counts some.
    pub units: Option<Units>,
    /// What the producer has written beside it.
    pub metadata: Map<String, Value>,
}

impl Feature {
    /// Whether it is in force at a time, as long as the license is.
    #[must_use]
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        match self.ends {
            Some(end) => at <= end,
            None => !self.is_expired,
        }
    }
}

/// A release of the product.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Release {
    /// Its version.
    pub version: String,
    /// Where its file is.
    pub url: String,
    /// When it came out.
    pub released_at: Option<Timestamp>,
    /// MD5 of the file in hex, for programs that have nothing better. Check updates with the device client.
    pub md5: String,
    /// Length of the file in bytes.
    pub size: Option<u64>,
    /// What it runs on.
    pub environment: String,
    /// Its channel.
    pub channel: String,
    /// What must be installed before it.
    pub requires_version: String,
    /// Where its notes are.
    pub release_notes_link: String,
    /// Where its terms are.
    pub eula_link: String,
}

impl License {
    /// Whether it is in force at a time, its own grace period included.
    #[must_use]
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        let is_over = self.last().map_or(self.is_expired, |last| at > last);
        self.is_enabled && self.is_active && !is_over && self.starts.is_none_or(|start| at >= start)
    }

    /// The last moment at which it is valid; `None`: it names no end.
    pub(crate) fn last(&self) -> Option<Timestamp> {
        self.ends.map(|end| end.plus(self.grace.unwrap_or_default()))
    }

    /// The feature of a code.
    #[must_use]
    pub fn feature(&self, code: &str) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.code == code)
    }

    /// The custom field of a name.
    #[must_use]
    pub fn custom_field(&self, name: &str) -> Option<&str> {
        self.custom_fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}
