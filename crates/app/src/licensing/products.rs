//! What holds for all licenses of a product.

use countersign_domain::audit::Action;
use countersign_domain::changes::Changes;
use countersign_domain::event::{Event, Happened};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::{LicensedProduct, RULES_LIMIT};
use countersign_domain::text::ProductName;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Why a product was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeProductError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The code is that of another product or bundle.
    #[error("another product or a bundle of this site has that code")]
    Taken,
    /// The rules are longer than they may be.
    #[error("the rules of the product take more than {RULES_LIMIT} bytes")]
    TooLong,
    /// No such product.
    #[error("this site has no product {0:?}; see: countersign product list")]
    UnknownProduct(String),
}

takes_store_errors!(ChangeProductError);

/// Changes what holds for all licenses of a product: the function gets what is in force and changes what it wants. The
/// product itself stays what it is.
///
/// # Errors
/// [`ChangeProductError`] says why the product is as it was.
pub async fn change(
    ctx: &Ctx,
    site: SiteId,
    name: ProductName,
    change: impl FnOnce(&mut LicensedProduct) + Send + 'static,
) -> Result<LicensedProduct, ChangeProductError> {
    let actor = ctx.actor();
    ctx.change(site, Action::new("product.change", &name), move |tx| {
        Box::pin(async move {
            let unknown = || ChangeProductError::UnknownProduct(name.to_string());
            let product = tx.products().find(site, &name).await?.ok_or_else(unknown)?;
            let before = tx.licensed_products().find_by_id(site, product.id).await?.ok_or_else(unknown)?;
            let mut after = before.clone();
            change(&mut after);
            after.product = before.product.clone();
            if after.code != before.code {
                let other = tx.licensed_products().find(site, &after.code).await?.is_some();
                if other || tx.bundles().find(site, &after.code).await?.is_some() {
                    return Err(ChangeProductError::Taken);
                }
            }
            if after.rules.to_text().len() > RULES_LIMIT {
                return Err(ChangeProductError::TooLong);
            }
            tx.licensed_products().set(product.id, &after.code, after.status, &after.rules).await?;
            // Saving what was there before is no news.
            if after != before {
                let now = tx.now().await?;
                let changes = Changes::between(&before.members(), &after.members());
                let happened = Happened { event: Event::ProductChanged(product.id), changes };
                tx.outbox().insert_changed(site, &happened, &actor, now).await?;
            }
            Ok(after)
        })
    })
    .await
}

/// All products of a site with what holds for their licenses, by row id.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<LicensedProduct>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.licensed_products().list(site).await?) })).await
}
