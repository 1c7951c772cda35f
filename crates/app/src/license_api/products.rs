//! Products as applications ask for them.

use countersign_domain::text::ProductCode;

use super::LicenseCaller;
use super::find;
use super::question::ReleaseFilter;
use super::refusal::LicenseError;
use super::versions::first_matching;
use super::view::ProductView;
use crate::Ctx;

/// A product by code, with its newest release if that is asked for.
///
/// # Errors
/// [`Refusal`](super::Refusal) says why there is no answer.
pub async fn product_details(
    ctx: &Ctx,
    caller: &LicenseCaller,
    code: ProductCode,
    latest: Option<ReleaseFilter>,
) -> Result<ProductView, LicenseError> {
    let caller = caller.clone();
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let product = find::product(tx, &caller, &code).await?;
                let features = tx.features().list(product.product.id).await?;
                let latest = match latest {
                    Some(filter) => first_matching(tx, product.product.id, &filter).await?,
                    None => None,
                };
                Ok(ProductView { product, features, latest })
            })
        })
        .await
}

/// All products that the caller may ask about, by row id.
///
/// # Errors
/// [`LicenseError::Fault`] when the store cannot be read.
pub async fn products(ctx: &Ctx, caller: &LicenseCaller) -> Result<Vec<ProductView>, LicenseError> {
    let caller = caller.clone();
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let mut views = Vec::new();
                for product in tx.licensed_products().list(caller.site).await? {
                    if caller.may_ask_about(product.product.id).is_ok() {
                        let features = tx.features().list(product.product.id).await?;
                        views.push(ProductView { product, features, latest: None });
                    }
                }
                Ok(views)
            })
        })
        .await
}
