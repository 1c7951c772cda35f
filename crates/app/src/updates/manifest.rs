//! Answering a sealed question about the files of an update.

use std::sync::Arc;

use countersign_domain::catalog::matching::{self, ManifestRefusal};
use countersign_domain::catalog::package::Package;

use crate::polling::{Asked, Endpoint, PollError, QuestionProblem, open};
use crate::sites::SiteSnapshot;
use crate::{Ctx, downloads};

/// What a poll about a manifest ends with.
pub enum ManifestAnswer {
    /// The files to download, in order.
    Files(Vec<ManifestFile>),
    /// The question cannot be answered as it is.
    Problem(QuestionProblem),
    /// There is no such manifest, or not any more.
    Refused(ManifestRefusal, String),
}

/// A file to download. Not printable: who knows the URL gets the file.
#[derive(Clone, PartialEq, Eq)]
pub struct ManifestFile {
    /// Absolute URL, valid for 24 to 25 hours from the question.
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
/// The snapshot that decided comes with the answer: the answer is to be signed with its key.
///
/// # Errors
/// [`PollError`] when the polling ID is not valid or the credential behind it was refused.
pub async fn answer(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    endpoint: Endpoint,
    polling_id: &str,
) -> Result<(Arc<SiteSnapshot>, ManifestAnswer), PollError> {
    let opened = open(ctx, site, endpoint, polling_id).await?;
    let uuid = match opened.asked {
        Asked::Manifest { uuid } => uuid,
        Asked::Invalid(problem) => return Ok((opened.snapshot, ManifestAnswer::Problem(problem))),
        Asked::Updates(_) => return Err(PollError::Unknown),
    };
    let day = opened.asked_at.date();
    let package = |snapshot: &Arc<SiteSnapshot>| {
        matching::manifest(snapshot.catalog(), &uuid, day).map(|(_, package)| package.clone())
    };
    let (snapshot, decision) = ctx.certainly(&opened.snapshot, package).await?;
    let answer = match decision {
        Ok(package) => ManifestAnswer::Files(files(ctx, &snapshot, &package, opened.asked_at)),
        Err(refusal) => ManifestAnswer::Refused(refusal, uuid),
    };
    Ok((snapshot, answer))
}

fn files(
    ctx: &Ctx,
    snapshot: &SiteSnapshot,
    package: &Package,
    asked_at: countersign_domain::time::Timestamp,
) -> Vec<ManifestFile> {
    let file = |file: &countersign_domain::catalog::package::PackageFile| ManifestFile {
        url: downloads::url(ctx, snapshot, file, asked_at),
        size: file.stored.size,
        md5: file.stored.md5,
        sha256: file.stored.sha256,
        execute: file.execute,
    };
    package.files.iter().map(file).collect()
}
