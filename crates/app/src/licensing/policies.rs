//! Policies: what licenses of a product are made from.

use countersign_domain::audit::Action;
use countersign_domain::ids::{PolicyId, SiteId};
use countersign_domain::licensing::{Policy, RulesError, check_rules};
use countersign_domain::text::ProductName;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The rules cannot be kept.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The code is taken.
    #[error("the product has a policy of that code already; see: countersign policy list --product NAME")]
    Taken,
    /// The product has no such feature.
    #[error("the product has no feature {0:?}; see: countersign feature list --product NAME")]
    UnknownFeature(String),
    /// No such product.
    #[error("this site has no product {0:?}; see: countersign product list")]
    UnknownProduct(String),
}

takes_store_errors!(PolicyError);

/// Creates a policy of a product; its `id` is not looked at. Licenses that exist do not change.
///
/// # Errors
/// [`PolicyError`] says what is missing or in the way.
pub async fn create(ctx: &Ctx, site: SiteId, product: ProductName, policy: Policy) -> Result<PolicyId, PolicyError> {
    check_rules(&policy.rules)?;
    let now = ctx.now();
    let subject = format!("{} of {product}", policy.code);
    ctx.record(site, Action::new("policy.create", subject), move |tx| {
        Box::pin(async move {
            let found = tx.products().find(site, &product).await?;
            let id = found.ok_or_else(|| PolicyError::UnknownProduct(product.to_string()))?.id;
            let features = tx.features().list(id).await?;
            if let Some(code) = policy.features.iter().find(|code| !features.iter().any(|one| one.code == **code)) {
                return Err(PolicyError::UnknownFeature(code.to_string()));
            }
            tx.policies().insert(id, &policy, now).await?.ok_or(PolicyError::Taken)
        })
    })
    .await
}

/// All policies of a product, by code.
///
/// # Errors
/// [`PolicyError::UnknownProduct`] when there is no such product.
pub async fn list(ctx: &Ctx, site: SiteId, product: ProductName) -> Result<Vec<Policy>, PolicyError> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let found = tx.products().find(site, &product).await?;
                let id = found.ok_or_else(|| PolicyError::UnknownProduct(product.to_string()))?.id;
                Ok(tx.policies().list(id).await?)
            })
        })
        .await
}
