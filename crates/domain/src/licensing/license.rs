//! Orders and licenses.

use std::time::Duration;

use super::customer::Holder;
use super::feature::LicenseFeature;
use super::metering::Meter;
use super::rules::{LicenseRules, LicenseType};
use super::validity::Validity;
use crate::catalog::package::Product;
use crate::ids::{DeviceId, LicenseId, OrderId};
use crate::text::{CustomerName, LicenseKey, OrderNumber};
use crate::time::{Date, Timestamp};

/// A purchase of a customer: an entitlement, in the words of the device door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Row id.
    pub id: OrderId,
    /// The producer's number, unique in the site.
    pub number: OrderNumber,
    /// Who has bought.
    pub holder: Holder,
    /// The name of who has bought.
    pub customer: CustomerName,
    /// When it was entered.
    pub created_at: Timestamp,
}

/// The right to use a product, on a number of devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct License {
    /// Row id.
    pub id: LicenseId,
    /// The activation ID, unique in the site. Whoever knows it can activate.
    pub key: LicenseKey,
    /// The order that it was bought with.
    pub order: OrderNumber,
    /// Whose it is.
    pub holder: Holder,
    /// The name of whose it is.
    pub customer: CustomerName,
    /// What it entitles to.
    pub product: Product,
    /// The key of the bundle that it was sold in: it works for this license and for those beside it.
    pub bundle_key: Option<LicenseKey>,
    /// Features that it includes, by code.
    pub features: Vec<LicenseFeature>,
    /// When and how often it can be used.
    pub terms: LicenseTerms,
    /// What else was laid down for it.
    pub rules: LicenseRules,
    /// What has become of it.
    pub usage: LicenseUsage,
    /// On how many devices it is activated now.
    pub activations: u32,
    /// When it was entered.
    pub created_at: Timestamp,
}

/// What has become of a license.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LicenseUsage {
    /// When it was activated for the first time since it was made or reset; periods of units are counted from here.
    pub first_activated_at: Option<Timestamp>,
    /// The device that it was activated on last.
    pub last_device: Option<DeviceId>,
    /// How often it was taken off a device and not activated again since: until then every other device is a transfer.
    pub vacancies: u32,
    /// How often it has moved to another device.
    pub transfers: u32,
    /// Units that were counted.
    pub meter: Meter,
}

impl License {
    /// Whether it is in force at a time, its grace period included.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        let standing = self.terms.standing(now.date());
        let grace = self.rules.grace.map(|hours| Duration::from_secs(u64::from(hours).saturating_mul(3600)));
        match (standing, grace, self.terms.end_date) {
            (Standing::Expired, Some(grace), Some(end)) if now <= end.end().plus(grace) => Standing::InForce,
            _ => standing,
        }
    }

    /// Whether its last day has passed, whatever its grace period.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.terms.end_date.is_some_and(|end| end.end() < now)
    }

    /// Units that count at a time.
    #[must_use]
    pub fn meter_at(&self, now: Timestamp) -> Meter {
        self.rules.metering.at(self.usage.meter, self.usage.first_activated_at, now)
    }

    /// Whether activating it on a device now is a transfer.
    #[must_use]
    pub fn is_transfer(&self, device: Option<DeviceId>) -> bool {
        self.usage.vacancies > 0 && self.usage.last_device.is_some() && self.usage.last_device != device
    }

    /// When next, after a time, something that is told of it changes though nobody changes anything: it ends, or one of its
    /// features does, or units are counted anew. `None`: never. Seats are not looked at.
    #[must_use]
    pub fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        let features = self.features.iter();
        let ends = features.clone().map(|feature| feature.rules.end_date).chain([self.terms.end_date]);
        // What ends on a day has ended when that day's last moment has passed.
        let ended = ends.flatten().map(|end| end.end().plus(Duration::from_millis(1))).filter(|end| *end > now);
        let metering = features.map(|feature| &feature.rules.metering).chain([&self.rules.metering]);
        let anew = metering.filter_map(|metering| metering.begins_anew_at(self.usage.first_activated_at, now));
        ended.chain(anew).min()
    }

    /// Whether it counts units.
    #[must_use]
    pub fn counts_units(&self) -> bool {
        self.rules.license_type == LicenseType::Consumption
    }

    /// Takes note of an activation on a device. The first one sets the days that were left to it.
    pub fn note_activation(&mut self, device: DeviceId, now: Timestamp) {
        if self.is_transfer(Some(device)) {
            self.usage.transfers = self.usage.transfers.saturating_add(1);
        }
        self.usage.last_device = Some(device);
        self.usage.vacancies = self.usage.vacancies.saturating_sub(1);
        if self.usage.first_activated_at.is_some() {
            return;
        }
        self.usage.first_activated_at = Some(now);
        let last_day = |validity: Validity| validity.last_day_from(now.date());
        let trial = self.rules.trial_days.map(Validity::days);
        self.terms.end_date = self.terms.end_date.or(trial.or(self.rules.validity).map(last_day));
        self.rules.maintenance_end = self.rules.maintenance_end.or(self.rules.maintenance.map(last_day));
        for feature in &mut self.features {
            feature.rules.end_date = feature.rules.end_date.or(feature.rules.validity.map(last_day));
        }
    }
}

/// When and how often a license can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LicenseTerms {
    /// Whether it can be used at all.
    pub status: LicenseStatus,
    /// First day, in UTC; `None`: from the beginning.
    pub start_date: Option<Date>,
    /// Last day, in UTC; `None`: perpetual.
    pub end_date: Option<Date>,
    /// On how many devices it can be activated at the same time.
    pub limit: ActivationLimit,
}

impl LicenseTerms {
    /// Whether the license is in force on a day; both ends are included.
    #[must_use]
    pub fn standing(&self, today: Date) -> Standing {
        match self {
            Self { status: LicenseStatus::Disabled, .. } => Standing::Disabled,
            Self { start_date: Some(start), .. } if today < *start => Standing::NotStarted,
            Self { end_date: Some(end), .. } if *end < today => Standing::Expired,
            _ => Standing::InForce,
        }
    }
}

/// Whether a license is in force, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// The producer has disabled it.
    Disabled,
    /// Its last day has passed.
    Expired,
    /// It can be used.
    InForce,
    /// Its first day has not come.
    NotStarted,
}

/// Whether the producer lets a license be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LicenseStatus {
    /// It cannot be used, whatever its dates say.
    Disabled,
    /// It can be used between its dates.
    Enabled,
}

impl LicenseStatus {
    /// The word for this status in commands and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Disabled, Self::Enabled].into_iter().find(|status| status.as_str() == word)
    }
}

/// On how many devices a license can be activated at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActivationLimit {
    /// On at most so many.
    AtMost(u32),
    /// On any number.
    Unlimited,
}

impl ActivationLimit {
    /// Whether one more device fits, when so many have it activated.
    #[must_use]
    pub fn has_room(self, activated: u32) -> bool {
        match self {
            Self::AtMost(limit) => activated < limit,
            Self::Unlimited => true,
        }
    }
}
