//! Creating updates between packages that exist, replacing and removing them, offering them and taking them back.

use countersign_crypto::random::random_uuid_v4;
use countersign_domain::audit::Action;
use countersign_domain::catalog::release::{NewUpdate, ReleaseFault};
use countersign_domain::catalog::update::{Update, UpdateStatus};
use countersign_domain::ids::SiteId;
use countersign_domain::text::{PackageId, UpdateId};
use countersign_store::StoreError;
use countersign_store::repositories::{NewRelease, Tx};

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

/// Why an update was not replaced. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceUpdateError {
    /// A rule is broken.
    #[error(transparent)]
    Broken(#[from] ReleaseFault),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such update.
    #[error("this site has no update {0}; see: countersign update list")]
    Unknown(UpdateId),
    /// A package is not known.
    #[error("this site has no package {0}; see: countersign package list")]
    UnknownPackage(PackageId),
}

/// Why nothing was done to an update.
#[derive(Debug, thiserror::Error)]
pub enum UnknownUpdate {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such update.
    #[error("this site has no update {0}; see: countersign update list")]
    Unknown(UpdateId),
}

takes_store_errors!(CreateUpdateError, ReplaceUpdateError, UnknownUpdate);

/// Creates an update between packages that exist, and gives it as it is kept.
///
/// # Errors
/// [`CreateUpdateError`] says what to change.
pub async fn create(ctx: &Ctx, site: SiteId, update: NewUpdate) -> Result<Update, CreateUpdateError> {
    update.check()?;
    let (release, now) = (with_fresh_manifests(ctx, update), ctx.now());
    ctx.change(site, Action::new("update.create", &release.update.id), move |tx| {
        Box::pin(async move {
            if let Some(package) = unknown_package(tx, site, &release.update).await? {
                return Err(CreateUpdateError::UnknownPackage(package));
            }
            if tx.updates().insert(site, &release, now).await?.is_none() {
                return Err(CreateUpdateError::Taken(release.update.id));
            }
            Ok(kept(tx, site, &release.update.id).await?)
        })
    })
    .await
}

/// Replaces all of an update but its ID, and gives it as it is kept.
///
/// A manifest keeps its UUID as long as platform, package and entitlement check stay the same; any other gets a new one, so
/// that whoever learned the old one under another check does not get the files by it.
///
/// # Errors
/// [`ReplaceUpdateError`] says what to change.
pub async fn replace(ctx: &Ctx, site: SiteId, update: NewUpdate) -> Result<Update, ReplaceUpdateError> {
    update.check()?;
    let mut release = with_fresh_manifests(ctx, update);
    ctx.change(site, Action::new("update.replace", &release.update.id), move |tx| {
        Box::pin(async move {
            let found = tx.updates().find(site, &release.update.id).await?;
            let found = found.ok_or_else(|| ReplaceUpdateError::Unknown(release.update.id.clone()))?;
            if let Some(package) = unknown_package(tx, site, &release.update).await? {
                return Err(ReplaceUpdateError::UnknownPackage(package));
            }
            keep_manifests(&found, &mut release);
            tx.updates().replace(site, &release).await?;
            Ok(kept(tx, site, &release.update.id).await?)
        })
    })
    .await
}

/// Removes an update. Devices do not see it any more; its packages stay.
///
/// # Errors
/// [`UnknownUpdate::Unknown`] when there is none of that ID.
pub async fn delete(ctx: &Ctx, site: SiteId, id: UpdateId) -> Result<(), UnknownUpdate> {
    ctx.change(site, Action::new("update.delete", &id), move |tx| {
        Box::pin(async move {
            let deleted = tx.updates().delete(site, &id).await?;
            if deleted { Ok(()) } else { Err(UnknownUpdate::Unknown(id)) }
        })
    })
    .await
}

/// Offers an update, or takes it back; in force for every device within a second. Gives the update as it is kept.
///
/// # Errors
/// [`UnknownUpdate::Unknown`] when there is none of that ID.
pub async fn set_status(ctx: &Ctx, site: SiteId, id: UpdateId, status: UpdateStatus) -> Result<Update, UnknownUpdate> {
    let verb = match status {
        UpdateStatus::Active => "update.activate",
        UpdateStatus::Inactive => "update.withdraw",
    };
    ctx.change(site, Action::new(verb, &id), move |tx| {
        Box::pin(async move {
            tx.updates().set_status(site, &id, status).await?;
            tx.updates().find(site, &id).await?.ok_or(UnknownUpdate::Unknown(id))
        })
    })
    .await
}

/// An update that this unit has just written.
async fn kept(tx: &mut dyn Tx, site: SiteId, id: &UpdateId) -> Result<Update, StoreError> {
    tx.updates().find(site, id).await?.ok_or(StoreError::OutcomeUnknown)
}

fn with_fresh_manifests(ctx: &Ctx, update: NewUpdate) -> NewRelease {
    let manifest_uuids = update.release_to.iter().map(|_| random_uuid_v4(ctx.rng())).collect();
    NewRelease { update, manifest_uuids }
}

/// Takes over the UUIDs of manifests that say the same as before, to the same devices.
fn keep_manifests(found: &Update, release: &mut NewRelease) {
    if found.entitlement_check != release.update.entitlement_check {
        return;
    }
    for ((platform, package), uuid) in release.update.release_to.iter().zip(&mut release.manifest_uuids) {
        if let Some(kept) = found.target(platform).filter(|target| target.package == *package) {
            uuid.clone_from(&kept.manifest_uuid);
        }
    }
}

/// The first package that an update names and the site does not have.
async fn unknown_package(tx: &mut dyn Tx, site: SiteId, update: &NewUpdate) -> Result<Option<PackageId>, StoreError> {
    let targets = update.release_to.iter().map(|(_, package)| package);
    let packages: Vec<PackageId> = update.release_from.iter().chain(targets).cloned().collect();
    Ok(tx.packages().missing(site, &packages).await?.into_iter().next())
}
