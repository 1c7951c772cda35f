//! Products.

use countersign_domain::audit::Action;
use countersign_domain::catalog::package::Product;
use countersign_domain::event::Event;
use countersign_domain::ids::{ProductId, SiteId};
use countersign_domain::text::ProductName;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Why a product was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateProductError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The name is taken.
    #[error("a product of that name exists in this site already")]
    Taken,
}

takes_store_errors!(CreateProductError);

/// Creates a product.
///
/// # Errors
/// [`CreateProductError::Taken`] when the name is not free.
pub async fn create(ctx: &Ctx, site: SiteId, name: ProductName) -> Result<ProductId, CreateProductError> {
    let now = ctx.now();
    let actor = ctx.actor();
    ctx.change(site, Action::new("product.create", &name), move |tx| {
        Box::pin(async move {
            let id = tx.products().insert(site, &name, now).await?.ok_or(CreateProductError::Taken)?;
            tx.outbox().insert(site, Event::ProductCreated(id), &actor, now).await?;
            Ok(id)
        })
    })
    .await
}

/// All products of a site, by name.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<Product>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.products().list(site).await?) })).await
}
