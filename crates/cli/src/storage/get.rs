//! `countersign storage get`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use countersign_app::storages::{self, OpenedFile, StorageCaller};
use countersign_crypto::Rng;
use countersign_crypto::digest::Sha256;
use countersign_crypto::encoding::hex_encode;
use countersign_crypto::random::random_array;
use countersign_domain::storage::VersionId;
use futures_util::StreamExt;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::files::{document, duplicate};
use super::places::version;
use super::target::Target;
use crate::amounts::bytes;
use crate::options::Options;
use crate::output::Output;
use crate::progress;

/// A file to fetch.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign storage get main:in/pump.bin
  countersign storage get main:in/pump.bin downloads/
  countersign storage get main:in/pump.bin - | sha256sum

The file appears under its name when it is whole and has the digest that was stored.")]
pub(crate) struct Get {
    /// The file, as STORAGE:PATH.
    target: Target,
    /// Where it goes: a file, a folder that is there, or - for the standard output [default: the current folder].
    file: Option<PathBuf>,
    /// Fetch this version.
    #[arg(long, value_name = "ID", value_parser = version)]
    version: Option<VersionId>,
}

impl Get {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let Self { target, file, version } = self;
        let name = target.path.name().context("name a file")?;
        // A stored file can have this name, too.
        let to_output = file.as_deref() == Some(Path::new("-"));
        let file = match file {
            Some(folder) if folder.is_dir() => folder.join(name),
            Some(file) => file,
            None => name.into(),
        };
        let output = options.output();
        let fetched = options
            .on_site(async |ctx, site| {
                let caller = StorageCaller::unrestricted(site.id);
                let opened = storages::open(ctx, &caller, &target.place(), version).await?;
                let stop = countersign_server::Stop::on_signals()?;
                let fetching = async {
                    if to_output {
                        let mut sink = duplicate(&std::io::stdout())?;
                        return copy(&opened, &mut sink, (&target, output)).await;
                    }
                    let (mut unfinished, mut sink) = Unfinished::beside(&file, ctx.rng()).await?;
                    copy(&opened, &mut sink, (&target, output)).await?;
                    sink.sync_all().await.with_context(|| unfinished.failed())?;
                    unfinished.rename(&file).await
                };
                tokio::select! {
                    fetched = fetching => fetched?,
                    () = stop.asked() => bail!("{}", if to_output { CUT } else { "stopped; nothing was fetched" }),
                }
                Ok(opened.file().clone())
            })
            .await?;
        if !to_output {
            let sentence = format!("Fetched {} ({}).", file.display(), bytes(fetched.size));
            output.done(&document(&target, &fetched), &sentence);
        }
        Ok(())
    }
}

/// Said to whoever stops a file that is on its way to the output.
const CUT: &str = "stopped; what was written is incomplete";

/// Writes the bytes of a file, and compares their digest with the one that was stored.
async fn copy(opened: &OpenedFile, sink: &mut File, (target, output): (&Target, Output)) -> Result<()> {
    let found = opened.file();
    let mut stream = opened.open(0..found.size).await?;
    let mut digest = Sha256::new();
    let bar = progress::bar(output, &target.to_string(), found.size);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        digest.update(&chunk);
        sink.write_all(&chunk).await.context("the file cannot be written")?;
        bar.inc(chunk.len() as u64);
    }
    sink.flush().await.context("the file cannot be written")?;
    bar.finish_and_clear();
    let stored = hex_encode(&found.sha256);
    ensure!(digest.finish() == found.sha256, "the bytes of {target} are not those that were stored (SHA-256 {stored})");
    Ok(())
}

/// A file on its way, which disappears unless it gets its name.
struct Unfinished(Option<PathBuf>);

impl Unfinished {
    /// A new file in the folder of another, under a name that nobody else has.
    async fn beside(file: &Path, rng: &dyn Rng) -> Result<(Self, File)> {
        let name = file.file_name().with_context(|| format!("{} is no name of a file", file.display()))?;
        let random = hex_encode(&random_array::<8>(rng));
        let path = file.with_file_name(format!(".{}.{random}.part", name.to_string_lossy()));
        let opened = File::create_new(&path).await.with_context(|| format!("{} cannot be written", path.display()))?;
        Ok((Self(Some(path)), opened))
    }

    fn failed(&self) -> String {
        format!("{} cannot be written", self.0.as_deref().unwrap_or(Path::new("the file")).display())
    }

    async fn rename(&mut self, file: &Path) -> Result<()> {
        if let Some(path) = &self.0 {
            let renamed = tokio::fs::rename(path, file).await;
            renamed.with_context(|| format!("{} cannot be written", file.display()))?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Nobody is left to hear of a failure.
            let _ = std::fs::remove_file(path);
        }
    }
}
