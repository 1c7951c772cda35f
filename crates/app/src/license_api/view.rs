//! What calls answer with: domain values, gathered as they were at one time. Doors turn them into bytes.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use countersign_crypto::{HmacKey, Secret};
use countersign_domain::ids::{ApiKeyId, DeviceId, FeatureId, LicenseId, LicenseUserId, OrderId, ProductId, SiteId};
use countersign_domain::licensing::{
    Assignment, Customer, DeviceVariable, Feature, Floating, License, LicenseFeature, LicenseUser, LicensedProduct,
    Meter, Metering, Part, ReleasedVersion,
};
use countersign_domain::text::{HardwareId, LicenseKey, OrderNumber, UserEmail};
use countersign_domain::time::Timestamp;

use super::recall::Lasting;
use super::seats::{LicenseSeats, SeatsView};

/// A license with all that belongs to it, at one time.
#[derive(Clone, PartialEq, Eq)]
pub struct LicenseView {
    /// The site.
    pub site: SiteId,
    /// The license. Its units and those of its features are as they count at `at`.
    pub license: License,
    /// Its product.
    pub product: LicensedProduct,
    /// Who holds it.
    pub customer: Customer,
    /// The device that asks; `None` in lists of a user.
    pub device: Option<ViewedDevice>,
    /// The key that the call named it by; `None`: it named a user, or nothing.
    pub named: Option<LicenseKey>,
    /// The user for whom it is activated, or to whom it is assigned.
    pub user: Option<AssignedUser>,
    /// The newest release that matches what the device runs on.
    pub release: Option<ReleasedVersion>,
    /// Variables of the device; in answers to an activation that sent some.
    pub variables: Vec<DeviceVariable>,
    /// Its seats and those of its features.
    pub seats: LicenseSeats,
    /// When what is told ends, whatever the license does: files for devices without a connection can.
    pub good_until: Option<Timestamp>,
    /// What it rests on, if it may be told again without another look; in checks only.
    pub lasting: Option<Lasting>,
    /// When all of this was so.
    pub at: Timestamp,
}

impl LicenseView {
    /// The key that a client knows the license by: the one that it named. A part of a bundle has two.
    #[must_use]
    pub fn key(&self) -> &LicenseKey {
        self.named.as_ref().or(self.license.bundle_key.as_ref()).unwrap_or(&self.license.key)
    }

    /// The user by whom a client knows the license; `None` where it knows the key.
    #[must_use]
    pub fn known_user(&self) -> Option<&LicenseUser> {
        self.user.as_ref().map(|assigned| &assigned.user).filter(|_| self.named.is_none())
    }

    /// Hours for which the license goes on after its end, as far as what is told of it holds so long; `None`: none.
    #[must_use]
    pub fn grace(&self) -> Option<u32> {
        let (grace, Some(until)) = (self.license.rules.grace?, self.good_until) else {
            return self.license.rules.grace;
        };
        let end = self.license.terms.end_date?.end();
        let left = u32::try_from(until.as_seconds().saturating_sub(end.as_seconds()) / 3600).unwrap_or(0);
        Some(grace.min(left)).filter(|hours| *hours > 0)
    }

    /// Last moment of the license, or of what is told of it; `None`: it has no end.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        let end = self.license.terms.end_date.map(countersign_domain::time::Date::end);
        end.into_iter().chain(self.good_until).min()
    }

    /// Whether its last moment has passed.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.license.is_expired(self.at)
    }
}

/// A device as an answer names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewedDevice {
    /// Row id.
    pub id: DeviceId,
    /// What it identifies its hardware with.
    pub hardware: HardwareId,
    /// Whether the license is activated on it.
    pub active: bool,
}

/// A user with what was assigned to him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedUser {
    /// The user.
    pub user: LicenseUser,
    /// The assignment.
    pub assignment: Assignment,
}

/// A feature of a license, at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureView {
    /// The license.
    pub license: LicenseId,
    /// The feature; its units are as they count at `at`.
    pub feature: LicenseFeature,
    /// Its seats.
    pub seats: SeatsView,
    /// When.
    pub at: Timestamp,
}

/// Units after they were counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The license.
    pub license: LicenseId,
    /// The feature, when its units were counted.
    pub feature: Option<FeatureId>,
    /// The rules in force.
    pub metering: Metering,
    /// What is counted now.
    pub meter: Meter,
    /// The seats of the feature, when its units were counted.
    pub seats: Option<(Floating, SeatsView)>,
}

/// A trial.
pub enum TrialView {
    /// One that the device had already.
    Existing(Box<LicenseView>),
    /// A new one.
    New {
        /// The license.
        license: Box<LicenseView>,
        /// Its order.
        order: OrderId,
        /// The user whom it is assigned to, when the product is user-based.
        user: Option<TrialUser>,
    },
}

/// The user of a new trial.
pub struct TrialUser {
    /// Row id.
    pub id: LicenseUserId,
    /// E-mail address.
    pub email: UserEmail,
    /// The initial password, when the user is new and has not chosen one.
    pub initial_password: Option<Secret<String>>,
}

/// A product as applications ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductView {
    /// The product.
    pub product: LicensedProduct,
    /// Its features.
    pub features: Vec<Feature>,
    /// Its newest release, when it was asked for and there is one.
    pub latest: Option<ReleasedVersion>,
}

/// A user of a license of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerLicenseUser {
    /// The user.
    pub user: LicenseUser,
    /// The assignment.
    pub assignment: Assignment,
    /// The order of the license.
    pub order: OrderNumber,
    /// Row id of that order.
    pub order_id: OrderId,
    /// Whether the user has the license active on a device.
    pub active: bool,
}

/// An API key as the proof of the door needs it: the shared key is opened.
pub struct OpenedApiKey {
    /// Row id.
    pub id: ApiKeyId,
    /// The shared key.
    pub shared_key: HmacKey,
    /// Products that it is for; `None`: all.
    pub products: Option<Vec<ProductId>>,
    /// The part of what the site has sold that it is limited to; `None`: it sees everything.
    pub part: Option<Part>,
    /// What it may do.
    pub access: super::Access,
    /// Whether it was revoked.
    pub revoked: bool,
    pub(crate) used: LastUse,
}

/// When something was used last, as far as it was noted.
#[derive(Default)]
pub(crate) struct LastUse(AtomicI64);

impl LastUse {
    /// As it was noted before.
    pub(crate) fn at(time: Option<Timestamp>) -> Self {
        Self(AtomicI64::new(time.map_or(0, Timestamp::as_millis)))
    }

    /// Whether a use is to be noted now: of many at once, one is told so.
    pub(crate) fn take(&self, now: Timestamp, behind: Duration) -> bool {
        let before = self.0.load(Ordering::Relaxed);
        let due = now >= Timestamp::from_millis(before).plus(behind);
        due && self.0.compare_exchange(before, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}
