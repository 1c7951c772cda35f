//! Trials.

use countersign_app::license_api::{LicenseView, TrialView};
use countersign_domain::licensing::{ActivationLimit, AuthorizationMethod, LicenseStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::Company;

/// A trial: all of it when it is new, the first members when the device had it already.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrialBody {
    #[schema(example = "perpetual")]
    license_type: &'static str,
    is_trial: bool,
    /// The key, under two names.
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<String>,
    /// The user, in a product whose licenses are named by users.
    #[serde(skip_serializing_if = "Option::is_none")]
    license_user: Option<String>,
    /// Of a new user; else empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_password: Option<String>,
    #[serde(flatten)]
    new: Option<NewTrial>,
}

/// Members of a new trial.
#[derive(Serialize, ToSchema)]
struct NewTrial {
    #[schema(example = 12)]
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_key: Option<String>,
    #[schema(example = 14)]
    trial_days: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_user_id: Option<i64>,
    max_license_users: u32,
    #[schema(example = 5)]
    order_id: i64,
    #[schema(example = 77)]
    product_id: i64,
    /// Milliseconds since 1970.
    created_at: i64,
    updated_at: i64,
    active: bool,
    enabled: bool,
    max_activations: u32,
    allow_unlimited_activations: bool,
    times_activated: u32,
    company: Company,
}

impl TrialBody {
    pub(crate) fn new(trial: &TrialView) -> Self {
        match trial {
            TrialView::Existing(view) => {
                let user = view.user.as_ref().map(|assigned| assigned.user.email.to_string());
                Self::short(view, user, Some(String::new()), None)
            }
            TrialView::New { license: view, order, user } => {
                let password = user.as_ref().map(|user| {
                    let password = user.initial_password.as_ref();
                    password.map(|password| password.expose().clone()).unwrap_or_default()
                });
                let new = NewTrial::new(view, order.0, user.as_ref().map(|user| user.id.0));
                Self::short(view, user.as_ref().map(|user| user.email.to_string()), password, Some(new))
            }
        }
    }

    fn short(view: &LicenseView, user: Option<String>, password: Option<String>, new: Option<NewTrial>) -> Self {
        let by_user = is_by_user(view);
        Self {
            license_type: view.license.rules.license_type.as_str(),
            is_trial: true,
            license: (!by_user).then(|| view.key().as_str().to_owned()),
            license_user: user.filter(|_| by_user),
            initial_password: password.filter(|_| by_user),
            new,
        }
    }
}

impl NewTrial {
    fn new(view: &LicenseView, order_id: i64, license_user_id: Option<i64>) -> Self {
        let license = &view.license;
        let (max_activations, allow_unlimited_activations) = match license.terms.limit {
            ActivationLimit::AtMost(limit) => (limit, false),
            ActivationLimit::Unlimited => (0, true),
        };
        let created_at = license.created_at.as_millis();
        Self {
            id: license.id.0,
            license_key: (!is_by_user(view)).then(|| view.key().as_str().to_owned()),
            trial_days: license.rules.trial_days.unwrap_or(0),
            license_user_id,
            max_license_users: license.rules.users.unwrap_or(0),
            order_id,
            product_id: license.product.id.0,
            created_at,
            updated_at: created_at,
            active: license.activations > 0,
            enabled: license.terms.status == LicenseStatus::Enabled,
            max_activations,
            allow_unlimited_activations,
            times_activated: license.activations,
            company: view.site.into(),
        }
    }
}

fn is_by_user(view: &LicenseView) -> bool {
    view.product.rules.authorization == AuthorizationMethod::User
}
