//! The provider of an account, as the producer lays it down.

use std::sync::Arc;

use countersign_crypto::Secret;
use countersign_domain::audit::Action;
use countersign_domain::ids::{AccountId, SiteId};
use countersign_domain::licensing::{SsoProvider, SsoProviderError};
use countersign_domain::text::AccountName;
use countersign_store::StoreError;
use countersign_store::repositories::SsoProviderRow;

use super::Known;
use crate::fault::takes_store_errors;
use crate::installation::ensure_fits;
use crate::{Ctx, Fault};

/// What a client secret is sealed under.
pub(crate) fn sso_label(account: AccountId) -> String {
    format!("client secret for single sign-on of account {account}")
}

/// Why a provider was not laid down or removed.
#[derive(Debug, thiserror::Error)]
pub enum SsoError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It cannot be kept.
    #[error(transparent)]
    Provider(#[from] SsoProviderError),
    /// The account has none.
    #[error("the account {0:?} has no single sign-on")]
    None(String),
    /// No such account.
    #[error("this site has no account {0:?}; see: countersign account list")]
    UnknownAccount(String),
}

takes_store_errors!(SsoError);

/// Lays down the provider of an account, in place of the one before it. Its client secret is kept sealed.
///
/// # Errors
/// [`SsoError`] says what is in the way.
pub async fn set_provider(
    ctx: &Ctx,
    site: SiteId,
    account: AccountName,
    provider: SsoProvider,
    secret: Option<Secret<String>>,
) -> Result<(), SsoError> {
    provider.check()?;
    let (vault, rng) = (ctx.parts.vault.clone(), ctx.shared_rng());
    let now = ctx.now();
    ctx.record(site, Action::new("account.sso.set", &account), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            let found = tx.accounts().find(site, &account).await?;
            let id = found.ok_or_else(|| SsoError::UnknownAccount(account.to_string()))?.id;
            let sealed = secret.map(|secret| vault.seal(&*rng, &sso_label(id), secret.expose().as_bytes()));
            let row = SsoProviderRow { settings: provider.to_text(), sealed };
            Ok(tx.sso_providers().set(id, &row, now).await?)
        })
    })
    .await
}

/// The provider of an account, and whether it has a client secret; `None`: the account has none.
///
/// # Errors
/// [`SsoError::UnknownAccount`] when there is no such account.
pub async fn find_provider(
    ctx: &Ctx,
    site: SiteId,
    account: AccountName,
) -> Result<Option<(SsoProvider, bool)>, SsoError> {
    ctx.store()
        .read::<_, SsoError, _>(move |tx| {
            Box::pin(async move {
                let found = tx.accounts().find(site, &account).await?;
                let id = found.ok_or_else(|| SsoError::UnknownAccount(account.to_string()))?.id;
                let Some(row) = tx.sso_providers().find(id).await? else { return Ok(None) };
                Ok(Some((read(id, &row)?, row.sealed.is_some())))
            })
        })
        .await
}

/// Takes single sign-on from an account.
///
/// # Errors
/// [`SsoError::None`] when it has none.
pub async fn remove_provider(ctx: &Ctx, site: SiteId, account: AccountName) -> Result<(), SsoError> {
    ctx.record(site, Action::new("account.sso.remove", &account), move |tx| {
        Box::pin(async move {
            let found = tx.accounts().find(site, &account).await?;
            let id = found.ok_or_else(|| SsoError::UnknownAccount(account.to_string()))?.id;
            let removed = tx.sso_providers().delete(id).await?;
            if removed { Ok(()) } else { Err(SsoError::None(account.to_string())) }
        })
    })
    .await
}

/// The provider of an account that a login names.
pub(super) async fn load(ctx: &Ctx, site: SiteId, account: &AccountName) -> Result<Option<Known>, Fault> {
    let name = account.clone();
    let found = ctx.store().read::<_, Fault, _>(move |tx| {
        Box::pin(async move {
            let Some(account) = tx.accounts().find(site, &name).await? else { return Ok(None) };
            let row = tx.sso_providers().find(account.id).await?;
            Ok(row.map(|row| (account.id, row)))
        })
    });
    let Some((account, row)) = found.await? else { return Ok(None) };
    let secret = match &row.sealed {
        Some(sealed) => {
            let opened = ctx.parts.vault.open(&sso_label(account), sealed)?;
            Some(Secret::new(String::from_utf8_lossy(opened.expose()).into_owned()))
        }
        None => None,
    };
    Ok(Some(Known { account, settings: Arc::new(read(account, &row)?), secret }))
}

fn read(account: AccountId, row: &SsoProviderRow) -> Result<SsoProvider, StoreError> {
    let broken = StoreError::BrokenRow { table: "sso_providers", column: "settings", row: account.0 };
    SsoProvider::from_text(&row.settings).ok_or(broken)
}
