//! The license object, as activations, checks and lists answer it.

use countersign_app::license_api::LicenseView;
use countersign_domain::licensing::{ActivationLimit, CustomField, Floating, License, LicenseType, TransferLimit};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Company;
use super::consumption::Counts;
use super::feature::{FeatureBody, feature};
use super::people::{CustomerBody, UserBody};
use super::product::ProductDetails;
use super::release::{Places, ReleaseBody};
use crate::reply::Licensed;
use crate::script_json;
use crate::time::{first_of, instant, last_of};

/// A license with all members that clients of any age need, also where they say nothing.
#[derive(Serialize, ToSchema)]
pub(crate) struct LicenseBody {
    /// Row id; clients send it back as `license_id`.
    #[schema(example = 11)]
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "AAAA-BBBB-CCCC-0001")]
    license_key: Option<String>,
    /// `perpetual`, `time-limited`, `subscription` or `consumption`.
    #[schema(example = "time-limited")]
    license_type: &'static str,
    /// Number of the order.
    #[schema(example = "SO-1")]
    order_store_id: String,
    /// The policy that it was made from.
    #[schema(example = 4)]
    license_template_id: Option<i64>,
    company: Company,
    /// When it begins.
    #[schema(example = "2030-01-01T00:00:00.000Z")]
    start_date: Option<String>,
    /// When it ends; null: never.
    #[schema(example = "2031-05-06T23:59:59.999Z")]
    validity_period: Option<String>,
    is_trial: bool,
    #[schema(example = 0)]
    trial_days: u16,
    enable_maintenance_period: bool,
    /// Until when releases are included.
    maintenance_period: Option<String>,
    #[schema(example = 3)]
    max_activations: u32,
    allow_unlimited_activations: bool,
    /// Devices on which it is active now.
    #[schema(example = 1)]
    times_activated: u32,
    #[schema(example = 0)]
    transfer_count: u32,
    /// 0: any number; -1: none.
    #[schema(example = 0)]
    max_transfers: i64,
    /// 0: any number.
    #[schema(example = 0)]
    max_license_users: u32,
    allow_offline_activation: bool,
    prevent_vm: bool,
    is_air_gapped: bool,
    is_hardware_key_auth: bool,
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
    allow_grace_period: bool,
    /// Hours after the end.
    #[schema(example = 0)]
    grace_period: u32,
    #[serde(flatten)]
    counts: Counts,
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    custom_fields: Vec<FieldBody>,
    product_features: Vec<FeatureBody>,
    product_details: ProductDetails,
    customer: CustomerBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserBody>,
}

/// A license that was activated on a device.
#[derive(Serialize, ToSchema)]
pub(crate) struct Activation {
    #[serde(flatten)]
    license: LicenseBody,
    #[schema(example = "activation")]
    request: &'static str,
    active: bool,
    #[schema(example = 9)]
    device_id: i64,
    is_expired: bool,
    #[schema(example = "HW-TEST-1")]
    hardware_id: String,
    /// Whether the device has a seat; where seats are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    floating_in_use: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    installation_file: Option<ReleaseBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    variables: Vec<super::variable::VariableBody>,
}

/// A license that a device looks at, with the newest release that fits.
#[derive(Serialize, ToSchema)]
pub(crate) struct Check {
    #[serde(flatten)]
    license: LicenseBody,
    license_active: bool,
    license_enabled: bool,
    is_expired: bool,
    #[schema(example = 9)]
    device_id: i64,
    #[serde(flatten)]
    release: Option<ReleaseBody>,
}

/// A license among others.
#[derive(Serialize, ToSchema)]
pub(crate) struct Listing {
    #[serde(flatten)]
    license: LicenseBody,
    license_active: bool,
    license_enabled: bool,
    is_expired: bool,
}

/// A license of a user.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserLicense {
    license: Listing,
    user: Option<UserBody>,
}

/// A named text beside a license.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldBody {
    #[schema(example = "tier")]
    name: String,
    /// `number`, `text` or `date/time`.
    #[schema(example = "text")]
    data_type: &'static str,
    #[schema(example = "gold")]
    value: String,
}

/// Which features an answer names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expired {
    Named,
    LeftOut,
}

impl Activation {
    pub(crate) fn new(view: &LicenseView, places: &Places) -> Self {
        Self {
            license: LicenseBody::new(view, Expired::Named),
            request: "activation",
            active: true,
            device_id: device_id(view),
            is_expired: view.is_expired(),
            hardware_id: hardware_id(view),
            floating_in_use: view.license.rules.seats.are_counted().then_some(view.seats.own.held.is_some()),
            username: view.known_user().map(|user| user.email.to_string()),
            installation_file: view.release.as_ref().map(|release| places.nested(release)),
            variables: view.variables.iter().map(super::variable::stored).collect(),
        }
    }
}

impl Check {
    pub(crate) fn new(view: &LicenseView, expired: Expired, places: &Places) -> Self {
        Self {
            license: LicenseBody::new(view, expired),
            license_active: is_active(view),
            license_enabled: is_enabled(view),
            is_expired: view.is_expired(),
            device_id: device_id(view),
            release: view.release.as_ref().map(|release| places.flat(release)),
        }
    }
}

