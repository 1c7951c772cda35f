//! What holds for all licenses of a product.

use super::lines::{Reader, Writer, words};
use super::rules::Seats;
use crate::catalog::package::Product;
use crate::text::ProductCode;

words! {
    /// Whether licenses of a product can be used.
    ProductStatus {
        /// They can.
        Active = "active",
        /// Not for now.
        Disabled = "disabled",
        /// Never again.
        Archived = "archived",
    }

    /// What a license of a product is named by.
    AuthorizationMethod {
        /// By its key.
        LicenseKey = "license-key",
        /// By a user to whom it is assigned.
        User = "user",
    }
}

/// A product with what holds for its licenses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicensedProduct {
    /// The product.
    pub product: Product,
    /// The short code that applications name it by, unique in the site; its name, unless the producer sets another.
    pub code: ProductCode,
    /// Whether its licenses can be used.
    pub status: ProductStatus,
    /// What holds for its licenses.
    pub rules: ProductRules,
}

/// What a producer lays down for a product.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProductRules {
    /// What its licenses are named by.
    pub authorization: AuthorizationMethod,
    /// Days of a trial; `None`: there are no trials.
    pub trial_days: Option<u16>,
    /// Whether one device may have several trials.
    pub several_trials: bool,
    /// Whether virtual machines are refused.
    pub prevent_vm: bool,
    /// Seats that its licenses have unless they say otherwise.
    pub seats: Seats,
    /// A JSON object for the application; empty: none.
    pub metadata: String,
}

impl Default for ProductRules {
    fn default() -> Self {
        Self {
            authorization: AuthorizationMethod::LicenseKey,
            trial_days: None,
            several_trials: false,
            prevent_vm: false,
            seats: Seats::default(),
            metadata: String::new(),
        }
    }
}

impl ProductRules {
    /// The rules as one text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let (mut to, default) = (Writer::default(), Self::default());
        to.put("authorization", &self.authorization, &default.authorization);
        to.put_some("trial-days", self.trial_days);
        to.put("several-trials", &self.several_trials, &false);
        to.put("prevent-vm", &self.prevent_vm, &false);
        self.seats.write(&mut to);
        to.put("metadata", &self.metadata, &default.metadata);
        to.finish()
    }

    /// The rules of a text; `None` when it is none.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let (mut from, default) = (Reader::new(text)?, Self::default());
        let rules = Self {
            authorization: from.take("authorization", default.authorization)?,
            trial_days: from.take_some("trial-days")?,
            several_trials: from.take("several-trials", false)?,
            prevent_vm: from.take("prevent-vm", false)?,
            seats: Seats::read(&mut from)?,
            metadata: from.take("metadata", default.metadata)?,
        };
        from.finish().map(|()| rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_back_from_their_text() {
        assert_eq!(ProductRules::from_text(&ProductRules::default().to_text()), Some(ProductRules::default()));
        let rules = ProductRules {
            authorization: AuthorizationMethod::User,
            trial_days: Some(30),
            several_trials: true,
            prevent_vm: true,
            seats: Seats { users: 4, ..Seats::default() },
            metadata: "{\"x\":1}".to_owned(),
        };
        assert_eq!(ProductRules::from_text(&rules.to_text()), Some(rules));
    }
}
