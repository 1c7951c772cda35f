//! What calls answer, as texts: licenses, features and units as JSON, standings as the numbers of the header.

use countersign_client::license::{Feature, GraceReason, License, LicenseState, Seats, Timestamp, Units};
use serde_json::{Value, json};

/// A license: the members that were signed.
pub(crate) fn license(license: License) -> String {
    Value::Object(license.document).to_string()
}

/// The licenses of a bundle.
pub(crate) fn licenses(licenses: Vec<License>) -> String {
    licenses.into_iter().map(|license| Value::Object(license.document)).collect::<Value>().to_string()
}

/// A feature.
pub(crate) fn feature(feature: &Feature) -> String {
    let document = json!({
        "code": feature.code,
        "name": feature.name,
        "ends": feature.ends.map(time),
        "is_expired": feature.is_expired,
        "seats": feature.seats.map(seats),
        "units": feature.units.as_ref().map(units),
        "metadata": feature.metadata,
    });
    document.to_string()
}

/// Units. Numbers that are null are any number.
pub(crate) fn units(units: &Units) -> Value {
    json!({
        "used": units.used,
        "limit": units.limit,
        "overage": units.overage,
        "left": units.left(),
        "can_be_returned": units.can_be_returned,
    })
}

/// A time in RFC 3339.
pub(crate) fn time(time: Timestamp) -> String {
    time.to_string()
}

/// Why a standing is what it is, where it alone does not say that: a word of the header, or the code of the server.
pub(crate) fn reason(state: &LicenseState) -> Option<&str> {
    if let LicenseState::Grace { why, .. } = state {
        return Some(match why {
            GraceReason::ServerAway => SERVER_AWAY,
            GraceReason::PaymentDue => PAYMENT_DUE,
        });
    }
    if let LicenseState::Refused { code } = state { Some(code) } else { None }
}

/// The number of a standing in the header, and the time that goes with it.
pub(crate) fn standing(state: &LicenseState) -> (i32, Option<Timestamp>) {
    match state {
        LicenseState::Valid { until } => (0, *until),
        LicenseState::Grace { until, .. } => (1, Some(*until)),
        LicenseState::GraceEnded { at } => (2, Some(*at)),
        LicenseState::Expired { at } => (3, *at),
        LicenseState::NotStarted { at } => (4, Some(*at)),
        LicenseState::Disabled => (5, None),
        LicenseState::NotActive => (6, None),
        LicenseState::NoSeat => (8, None),
        LicenseState::ClockSetBack { trusted, .. } => (9, Some(*trusted)),
        LicenseState::WrongMachine => (10, None),
        LicenseState::CacheAltered => (11, None),
        LicenseState::NeverActivated => (12, None),
        LicenseState::Refused { .. } => (7, None),
        // What later versions of the client tell apart: the application must not run.
        _ => (7, None),
    }
}

/// Seats. A timeout is how long one lasts without another word of its holder.
pub(crate) fn seats(seats: Seats) -> Value {
    json!({
        "count": seats.count,
        "in_use": seats.in_use,
        "held": seats.held,
        "timeout_seconds": seats.timeout.as_secs(),
        "borrowed_until": seats.borrowed_until.map(time),
    })
}

/// `CSL_SERVER_AWAY`.
pub(crate) const SERVER_AWAY: &str = "server_away";
/// `CSL_PAYMENT_DUE`.
pub(crate) const PAYMENT_DUE: &str = "payment_due";
