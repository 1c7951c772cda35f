//! What a producer lays down for a license beside its terms, and for a policy that licenses are made from.

use std::collections::BTreeSet;

use super::lines::{RULES_LIMIT, Reader, Writer, words};
use super::metering::Metering;
use super::validity::Validity;
use crate::ids::PolicyId;
use crate::time::Date;

words! {
    /// How a license ends. It never changes.
    LicenseType {
        /// Never, unless it is a trial.
        Perpetual = "perpetual",
        /// On a day.
        TimeLimited = "time-limited",
        /// On a day that is moved with every payment; a grace period may follow.
        Subscription = "subscription",
        /// When its units are used up.
        Consumption = "consumption",
    }

    /// Who counts the seats of a license or feature that is used by some devices at a time.
    Floating {
        /// Nobody: it has no seats.
        Off = "off",
        /// This server.
        Cloud = "cloud",
        /// A floating server on the customer's premises.
        Server = "server",
    }

    /// What a custom field holds.
    FieldType {
        /// A number.
        Number = "number",
        /// Any text.
        Text = "text",
        /// A date with a time.
        DateTime = "date/time",
    }
}

/// How often a license may move to another device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TransferLimit {
    /// At most so many times.
    AtMost(u32),
    /// Never.
    Forbidden,
    /// As often as one likes.
    #[default]
    Unlimited,
}

/// A named text beside a license.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomField {
    /// Name; neither line ends nor tabulators.
    pub name: String,
    /// What the value is.
    pub field_type: FieldType,
    /// The value.
    pub value: String,
}

/// Seats, and how long one may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seats {
    /// Who counts them.
    pub floating: Floating,
    /// How many there are.
    pub users: u32,
    /// Minutes after which the seat of a silent device is free again.
    pub timeout: u32,
    /// Longest time for which a seat is kept for a device that goes away, in hours; `None`: it is not.
    pub borrow: Option<u32>,
}

impl Default for Seats {
    fn default() -> Self {
        Self { floating: Floating::Off, users: 0, timeout: 0, borrow: None }
    }
}

/// What a producer lays down for a license.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LicenseRules {
    /// How it ends.
    pub license_type: LicenseType,
    /// For how many days it is on trial; `None`: it is no trial.
    pub trial_days: Option<u16>,
    /// How long it lasts from the first activation on; used when it has no last day yet.
    pub validity: Option<Validity>,
    /// How long updates are included, from the first activation on; used when there is no last day yet.
    pub maintenance: Option<Validity>,
    /// Last day of included updates; `None`: they are always included.
    pub maintenance_end: Option<Date>,
    /// Hours after the last day in which it goes on to work; `None`: none.
    pub grace: Option<u32>,
    /// How often it may move to another device.
    pub transfers: TransferLimit,
    /// Users that may be assigned; `None`: any number.
    pub users: Option<u32>,
    /// Whether it can be activated by a file, without a connection.
    pub offline: bool,
    /// For how many days files are good by which it is activated; `None`: for as long as the license.
    pub offline_days: Option<u16>,
    /// Whether it can be activated by codes that a person types.
    pub air_gapped: bool,
    /// Whether a hardware key stands for the device.
    pub hardware_key: bool,
    /// Whether virtual machines are refused.
    pub prevent_vm: bool,
    /// Its seats.
    pub seats: Seats,
    /// Its units.
    pub metering: Metering,
    /// Whether clients may set the overage.
    pub client_overage: bool,
    /// The policy that it was made from.
    pub policy: Option<PolicyId>,
    /// A JSON object for the application; empty: none.
    pub metadata: String,
    /// Texts beside it.
    pub custom_fields: Vec<CustomField>,
}

impl Default for LicenseRules {
    fn default() -> Self {
        Self {
            license_type: LicenseType::Perpetual,
            trial_days: None,
            validity: None,
            maintenance: None,
            maintenance_end: None,
            grace: None,
            transfers: TransferLimit::Unlimited,
            users: None,
            offline: false,
            offline_days: None,
            air_gapped: false,
            hardware_key: false,
            prevent_vm: false,
            seats: Seats::default(),
            metering: Metering::default(),
            client_overage: false,
            policy: None,
            metadata: String::new(),
            custom_fields: Vec::new(),
        }
    }
}

/// Why rules cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// A custom field has no name, or one that does not fit on a line, or one that another has.
    #[error("the custom field {0:?} cannot be kept: each has another name, without tabulators and line ends")]
    Field(String),
    /// It floats, and there is no seat.
    #[error("a floating license needs seats; say how many with --floating-users")]
    NoSeats,
    /// All together they are too long.
    #[error("the rules take more than {RULES_LIMIT} bytes, metadata and custom fields included")]
    TooLong,
}

/// Checks whether rules can be kept.
///
/// # Errors
/// [`RulesError`] says why not.
pub fn check_rules(rules: &LicenseRules) -> Result<(), RulesError> {
    let mut names = BTreeSet::new();
    for field in &rules.custom_fields {
        if field.name.is_empty() || field.name.contains(['\t', '\n', '\r']) || !names.insert(&field.name) {
            return Err(RulesError::Field(field.name.clone()));
        }
    }
    if rules.seats.floating != Floating::Off && rules.seats.users == 0 {
        return Err(RulesError::NoSeats);
    }
    if rules.to_text().len() > RULES_LIMIT { Err(RulesError::TooLong) } else { Ok(()) }
}

