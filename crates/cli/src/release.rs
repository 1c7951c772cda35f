//! `countersign release publish`: a folder of files becomes a package that devices are offered.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use countersign_app::Ctx;
use countersign_app::releases::{self, Published, Release, ReleaseFile};
use countersign_crypto::encoding::hex_encode;
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, UpdateStatus};
use countersign_domain::ids::SiteId;
use countersign_domain::site::Site;
use countersign_domain::text::{PackageId, Platform, ProductName, UpdateId};
use countersign_domain::time::Date;
use serde_json::{Value, json};

use self::folder::{FolderFile, Hidden};
use crate::amounts::{bytes, count};
use crate::options::Options;
use crate::output::Output;
use crate::storage::Target;
use crate::update::{CHECKS, check};
use crate::update_texts::UpdateTexts;

pub(crate) mod folder;
pub(crate) mod upload;

/// Publish releases.
#[derive(Subcommand)]
pub(crate) enum ReleaseCommand {
    /// Publish the files of a folder: package and update become visible together, or not at all.
    Publish(Publish),
}

/// A release to publish.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign release publish ./out --product 'Pump firmware' \\
      --from pump-4.0 --from pump-4.1 --to pump-4.2 --platform LINUX64 \\
      --title 'Pump firmware 4.2' --execute install.sh

Publishing the same again changes nothing and succeeds. Published bytes never change: other files need a new \
package ID. If the command is stopped before its end, nothing of the release is visible.")]
pub(crate) struct Publish {
    /// Folder whose files are published; it must not contain folders or symbolic links.
    #[arg(required_unless_present = "storage_files")]
    folder: Option<PathBuf>,
    /// File of a storage that is published as well, as STORAGE:PATH; repeat for more. Its bytes of this moment are published,
    /// whatever becomes of it later.
    #[arg(long = "storage-file", value_name = "STORAGE:PATH")]
    storage_files: Vec<Target>,
    /// Product that the package is a release of; it must exist.
    #[arg(long, value_name = "NAME")]
    product: ProductName,
    /// Package that the update starts from; repeat for more. It must exist.
    #[arg(long, required = true, value_name = "PACKAGE")]
    from: Vec<PackageId>,
    /// ID of the new package.
    #[arg(long, value_name = "PACKAGE")]
    to: PackageId,
    /// Platform that the package is for, such as LINUX64; repeat for more.
    #[arg(long = "platform", required = true, value_name = "PLATFORM")]
    platforms: Vec<Platform>,
    /// ID of the update [default: update-PACKAGE].
    #[arg(long, value_name = "ID")]
    update_id: Option<UpdateId>,
    #[command(flatten)]
    texts: UpdateTexts,
    /// First day of the offer in UTC, as 2026-03-01 [default: today].
    #[arg(long, value_name = "DATE")]
    start: Option<Date>,
    /// Last day of the offer in UTC [default: none].
    #[arg(long, value_name = "DATE")]
    end: Option<Date>,
    /// Command line for the installer.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    command_line: String,
    /// Who gets the update: none checks nothing; account and line-item demand an entitlement.
    #[arg(long, default_value = "none", value_parser = PossibleValuesParser::new(CHECKS).try_map(check))]
    entitlement_check: EntitlementCheck,
    /// File that devices are told to run after the download; repeat for more.
    #[arg(long, value_name = "NAME")]
    execute: Vec<String>,
    /// Publish files whose name begins with a dot, too.
    #[arg(long)]
    hidden: bool,
}

impl ReleaseCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Publish(publish) => publish.run(options).await,
        }
    }
}

impl Publish {
    async fn run(self, options: &Options) -> Result<()> {
        let mut files = match &self.folder {
            Some(folder) => folder::files(folder, if self.hidden { Hidden::Include } else { Hidden::Skip })?,
            None => Vec::new(),
        };
        for target in &self.storage_files {
            files.push(folder::in_storage(target)?);
        }
        files.sort_by(|left, right| left.name.cmp(&right.name));
        for name in &self.execute {
            let is_there = files.iter().any(|file| file.name.as_str() == name);
            ensure!(is_there, "--execute {name}: there is no such file in the release");
        }
        let output = options.output();
        options.on_site(async |ctx, site| self.publish(ctx, site, &files, output).await).await
    }

    async fn publish(&self, ctx: &Ctx, site: &Site, files: &[FolderFile], output: Output) -> Result<()> {
        let update = self.update(ctx.now().date())?;
        let update_id = update.id.clone();
        let mut release = Release {
            product: self.product.clone(),
            package: self.to.clone(),
            package_description: self.texts.description(),
            files: vec![],
            update,
        };
        let announced = files.iter().map(|file| (file.name.clone(), upload::is_named(&self.execute, file)));
        releases::check_before_upload(ctx, site.id, release.clone(), announced.collect()).await?;
        release.files = upload_or_discard((ctx, site.id), output, files, &self.execute).await?;
        let listed: Vec<Value> = release.files.iter().map(document).collect();
        let size = release.files.iter().map(|file| file.received.size()).fold(0, u64::saturating_add);
        let published = releases::publish(ctx, site.id, release).await?;
        let (word, sentence) = match published {
            Published::New => {
                ("new", format!("Published {} ({}, {})", self.to, count(files.len(), "file"), bytes(size)))
            }
            Published::Unchanged => ("unchanged", format!("{} is published already; nothing changed", self.to)),
        };
        let document = json!({
            "published": word,
            "package": self.to.as_str(),
            "update": update_id.as_str(),
            "files": listed,
        });
        output.done(&document, &format!("{sentence}. Update: {update_id}."));
        Ok(())
    }

    fn update(&self, today: Date) -> Result<NewUpdate> {
        let id = match &self.update_id {
            Some(id) => id.clone(),
            None => UpdateId::new(format!("update-{}", self.to))?,
        };
        Ok(NewUpdate {
            name: id.to_string(),
            id,
            description: self.texts.description(),
            status: UpdateStatus::Active,
            entitlement_check: self.entitlement_check,
            start_date: self.start.unwrap_or(today),
            end_date: self.end,
            command_line: self.command_line.clone(),
            release_from: self.from.clone(),
            release_to: self.platforms.iter().map(|platform| (platform.clone(), self.to.clone())).collect(),
            languages: self.texts.rows(self.to.as_str())?,
        })
    }
}

/// Uploads all files. When one fails, or the program is told to stop, what was received before is removed.
pub(crate) async fn upload_or_discard(
    (ctx, site): (&Ctx, SiteId),
    output: Output,
    files: &[FolderFile],
    execute: &[String],
) -> Result<Vec<ReleaseFile>> {
    let stop = countersign_server::Stop::on_signals()?;
    let mut received = Vec::new();
    let outcome = tokio::select! {
        outcome = upload::upload((ctx, site), output, files, execute, &mut received) => outcome,
        () = stop.asked() => Err(anyhow::anyhow!("stopped; nothing was published")),
    };
    match outcome {
        Ok(uploaded) => Ok(uploaded),
        Err(error) => {
            releases::discard(ctx, &received).await;
            bail!(error)
        }
    }
}

fn document(file: &ReleaseFile) -> Value {
    json!({
        "name": file.name.as_str(),
        "size": file.received.size(),
        "sha256": hex_encode(&file.received.sha256()),
        "execute": file.execute,
    })
}
