//! Packages as producers see them.

use std::sync::Arc;

use countersign_domain::audit::Action;
use countersign_domain::catalog::package::Package;
use countersign_domain::ids::SiteId;
use countersign_domain::text::{PackageId, UpdateId};
use countersign_store::StoreError;
use countersign_store::repositories::Deleted;

pub use self::create::{
    CreatePackageError, DraftFile, FileSource, PackageDraft, check_before_upload, create, create_with_files,
    name_in_url,
};
use crate::fault::takes_store_errors;
use crate::listing::{Listing, PageNumber, SearchText};
use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

mod create;

/// Why a package was not removed.
#[derive(Debug, thiserror::Error)]
pub enum DeletePackageError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// An update starts from it or delivers it.
    #[error("update {update} refers to package {package}; delete the update first: countersign update delete {update}")]
    InUse {
        /// The package.
        package: PackageId,
        /// One of the updates.
        update: UpdateId,
    },
    /// No such package.
    #[error("this site has no package {0}; see: countersign package list")]
    Unknown(PackageId),
}

takes_store_errors!(DeletePackageError);

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

/// A page of the packages whose ID, product or description contains a text, by ID: all that is committed when this is
/// called, without reading it from the store again.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn search(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    text: &SearchText,
    page: PageNumber,
) -> Result<Listing<Arc<Package>>, Fault> {
    ctx.refresh().await?;
    let site = ctx.latest(site);
    let matches = |package: &&Arc<Package>| {
        text.is_in(&[package.id.as_str(), package.product.name.as_str(), package.description.as_str()])
    };
    Ok(page.of(site.catalog().packages().filter(matches).cloned()))
}

/// Removes a package that no update refers to. Its stored files stay.
///
/// # Errors
/// [`DeletePackageError`] says why it is still there.
pub async fn delete(ctx: &Ctx, site: SiteId, id: PackageId) -> Result<(), DeletePackageError> {
    ctx.change(site, Action::new("package.delete", &id), move |tx| {
        Box::pin(async move {
            match tx.packages().delete(site, &id).await? {
                Deleted::Yes => Ok(()),
                Deleted::InUse => {
                    let update = tx.updates().find_with_package(site, &id).await?;
                    Err(DeletePackageError::InUse { package: id, update: update.ok_or(StoreError::OutcomeUnknown)? })
                }
                Deleted::Unknown => Err(DeletePackageError::Unknown(id)),
            }
        })
    })
    .await
}
