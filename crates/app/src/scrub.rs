//! Comparing stored bytes with what their rows promise, and removing bytes that no row names.

mod orphans;

use countersign_blobs::{BlobError, Blobs, Digests, ObjectKey};
use countersign_domain::catalog::package::StoredFile;
use countersign_domain::site::{Site, SiteName};
use countersign_store::repositories::Page;
use countersign_store::{Store, StoreError};
use futures_util::StreamExt;

pub use orphans::{ORPHAN_AGE, Orphans, collect, count_orphans};

use crate::{Ctx, Fault};

/// Rows that are read at a time.
const PAGE: u32 = 500;
/// What is wrong with the bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileFault {
    /// The object has other bytes than were stored.
    Altered,
    /// There is no object.
    Missing,
    /// The object has another size than the row says.
    Size {
        /// Its size in bytes.
        found: u64,
    },
    /// The object cannot be read.
    Unreadable(String),
}

impl FileFault {
    /// What the file is, in a word or two.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Size { .. } => "of another size",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// A file whose bytes are not what its row promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedFile {
    /// Its site.
    pub site: SiteName,
    /// Its row.
    pub file: StoredFile,
    /// What is wrong.
    pub fault: FileFault,
}

/// What a look at all stored files has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// Files that were looked at.
    pub files: u64,
    /// Their bytes, by their rows.
    pub bytes: u64,
    /// Files that cannot be delivered as they were published.
    pub damaged: Vec<DamagedFile>,
}

/// How closely files are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Whether each object is there with its size.
    Sizes,
    /// Whether each object has the bytes that were stored.
    Digests,
}

/// What stands in a row, and of which site.
pub(crate) struct SiteFile {
    pub(crate) site: SiteName,
    pub(crate) file: StoredFile,
}

/// Names of all sites of a store.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub async fn site_names(store: &Store) -> Result<Vec<SiteName>, StoreError> {
    Ok(Sites::of(store).await?.0.into_iter().map(|site| site.name).collect())
}

/// How many files all sites have, and how many bytes.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub async fn total(store: &Store) -> Result<(u64, u64), StoreError> {
    let mut total = (0, 0_u64);
    for site in Sites::of(store).await?.0 {
        let mut after = 0;
        loop {
            let page = page(store, &site, after).await?;
            let Some(last) = page.last() else { break };
            after = last.file.id.0;
            total.0 += page.len() as u64;
            total.1 = page.iter().fold(total.1, |sum, found| sum.saturating_add(found.file.size));
        }
    }
    Ok(total)
}

/// Looks at the bytes of all files that the store names. `progress` is told how many bytes were looked at, each time.
///
/// # Errors
/// [`StoreError`] when the store cannot be read. A damaged file is no error.
pub async fn examine(
    store: &Store,
    blobs: &dyn Blobs,
    depth: Depth,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Examined, StoreError> {
    let mut examined = Examined::default();
    for site in Sites::of(store).await?.0 {
        let mut after = 0;
        loop {
            let page = page(store, &site, after).await?;
            let Some(last) = page.last() else { break };
            after = last.file.id.0;
            for SiteFile { site, file } in page {
                examined.files += 1;
                examined.bytes = examined.bytes.saturating_add(file.size);
                if let Some(fault) = examine_file(blobs, &file, depth, progress).await {
                    examined.damaged.push(DamagedFile { site, file, fault });
                }
            }
        }
    }
    Ok(examined)
}

/// Looks at all files of an installation.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn examine_all(ctx: &Ctx, depth: Depth, progress: &(dyn Fn(u64) + Sync)) -> Result<Examined, Fault> {
    Ok(examine(ctx.store(), &*ctx.parts.blobs, depth, progress).await?)
}

/// How many files an installation has, and how many bytes.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn total_of(ctx: &Ctx) -> Result<(u64, u64), Fault> {
    Ok(total(ctx.store()).await?)
}

async fn examine_file(
    blobs: &dyn Blobs,
    file: &StoredFile,
    depth: Depth,
    progress: &(dyn Fn(u64) + Sync),
) -> Option<FileFault> {
    let found = examine_object(blobs, (&file.object_key, file.size, &file.sha256), depth, progress).await;
    found.unwrap_or_else(|error| Some(FileFault::Unreadable(error.to_string())))
}

/// Looks at an object of which key, size and digest are promised.
///
/// # Errors
/// [`BlobError`] when the place itself fails; what is wrong with this object alone is a [`FileFault`].
pub(crate) async fn examine_object(
    blobs: &dyn Blobs,
    (object_key, size, sha256): (&str, u64, &[u8; 32]),
    depth: Depth,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Option<FileFault>, BlobError> {
    let Ok(key) = object_key.parse::<ObjectKey>() else { return Ok(Some(FileFault::Missing)) };
    match blobs.length(&key).await? {
        None => return Ok(Some(FileFault::Missing)),
        Some(found) if found != size => return Ok(Some(FileFault::Size { found })),
        Some(_) => {}
    }
    if depth == Depth::Sizes {
        progress(size);
        return Ok(None);
    }
    match sha256_of(blobs, &key, size, progress).await {
        Ok(found) if found == *sha256 => Ok(None),
        Ok(_) => Ok(Some(FileFault::Altered)),
        Err(BlobError::Missing { .. }) => Ok(Some(FileFault::Missing)),
        Err(error @ (BlobError::RangeBeyondEnd { .. } | BlobError::Truncated { .. })) => {
            Ok(Some(FileFault::Unreadable(error.to_string())))
        }
        Err(error @ (BlobError::Interrupted | BlobError::Io { .. } | BlobError::WriterFailed { .. })) => Err(error),
    }
}

async fn sha256_of(
    blobs: &dyn Blobs,
    key: &ObjectKey,
    size: u64,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<[u8; 32], BlobError> {
    let mut stream = blobs.open(key, 0..size).await?;
    let mut digests = Digests::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        let length = chunk.len() as u64;
        // Where blocking is allowed: digests of a chunk take a while, and a server may run in this process.
        let work = move || {
            digests.update(&chunk);
            digests
        };
        digests = tokio::task::spawn_blocking(work).await.map_err(|_| BlobError::Interrupted)?;
        progress(length);
    }
    Ok(digests.finish().sha256)
}

/// The sites of a store.
pub(crate) struct Sites(pub(crate) Vec<Site>);

impl Sites {
    pub(crate) async fn of(store: &Store) -> Result<Self, StoreError> {
        store.read::<_, StoreError, _>(|tx| Box::pin(async move { Ok(Self(tx.sites().list().await?)) })).await
    }
}

/// A part of the files of a site.
pub(crate) async fn page(store: &Store, site: &Site, after: i64) -> Result<Vec<SiteFile>, StoreError> {
    let (id, page) = (site.id, Page { after, limit: PAGE });
    let files = store.read::<_, StoreError, _>(move |tx| Box::pin(async move { tx.files().list(id, page).await }));
    Ok(files.await?.into_iter().map(|file| SiteFile { site: site.name.clone(), file }).collect())
}
