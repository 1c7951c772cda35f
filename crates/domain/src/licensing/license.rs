//! Orders, licenses and features.

use super::customer::Holder;
use crate::catalog::package::Product;
use crate::ids::{FeatureId, LicenseId, OrderId, ProductId};
use crate::text::{CustomerName, FeatureCode, LicenseKey, OrderNumber};
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

/// A part of a product that a license can include.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Row id.
    pub id: FeatureId,
    /// The product that it is a part of.
    pub product: ProductId,
    /// Code, unique in the product.
    pub code: FeatureCode,
    /// Text for people; may be empty.
    pub name: String,
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
    /// Features that it includes, by code.
    pub features: Vec<FeatureCode>,
    /// When and how often it can be used.
    pub terms: LicenseTerms,
    /// On how many devices it is activated now.
    pub activations: u32,
    /// When it was entered.
    pub created_at: Timestamp,
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
