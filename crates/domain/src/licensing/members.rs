//! Members of licenses, products and features by the names under which events tell them: what a change is told by.
//!
//! Terms have the names of the bodies. What else was laid down has the name of its line in the text of rules, with
//! underscores.

use super::ActivationLimit;
use super::feature::FeatureRules;
use super::license::License;
use super::lines::Reader;
use super::metering::Units;
use super::product::LicensedProduct;
use super::rules::{CustomField, LicenseRules};
use crate::changes::{MemberValue, Members};

impl License {
    /// What can change about a license.
    #[must_use]
    pub fn members(&self) -> Members {
        let (terms, rules) = (&self.terms, &self.rules);
        let plain = LicenseRules { custom_fields: Vec::new(), ..rules.clone() };
        let mut members = of_rules("", &plain.to_text());
        for CustomField { name, value, .. } in &rules.custom_fields {
            members.insert(format!("custom_fields.{name}"), value.as_str().into());
        }
        let codes = self.features.iter().map(|feature| feature.code.to_string()).collect();
        let limit = match terms.limit {
            ActivationLimit::AtMost(limit) => Some(limit),
            ActivationLimit::Unlimited => None,
        };
        let units = match rules.metering.limit {
            Units::AtMost(limit) => Some(limit),
            Units::Unlimited => None,
        };
        let day = |day: Option<crate::time::Date>| MemberValue::from(day.map(|day| day.to_string()));
        members.remove("maintenance_end");
        members.remove("units");
        members.extend(
            [
                ("activation_limit", limit.into()),
                ("activations", self.activations.into()),
                ("end_date", day(terms.end_date)),
                ("features", MemberValue::Texts(codes)),
                ("maintenance_end_date", day(rules.maintenance_end)),
                ("start_date", day(terms.start_date)),
                ("status", terms.status.as_str().into()),
                ("units_limit", units.into()),
                ("units_used", self.usage.meter.total.into()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        for feature in &self.features {
            let prefix = format!("features.{}.", feature.code);
            members.extend(of_rules(&prefix, &feature.rules.to_text()));
            members.insert(format!("{prefix}units_used"), feature.meter.total.into());
        }
        members
    }
}

impl LicensedProduct {
    /// What can change about a product.
    #[must_use]
    pub fn members(&self) -> Members {
        let mut members = of_rules("", &self.rules.to_text());
        members.insert("code".to_owned(), self.code.as_str().into());
        members.insert("status".to_owned(), self.status.as_str().into());
        members
    }
}

impl FeatureRules {
    /// What can change about a feature.
    #[must_use]
    pub fn members(&self) -> Members {
        let mut members = of_rules("", &self.to_text());
        members.remove("type");
        members.insert("feature_type".to_owned(), self.feature_type.as_str().into());
        members
    }
}

/// The lines of a text of rules. What is not there is as usual.
fn of_rules(prefix: &str, text: &str) -> Members {
    // A text that was just written is one.
    let lines = Reader::new(text).map(Reader::into_lines).unwrap_or_default();
    let member = |(name, mut values): (&str, Vec<String>)| {
        let value = match values.pop() {
            Some(one) if values.is_empty() => typed(name, one),
            Some(last) => MemberValue::Texts(values.into_iter().chain([last]).collect()),
            None => MemberValue::Nothing,
        };
        (format!("{prefix}{}", name.replace('-', "_")), value)
    };
    lines.into_iter().map(member).collect()
}

fn typed(name: &str, text: String) -> MemberValue {
    match (name, text.as_str()) {
        ("metadata", _) => text.into(),
        (_, "true") => true.into(),
        (_, "false") => false.into(),
        (_, number) => number.parse::<i64>().map_or_else(|_| text.clone().into(), MemberValue::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Changes;

    #[test]
    fn rules_are_told_by_their_lines() {
        let before = FeatureRules::default();
        let after = FeatureRules { end_date: crate::time::Date::parse("2030-01-01").ok(), ..before.clone() };
        let changes = Changes::between(&before.members(), &after.members());
        assert_eq!(changes, Changes::of("end", None::<u32>, "2030-01-01"));
        let members = of_rules("x.", "prevent-vm=true\ntrial-days=14\nmetadata=12\npolicy=-3\nname=a b\n");
        let expected = [
            ("x.metadata", MemberValue::from("12")),
            ("x.name", "a b".into()),
            ("x.policy", (-3_i64).into()),
            ("x.prevent_vm", true.into()),
            ("x.trial_days", 14_i64.into()),
        ];
        assert_eq!(members, expected.map(|(name, value)| (name.to_owned(), value)).into());
    }
}
