//! Creating packages: what must hold before, and the one unit of work that writes them.

use countersign_domain::audit::Action;
use countersign_domain::catalog::external_url::{ExternalUrlError, check_external_url, last_segment};
use countersign_domain::catalog::package::{ExternalFile, Package};
use countersign_domain::catalog::release::{ReleaseFault, TEXT_LIMIT, check_files, check_package_id, check_text};
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::SiteId;
use countersign_domain::text::{PackageId, ProductName};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{NewFileContent, NewPackage, NewPackageFile, Tx};
use percent_encoding::percent_decode_str;

use crate::fault::takes_store_errors;
use crate::files::insert_or_find;
use crate::lost::LostObjects;
use crate::releases::{FILE_LIMIT, ReceivedFile, discard};
use crate::{Ctx, Fault};

/// A package that is about to be created.
#[derive(Clone, Debug)]
pub struct PackageDraft {
    /// The ID that devices will use.
    pub id: PackageId,
    /// The product that it is a release of. It must exist.
    pub product: ProductName,
    /// Text for people.
    pub description: String,
    /// Files in the order in which devices see them; none for a package that devices have installed already.
    pub files: Vec<DraftFile>,
}

/// A file of a package that is about to be created.
#[derive(Clone, Debug)]
pub struct DraftFile {
    /// The name under which it is downloaded.
    pub name: PlainFileName,
    /// Where its bytes are.
    pub source: FileSource,
    /// Whether the device is told to run it.
    pub execute: bool,
}

/// Where the bytes of a new package's file are.
#[derive(Clone, Debug)]
pub enum FileSource {
    /// On somebody else's server.
    External(ExternalFile),
    /// In the file storage, not yet a file of the site.
    Received(ReceivedFile),
    /// A file that the site has already, by the SHA-256 of its bytes.
    Stored([u8; 32]),
}

impl FileSource {
    fn received(&self) -> Option<ReceivedFile> {
        match self {
            Self::Received(received) => Some(*received),
            Self::External(_) | Self::Stored(_) => None,
        }
    }
}

/// Why a package was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreatePackageError {
    /// A rule is broken.
    #[error(transparent)]
    Broken(#[from] ReleaseFault),
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The ID is taken.
    #[error("package {0} exists in this site already")]
    Taken(PackageId),
    /// A file is said to be larger than any file may be.
    #[error("file {0} has more than {FILE_LIMIT} bytes")]
    TooLarge(PlainFileName),
    /// The site has no such file.
    #[error("the bytes of file {0} are not stored in this site")]
    UnknownFile(PlainFileName),
    /// No such product.
    #[error("this site has no product {0:?}; create it first: countersign product create {0:?}")]
    UnknownProduct(String),
    /// Devices would name a file otherwise than its package does: they know the URL alone.
    #[error("the URL of file {0} must end with that name: devices take the name from the URL")]
    OtherName(PlainFileName),
    /// A URL cannot be given to devices.
    #[error("the URL of file {name} cannot be used")]
    Url {
        /// The file.
        name: PlainFileName,
        /// The broken rule.
        #[source]
        source: ExternalUrlError,
    },
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
) -> Result<Package, CreatePackageError> {
    create_with_files(ctx, site, PackageDraft { id, product, description, files: vec![] }).await
}

/// Creates a package with its files, in one unit of work, and gives it as it is kept. It never changes afterwards.
///
/// # Errors
/// [`CreatePackageError`] says what is missing or in the way. Received files that were not taken are removed from the
/// file storage.
pub async fn create_with_files(ctx: &Ctx, site: SiteId, draft: PackageDraft) -> Result<Package, CreatePackageError> {
    let received: Vec<ReceivedFile> = draft.files.iter().filter_map(|file| file.source.received()).collect();
    let outcome = write(ctx, site, draft, &received).await;
    // After a fault it may not be known what was committed; an object too many does no harm, one too few does.
    if !received.is_empty() && !matches!(outcome, Err(CreatePackageError::Fault(_))) {
        discard(ctx, &received).await;
    }
    outcome
}

