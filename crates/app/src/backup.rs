//! Copying the bytes of files into a backup, and out of one: only what rows name, under the same keys, and only bytes with
//! the digest that the row promises.

use countersign_blobs::{BlobError, Blobs, ObjectKey};
use countersign_domain::catalog::package::StoredFile;
use countersign_domain::site::SiteName;
use countersign_store::{Copied, Store, StoreError};
use futures_util::StreamExt;

use crate::scrub::{self, SiteFile, Sites};
use crate::{Ctx, Fault};

/// How many files were copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopiedFiles {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Why files were not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Bytes are not what their row promises.
    #[error("the bytes of file {file} of site {site} are not those that were stored; see: countersign scrub", file = .file.id)]
    Altered {
        /// The site of the file.
        site: SiteName,
        /// Its row.
        file: Box<StoredFile>,
    },
    /// A file cannot be read or written.
    #[error("file {file} of site {site} cannot be copied", file = .file.id)]
    Blobs {
        /// The site of the file.
        site: SiteName,
        /// Its row.
        file: Box<StoredFile>,
        /// The reason.
        #[source]
        source: BlobError,
    },
    /// The store cannot be read.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Writes the store as it is at one moment into a file, while others work on it.
///
/// # Errors
/// [`Fault`] when the file exists or cannot be written.
pub async fn copy_store(ctx: &Ctx, file: std::path::PathBuf) -> Result<Copied, Fault> {
    Ok(ctx.store().copy_to(file).await?)
}

/// Copies the bytes of all files that a store names out of the storage of an installation.
///
/// # Errors
/// [`CopyError`] names the file; what was copied before stays.
pub async fn copy_files_of(
    ctx: &Ctx,
    store: &Store,
    to: &dyn Blobs,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<CopiedFiles, CopyError> {
    copy_files(store, &*ctx.parts.blobs, to, progress).await
}

/// Copies the bytes of all files that a store names from one storage into another. `progress` is told how many bytes were
/// copied, each time.
///
/// # Errors
/// [`CopyError`] names the file; what was copied before stays.
pub async fn copy_files(
    store: &Store,
    from: &dyn Blobs,
    to: &dyn Blobs,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<CopiedFiles, CopyError> {
    let mut copied = CopiedFiles::default();
    for site in Sites::of(store).await?.0 {
        let mut after = 0;
        loop {
            let page = scrub::page(store, &site, after).await?;
            let Some(last) = page.last() else { break };
            after = last.file.id.0;
            for found in page {
                copied.files += 1;
                copied.bytes = copied.bytes.saturating_add(found.file.size);
                copy_file(&found, from, to, progress).await?;
            }
        }
    }
    Ok(copied)
}

async fn copy_file(
    SiteFile { site, file }: &SiteFile,
    from: &dyn Blobs,
    to: &dyn Blobs,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(), CopyError> {
    let failed = |source| CopyError::Blobs { site: site.clone(), file: Box::new(file.clone()), source };
    let altered = || CopyError::Altered { site: site.clone(), file: Box::new(file.clone()) };
    let key: ObjectKey = file.object_key.parse().map_err(|_| altered())?;
    if from.length(&key).await.map_err(failed)?.is_some_and(|length| length != file.size) {
        return Err(altered());
    }
    let mut stream = from.open(&key, 0..file.size).await.map_err(failed)?;
    let mut writer = to.create_as(key).await.map_err(failed)?;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(failed)?;
        let length = chunk.len() as u64;
        writer.append(chunk).await.map_err(failed)?;
        progress(length);
    }
    let written = writer.finish().await.map_err(failed)?;
    if written.sha256 == file.sha256 {
        return Ok(());
    }
    to.delete(&key).await.map_err(failed)?;
    Err(altered())
}
