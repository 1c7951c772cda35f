//! Packages as producers see them.

use countersign_domain::catalog::package::Package;
use countersign_domain::catalog::release::{ReleaseFault, TEXT_LIMIT, check_text};
use countersign_domain::ids::{PackageRow, SiteId};
use countersign_domain::text::{PackageId, ProductName};
use countersign_store::repositories::NewPackage;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Why a package was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreatePackageError {
    /// The description cannot be kept.
    #[error(transparent)]
    Broken(#[from] ReleaseFault),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The ID is taken.
    #[error("package {0} exists in this site already")]
    Taken(PackageId),
    /// No such product.
    #[error("this site has no product {0:?}; create it first: countersign product create {0:?}")]
    UnknownProduct(String),
}

takes_store_errors!(CreatePackageError);

/// Creates a package without files: one that devices have installed already, and that updates can start from.
///
/// # Errors
/// [`CreatePackageError`] says what is missing or in the way.
pub async fn create(
    ctx: &Ctx,
    site: SiteId,
    id: PackageId,
    product: ProductName,
    description: String,
) -> Result<PackageRow, CreatePackageError> {
    check_text("package description (bytes)", &description, TEXT_LIMIT)?;
    let now = ctx.now();
    ctx.change(site, move |tx| {
        Box::pin(async move {
            let found = tx.products().find(site, &product).await?;
            let product = found.ok_or_else(|| CreatePackageError::UnknownProduct(product.to_string()))?.id;
            let package = NewPackage { id, product, description, files: vec![] };
            tx.packages().insert(site, &package, now).await?.ok_or(CreatePackageError::Taken(package.id))
        })
    })
    .await
}

/// A package by ID.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find(ctx: &Ctx, site: SiteId, id: PackageId) -> Result<Option<Package>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.packages().find(site, &id).await?) })).await
}

/// All packages of a site, by ID.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<Package>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.packages().list(site).await?) })).await
}
