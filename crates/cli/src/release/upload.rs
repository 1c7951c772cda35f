//! Streaming files into the file storage, digested on the way.

use anyhow::{Context as _, Result};
use countersign_app::Ctx;
use countersign_app::releases::{self, ReceivedFile, ReleaseFile};
use countersign_app::storages::StorageCaller;
use countersign_domain::ids::SiteId;
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

use super::folder::{FolderFile, Origin};
use crate::output::Output;
use crate::progress;

/// Receives all files in their order; `execute` names those that devices are told to run. Files that were received before
/// a failure stay in `received`, for the caller to discard.
pub(crate) async fn upload(
    (ctx, site): (&Ctx, SiteId),
    output: Output,
    files: &[FolderFile],
    execute: &[String],
    received: &mut Vec<ReceivedFile>,
) -> Result<Vec<ReleaseFile>> {
    let mut uploaded = Vec::with_capacity(files.len());
    for file in files {
        let bar = progress::bar(output, file.name.as_str(), file.size);
        let stored = match &file.origin {
            Origin::Disk(path) => {
                let source = tokio::fs::File::open(path).await;
                let source = source.with_context(|| format!("{} cannot be read", path.display()))?;
                let stored = receive(ctx, source, |bytes| bar.set_position(bytes)).await;
                stored.with_context(|| format!("{} cannot be stored", path.display()))?
            }
            Origin::Storage(target) => {
                let caller = StorageCaller::unrestricted(site);
                let progress = |bytes| bar.set_position(bytes);
                let stored = releases::receive_from_storage(ctx, &caller, &target.place(), progress).await;
                stored.with_context(|| format!("{target} cannot be published"))?
            }
        };
        bar.finish_and_clear();
        received.push(stored);
        let execute = is_named(execute, file);
        uploaded.push(ReleaseFile { name: file.name.clone(), received: stored, execute });
    }
    Ok(uploaded)
}

/// Whether a file is among those that devices are told to run.
pub(crate) fn is_named(execute: &[String], file: &FolderFile) -> bool {
    execute.iter().any(|name| name == file.name.as_str())
}

/// Receives one file.
pub(crate) async fn receive(
    ctx: &Ctx,
    source: impl AsyncRead + Send,
    progress: impl FnMut(u64) + Send,
) -> Result<ReceivedFile> {
    let pieces = ReaderStream::with_capacity(source, PIECE);
    Ok(releases::receive(ctx, pieces, progress).await?)
}

/// Bytes that are read at once: large enough that a file costs few calls, small enough for the memory of a small machine.
const PIECE: usize = 256 * 1024;
