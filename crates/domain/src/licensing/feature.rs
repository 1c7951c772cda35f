//! Features: parts of products, and what a license includes of them.

use super::lines::{Reader, Writer, words};
use super::metering::{Meter, Metering};
use super::rules::Seats;
use super::validity::Validity;
use crate::ids::{FeatureId, ProductId};
use crate::text::FeatureCode;
use crate::time::{Date, Timestamp};

words! {
    /// What a feature does on a license.
    FeatureType {
        /// It is there or not.
        Activation = "activation",
        /// It has units of its own.
        Consumption = "consumption",
    }
}

/// What a producer lays down for a feature: as the default of a product, or on one license.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FeatureRules {
    /// What it does.
    pub feature_type: FeatureType,
    /// How long it lasts from the first activation of the license on; used when it has no last day yet.
    pub validity: Option<Validity>,
    /// Last day, in UTC; `None`: as long as the license.
    pub end_date: Option<Date>,
    /// Its seats.
    pub seats: Seats,
    /// Its units.
    pub metering: Metering,
    /// A JSON object for the application; empty: none.
    pub metadata: String,
}

impl Default for FeatureRules {
    fn default() -> Self {
        Self {
            feature_type: FeatureType::Activation,
            validity: None,
            end_date: None,
            seats: Seats::default(),
            metering: Metering::default(),
            metadata: String::new(),
        }
    }
}

impl FeatureRules {
    /// The rules as one text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let (mut to, default) = (Writer::default(), Self::default());
        to.put("type", &self.feature_type, &default.feature_type);
        to.put_some("validity", self.validity);
        to.put_some("end", self.end_date);
        self.seats.write(&mut to);
        self.metering.write(&mut to);
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
            feature_type: from.take("type", default.feature_type)?,
            validity: from.take_some("validity")?,
            end_date: from.take_some("end")?,
            seats: Seats::read(&mut from)?,
            metering: Metering::read(&mut from)?,
            metadata: from.take("metadata", default.metadata)?,
        };
        from.finish().map(|()| rules)
    }
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
    /// What a license that includes it starts with.
    pub rules: FeatureRules,
}

/// A feature that a license includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseFeature {
    /// Row id of the feature.
    pub id: FeatureId,
    /// Its code.
    pub code: FeatureCode,
    /// Text for people; may be empty.
    pub name: String,
    /// What holds for it on this license.
    pub rules: FeatureRules,
    /// What was counted of it on this license.
    pub meter: Meter,
}

impl LicenseFeature {
    /// Whether its last day has passed.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.rules.end_date.is_some_and(|end| end.end() < now)
    }
}

#[cfg(test)]
mod tests {
    use super::super::metering::Units;
    use super::super::rules::Floating;
    use super::*;

    #[test]
    fn rules_come_back_from_their_text() {
        assert_eq!(FeatureRules::from_text(&FeatureRules::default().to_text()), Some(FeatureRules::default()));
        let rules = FeatureRules {
            feature_type: FeatureType::Consumption,
            validity: "4m".parse().ok(),
            end_date: Date::parse("2031-05-06").ok(),
            seats: Seats { floating: Floating::Server, users: 1, timeout: 2, borrow: Some(3) },
            metering: Metering { limit: Units::AtMost(9), ..Metering::default() },
            metadata: "{}".to_owned(),
        };
        assert_eq!(FeatureRules::from_text(&rules.to_text()), Some(rules));
        assert_eq!(FeatureRules::from_text("trial-days=1"), None);
    }
}
