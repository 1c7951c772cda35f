//! Releases that licensed applications are told about: a version, and a file of one of the site's packages.

use countersign_domain::audit::Action;
use countersign_domain::catalog::package::FileContent;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{SiteId, VersionId};
use countersign_domain::licensing::{Environment, ReleasedVersion};
use countersign_domain::text::{self, PackageId, ProductName, TextError};
use countersign_domain::time::Timestamp;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Most releases that are listed: the newest ones.
const RELEASES: u32 = 1000;
/// Longest text of a release, in bytes.
const TEXT_LIMIT: usize = 1024;

/// A release to tell about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    /// The package that has the file.
    pub package: PackageId,
    /// The file; `None`: the package has only one.
    pub file: Option<PlainFileName>,
    /// Version.
    pub version: String,
    /// What it runs on.
    pub environment: Environment,
    /// Channel such as `beta`; may be empty.
    pub channel: String,
    /// The oldest version that it can be installed over; may be empty.
    pub requires_version: String,
    /// Where the terms of use are; may be empty.
    pub eula_link: String,
    /// Where people read what is new; may be empty.
    pub release_notes_link: String,
    /// When it was released; `None`: now.
    pub released_at: Option<Timestamp>,
}

/// Why a release is not told about.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The version is told about already.
    #[error("this version is told about already, for this environment and channel")]
    Taken,
    /// A text cannot be kept.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The package has no such file, or several of them.
    #[error("package {0} has no such file, or several; name one with --file")]
    UnknownFile(PackageId),
    /// No such package.
    #[error("this site has no package {0}; see: countersign package list")]
    UnknownPackage(PackageId),
    /// No such product.
    #[error("this site has no product {0:?}; see: countersign product list")]
    UnknownProduct(String),
    /// No such release.
    #[error("the product has no such version; see: countersign version list --product NAME")]
    UnknownVersion,
}

takes_store_errors!(VersionError);

/// Tells applications about a release of the package's product.
///
/// # Errors
/// [`VersionError`] says what is missing or in the way.
pub async fn add(ctx: &Ctx, site: SiteId, new: NewVersion) -> Result<ReleasedVersion, VersionError> {
    text::check("a version", &new.version, TEXT_LIMIT)?;
    for (what, optional) in [
        ("a channel", &new.channel),
        ("a version", &new.requires_version),
        ("a link", &new.eula_link),
        ("a link", &new.release_notes_link),
    ] {
        if !optional.is_empty() {
            text::check(what, optional, TEXT_LIMIT)?;
        }
    }
    let now = ctx.now();
    ctx.change(site, Action::new("version.add", format_args!("{} of {}", new.version, new.package)), move |tx| {
        Box::pin(async move {
            let found = tx.packages().find(site, &new.package).await?;
            let package = found.ok_or_else(|| VersionError::UnknownPackage(new.package.clone()))?;
            let file = match &new.file {
                Some(name) => package.files.iter().find(|file| file.name == *name),
                None => package.files.first().filter(|_| package.files.len() == 1),
            };
            let file = file.ok_or_else(|| VersionError::UnknownFile(new.package.clone()))?;
            let (stored, url) = match &file.content {
                FileContent::Stored(stored) => (Some(stored.id), None),
                FileContent::External(external) => (None, Some(external.url.clone())),
            };
            let version = ReleasedVersion {
                id: VersionId(0),
                product: package.product.id,
                version: new.version,
                environment: new.environment,
                channel: new.channel,
                file_name: file.name.clone(),
                url,
                sha256: *file.content.sha256(),
                md5: *file.content.md5(),
                size: file.content.size(),
                requires_version: new.requires_version,
                eula_link: new.eula_link,
                release_notes_link: new.release_notes_link,
                released_at: new.released_at.unwrap_or(now),
            };
            let id = tx.versions().insert(site, &version, stored, now).await?.ok_or(VersionError::Taken)?;
            Ok(ReleasedVersion { id, ..version })
        })
    })
    .await
}

/// The newest releases of a product that applications are told about, newest first.
///
/// # Errors
/// [`VersionError::UnknownProduct`] when there is no such product.
pub async fn list(ctx: &Ctx, site: SiteId, product: ProductName) -> Result<Vec<ReleasedVersion>, VersionError> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let found = tx.products().find(site, &product).await?;
                let product = found.ok_or_else(|| VersionError::UnknownProduct(product.to_string()))?.id;
                Ok(tx.versions().list(product, None, RELEASES).await?)
            })
        })
        .await
}

/// Tells about a release no more. The package stays.
///
/// # Errors
/// [`VersionError`] says what is missing.
pub async fn withdraw(ctx: &Ctx, site: SiteId, product: ProductName, id: VersionId) -> Result<(), VersionError> {
    ctx.change(site, Action::new("version.withdraw", format_args!("{id} of {product}")), move |tx| {
        Box::pin(async move {
            let found = tx.products().find(site, &product).await?;
            let product = found.ok_or_else(|| VersionError::UnknownProduct(product.to_string()))?.id;
            let removed = tx.versions().delete(product, id).await?;
            if removed { Ok(()) } else { Err(VersionError::UnknownVersion) }
        })
    })
    .await
}
