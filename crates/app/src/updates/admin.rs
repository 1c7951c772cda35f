//! Creating updates from packages that exist, offering them and taking them back.

use countersign_crypto::random::random_uuid_v4;
use countersign_domain::catalog::release::{NewUpdate, ReleaseFault};
use countersign_domain::catalog::update::{Update, UpdateStatus};
use countersign_domain::ids::{SiteId, UpdateRow};
use countersign_domain::text::{PackageId, UpdateId};
use countersign_store::repositories::NewRelease;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Why an update was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateUpdateError {
    /// A rule is broken.
    #[error(transparent)]
    Broken(#[from] ReleaseFault),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The ID is taken.
    #[error("update {0} exists in this site already")]
    Taken(UpdateId),
    /// A package is not known.
    #[error("this site has no package {0}; see: countersign package list")]
    UnknownPackage(PackageId),
}

/// Why the status of an update was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UnknownUpdate {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such update.
    #[error("this site has no update {0}; see: countersign update list")]
    Unknown(UpdateId),
}

takes_store_errors!(CreateUpdateError, UnknownUpdate);

/// Creates an update between packages that exist.
///
/// # Errors
/// [`CreateUpdateError`] says what to change.
pub async fn create(ctx: &Ctx, site: SiteId, update: NewUpdate) -> Result<UpdateRow, CreateUpdateError> {
    update.check()?;
    let manifest_uuids = update.release_to.iter().map(|_| random_uuid_v4(ctx.rng())).collect();
    let (release, now) = (NewRelease { update, manifest_uuids }, ctx.now());
    ctx.change(site, move |tx| {
        Box::pin(async move {
            let update = &release.update;
            for package in update.release_from.iter().chain(update.release_to.iter().map(|(_, package)| package)) {
                if tx.packages().find(site, package).await?.is_none() {
                    return Err(CreateUpdateError::UnknownPackage(package.clone()));
                }
            }
            let id = tx.updates().insert(site, &release, now).await?;
            id.ok_or_else(|| CreateUpdateError::Taken(release.update.id.clone()))
        })
    })
    .await
}

/// All updates of a site, by ID.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<Update>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.updates().list(site).await?) })).await
}

/// Offers an update, or takes it back; in force for every device within a second.
///
/// # Errors
/// [`UnknownUpdate::Unknown`] when there is none of that ID.
pub async fn set_status(ctx: &Ctx, site: SiteId, id: UpdateId, status: UpdateStatus) -> Result<(), UnknownUpdate> {
    ctx.change(site, move |tx| {
        Box::pin(async move {
            let changed = tx.updates().set_status(site, &id, status).await?;
            if changed { Ok(()) } else { Err(UnknownUpdate::Unknown(id)) }
        })
    })
    .await
}
