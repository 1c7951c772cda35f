//! Products.

use countersign_app::license_api::{LicenseView, ProductView};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::{FeatureType, LicensedProduct, ProductStatus};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Company;
use super::consumption::Counts;
use super::license::FieldBody;
use super::release::{LatestVersion, Places};
use crate::script_json;

/// A product beside one of its licenses.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProductDetails {
    #[schema(example = 77)]
    product_id: i64,
    #[schema(example = "Pump")]
    product_name: String,
    /// The code that the client asked with.
    #[schema(example = "pump")]
    short_code: String,
    /// `license-key` or `user`.
    #[schema(example = "license-key")]
    authorization_method: &'static str,
    allow_trial: bool,
    #[schema(example = 0)]
    trial_days: u16,
    prevent_vm: bool,
    /// Minutes.
    #[schema(example = 0)]
    floating_timeout: u32,
    allow_overages: bool,
    #[schema(example = 0)]
    max_overages: u32,
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
}

impl ProductDetails {
    pub(crate) fn of_license(view: &LicenseView) -> Self {
        Self::new(&view.product)
    }

    fn new(product: &LicensedProduct) -> Self {
        let rules = &product.rules;
        Self {
            product_id: product.product.id.0,
            product_name: product.product.name.to_string(),
            short_code: product.code.to_string(),
            authorization_method: rules.authorization.as_str(),
            allow_trial: rules.trial_days.is_some(),
            trial_days: rules.trial_days.unwrap_or(0),
            prevent_vm: rules.prevent_vm,
            floating_timeout: rules.seats.timeout_minutes(),
            // Overage is a matter of licenses and their policies.
            allow_overages: false,
            max_overages: 0,
            metadata: script_json::object(&rules.metadata),
        }
    }
}

/// A product as it is asked for by itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct AskedProduct {
    #[serde(flatten)]
    details: ProductDetails,
    #[schema(example = 1)]
    company_id: i64,
    company: Company,
    /// The newest release, when it is asked for; null: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_version: Option<Option<LatestVersion>>,
    /// Fields that licenses of the product have, when they are asked for. Fields belong to single licenses here.
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_fields: Option<Vec<FieldBody>>,
}

/// What is asked for beside a product.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Beside {
    pub(crate) latest_version: bool,
    pub(crate) custom_fields: bool,
}

impl AskedProduct {
    pub(crate) fn new(site: SiteId, view: &ProductView, beside: Beside, places: &Places) -> Self {
        Self {
            details: ProductDetails::new(&view.product),
            company_id: site.0,
            company: site.into(),
            latest_version: beside.latest_version.then(|| view.latest.as_ref().map(|latest| places.latest(latest))),
            custom_fields: beside.custom_fields.then(Vec::new),
        }
    }
}

/// A product in the list of all.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedProduct {
    #[schema(example = 77)]
    id: i64,
    #[schema(example = "Pump")]
    product_name: String,
    #[schema(example = "pump")]
    short_code: String,
    active: bool,
    #[schema(example = "license-key")]
    authorization_method: &'static str,
    allow_trial: bool,
    #[schema(example = 0)]
    trial_days: u16,
    prevent_vm: bool,
    #[schema(example = 0)]
    floating_timeout: u32,
    allow_overages: bool,
    #[schema(example = 0)]
    max_overages: u32,
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    features: Vec<ListedFeature>,
}

/// A feature in that list.
#[derive(Serialize, ToSchema)]
struct ListedFeature {
    #[schema(example = 5001)]
    id: i64,
    #[schema(example = "pdf")]
    code: String,
    #[schema(example = "activation")]
    feature_type: &'static str,
    /// Null when it counts no units.
    max_consumption: Option<i64>,
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
}

impl ListedProduct {
    pub(crate) fn new(view: &ProductView) -> Self {
        let details = ProductDetails::new(&view.product);
        let features = view.features.iter().map(|feature| {
            let counts = feature.rules.feature_type == FeatureType::Consumption;
            let limit =
                || Counts::new(&feature.rules.metering, countersign_domain::licensing::Meter::default()).limit();
            ListedFeature {
                id: feature.id.0,
                code: feature.code.to_string(),
                feature_type: feature.rules.feature_type.as_str(),
                max_consumption: counts.then(limit),
                metadata: script_json::object(&feature.rules.metadata),
            }
        });
        Self {
            id: details.product_id,
            product_name: details.product_name,
            short_code: details.short_code,
            active: view.product.status == ProductStatus::Active,
            authorization_method: details.authorization_method,
            allow_trial: details.allow_trial,
            trial_days: details.trial_days,
            prevent_vm: details.prevent_vm,
            floating_timeout: details.floating_timeout,
            allow_overages: details.allow_overages,
            max_overages: details.max_overages,
            metadata: details.metadata,
            features: features.collect(),
        }
    }
}
