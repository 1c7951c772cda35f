//! Customers: who holds licenses and devices.

use countersign_domain::audit::Action;
use countersign_domain::ids::{CustomerId, SiteId};
use countersign_domain::licensing::Customer;
use countersign_domain::text::{self, AccountName, CustomerName, TextError};
use countersign_store::repositories::{self, Page};

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Longest e-mail address, in bytes (RFC 5321 section 4.5.3.1.3, without the brackets).
const EMAIL_LIMIT: usize = 254;

/// A customer to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCustomer {
    /// Name, unique in the site.
    pub name: CustomerName,
    /// Where to write to; may be empty.
    pub email: String,
    /// The account that the customer belongs to; without one, the customer is an account of one.
    pub account: Option<AccountName>,
}

/// Why a customer was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateCustomerError {
    /// The e-mail address cannot be kept.
    #[error(transparent)]
    Email(#[from] TextError),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The name is taken.
    #[error("a customer {0:?} exists in this site already; see: countersign customer show {0:?}")]
    Taken(String),
    /// No such account.
    #[error("this site has no account {0:?}; create it first: countersign account create {0:?}")]
    UnknownAccount(String),
}

takes_store_errors!(CreateCustomerError);

/// Creates a customer.
///
/// # Errors
/// [`CreateCustomerError`] says what is missing or in the way.
pub async fn create(ctx: &Ctx, site: SiteId, customer: NewCustomer) -> Result<CustomerId, CreateCustomerError> {
    let NewCustomer { name, email, account } = customer;
    if !email.is_empty() {
        text::check("an e-mail address", &email, EMAIL_LIMIT)?;
    }
    let now = ctx.now();
    ctx.record(site, Action::new("customer.create", &name), move |tx| {
        Box::pin(async move {
            let account = match account {
                Some(name) => {
                    let found = tx.accounts().find(site, &name).await?;
                    Some(found.ok_or_else(|| CreateCustomerError::UnknownAccount(name.to_string()))?.id)
                }
                None => None,
            };
            let customer = repositories::NewCustomer { name, email, account };
            let id = tx.customers().insert(site, &customer, now).await?;
            id.ok_or_else(|| CreateCustomerError::Taken(customer.name.to_string()))
        })
    })
    .await
}

/// A customer by name.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find(ctx: &Ctx, site: SiteId, name: CustomerName) -> Result<Option<Customer>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.customers().find(site, &name).await?) })).await
}

/// Customers of a site, in the order in which they were created.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId, page: Page) -> Result<Vec<Customer>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.customers().list(site, page).await?) })).await
}
