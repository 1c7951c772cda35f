//! Customers and license users.

use countersign_app::license_api::{AssignedUser, CustomerLicenseUser};
use countersign_domain::licensing::{ActivationLimit, Customer};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Company;
use crate::script_json;

/// Who holds a license. Empty texts where nothing is known.
#[derive(Serialize, ToSchema)]
pub(crate) struct CustomerBody {
    #[schema(example = "buyer@example.test")]
    email: String,
    first_name: String,
    last_name: String,
    company_name: String,
    phone: String,
    reference: String,
    address: String,
    postcode: String,
    city: String,
    state: String,
    country: String,
    customer_account: Option<AccountBody>,
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
}

/// A group of customers.
#[derive(Serialize, ToSchema)]
struct AccountBody {
    #[schema(example = 2)]
    id: i64,
    name: String,
    code: String,
}

impl CustomerBody {
    pub(crate) fn new(customer: &Customer) -> Self {
        let contact = customer.contact.clone();
        let account = customer.account.as_ref();
        Self {
            email: customer.email.clone(),
            first_name: contact.first_name,
            last_name: contact.last_name,
            company_name: contact.company_name,
            phone: contact.phone,
            reference: contact.reference,
            address: contact.address,
            postcode: contact.postcode,
            city: contact.city,
            state: contact.state,
            country: contact.country,
            customer_account: account.map(|account| AccountBody {
                id: account.id.0,
                name: account.name.to_string(),
                code: account.name.to_string(),
            }),
            metadata: script_json::object(""),
        }
    }
}

/// The user whom a license is assigned to.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserBody {
    #[schema(example = 3)]
    id: i64,
    #[schema(example = "u@example.test")]
    email: String,
    first_name: String,
    last_name: String,
    phone_number: String,
    is_initial_password: bool,
    #[schema(example = 2)]
    max_activations: u32,
    allow_unlimited_activations: bool,
    #[schema(example = 1)]
    total_activations: u32,
}

impl UserBody {
    pub(crate) fn new(assigned: &AssignedUser) -> Self {
        let AssignedUser { user, assignment } = assigned;
        let (max_activations, allow_unlimited_activations) = limit(assignment.limit);
        Self {
            id: user.id.0,
            email: user.email.to_string(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            phone_number: user.phone.clone(),
            is_initial_password: user.initial_password,
            max_activations,
            allow_unlimited_activations,
            total_activations: assignment.activations,
        }
    }
}

fn limit(limit: ActivationLimit) -> (u32, bool) {
    match limit {
        ActivationLimit::AtMost(limit) => (limit, false),
        ActivationLimit::Unlimited => (0, true),
    }
}

/// The users of a customer's licenses.
#[derive(Serialize, ToSchema)]
pub(crate) struct CustomerUsers {
    company: Company,
    /// The customer's e-mail address.
    #[schema(example = "buyer@example.test")]
    customer: String,
    users: Vec<CustomerUser>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
struct CustomerUser {
    #[schema(example = "u@example.test")]
    email: String,
    is_active: bool,
    first_name: String,
    last_name: String,
    phone_number: String,
    is_initial_password: bool,
    /// Always empty: every installed application could read it.
    initial_password: &'static str,
    #[schema(example = 11)]
    license_id: i64,
    #[schema(example = "SO-1")]
    order_store_id: String,
    #[schema(example = 5)]
    order_id: i64,
    #[schema(example = 2)]
    max_activations: u32,
    #[schema(example = 1)]
    total_activations: u32,
    allow_unlimited_activations: bool,
}

impl CustomerUsers {
    pub(crate) fn new(company: Company, customer: String, users: Vec<CustomerLicenseUser>) -> Self {
        Self { company, customer, users: users.into_iter().map(customer_user).collect() }
    }
}

fn customer_user(found: CustomerLicenseUser) -> CustomerUser {
    let (max_activations, allow_unlimited_activations) = limit(found.assignment.limit);
    CustomerUser {
        email: found.user.email.to_string(),
        is_active: found.active,
        first_name: found.user.first_name,
        last_name: found.user.last_name,
        phone_number: found.user.phone,
        is_initial_password: found.user.initial_password,
        initial_password: "",
        license_id: found.assignment.license.0,
        order_store_id: found.order.to_string(),
        order_id: found.order_id.0,
        max_activations,
        total_activations: found.assignment.activations,
        allow_unlimited_activations,
    }
}
