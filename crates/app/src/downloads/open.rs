//! The bytes behind a download URL.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use countersign_blobs::{Blobs, LocalFile, ObjectKey};
use countersign_domain::catalog::package::StoredFile;
use countersign_domain::ids::{Generation, SiteId};
use countersign_domain::time::Timestamp;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};

use super::url::UrlParts;
use crate::sites::{SiteRef, resolve};
use crate::{Ctx, Fault};

/// A file that may be downloaded.
pub struct Download {
    blobs: Arc<dyn Blobs>,
    file: StoredFile,
    key: ObjectKey,
    name: String,
    /// The site, and the state of it in which the file was found.
    site: (SiteId, Generation),
    /// From when on the URL opens nothing.
    ends_at: Timestamp,
}

/// Why nothing is downloaded.
#[derive(Debug, thiserror::Error)]
pub enum DownloadRefusal {
    /// The URL was ours and has ended.
    #[error("the download URL has expired")]
    Expired,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The URL is not ours, or was altered.
    #[error("the download URL is not known")]
    Unknown,
}

/// Checks a download URL of a site and finds its file.
///
/// # Errors
/// [`DownloadRefusal`] says why not.
pub async fn find(ctx: &Ctx, site: &str, parts: Option<UrlParts>) -> Result<Download, DownloadRefusal> {
    let parts = parts.ok_or(DownloadRefusal::Unknown)?;
    let site = resolve(ctx, SiteRef::Name(site)).await?.ok_or(DownloadRefusal::Unknown)?;
    let now = ctx.now();
    let (site, ends_at) = ctx.certainly(&site, |snapshot| parts.holds_until(snapshot, now).ok_or(())).await?;
    let ends_at = ends_at.map_err(|()| DownloadRefusal::Unknown)?;
    if now >= ends_at {
        return Err(DownloadRefusal::Expired);
    }
    let (site, file) =
        ctx.certainly(&site, |snapshot| snapshot.catalog().file(&parts.sha256).cloned().ok_or(())).await?;
    let file = file.map_err(|()| DownloadRefusal::Unknown)?;
    let key = file
        .object_key
        .parse()
        .map_err(|error| Fault::Key { what: format!("object key of file {}", file.id), source: Box::new(error) })?;
    let site = (site.site.id, site.site.generation);
    Ok(Download { blobs: ctx.parts.blobs.clone(), file, key, name: parts.name, site, ends_at })
}

impl Download {
    /// Whether its URL still opens it: the site is as it was when that was found, and the URL has not ended. When it does
    /// not, [`find`] says why, or finds it anew.
    ///
    /// # Errors
    /// [`Fault`] when the store has not been readable for five seconds: what is known may be out of date then.
    pub async fn is_open(&self, ctx: &Ctx) -> Result<bool, Fault> {
        ctx.ensure_recent().await?;
        let (site, generation) = self.site;
        let is_same = ctx.directory.current().by_id(site).is_some_and(|site| site.site.generation == generation);
        Ok(is_same && ctx.now() < self.ends_at)
    }

    /// The stored file.
    #[must_use]
    pub fn file(&self) -> &StoredFile {
        &self.file
    }

    /// The name under which it is downloaded; the URL's code covers it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens a range of the bytes, end exclusive. The stream gives all of them or ends with an error.
    ///
    /// # Errors
    /// [`Fault::Blobs`] when the file storage does not have what the row promises.
    pub async fn open(&self, range: Range<u64>) -> Result<BoxStream<'static, Result<Bytes, Fault>>, Fault> {
        Ok(self.blobs.open(&self.key, range).await?.map_err(Fault::Blobs).boxed())
    }

    /// Opens a range of the bytes, end exclusive, as parts of a file of this machine; `None` when they are not in one.
    ///
    /// # Errors
    /// [`Fault::Blobs`] when the file storage does not have what the row promises.
    pub async fn open_local(&self, range: Range<u64>) -> Result<Option<LocalRange>, Fault> {
        let Some(file) = self.blobs.open_local(&self.key).await? else { return Ok(None) };
        file.check(&range)?;
        Ok(Some(LocalRange::new(file, range)))
    }
}

/// A range of a file of this machine, which is taken part by part.
pub struct LocalRange {
    file: Arc<LocalFile>,
    rest: Range<u64>,
}

impl LocalRange {
    /// A range of a file that has it.
    pub(crate) fn new(file: Arc<LocalFile>, range: Range<u64>) -> Self {
        Self { file, rest: range }
    }

    /// The next part, of at most so many bytes: the file, and where they are in it. They can be read without waiting.
    /// `None` at the end.
    ///
    /// # Errors
    /// [`Fault::Blobs`] when they cannot be read.
    pub async fn next(&mut self, longest: u64) -> Result<Option<(Arc<File>, Range<u64>)>, Fault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let part = self.rest.start..self.rest.end.min(self.rest.start.saturating_add(longest));
        self.file.load(&part).await?;
        self.rest.start = part.end;
        Ok(Some((Arc::clone(self.file.file()), part)))
    }
}
