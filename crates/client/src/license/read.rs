//! Reading verified bytes: licenses, features, units, releases. Members that are not known are passed over; those that are must
//! have the type of the protocol.

use std::time::Duration;

use countersign_crypto::json::{JsonLimits, parse_object};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, value::RawValue};

use super::{
    LicenseError, Timestamp,
    view::{Feature, License, Release, Seats, Units},
};

/// Reads one object, in which no member may stand twice.
pub(crate) fn object(what: &str, bytes: &[u8]) -> Result<Map<String, Value>, LicenseError> {
    parse_object(bytes, LIMITS)
        .map_err(|error| LicenseError::Malformed { what: what.to_owned(), why: error.to_string() })
}

/// Reads an array of objects as their texts.
pub(crate) fn objects<'t>(what: &str, bytes: &'t [u8]) -> Result<Vec<&'t [u8]>, LicenseError> {
    let texts: Vec<&RawValue> = serde_json::from_slice(bytes)
        .map_err(|error| LicenseError::Malformed { what: what.to_owned(), why: error.to_string() })?;
    if texts.len() > MAX_OBJECTS {
        return Err(LicenseError::Malformed { what: what.to_owned(), why: "it has too many entries".to_owned() });
    }
    Ok(texts.into_iter().map(|text| text.get().as_bytes()).collect())
}

/// Reads a typed value out of an object.
pub(crate) fn typed<T: for<'d> Deserialize<'d>>(what: &str, object: &Map<String, Value>) -> Result<T, LicenseError> {
    T::deserialize(object).map_err(|error| LicenseError::Malformed { what: what.to_owned(), why: error.to_string() })
}

/// Reads a license.
pub(crate) fn license(what: &str, document: Map<String, Value>) -> Result<License, LicenseError> {
    let wire: LicenseMembers = typed(what, &document)?;
    let release = match (wire.installation_file.as_ref(), wire.version.as_ref()) {
        (Some(Value::Object(nested)), _) => Some(typed::<ReleaseMembers>(what, nested)?),
        (Some(Value::String(_)), Some(_)) => Some(typed::<ReleaseMembers>(what, &document)?),
        _ => None,
    };
    let units = (wire.license_type == "consumption").then(|| wire.units.units(wire.units.max_consumptions));
    let user = wire.user.and_then(|user| user.email).or(wire.username);
    Ok(License {
        id: wire.id,
        // Old servers name the key beside the user as well.
        key: if user.is_some() { None } else { wire.license_key },
        user,
        product: wire.product_details.short_code.unwrap_or_default(),
        product_name: wire.product_details.product_name,
        license_type: wire.license_type,
        starts: wire.start_date,
        ends: wire.validity_period,
        grace: (wire.allow_grace_period && wire.grace_period > 0).then(|| hours(wire.grace_period)),
        is_expired: wire.is_expired,
        // Activations say `active`, checks and lists `license_active`.
        is_active: wire.license_active.or(wire.active).unwrap_or(true),
        is_enabled: wire.license_enabled.unwrap_or(true),
        is_trial: wire.is_trial,
        maintenance_ends: wire.maintenance_period.filter(|_| wire.enable_maintenance_period),
        prevents_vm: wire.prevent_vm || wire.product_details.prevent_vm,
        allows_offline: wire.allow_offline_activation,
        seats: wire.seats.seats(wire.floating_in_use),
        units,
        features: wire.product_features.into_iter().map(FeatureMembers::feature).collect(),
        metadata: wire.metadata,
        custom_fields: wire.custom_fields.into_iter().map(|field| (field.name, field.value)).collect(),
        release: release.map(ReleaseMembers::release),
        document,
    })
}

/// Reads a feature that was asked for by itself.
pub(crate) fn feature(what: &str, document: &Map<String, Value>) -> Result<Feature, LicenseError> {
    typed::<FeatureMembers>(what, document).map(FeatureMembers::feature)
}

/// Reads what is answered after units were counted: of a license (`None`), or of a feature.
pub(crate) fn counted(what: &str, document: &Map<String, Value>) -> Result<(Option<i64>, i64, Units), LicenseError> {
    #[derive(Deserialize)]
    struct Counted {
        id: i64,
        license_id: Option<i64>,
        #[serde(flatten)]
        units: UnitMembers,
    }
    let counted: Counted = typed(what, document)?;
    let limit = counted.units.max_consumptions.or(counted.units.max_consumption);
    Ok((counted.license_id, counted.id, counted.units.units(limit)))
}

/// Reads a release.
pub(crate) fn release(what: &str, document: &Map<String, Value>) -> Result<Release, LicenseError> {
    typed::<ReleaseMembers>(what, document).map(ReleaseMembers::release)
}

