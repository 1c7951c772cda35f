//! A consistent copy of an installation, made while others work on it.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail, ensure};
use countersign_app::backup::{CopyError, copy_files_of, copy_store};
use countersign_app::scrub::{self, Depth};
use countersign_app::{Ctx, installation};
use countersign_blobs::{BlobError, LocalBlobs};
use countersign_store::{Copied, Store};
use countersign_store_sqlite::{SqliteCopy, SqliteStore};

use super::digest::{digest, sync_parent};
use super::{BackedUpDatabase, BackedUpFiles, DATABASE, FILES, Manifest, Progress, Stage};
use crate::clock::SystemClock;
use crate::{Config, Node};

/// A backup that was made and verified.
pub struct Backup {
    /// What it says about itself.
    pub manifest: Manifest,
}

/// Writes a backup of an installation into a folder that is not there yet, or empty: the store as it is at one moment, and
/// the files that it names at that moment. Others may work on the installation meanwhile. The master key is not copied.
///
/// # Errors
/// What went wrong. Without `manifest.json`, which is written last, the folder is no backup.
pub async fn backup(config: &Config, folder: &Path, progress: &dyn Progress) -> Result<Backup> {
    if let Some(database) = &config.database {
        bail!(own_tools(database.expose(), &config.data));
    }
    let node = Node::open(config).await?;
    make_empty(folder)?;
    let outcome = write(node.ctx(), folder, progress).await;
    node.close().await;
    Ok(Backup { manifest: outcome? })
}

async fn write(ctx: &Ctx, folder: &Path, progress: &dyn Progress) -> Result<Manifest> {
    // Before the copy: what is in it was committed by then, or a moment later.
    let taken_at = ctx.now();
    let database = folder.join(DATABASE);
    let copied = copy_store(ctx, database.clone()).await.context("the store cannot be copied")?;
    ensure!(copied == Copied::IntoFile, "the store does not copy itself");

    let copy = Store::new(SqliteCopy::open(&database, Arc::new(SystemClock)).context("the copy cannot be read")?);
    let outcome = copy_and_verify_files(ctx, &copy, folder, progress).await;
    let epoch = installation::find_epoch(&copy).await;
    let sites = scrub::site_names(&copy).await;
    copy.close().await;
    let files = outcome?;

    let (size, sha256) = digest(database.clone()).await?;
    let migrations = SqliteStore::migrations(&database).context("the copy cannot be read")?.applied;
    let manifest = Manifest {
        epoch: epoch?.context("the copy of the store is empty")?,
        migrations,
        sites: sites?.iter().map(ToString::to_string).collect(),
        ..Manifest::new(taken_at.to_string(), BackedUpDatabase { size, sha256 }, files)
    };
    manifest.write(folder)?;
    sync_parent(folder)?;
    Ok(manifest)
}

/// Copies the files that the copy of the store names, then reads everything again.
async fn copy_and_verify_files(
    ctx: &Ctx,
    copy: &Store,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<BackedUpFiles> {
    let root = folder.join(FILES);
    // Nothing in it is left over: the folder was empty.
    let blobs = LocalBlobs::open(&root, ctx.shared_rng(), UNIX_EPOCH).await?;
    let (_, bytes) = scrub::total(copy).await?;
    progress.begin(Stage::Copying, bytes);
    let copied = copy_files_of(ctx, copy, &blobs, &|bytes| progress.advance(bytes)).await;
    let copied = copied.map_err(|error| match error {
        CopyError::Blobs { source: BlobError::Missing { .. }, .. } => anyhow::Error::new(error).context(
            "a file is gone; if somebody removed it while the backup was made, make the backup again, else see: \
             countersign scrub",
        ),
        error @ (CopyError::Altered { .. } | CopyError::Blobs { .. } | CopyError::Store(_)) => error.into(),
    })?;
    fs::remove_dir(root.join("incoming")).context("the folder of the backup cannot be tidied up")?;

    progress.begin(Stage::Verifying, bytes);
    let examined = scrub::examine(copy, &blobs, Depth::Digests, &|bytes| progress.advance(bytes)).await?;
    if let Some(damaged) = examined.damaged.first() {
        bail!("what was written cannot be read back: file {} of site {}", damaged.file.id, damaged.site);
    }
    Ok(BackedUpFiles { count: copied.files, bytes: copied.bytes })
}

/// Makes the folder, or sees that it is empty. It is readable by its owner alone.
fn make_empty(folder: &Path) -> Result<()> {
    match fs::read_dir(folder) {
        Ok(mut entries) => {
            ensure!(entries.next().is_none(), "{} is not empty; name a new folder for the backup", folder.display());
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.with_context(|| format!("the folder {} cannot be made", folder.display()))
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be used for a backup", folder.display())),
    }
}

/// What to run instead, for a store in PostgreSQL.
fn own_tools(database: &str, data: &Path) -> String {
    let connection = printable(database);
    let files = data.join(FILES);
    format!(
        "the store is a PostgreSQL database, which has a tool of its own for this. Run, in this order:\n  \
         pg_dump --format=custom --file=countersign.dump {connection}\n  \
         cp -a {} files\n\
         and keep the master key elsewhere. After a restore with pg_restore, before anything else, run:\n  \
         countersign restore --new-epoch",
        files.display()
    )
}

/// A connection string as an argument for a shell, without a password.
fn printable(database: &str) -> String {
    let authority = database.split_once("://").and_then(|(scheme, rest)| {
        let (before, after) = rest.split_once('@')?;
        let user = before.split(':').next().unwrap_or_default();
        Some(format!("{scheme}://{user}@{after}"))
    });
    let text = authority.unwrap_or_else(|| database.to_owned());
    if text.contains("password") || text.contains('\'') {
        return "\"$COUNTERSIGN_DATABASE_URL\"".to_owned();
    }
    format!("'{text}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_printed() {
        for (database, shown) in [
            ("postgres://ada:secret@host/db", "'postgres://ada@host/db'"),
            ("postgres://host/db", "'postgres://host/db'"),
            ("host=/run/postgresql dbname=x", "'host=/run/postgresql dbname=x'"),
            ("host=x password=secret", "\"$COUNTERSIGN_DATABASE_URL\""),
            ("postgres://host/db?password=secret", "\"$COUNTERSIGN_DATABASE_URL\""),
        ] {
            assert_eq!(printable(database), shown);
            assert!(own_tools(database, Path::new("data")).contains(shown));
        }
    }
}