impl Listing {
    pub(crate) fn new(view: &LicenseView) -> Self {
        let (license_active, license_enabled) = (is_active(view), is_enabled(view));
        let license = LicenseBody::new(view, Expired::Named);
        Self { license, license_active, license_enabled, is_expired: view.is_expired() }
    }
}

impl UserLicense {
    pub(crate) fn new(view: &LicenseView) -> Self {
        Self { license: Listing::new(view), user: view.user.as_ref().map(UserBody::new) }
    }
}

impl LicenseBody {
    /// A license with all its features.
    pub(crate) fn all(view: &LicenseView) -> Self {
        Self::new(view, Expired::Named)
    }

    fn new(view: &LicenseView, expired: Expired) -> Self {
        let (license, rules) = (&view.license, &view.license.rules);
        let seats = &rules.seats;
        let borrowed_until = view.seats.own.held.and_then(|seat| seat.borrowed(view.at));
        let (max_activations, allow_unlimited_activations) = match license.terms.limit {
            ActivationLimit::AtMost(limit) => (limit, false),
            ActivationLimit::Unlimited => (0, true),
        };
        let features = license.features.iter();
        let features = features.filter(|feature| expired == Expired::Named || !feature.is_expired(view.at));
        Self {
            id: license.id.0,
            license_key: view.known_user().is_none().then(|| view.key().as_str().to_owned()),
            license_type: license_type(license).as_str(),
            order_store_id: license.order.to_string(),
            license_template_id: rules.policy.map(|policy| policy.0),
            company: view.site.into(),
            start_date: license.terms.start_date.map(first_of),
            validity_period: validity_period(view),
            is_trial: rules.trial_days.is_some(),
            trial_days: rules.trial_days.unwrap_or(0),
            enable_maintenance_period: rules.maintenance_end.is_some(),
            maintenance_period: rules.maintenance_end.map(last_of),
            max_activations,
            allow_unlimited_activations,
            times_activated: license.activations,
            transfer_count: license.usage.transfers,
            max_transfers: match rules.transfers {
                TransferLimit::AtMost(0) | TransferLimit::Forbidden => -1,
                TransferLimit::AtMost(limit) => i64::from(limit),
                TransferLimit::Unlimited => 0,
            },
            max_license_users: rules.users.unwrap_or(0),
            allow_offline_activation: rules.offline,
            prevent_vm: rules.prevent_vm || view.product.rules.prevent_vm,
            is_air_gapped: rules.air_gapped,
            is_hardware_key_auth: rules.hardware_key,
            is_floating: seats.floating == Floating::Server,
            is_floating_cloud: seats.floating == Floating::Cloud,
            floating_users: seats.users,
            floating_timeout: seats.timeout_minutes(),
            floating_in_use_devices: view.seats.own.in_use,
            can_borrow: seats.borrow.is_some(),
            max_borrow_time: seats.borrow.unwrap_or(0),
            is_borrowed: borrowed_until.is_some(),
            borrowed_until: borrowed_until.map(instant),
            allow_grace_period: view.grace().is_some(),
            grace_period: view.grace().unwrap_or(0),
            counts: Counts::of_license(
                rules.license_type == LicenseType::Consumption,
                &rules.metering,
                license.usage.meter,
            ),
            metadata: script_json::object(&rules.metadata),
            custom_fields: rules.custom_fields.iter().map(field).collect(),
            product_features: features.map(|found| feature(found, view.seats.of(found.id), view.at)).collect(),
            product_details: ProductDetails::of_license(view),
            customer: CustomerBody::new(&view.customer),
            user: view.user.as_ref().map(UserBody::new),
        }
    }
}

/// A license that was laid down as perpetual, and yet has an end, is one for a time; a trial is called perpetual all the same.
fn license_type(license: &License) -> LicenseType {
    let laid_down = license.rules.license_type;
    let ends = license.terms.end_date.is_some() && license.rules.trial_days.is_none();
    if laid_down == LicenseType::Perpetual && ends { LicenseType::TimeLimited } else { laid_down }
}

/// What the inner signature of a license is over.
pub(crate) fn licensed(view: &LicenseView) -> Licensed {
    Licensed {
        hardware_id: hardware_id(view),
        licensee: licensee(view).to_owned(),
        validity_period: validity_period(view).unwrap_or_default(),
    }
}

/// What a client knows the license by; of a user what stands before a `|`.
fn licensee(view: &LicenseView) -> &str {
    match view.known_user() {
        Some(user) => user.email.as_str().split('|').next().unwrap_or_default(),
        None => view.key().as_str(),
    }
}

fn validity_period(view: &LicenseView) -> Option<String> {
    view.ends_at().map(instant)
}

fn device_id(view: &LicenseView) -> i64 {
    view.device.as_ref().map_or(0, |device| device.id.0)
}

fn hardware_id(view: &LicenseView) -> String {
    view.device.as_ref().map(|device| device.hardware.to_string()).unwrap_or_default()
}

fn is_active(view: &LicenseView) -> bool {
    view.device.as_ref().map_or(view.license.activations > 0, |device| device.active)
}

fn is_enabled(view: &LicenseView) -> bool {
    view.license.terms.status == countersign_domain::licensing::LicenseStatus::Enabled
}

fn field(field: &CustomField) -> FieldBody {
    FieldBody { name: field.name.clone(), data_type: field.field_type.as_str(), value: field.value.clone() }
}