#[derive(Deserialize)]
struct LicenseMembers {
    id: i64,
    license_key: Option<String>,
    license_type: String,
    #[serde(default, deserialize_with = "moment")]
    start_date: Option<Timestamp>,
    #[serde(default, deserialize_with = "moment")]
    validity_period: Option<Timestamp>,
    #[serde(default)]
    allow_grace_period: bool,
    #[serde(default)]
    grace_period: u64,
    #[serde(default)]
    is_expired: bool,
    active: Option<bool>,
    license_active: Option<bool>,
    license_enabled: Option<bool>,
    #[serde(default)]
    is_trial: bool,
    #[serde(default)]
    enable_maintenance_period: bool,
    #[serde(default, deserialize_with = "moment")]
    maintenance_period: Option<Timestamp>,
    #[serde(default)]
    prevent_vm: bool,
    #[serde(default)]
    allow_offline_activation: bool,
    floating_in_use: Option<bool>,
    #[serde(flatten)]
    seats: SeatMembers,
    #[serde(flatten)]
    units: UnitMembers,
    #[serde(default)]
    product_features: Vec<FeatureMembers>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    custom_fields: Vec<FieldMembers>,
    product_details: ProductMembers,
    user: Option<UserMembers>,
    username: Option<String>,
    installation_file: Option<Value>,
    version: Option<String>,
}

#[derive(Deserialize)]
struct SeatMembers {
    #[serde(default)]
    is_floating_cloud: bool,
    floating_users: Option<u64>,
    floating_timeout: Option<u64>,
    floating_in_use_devices: Option<u64>,
    #[serde(default)]
    can_borrow: bool,
    max_borrow_time: Option<u64>,
    #[serde(default, deserialize_with = "moment")]
    borrowed_until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct UnitMembers {
    max_consumptions: Option<i64>,
    max_consumption: Option<i64>,
    total_consumptions: Option<i64>,
    #[serde(default)]
    allow_unlimited_consumptions: bool,
    #[serde(default)]
    allow_negative_consumptions: bool,
    #[serde(default)]
    allow_overages: bool,
    max_overages: Option<i64>,
}

#[derive(Deserialize)]
struct FeatureMembers {
    code: String,
    #[serde(default)]
    name: String,
    feature_type: String,
    #[serde(default, deserialize_with = "moment")]
    expiry_date: Option<Timestamp>,
    #[serde(default)]
    is_expired: bool,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(flatten)]
    seats: SeatMembers,
    #[serde(flatten)]
    units: UnitMembers,
}

#[derive(Deserialize)]
struct FieldMembers {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct ProductMembers {
    short_code: Option<String>,
    #[serde(default)]
    product_name: String,
    #[serde(default)]
    prevent_vm: bool,
}

#[derive(Deserialize)]
struct UserMembers {
    email: Option<String>,
}

#[derive(Deserialize)]
struct ReleaseMembers {
    version: String,
    installation_file: String,
    #[serde(default, deserialize_with = "moment")]
    release_date: Option<Timestamp>,
    #[serde(default)]
    hash_md5: String,
    #[serde(default)]
    size: String,
    #[serde(default)]
    environment: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    requires_version: String,
    #[serde(default)]
    release_notes_link: String,
    #[serde(default)]
    eula_link: String,
}

impl SeatMembers {
    fn seats(&self, held: Option<bool>) -> Option<Seats> {
        self.is_floating_cloud.then(|| Seats {
            count: self.floating_users.unwrap_or(0),
            in_use: self.floating_in_use_devices.unwrap_or(0),
            held,
            timeout: Duration::from_secs(self.floating_timeout.unwrap_or(0).saturating_mul(60)),
            longest_loan: self.can_borrow.then(|| hours(self.max_borrow_time.unwrap_or(0))),
            borrowed_until: self.borrowed_until,
        })
    }
}

impl UnitMembers {
    fn units(&self, limit: Option<i64>) -> Units {
        let overage = match (self.allow_overages, self.max_overages.unwrap_or(0)) {
            (false, _) => Some(0),
            // The pair by which servers say "any number".
            (true, 0) => None,
            (true, most) => Some(most),
        };
        Units {
            used: self.total_consumptions.unwrap_or(0),
            limit: limit.filter(|_| !self.allow_unlimited_consumptions),
            overage,
            can_be_returned: self.allow_negative_consumptions,
        }
    }
}

impl FeatureMembers {
    fn feature(self) -> Feature {
        let counts = self.feature_type == "consumption";
        let limit = self.units.max_consumption.or(self.units.max_consumptions);
        Feature {
            units: counts.then(|| self.units.units(limit)),
            seats: self.seats.seats(None),
            code: self.code,
            name: self.name,
            ends: self.expiry_date,
            is_expired: self.is_expired,
            metadata: self.metadata,
        }
    }
}

impl ReleaseMembers {
    fn release(self) -> Release {
        Release {
            version: self.version,
            url: self.installation_file,
            released_at: self.release_date,
            md5: self.hash_md5,
            size: self.size.parse().ok(),
            environment: self.environment,
            channel: self.channel,
            requires_version: self.requires_version,
            release_notes_link: self.release_notes_link,
            eula_link: self.eula_link,
        }
    }
}

/// A date that may be null. One that cannot be read is refused: an end that is not understood must not become none.
fn moment<'d, D: Deserializer<'d>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    let read = |text: String| Timestamp::parse_iso(&text).ok_or_else(|| serde::de::Error::custom("a date in UTC"));
    text.map(read).transpose()
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours.saturating_mul(3600))
}

/// Answers are below this anyway; nobody nests a license deeper.
const LIMITS: JsonLimits = JsonLimits { max_bytes: 4 * 1024 * 1024, max_depth: 32 };
/// More licenses or releases than one answer names.
const MAX_OBJECTS: usize = 10_000;
