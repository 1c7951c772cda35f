//! Parts of what a site has sold, by the names that producers give them.

use countersign_domain::ids::SiteId;
use countersign_domain::licensing::Part;
use countersign_domain::text::{AccountName, CustomerName, LicenseKey};
use countersign_store::Tx;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// A part of what a site has sold, as a producer names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartName {
    /// What the customers of an account hold.
    Account(AccountName),
    /// What a customer holds.
    Customer(CustomerName),
    /// The license with a key of its own; the key of a bundle leads to several.
    License(LicenseKey),
}

/// Why there is no part with a name.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such account.
    #[error("this site has no account {0:?}; see: countersign account list")]
    UnknownAccount(String),
    /// No such customer.
    #[error("this site has no customer {0:?}; see: countersign customer list")]
    UnknownCustomer(String),
    /// No such license. Its key is not repeated: whoever knows one can use it.
    #[error("this site has no license with this key; see: countersign license list")]
    UnknownLicense,
}

takes_store_errors!(PartError);

/// The part with a name.
///
/// # Errors
/// [`PartError`] names what the site does not have.
pub async fn find_part(ctx: &Ctx, site: SiteId, name: PartName) -> Result<Part, PartError> {
    ctx.store().read(move |tx| Box::pin(async move { named(tx, site, &name).await })).await
}

/// A part in words: accounts and customers by name, a license by its row id, because whoever knows its key can use it.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn describe_part(ctx: &Ctx, site: SiteId, part: Part) -> Result<String, Fault> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let named = match part {
                    Part::Account(id) => {
                        tx.accounts().find_by_id(site, id).await?.map(|it| format!("account {}", it.name))
                    }
                    Part::Customer(id) => {
                        tx.customers().find_by_id(site, id).await?.map(|it| format!("customer {}", it.name))
                    }
                    Part::License(_) => None,
                };
                Ok(named.unwrap_or_else(|| part.to_string()))
            })
        })
        .await
}

/// The part with a name, within a unit of work.
pub(super) async fn named(tx: &mut dyn Tx, site: SiteId, name: &PartName) -> Result<Part, PartError> {
    match name {
        PartName::Account(name) => {
            let found = tx.accounts().find(site, name).await?;
            Ok(Part::Account(found.ok_or_else(|| PartError::UnknownAccount(name.to_string()))?.id))
        }
        PartName::Customer(name) => {
            let found = tx.customers().find(site, name).await?;
            Ok(Part::Customer(found.ok_or_else(|| PartError::UnknownCustomer(name.to_string()))?.id))
        }
        PartName::License(key) => {
            Ok(Part::License(tx.licenses().find(site, key).await?.ok_or(PartError::UnknownLicense)?.id))
        }
    }
}
