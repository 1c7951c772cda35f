//! `countersign storage cp`, `mv`, `rm` and `mkdir`.

use anyhow::{Result, bail};
use clap::Args;
use countersign_app::Ctx;
use countersign_app::storages::{self, Contents, Found, StorageCaller};
use countersign_domain::storage::VersionId;
use serde_json::json;

use super::target::Target;
use crate::options::Options;

/// What is copied where.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign storage cp main:in/a.bin main:out/
  countersign storage cp main:releases cloud:releases

A folder is put together with what is at the destination; files of equal names are overwritten.")]
pub(crate) struct Copy {
    /// File or folder, as STORAGE:PATH.
    from: Target,
    /// Where the copy goes, as STORAGE:PATH; into a folder when it ends with /.
    to: Target,
    /// Copy this version of a file.
    #[arg(long, value_name = "ID", value_parser = version)]
    version: Option<VersionId>,
}

/// What is moved where.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign storage mv main:in/a.bin main:done/a.bin")]
pub(crate) struct Move {
    /// File or folder, as STORAGE:PATH.
    from: Target,
    /// Where it goes, as STORAGE:PATH; into a folder when it ends with /.
    to: Target,
    /// Move this version of a file, and leave the others.
    #[arg(long, value_name = "ID", value_parser = version)]
    version: Option<VersionId>,
}

/// What is deleted.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign storage rm main:in/a.bin
  countersign storage rm main:in --recursive")]
pub(crate) struct Remove {
    /// File or folder, as STORAGE:PATH.
    target: Target,
    /// Delete a folder with everything in it.
    #[arg(short, long)]
    recursive: bool,
    /// Delete this version of a file alone.
    #[arg(long, value_name = "ID", value_parser = version)]
    version: Option<VersionId>,
}

/// A folder to make.
#[derive(Args)]
pub(crate) struct MakeFolder {
    /// The folder, as STORAGE:PATH.
    target: Target,
}

/// Reads the id of a version.
pub(super) fn version(text: &str) -> Result<VersionId, String> {
    text.parse().map_err(|()| "see the ids of versions with: countersign storage versions".to_owned())
}

impl Copy {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let Self { from, to, version } = self;
        let to = options
            .on_site(async |ctx, site| {
                let caller = StorageCaller::unrestricted(site.id);
                let (source, is_folder) = look(ctx, &caller, &from, version).await?;
                let to = inside(&source, to)?;
                if is_folder {
                    storages::copy_folder(ctx, &caller, &from.place(), &to.place()).await?;
                } else {
                    storages::copy_file(ctx, &caller, &from.place(), &to.place(), version).await?;
                }
                Ok(to)
            })
            .await?;
        options.output().done(&json!({ "copied": to.to_string() }), &format!("Copied to {to}."));
        Ok(())
    }
}

impl Move {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let Self { from, to, version } = self;
        let to = options
            .on_site(async |ctx, site| {
                let caller = StorageCaller::unrestricted(site.id);
                let (source, is_folder) = look(ctx, &caller, &from, version).await?;
                let to = inside(&source, to)?;
                if is_folder {
                    storages::move_folder(ctx, &caller, &from.place(), &to.place()).await?;
                } else {
                    storages::move_file(ctx, &caller, &from.place(), &to.place(), version).await?;
                }
                Ok(to)
            })
            .await?;
        options.output().done(&json!({ "moved": to.to_string() }), &format!("Moved to {to}."));
        Ok(())
    }
}

impl Remove {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let Self { target, recursive, version } = self;
        options
            .on_site(async |ctx, site| {
                let caller = StorageCaller::unrestricted(site.id);
                let (_, is_folder) = look(ctx, &caller, &target, version).await?;
                if is_folder {
                    let contents = if recursive { Contents::Delete } else { Contents::Keep };
                    storages::delete_folder(ctx, &caller, &target.place(), contents).await?;
                } else {
                    storages::delete_file(ctx, &caller, &target.place(), version).await?;
                }
                Ok(())
            })
            .await?;
        options.output().done(&json!({ "deleted": target.to_string() }), &format!("Deleted {target}."));
        Ok(())
    }
}

impl MakeFolder {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let target = self.target;
        options
            .on_site(async |ctx, site| {
                let caller = StorageCaller::unrestricted(site.id);
                Ok(storages::create_folder(ctx, &caller, &target.place()).await?)
            })
            .await?;
        options.output().done(&json!({ "folder": target.to_string() }), &format!("Made {target}."));
        Ok(())
    }
}

/// What is there: its name, and whether it is a folder.
async fn look(
    ctx: &Ctx,
    caller: &StorageCaller,
    target: &Target,
    version: Option<VersionId>,
) -> Result<(String, bool)> {
    match storages::stat(ctx, caller, &target.place(), version).await? {
        Some(found) => Ok((target.path.name().unwrap_or_default().to_owned(), matches!(found, Found::Folder(_)))),
        None => bail!("there is no {target}"),
    }
}

/// A destination that ends with `/` is the folder that the source goes into.
fn inside(name: &str, to: Target) -> Result<Target> {
    if !to.is_folder {
        return Ok(to);
    }
    Ok(Target { path: to.path.join(name)?, is_folder: false, storage: to.storage })
}
