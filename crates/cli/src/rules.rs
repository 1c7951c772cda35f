//! Rules of licenses and features as options: for `license create`, `license rules`, `policy create` and `feature set`.

use std::str::FromStr;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, value_parser};
use countersign_domain::licensing::{
    CustomField, FeatureRules, FeatureType, FieldType, Floating, LicenseRules, LicenseType, Metering, ResetPeriod,
    Seats, TransferLimit, Units, Validity,
};
use countersign_domain::time::Date;
use serde_json::{Map, Value, json};

use crate::text_input::text_or_file;

/// What is laid down for a license; what is not named stays as it is.
#[derive(Args, Clone, Default)]
pub(crate) struct RuleOptions {
    /// How it ends: perpetual, time-limited, subscription or consumption.
    #[arg(long = "type", value_name = "TYPE")]
    license_type: Option<LicenseType>,
    /// It is a trial of so many days.
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u16).range(1..))]
    trial_days: Option<u16>,
    /// How long it lasts from its first activation on: 35d, 4m, 2y, or none.
    #[arg(long, value_name = "DURATION")]
    validity: Option<OrNone<Validity>>,
    /// How long updates are included from its first activation on, or none: always.
    #[arg(long, value_name = "DURATION")]
    maintenance: Option<OrNone<Validity>>,
    /// Last day of included updates, or none.
    #[arg(long, value_name = "DATE")]
    maintenance_end: Option<OrNone<Date>>,
    /// Hours after its last day in which it goes on to work.
    #[arg(long, value_name = "HOURS")]
    grace: Option<u32>,
    /// How often it may move to another device: a number, none, or unlimited.
    #[arg(long, value_name = "N")]
    transfers: Option<TransferLimit>,
    /// Users that it can be assigned to; 0: any number.
    #[arg(long, value_name = "N")]
    users: Option<u32>,
    /// Whether it can be activated without a connection.
    #[arg(long, value_name = "true|false")]
    offline: Option<bool>,
    /// Days for which files are good by which it is activated without a connection; 0: for as long as the license.
    #[arg(long, value_name = "DAYS")]
    offline_days: Option<u16>,
    /// Whether it can be activated by codes that people type; it must also be activated without a connection.
    #[arg(long, value_name = "true|false")]
    air_gapped: Option<bool>,
    /// Whether virtual machines are refused.
    #[arg(long, value_name = "true|false")]
    prevent_vm: Option<bool>,
    /// Whether applications may set the overage.
    #[arg(long, value_name = "true|false")]
    client_overage: Option<bool>,
    /// Text beside it, as NAME=VALUE; repeat for more. They replace those that are there.
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = field)]
    fields: Vec<CustomField>,
    #[command(flatten)]
    units: UnitOptions,
    #[command(flatten)]
    seats: SeatOptions,
    #[command(flatten)]
    metadata: MetadataOption,
}

/// What is laid down for a feature; what is not named stays as it is.
#[derive(Args, Clone, Default)]
pub(crate) struct FeatureOptions {
    /// What it does: activation (it is there or not) or consumption (it has units).
    #[arg(long = "type", value_name = "TYPE")]
    feature_type: Option<FeatureType>,
    /// How long it lasts from the first activation of its license on: 35d, 4m, 2y, or none.
    #[arg(long, value_name = "DURATION")]
    validity: Option<OrNone<Validity>>,
    /// Its last day, or none.
    #[arg(long, value_name = "DATE")]
    end: Option<OrNone<Date>>,
    #[command(flatten)]
    units: UnitOptions,
    #[command(flatten)]
    seats: SeatOptions,
    #[command(flatten)]
    metadata: MetadataOption,
}

/// Something that can be laid down, or `none`, which takes it back.
#[derive(Clone, Copy)]
struct OrNone<T>(Option<T>);

impl<T> OrNone<T> {
    /// What is typed, or what was there.
    fn over(typed: Option<Self>, was: Option<T>) -> Option<T> {
        typed.map_or(was, |Self(value)| value)
    }
}

impl<T: FromStr<Err: std::fmt::Display>> FromStr for OrNone<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            text => text.parse().map(|value| Self(Some(value))).map_err(|error: T::Err| format!("{error}, or none")),
        }
    }
}

