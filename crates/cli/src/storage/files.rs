//! `countersign storage ls`, `put` and `versions`.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use countersign_app::storages::{self, ListPage, StorageCaller, Upload};
use countersign_crypto::encoding::hex_encode;
use countersign_domain::storage::{FolderEntry, StorageFile};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

use super::target::Target;
use crate::amounts::{bytes, grouped};
use crate::options::Options;
use crate::progress;
use crate::table::table;

/// A folder to list.
#[derive(Args)]
pub(crate) struct List {
    /// The folder, as STORAGE:PATH.
    target: Target,
}

/// A file to store.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign storage put pump.bin main:in/
  tar c . | countersign storage put - main:backup/site.tar

What is there is overwritten, or kept as a version. Parents are made.")]
pub(crate) struct Put {
    /// The file, or - for the standard input.
    file: PathBuf,
    /// Where it goes, as STORAGE:PATH; into a folder when it ends with /.
    target: Target,
    /// What the bytes are, such as application/pdf.
    #[arg(long, value_name = "TYPE")]
    media_type: Option<String>,
}

/// A file whose versions are listed.
#[derive(Args)]
pub(crate) struct Versions {
    /// The file, as STORAGE:PATH.
    target: Target,
}

impl List {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let target = self.target;
        let all = options
            .on_site(async |ctx, site| {
                let caller = StorageCaller::unrestricted(site.id);
                let (mut all, mut page) = (Vec::new(), ListPage::first());
                loop {
                    let part = storages::list_folder(ctx, &caller, &target.place(), page.clone()).await?;
                    let Some(last) = part.last() else { return Ok(all) };
                    page.after = Some(last.place());
                    all.extend(part);
                }
            })
            .await?;
        options.output().result(&Value::Array(all.iter().map(entry).collect()), || {
            let size = |found: &FolderEntry| if found.is_folder() { String::new() } else { grouped(found.size()) };
            let rows: Vec<_> =
                all.iter().map(|found| [found.place().to_string(), size(found), found.modified.to_string()]).collect();
            table(["NAME", "BYTES", "MODIFIED"], &rows, "The folder is empty.")
        });
        Ok(())
    }
}

impl Put {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let Self { file, mut target, media_type } = self;
        if target.is_folder {
            let name = file.file_name().and_then(|name| name.to_str()).filter(|_| file != Path::new("-"));
            let name = name.with_context(|| format!("name the file: {target}/NAME"))?;
            target.path = target.path.join(name)?;
        }
        let (source, announced): (Box<dyn AsyncRead + Send + Unpin>, _) = if file == Path::new("-") {
            (Box::new(duplicate(&std::io::stdin())?), None)
        } else {
            let source = tokio::fs::File::open(&file).await;
            let source = source.with_context(|| format!("{} cannot be read", file.display()))?;
            let found = source.metadata().await.with_context(|| format!("{} cannot be read", file.display()))?;
            if !found.is_file() {
                bail!("{} is not a regular file", file.display());
            }
            (Box::new(source), Some(found.len()))
        };
        let output = options.output();
        let stored = options
            .on_site(async |ctx, site| {
                let upload =
                    Upload { place: target.place(), requested: None, announced, media_type, limit: ctx.upload_limit() };
                let bar = progress::bar(output, &target.to_string(), announced.unwrap_or(0));
                let pieces = ReaderStream::with_capacity(source, PIECE);
                let watched = pieces.inspect_ok(|piece| bar.inc(piece.len() as u64));
                let stop = countersign_server::Stop::on_signals()?;
                let caller = StorageCaller::unrestricted(site.id);
                let stored = tokio::select! {
                    stored = storages::upload(ctx, &caller, upload, watched) => stored?,
                    () = stop.asked() => bail!("stopped; `storage ls` says whether the file was stored just then"),
                };
                bar.finish_and_clear();
                Ok(stored)
            })
            .await?;
        let sentence = format!("Stored {target} ({}).", bytes(stored.size));
        output.done(&document(&target, &stored), &sentence);
        Ok(())
    }
}

impl Versions {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let target = self.target;
        let all = options
            .on_site(async |ctx, site| {
                Ok(storages::versions(ctx, &StorageCaller::unrestricted(site.id), &target.place()).await?)
            })
            .await?;
        let documents = all.iter().map(|version| {
            let mut document = document(&target, &version.file);
            document["latest"] = json!(version.is_latest);
            document
        });
        options.output().result(&Value::Array(documents.collect()), || {
            let latest = |is_latest: bool| if is_latest { "latest" } else { "" }.to_owned();
            let rows: Vec<_> = all
                .iter()
                .map(|found| {
                    let file = &found.file;
                    let (id, size) = (file.version.to_string(), grouped(file.size));
                    [id, size, file.modified.to_string(), latest(found.is_latest)]
                })
                .collect();
            table(["VERSION", "BYTES", "MODIFIED", ""], &rows, "")
        });
        Ok(())
    }
}

fn entry(entry: &FolderEntry) -> Value {
    json!({
        "name": entry.name,
        "folder": entry.is_folder(),
        "size": entry.size(),
        "modified": entry.modified.to_string(),
        "sha256": entry.file.as_ref().map(|file| hex_encode(&file.sha256)),
    })
}

/// A version of a file, as JSON.
pub(super) fn document(target: &Target, file: &StorageFile) -> Value {
    json!({
        "storage": target.storage.as_str(),
        "path": target.path.as_str(),
        "version": file.version.to_string(),
        "size": file.size,
        "sha256": hex_encode(&file.sha256),
        "media_type": file.media_type,
        "modified": file.modified.to_string(),
    })
}

/// The standard input or output, to be read or written like a file.
pub(super) fn duplicate(stream: &impl AsFd) -> Result<tokio::fs::File> {
    let own = stream.as_fd().try_clone_to_owned().context("the standard input or output cannot be used")?;
    Ok(tokio::fs::File::from_std(own.into()))
}

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;
