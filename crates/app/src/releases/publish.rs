//! Publishing a release: files, package and update become visible together, or not at all.

use countersign_crypto::random::random_uuid_v4;
use countersign_domain::audit::Action;
use countersign_domain::catalog::package::Package;
use countersign_domain::catalog::release::{
    NewUpdate, ReleaseFault, TEXT_LIMIT, check_files, check_package_id, check_text,
};
use countersign_domain::catalog::update::Update;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::SiteId;
use countersign_domain::text::{PackageId, ProductName, UpdateId};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::{NewFileContent, NewPackage, NewPackageFile, NewRelease, Tx};

use super::receive::{ReceivedFile, discard};
use crate::fault::takes_store_errors;
use crate::files::insert_or_find;
use crate::lost::LostObjects;
use crate::{Ctx, Fault};

/// A file of a release.
#[derive(Clone, Debug)]
pub struct ReleaseFile {
    /// The name under which devices download it.
    pub name: PlainFileName,
    /// Its bytes.
    pub received: ReceivedFile,
    /// Whether the device is told to run it.
    pub execute: bool,
}

/// A package with its files, and the update that leads to it.
#[derive(Clone, Debug)]
pub struct Release {
    /// The product. It must exist.
    pub product: ProductName,
    /// The new package's ID.
    pub package: PackageId,
    /// Text for people.
    pub package_description: String,
    /// Files in the order in which devices see them.
    pub files: Vec<ReleaseFile>,
    /// The update. Its sources must exist; its targets name the new package.
    pub update: NewUpdate,
}

/// What publishing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// Package and update are new.
    New,
    /// The same package and update were there already; nothing changed, but bytes that were lost are there again.
    Unchanged,
}

/// Why a release was not published. Nothing of it is visible then.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A rule is broken.
    #[error(transparent)]
    Broken(#[from] ReleaseFault),
    /// A package of that ID holds other files. Published bytes never change.
    #[error(
        "package {0} is published already, with other files; published bytes never change, so choose a new package ID"
    )]
    DifferentPackage(PackageId),
    /// An update of that ID says something else.
    #[error("update {0} exists already and differs; choose another update ID with --update-id")]
    DifferentUpdate(UpdateId),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A package to update from is not known.
    #[error(
        "package {0} is not known; if devices have it installed, register it first: countersign package create {0} --product …"
    )]
    UnknownPackage(PackageId),
    /// No such product.
    #[error("this site has no product {0:?}; create it first: countersign product create {0:?}")]
    UnknownProduct(String),
}

takes_store_errors!(PublishError);

/// Publishes a release in one unit of work. Repeating it with the same content changes nothing.
///
/// # Errors
/// [`PublishError`] says what to change. Received files that were not taken are removed from the file storage.
pub async fn publish(ctx: &Ctx, site: SiteId, release: Release) -> Result<Published, PublishError> {
    let received: Vec<ReceivedFile> = release.files.iter().map(|file| file.received).collect();
    let outcome = write(ctx, site, release).await;
    // After a fault it may not be known what was committed; an object too many does no harm, one too few does.
    if !matches!(outcome, Err(PublishError::Fault(_))) {
        discard(ctx, &received).await;
    }
    outcome
}

/// Checks what can be checked before the files of a release are received, which may take long: `release` still has none,
/// and `files` says how they will be called, and whether devices are told to run them. Publishing checks again.
///
/// # Errors
/// [`PublishError`] says what to change.
pub async fn check_before_upload(
    ctx: &Ctx,
    site: SiteId,
    release: Release,
    files: Vec<(PlainFileName, bool)>,
) -> Result<(), PublishError> {
    check(&release, files.iter().map(|(name, _)| name))?;
    let read = ctx.store().read(move |tx| {
        Box::pin(async move {
            let product = tx.products().find(site, &release.product).await?;
            let product = product.ok_or_else(|| PublishError::UnknownProduct(release.product.to_string()))?;
            if let Some(found) = tx.packages().find(site, &release.package).await? {
                let there = found.files.iter().map(|file| (&file.name, file.execute));
                if found.product != product || !there.eq(files.iter().map(|(name, execute)| (name, *execute))) {
                    return Err(PublishError::DifferentPackage(found.id));
                }
            }
            check_sources(tx, site, &release.update).await?;
            match tx.updates().find(site, &release.update.id).await? {
                Some(found) if !is_same_update(&found, &release.update) => Err(PublishError::DifferentUpdate(found.id)),
                _ => Ok(()),
            }
        })
    });
    read.await
}