/// Units that can be counted.
#[derive(Args, Clone, Default)]
struct UnitOptions {
    /// Units that may be used: a number, or unlimited.
    #[arg(long, value_name = "N")]
    units: Option<Units>,
    /// Units beyond that: a number, unlimited, or off.
    #[arg(long, value_name = "N", value_parser = overage)]
    overage: Option<Overage>,
    /// Whether units can be given back.
    #[arg(long, value_name = "true|false")]
    negative_units: Option<bool>,
    /// When the count begins anew: hourly, daily, weekly, monthly, annually, or never.
    #[arg(long, value_name = "PERIOD", value_parser = reset)]
    reset: Option<Reset>,
}

#[derive(Clone, Copy)]
struct Overage(Option<Units>);

#[derive(Clone, Copy)]
struct Reset(Option<ResetPeriod>);

/// Seats for devices that use it by turns.
#[derive(Args, Clone, Default)]
struct SeatOptions {
    /// Who counts its seats: off, cloud (this server) or server (one on the customer's premises).
    #[arg(long, value_name = "WHO")]
    floating: Option<Floating>,
    /// How many seats there are.
    #[arg(long, value_name = "N")]
    floating_users: Option<u32>,
    /// Minutes after which the seat of a silent device is free again.
    #[arg(long, value_name = "MINUTES")]
    floating_timeout: Option<u32>,
    /// Longest time for which a seat is kept for a device that goes away, in hours; 0: it is not.
    #[arg(long, value_name = "HOURS")]
    borrow: Option<u32>,
}

/// What an application gets with it.
#[derive(Args, Clone, Default)]
pub(crate) struct MetadataOption {
    /// JSON object for the application, or @FILE.
    #[arg(long, value_name = "JSON|@FILE")]
    metadata: Option<String>,
}

impl RuleOptions {
    /// What the options change, once what they name has been read.
    pub(crate) fn change(self) -> Result<impl FnOnce(&mut LicenseRules) + Clone + Send + 'static> {
        let metadata = self.metadata.read()?;
        Ok(move |rules: &mut LicenseRules| {
            rules.license_type = self.license_type.unwrap_or(rules.license_type);
            rules.trial_days = self.trial_days.or(rules.trial_days);
            rules.validity = OrNone::over(self.validity, rules.validity);
            rules.maintenance = OrNone::over(self.maintenance, rules.maintenance);
            rules.maintenance_end = OrNone::over(self.maintenance_end, rules.maintenance_end);
            rules.grace = self.grace.or(rules.grace).filter(|hours| *hours > 0);
            rules.transfers = self.transfers.unwrap_or(rules.transfers);
            rules.users = self.users.or(rules.users).filter(|users| *users > 0);
            rules.offline = self.offline.unwrap_or(rules.offline);
            rules.offline_days = self.offline_days.or(rules.offline_days).filter(|days| *days > 0);
            rules.air_gapped = self.air_gapped.unwrap_or(rules.air_gapped);
            rules.prevent_vm = self.prevent_vm.unwrap_or(rules.prevent_vm);
            rules.client_overage = self.client_overage.unwrap_or(rules.client_overage);
            if !self.fields.is_empty() {
                rules.custom_fields = self.fields;
            }
            self.units.apply(&mut rules.metering);
            self.seats.apply(&mut rules.seats);
            if let Some(metadata) = metadata {
                rules.metadata = metadata;
            }
        })
    }
}

impl FeatureOptions {
    /// What the options change, once what they name has been read.
    pub(crate) fn change(self) -> Result<impl FnOnce(&mut FeatureRules) + Clone + Send + 'static> {
        let metadata = self.metadata.read()?;
        Ok(move |rules: &mut FeatureRules| {
            rules.feature_type = self.feature_type.unwrap_or(rules.feature_type);
            rules.validity = OrNone::over(self.validity, rules.validity);
            rules.end_date = OrNone::over(self.end, rules.end_date);
            self.units.apply(&mut rules.metering);
            self.seats.apply(&mut rules.seats);
            if let Some(metadata) = metadata {
                rules.metadata = metadata;
            }
        })
    }
}

impl UnitOptions {
    fn apply(&self, metering: &mut Metering) {
        metering.limit = self.units.unwrap_or(metering.limit);
        if let Some(Overage(overage)) = self.overage {
            metering.overage = overage;
        }
        metering.negative = self.negative_units.unwrap_or(metering.negative);
        if let Some(Reset(reset)) = self.reset {
            metering.reset = reset;
        }
    }
}

impl SeatOptions {
    fn apply(&self, seats: &mut Seats) {
        seats.floating = self.floating.unwrap_or(seats.floating);
        seats.users = self.floating_users.unwrap_or(seats.users);
        seats.timeout = self.floating_timeout.unwrap_or(seats.timeout);
        if let Some(hours) = self.borrow {
            seats.borrow = (hours > 0).then_some(hours);
        }
    }
}

