//! Accounts: groups of customers that share what they have bought.

use countersign_domain::audit::Action;
use countersign_domain::ids::{AccountId, SiteId};
use countersign_domain::licensing::Account;
use countersign_domain::text::AccountName;
use countersign_store::repositories::Page;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Why an account was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateAccountError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The name is taken.
    #[error("an account {0:?} exists in this site already; see: countersign account list")]
    Taken(String),
}

takes_store_errors!(CreateAccountError);

/// Creates an account.
///
/// # Errors
/// [`CreateAccountError::Taken`] when the name is not free.
pub async fn create(ctx: &Ctx, site: SiteId, name: AccountName) -> Result<AccountId, CreateAccountError> {
    let now = ctx.now();
    ctx.record(site, Action::new("account.create", &name), move |tx| {
        Box::pin(async move {
            let id = tx.accounts().insert(site, &name, now).await?;
            id.ok_or_else(|| CreateAccountError::Taken(name.to_string()))
        })
    })
    .await
}

/// Accounts of a site, in the order in which they were created.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId, page: Page) -> Result<Vec<Account>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.accounts().list(site, page).await?) })).await
}