/// Checks what can be checked before the files of a package are received, which may take long. Creating it checks again.
///
/// # Errors
/// [`CreatePackageError`] says what is missing or in the way.
pub async fn check_before_upload(
    ctx: &Ctx,
    site: SiteId,
    (id, product): (PackageId, ProductName),
    names: &[PlainFileName],
) -> Result<(), CreatePackageError> {
    check_package_id(&id)?;
    if !names.is_empty() {
        check_files(names.iter())?;
    }
    let read = ctx.store().read(move |tx| {
        Box::pin(async move {
            if tx.products().find(site, &product).await?.is_none() {
                return Err(CreatePackageError::UnknownProduct(product.to_string()));
            }
            let is_free = !tx.packages().missing(site, std::slice::from_ref(&id)).await?.is_empty();
            if is_free { Ok(()) } else { Err(CreatePackageError::Taken(id)) }
        })
    });
    read.await
}

/// The name that devices give to the file behind a URL: the end of its path. `None` when that is no plain file name.
#[must_use]
pub fn name_in_url(url: &str) -> Option<PlainFileName> {
    let name = percent_decode_str(last_segment(url)).decode_utf8().ok()?;
    PlainFileName::new(name).ok()
}

async fn write(
    ctx: &Ctx,
    site: SiteId,
    draft: PackageDraft,
    received: &[ReceivedFile],
) -> Result<Package, CreatePackageError> {
    check(&draft)?;
    let lost = LostObjects::find(ctx, site, received).await?;
    let now = ctx.now();
    ctx.change(site, Action::new("package.create", &draft.id), move |tx| {
        Box::pin(async move {
            let PackageDraft { id, product, description, files: drafted } = draft;
            let found = tx.products().find(site, &product).await?;
            let product = found.ok_or_else(|| CreatePackageError::UnknownProduct(product.to_string()))?.id;
            let mut files = Vec::with_capacity(drafted.len());
            for DraftFile { name, source, execute } in drafted {
                let content = content(tx, site, (&name, source), &lost, now).await?;
                files.push(NewPackageFile { name, content, execute });
            }
            let package = NewPackage { id, product, description, files };
            if tx.packages().insert(site, &package, now).await?.is_none() {
                return Err(CreatePackageError::Taken(package.id));
            }
            Ok(tx.packages().find(site, &package.id).await?.ok_or(StoreError::OutcomeUnknown)?)
        })
    })
    .await
}

/// Checks the rules that need nothing but the package itself.
fn check(draft: &PackageDraft) -> Result<(), CreatePackageError> {
    check_package_id(&draft.id)?;
    check_text("package description (bytes)", &draft.description, TEXT_LIMIT)?;
    if !draft.files.is_empty() {
        check_files(draft.files.iter().map(|file| &file.name))?;
    }
    for file in &draft.files {
        if let FileSource::External(external) = &file.source {
            let name = || file.name.clone();
            check_external_url(&external.url).map_err(|source| CreatePackageError::Url { name: name(), source })?;
            if name_in_url(&external.url).as_ref() != Some(&file.name) {
                return Err(CreatePackageError::OtherName(name()));
            }
            if external.size > FILE_LIMIT {
                return Err(CreatePackageError::TooLarge(name()));
            }
        }
    }
    Ok(())
}

async fn content(
    tx: &mut dyn Tx,
    site: SiteId,
    (name, source): (&PlainFileName, FileSource),
    lost: &LostObjects,
    now: Timestamp,
) -> Result<NewFileContent, CreatePackageError> {
    Ok(match source {
        FileSource::External(external) => NewFileContent::External(external),
        FileSource::Received(received) => {
            NewFileContent::Stored(insert_or_find(tx, site, &received, lost, now).await?.0.id)
        }
        FileSource::Stored(sha256) => {
            let found = tx.files().find(site, &sha256).await?;
            NewFileContent::Stored(found.ok_or_else(|| CreatePackageError::UnknownFile(name.clone()))?.id)
        }
    })
}