impl MetadataOption {
    /// The object without blanks, as it is kept and sent; empty for an empty one.
    pub(crate) fn read(&self) -> Result<Option<String>> {
        let Some(argument) = &self.metadata else { return Ok(None) };
        let object: Map<String, Value> =
            serde_json::from_str(&text_or_file(argument)?).context("the metadata is not a JSON object")?;
        ensure!(!object.values().any(Value::is_f64), "metadata holds whole numbers only: clients sign texts");
        Ok(Some(if object.is_empty() { String::new() } else { Value::Object(object).to_string() }))
    }
}

/// What is laid down for a license, for programs.
pub(crate) fn document(rules: &LicenseRules) -> Value {
    let fields = rules.custom_fields.iter().map(|field| (field.name.clone(), field.value.clone().into()));
    let mut document = json!({
        "type": rules.license_type.as_str(),
        "policy_id": rules.policy.map(|policy| policy.0),
        "trial_days": rules.trial_days,
        "validity": rules.validity.map(|validity| validity.to_string()),
        "maintenance": rules.maintenance.map(|validity| validity.to_string()),
        "maintenance_end": rules.maintenance_end.map(|date| date.to_string()),
        "grace_hours": rules.grace,
        "transfers": rules.transfers.to_string(),
        "users": rules.users,
        "offline": rules.offline,
        "offline_days": rules.offline_days,
        "air_gapped": rules.air_gapped,
        "prevent_vm": rules.prevent_vm,
        "client_overage": rules.client_overage,
        "fields": fields.collect::<Map<_, _>>(),
        "metadata": metadata(&rules.metadata),
    });
    extend(&mut document, &rules.metering, &rules.seats);
    document
}

/// What differs from what holds when nothing is laid down, for people. What stands in lines of its own is left out.
pub(crate) fn in_words(rules: &LicenseRules) -> String {
    let (laid, usual) = (document(rules), document(&LicenseRules::default()));
    let own_lines = ["type", "transfers", "units"];
    let laid = laid.as_object().into_iter().flatten();
    let laid = laid.filter(|(name, value)| !own_lines.contains(&name.as_str()) && usual.get(name) != Some(value));
    let told = laid.map(|(name, value)| {
        let (name, text) = (name.replace('_', " "), value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        if value == true { name } else { format!("{name}: {text}") }
    });
    told.collect::<Vec<_>>().join("; ")
}

/// What is laid down for a feature, for programs.
pub(crate) fn feature_document(rules: &FeatureRules) -> Value {
    let mut document = json!({
        "type": rules.feature_type.as_str(),
        "validity": rules.validity.map(|validity| validity.to_string()),
        "end_date": rules.end_date.map(|date| date.to_string()),
        "metadata": metadata(&rules.metadata),
    });
    extend(&mut document, &rules.metering, &rules.seats);
    document
}

/// Metadata as it is kept, for programs.
pub(crate) fn metadata(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!({}))
}

fn extend(document: &mut Value, metering: &Metering, seats: &Seats) {
    let Some(members) = document.as_object_mut() else { return };
    for (name, value) in [
        ("units", metering.limit.to_string().into()),
        ("overage", metering.overage.map(|overage| overage.to_string()).into()),
        ("negative_units", metering.negative.into()),
        ("reset", metering.reset.map(ResetPeriod::as_str).into()),
        ("floating", seats.floating.as_str().into()),
        ("floating_users", seats.users.into()),
        ("floating_timeout_minutes", seats.timeout.into()),
        ("borrow_hours", seats.borrow.into()),
    ] {
        members.insert(name.to_owned(), value);
    }
}

fn overage(text: &str) -> Result<Overage, String> {
    if text == "off" {
        return Ok(Overage(None));
    }
    text.parse().map(|units| Overage(Some(units))).map_err(|_| "write a number, `unlimited` or `off`".to_owned())
}

fn reset(text: &str) -> Result<Reset, String> {
    if text == "never" {
        return Ok(Reset(None));
    }
    text.parse().map(|period| Reset(Some(period))).map_err(|error: String| format!("{error}, never"))
}

fn field(text: &str) -> Result<CustomField, String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "write it as NAME=VALUE".to_owned())?;
    Ok(CustomField { name: name.to_owned(), field_type: FieldType::Text, value: value.to_owned() })
}
