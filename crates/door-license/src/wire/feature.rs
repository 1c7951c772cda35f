//! Features of licenses.

use countersign_app::license_api::{FeatureView, SeatsView};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::{FeatureType, Floating, LicenseFeature};
use countersign_domain::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Company;
use super::consumption::Counts;
use crate::script_json;
use crate::time::{instant, last_of};

/// A feature of a license.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeatureBody {
    #[schema(example = 5001)]
    id: i64,
    #[schema(example = "pdf")]
    code: String,
    #[schema(example = "PDF export")]
    name: String,
    /// `activation` or `consumption`.
    #[schema(example = "activation")]
    feature_type: &'static str,
    /// When it ends; null: with the license.
    expiry_date: Option<String>,
    is_expired: bool,
    is_floating: bool,
    is_floating_cloud: bool,
    #[schema(example = 0)]
    floating_users: u32,
    /// Minutes.
    #[schema(example = 0)]
    floating_timeout: u32,
    #[schema(example = 0)]
    floating_in_use_devices: u32,
    can_borrow: bool,
    /// Hours.
    #[schema(example = 0)]
    max_borrow_time: u32,
    is_borrowed: bool,
    borrowed_until: Option<String>,
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    #[serde(flatten)]
    units: Option<FeatureUnits>,
}

/// Units of a feature that counts some. The limit has two names: one in clients, another in the published types.
#[derive(Serialize, ToSchema)]
struct FeatureUnits {
    #[schema(example = 10)]
    max_consumption: i64,
    #[serde(flatten)]
    counts: Counts,
}

/// A feature as it is asked for by itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct AskedFeature {
    #[serde(flatten)]
    feature: FeatureBody,
    #[schema(example = 11)]
    license_id: i64,
    company: Company,
    /// `metadata` as a text, when it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata_string: Option<String>,
}

/// The object of a feature with its seats, as it is at a time.
pub(crate) fn feature(feature: &LicenseFeature, seen: SeatsView, at: Timestamp) -> FeatureBody {
    let (rules, seats) = (&feature.rules, &feature.rules.seats);
    let borrowed_until = seen.held.and_then(|seat| seat.borrowed(at));
    let units = (rules.feature_type == FeatureType::Consumption).then(|| {
        let counts = Counts::new(&rules.metering, feature.meter);
        FeatureUnits { max_consumption: counts.limit(), counts }
    });
    FeatureBody {
        id: feature.id.0,
        code: feature.code.to_string(),
        name: feature.name.clone(),
        feature_type: rules.feature_type.as_str(),
        expiry_date: rules.end_date.map(last_of),
        is_expired: feature.is_expired(at),
        is_floating: seats.floating == Floating::Server,
        is_floating_cloud: seats.floating == Floating::Cloud,
        floating_users: seats.users,
        floating_timeout: seats.timeout_minutes(),
        floating_in_use_devices: seen.in_use,
        can_borrow: seats.borrow.is_some(),
        max_borrow_time: seats.borrow.unwrap_or(0),
        is_borrowed: borrowed_until.is_some(),
        borrowed_until: borrowed_until.map(instant),
        metadata: script_json::object(&rules.metadata),
        units,
    }
}

impl AskedFeature {
    pub(crate) fn new(site: SiteId, view: &FeatureView, with_metadata_text: bool) -> Self {
        let feature = feature(&view.feature, view.seats, view.at);
        let metadata_string = with_metadata_text.then(|| feature.metadata.get().to_owned());
        Self { feature, license_id: view.license.0, company: site.into(), metadata_string }
    }
}