/// Checks the rules that need nothing but the release itself.
fn check<'n>(release: &Release, names: impl Iterator<Item = &'n PlainFileName> + Clone) -> Result<(), ReleaseFault> {
    release.update.check()?;
    check_package_id(&release.package)?;
    check_text("package description (bytes)", &release.package_description, TEXT_LIMIT)?;
    check_files(names)
}

async fn check_sources(tx: &mut dyn Tx, site: SiteId, update: &NewUpdate) -> Result<(), PublishError> {
    let missing = tx.packages().missing(site, &update.release_from).await?;
    missing.into_iter().next().map_or(Ok(()), |source| Err(PublishError::UnknownPackage(source)))
}

async fn write(ctx: &Ctx, site: SiteId, release: Release) -> Result<Published, PublishError> {
    check(&release, release.files.iter().map(|file| &file.name))?;
    let manifest_uuids = release.update.release_to.iter().map(|_| random_uuid_v4(ctx.rng())).collect();
    let received: Vec<ReceivedFile> = release.files.iter().map(|file| file.received).collect();
    let lost = LostObjects::find(ctx, site, &received).await?;
    let now = ctx.now();
    ctx.change(site, Action::new("release.publish", &release.package), move |tx| {
        Box::pin(async move {
            let package = write_package(tx, site, &release, &lost, now).await?;
            check_sources(tx, site, &release.update).await?;
            let update = write_update(tx, site, release.update, manifest_uuids, now).await?;
            Ok(match (package, update) {
                (Published::Unchanged, Published::Unchanged) => Published::Unchanged,
                (Published::New | Published::Unchanged, _) => Published::New,
            })
        })
    })
    .await
}

async fn write_package(
    tx: &mut dyn Tx,
    site: SiteId,
    release: &Release,
    lost: &LostObjects,
    now: Timestamp,
) -> Result<Published, PublishError> {
    let product = tx.products().find(site, &release.product).await?;
    let product = product.ok_or_else(|| PublishError::UnknownProduct(release.product.to_string()))?;
    if let Some(found) = tx.packages().find(site, &release.package).await? {
        if found.product != product || !is_same_package(&found, &release.files) {
            return Err(PublishError::DifferentPackage(found.id));
        }
        for file in &release.files {
            lost.find_or_heal(tx, site, &file.received).await?;
        }
        return Ok(Published::Unchanged);
    }
    let mut files = Vec::with_capacity(release.files.len());
    for file in &release.files {
        let (stored, _) = insert_or_find(tx, site, &file.received, lost, now).await?;
        let content = NewFileContent::Stored(stored.id);
        files.push(NewPackageFile { name: file.name.clone(), content, execute: file.execute });
    }
    let description = release.package_description.clone();
    let package = NewPackage { id: release.package.clone(), product: product.id, description, files };
    match tx.packages().insert(site, &package, now).await? {
        Some(_) => Ok(Published::New),
        None => Err(PublishError::DifferentPackage(package.id)),
    }
}

async fn write_update(
    tx: &mut dyn Tx,
    site: SiteId,
    update: NewUpdate,
    manifest_uuids: Vec<String>,
    now: Timestamp,
) -> Result<Published, PublishError> {
    if let Some(found) = tx.updates().find(site, &update.id).await? {
        let same = is_same_update(&found, &update);
        return if same { Ok(Published::Unchanged) } else { Err(PublishError::DifferentUpdate(found.id)) };
    }
    let release = NewRelease { update, manifest_uuids };
    match tx.updates().insert(site, &release, now).await? {
        Some(_) => Ok(Published::New),
        None => Err(PublishError::DifferentUpdate(release.update.id)),
    }
}

fn is_same_package(found: &Package, files: &[ReleaseFile]) -> bool {
    let there = found.files.iter().map(|file| (&file.name, file.content.sha256(), file.execute));
    there.eq(files.iter().map(|file| (&file.name, &file.received.0.sha256, file.execute)))
}

/// Whether an update offers the same step. Status, dates and texts may have been changed since; they are left as they are.
fn is_same_update(found: &Update, update: &NewUpdate) -> bool {
    let targets = found.release_to.iter().map(|target| (&target.platform, &target.package));
    found.release_from == update.release_from
        && targets.eq(update.release_to.iter().map(|(platform, package)| (platform, package)))
        && found.entitlement_check == update.entitlement_check
}
