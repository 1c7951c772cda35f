//! The bytes behind a download URL.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use countersign_blobs::{BlobError, Blobs, ObjectKey};
use countersign_domain::catalog::package::StoredFile;
use futures_util::stream::BoxStream;

use super::url::UrlParts;
use crate::sites::{SiteRef, resolve};
use crate::{Ctx, Fault};

/// A file that may be downloaded.
pub struct Download {
    blobs: Arc<dyn Blobs>,
    file: StoredFile,
    key: ObjectKey,
    name: String,
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
    let genuine = |snapshot: &Arc<_>| if parts.is_genuine(snapshot, now) { Ok(()) } else { Err(()) };
    let (site, genuine) = ctx.certainly(&site, genuine).await?;
    genuine.map_err(|()| DownloadRefusal::Unknown)?;
    if now.as_seconds() >= parts.expiry {
        return Err(DownloadRefusal::Expired);
    }
    let (_, file) = ctx.certainly(&site, |snapshot| snapshot.catalog().file(&parts.sha256).cloned().ok_or(())).await?;
    let file = file.map_err(|()| DownloadRefusal::Unknown)?;
    let key = file
        .object_key
        .parse()
        .map_err(|error| Fault::Key { what: format!("object key of file {}", file.id), source: Box::new(error) })?;
    Ok(Download { blobs: ctx.parts.blobs.clone(), file, key, name: parts.name })
}

impl Download {
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
    /// [`BlobError`] when the file storage does not have what the row promises.
    pub async fn open(
        self: Arc<Self>,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        self.blobs.open(&self.key, range).await
    }
}
