//! Answering a sealed question about the files of an update.

use std::sync::Arc;

use countersign_domain::catalog::matching::{self, ManifestRefusal};
use countersign_domain::catalog::package::{FileContent, Package, PackageFile};
use countersign_domain::catalog::update::EntitlementCheck;
use countersign_domain::time::Timestamp;

use super::answer::Polled;
use crate::polling::{Asked, Endpoint, PollError, Problem, open};
use crate::sites::SiteSnapshot;
use crate::{Ctx, downloads};

/// What a poll about a manifest ends with.
pub enum ManifestAnswer {
    /// The files to download, in order.
    Files(Vec<ManifestFile>),
    /// The question cannot be answered as it is.
    Problem(Problem),
    /// There is no such manifest, or not any more.
    Refused(ManifestRefusal, String),
}

/// A file to download. Not printable: who knows the URL gets the file.
#[derive(Clone, PartialEq, Eq)]
pub struct ManifestFile {
    /// Absolute URL. One of this server is valid for 24 to 25 hours from the question; where the update has an
    /// entitlement check, for one to two.
    pub url: String,
    /// Length in bytes.
    pub size: u64,
    /// MD5 of the bytes.
    pub md5: [u8; 16],
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// Whether the device is told to run it.
    pub execute: bool,
}

/// Opens a polling ID of the manifest endpoint and lists the files as of the time at which it was asked.
///
/// # Errors
/// [`PollError`] when the polling ID is not valid or the credential behind it was refused.
pub async fn answer(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    endpoint: Endpoint,
    polling_id: &str,
) -> Result<Polled<ManifestAnswer>, PollError> {
    let opened = open(ctx, site, endpoint, polling_id).await?;
    let asked_at = opened.asked_at;
    let uuid = match opened.asked {
        Asked::Manifest { uuid } => uuid,
        Asked::Invalid(problem) => {
            return Ok(Polled { snapshot: opened.snapshot, asked_at, answer: ManifestAnswer::Problem(problem) });
        }
        Asked::Kept | Asked::Updates(_) => return Err(PollError::Unknown),
    };
    let day = asked_at.date();
    let package = |snapshot: &Arc<SiteSnapshot>| {
        matching::manifest(snapshot.catalog(), &uuid, day)
            .map(|(update, package)| (update.entitlement_check, package.clone()))
    };
    let (snapshot, decision) = ctx.certainly(&opened.snapshot, package).await?;
    let answer = match decision {
        Ok((check, package)) => ManifestAnswer::Files(files(ctx, &snapshot, &package, check, asked_at)),
        Err(refusal) => ManifestAnswer::Refused(refusal, uuid),
    };
    Ok(Polled { snapshot, asked_at, answer })
}

fn files(
    ctx: &Ctx,
    snapshot: &SiteSnapshot,
    package: &Package,
    check: EntitlementCheck,
    asked_at: Timestamp,
) -> Vec<ManifestFile> {
    let file = |file: &PackageFile| ManifestFile {
        url: match &file.content {
            FileContent::External(external) => external.url.clone(),
            FileContent::Stored(stored) => downloads::url(ctx, snapshot, &file.name, &stored.sha256, check, asked_at),
        },
        size: file.content.size(),
        md5: *file.content.md5(),
        sha256: *file.content.sha256(),
        execute: file.execute,
    };
    package.files.iter().map(file).collect()
}