impl LicenseRules {
    /// The rules as one text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let (mut to, default) = (Writer::default(), Self::default());
        to.put("type", &self.license_type, &default.license_type);
        to.put_some("trial-days", self.trial_days);
        to.put_some("validity", self.validity);
        to.put_some("maintenance", self.maintenance);
        to.put_some("maintenance-end", self.maintenance_end);
        to.put_some("grace", self.grace);
        to.put("transfers", &self.transfers, &default.transfers);
        to.put_some("users", self.users);
        to.put_some("offline-days", self.offline_days);
        for (name, set) in [
            ("offline", self.offline),
            ("air-gapped", self.air_gapped),
            ("hardware-key", self.hardware_key),
            ("prevent-vm", self.prevent_vm),
            ("client-overage", self.client_overage),
        ] {
            to.put(name, &set, &false);
        }
        self.seats.write(&mut to);
        self.metering.write(&mut to);
        to.put_some("policy", self.policy);
        to.put("metadata", &self.metadata, &default.metadata);
        for CustomField { name, field_type, value } in &self.custom_fields {
            to.line("field", &format!("{field_type}\t{name}\t{value}"));
        }
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
            license_type: from.take("type", default.license_type)?,
            trial_days: from.take_some("trial-days")?,
            validity: from.take_some("validity")?,
            maintenance: from.take_some("maintenance")?,
            maintenance_end: from.take_some("maintenance-end")?,
            grace: from.take_some("grace")?,
            transfers: from.take("transfers", default.transfers)?,
            users: from.take_some("users")?,
            offline: from.take("offline", false)?,
            offline_days: from.take_some("offline-days")?,
            air_gapped: from.take("air-gapped", false)?,
            hardware_key: from.take("hardware-key", false)?,
            prevent_vm: from.take("prevent-vm", false)?,
            client_overage: from.take("client-overage", false)?,
            seats: Seats::read(&mut from)?,
            metering: Metering::read(&mut from)?,
            policy: from.take_some::<i64>("policy")?.map(PolicyId),
            metadata: from.take("metadata", default.metadata)?,
            custom_fields: from.take_all("field").iter().map(|line| custom_field(line)).collect::<Option<_>>()?,
        };
        from.finish().map(|()| rules)
    }
}

fn custom_field(line: &str) -> Option<CustomField> {
    let (field_type, rest) = line.split_once('\t')?;
    let (name, value) = rest.split_once('\t')?;
    Some(CustomField { name: name.to_owned(), field_type: FieldType::parse(field_type)?, value: value.to_owned() })
}

impl Seats {
    pub(super) fn write(&self, to: &mut Writer) {
        let default = Self::default();
        to.put("floating", &self.floating, &default.floating);
        to.put("floating-users", &self.users, &default.users);
        to.put("floating-timeout", &self.timeout, &default.timeout);
        to.put_some("borrow", self.borrow);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            floating: from.take("floating", Floating::Off)?,
            users: from.take("floating-users", 0)?,
            timeout: from.take("floating-timeout", 0)?,
            borrow: from.take_some("borrow")?,
        })
    }
}

impl std::fmt::Display for TransferLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(limit) => limit.fmt(f),
            Self::Forbidden => f.write_str("none"),
            Self::Unlimited => f.write_str("unlimited"),
        }
    }
}

impl std::str::FromStr for TransferLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::Forbidden),
            "unlimited" => Ok(Self::Unlimited),
            number => number.parse().map(Self::AtMost).map_err(|_| "write a number, `none` or `unlimited`".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::metering::{ResetPeriod, Units};
    use super::*;

    #[test]
    fn rules_come_back_from_their_text() {
        assert_eq!(LicenseRules::default().to_text(), "");
        assert_eq!(LicenseRules::from_text(""), Some(LicenseRules::default()));
        let rules = LicenseRules {
            license_type: LicenseType::Consumption,
            trial_days: Some(14),
            validity: "35d".parse().ok(),
            maintenance: "2y".parse().ok(),
            maintenance_end: Date::parse("2031-05-06").ok(),
            grace: Some(48),
            transfers: TransferLimit::Forbidden,
            users: Some(3),
            offline: true,
            offline_days: Some(30),
            air_gapped: true,
            hardware_key: true,
            prevent_vm: true,
            seats: Seats { floating: Floating::Cloud, users: 4, timeout: 30, borrow: Some(24) },
            metering: Metering {
                limit: Units::Unlimited,
                overage: Some(Units::AtMost(3)),
                negative: false,
                reset: Some(ResetPeriod::Monthly),
            },
            client_overage: true,
            policy: Some(PolicyId(7)),
            metadata: "{\"a\":\"\\n\"}".to_owned(),
            custom_fields: vec![
                CustomField { name: "tier".to_owned(), field_type: FieldType::Text, value: "a\tb\nc=d".to_owned() },
                CustomField { name: "since".to_owned(), field_type: FieldType::DateTime, value: String::new() },
            ],
        };
        assert_eq!(LicenseRules::from_text(&rules.to_text()), Some(rules));
        for bad in ["type=other", "color=red", "users=-1", "field=text", "x"] {
            assert_eq!(LicenseRules::from_text(bad), None, "{bad}");
        }
    }
}
