//! `countersign version`: releases that licensed applications are told about.

use anyhow::Result;
use clap::{Args, Subcommand};
use countersign_app::licensing::versions::{self, NewVersion};
use countersign_domain::file_name::{FileNameError, PlainFileName};
use countersign_domain::ids::VersionId;
use countersign_domain::licensing::{Environment, ReleasedVersion};
use countersign_domain::text::{PackageId, ProductName};
use serde_json::{Value, json};

use crate::options::Options;
use crate::table::table;

/// Add, list and withdraw versions.
#[derive(Subcommand)]
pub(crate) enum VersionCommand {
    /// Tell applications about a version whose file is in a package.
    Add(AddVersion),
    /// List the versions of a product, newest first.
    List(ListVersions),
    /// Tell about a version no more. The package stays.
    Withdraw(WithdrawVersion),
}

/// A new version.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign version add 2.1.0 --package pump-2.1 --file pump-setup.bin --environment linux64

Applications with an active license get the file's URL; after the end of their maintenance they are not told.")]
pub(crate) struct AddVersion {
    /// The version, as people know it.
    version: String,
    /// Package that has the file.
    #[arg(long, value_name = "ID")]
    package: PackageId,
    /// Name of the file [default: the only one of the package].
    #[arg(long, value_name = "NAME", value_parser = file_name)]
    file: Option<PlainFileName>,
    /// What it runs on: win, win32, win64, mac, linux, linux32 or linux64.
    #[arg(long, value_name = "ENV")]
    environment: Environment,
    /// Channel, such as beta.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    channel: String,
    /// Oldest version that it can be installed over.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "VERSION")]
    requires: String,
    /// Where the terms of use are.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "URL")]
    eula: String,
    /// Where people read what is new.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "URL")]
    notes: String,
}

/// Which versions to list.
#[derive(Args)]
pub(crate) struct ListVersions {
    /// Product whose versions are listed.
    #[arg(long, value_name = "NAME")]
    product: ProductName,
}

/// A version to withdraw.
#[derive(Args)]
pub(crate) struct WithdrawVersion {
    /// ID of the version, as `countersign version list` shows it.
    id: i64,
    /// Its product.
    #[arg(long, value_name = "NAME")]
    product: ProductName,
}

impl VersionCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Add(version) => version.run(options).await,
            Self::List(list) => list.run(options).await,
            Self::Withdraw(version) => version.run(options).await,
        }
    }
}

impl AddVersion {
    async fn run(self, options: &Options) -> Result<()> {
        let new = NewVersion {
            package: self.package,
            file: self.file,
            version: self.version,
            environment: self.environment,
            channel: self.channel,
            requires_version: self.requires,
            eula_link: self.eula,
            release_notes_link: self.notes,
            released_at: None,
        };
        let added = options.on_site(async |ctx, site| Ok(versions::add(ctx, site.id, new.clone()).await?)).await?;
        options.output().done(&document(&added), &format!("Applications are told about version {}.", new.version));
        Ok(())
    }
}

impl ListVersions {
    async fn run(self, options: &Options) -> Result<()> {
        let product = self.product;
        let all = options.on_site(async |ctx, site| Ok(versions::list(ctx, site.id, product.clone()).await?)).await?;
        options.output().result(&Value::Array(all.iter().map(document).collect()), || {
            let row = |version: &ReleasedVersion| {
                [
                    version.id.to_string(),
                    version.version.clone(),
                    version.environment.to_string(),
                    version.channel.clone(),
                    version.file_name.to_string(),
                    version.released_at.to_string(),
                ]
            };
            let rows: Vec<_> = all.iter().map(row).collect();
            let empty =
                "The product has no version; add one: countersign version add VERSION --package ID --environment ENV";
            table(["ID", "VERSION", "ENVIRONMENT", "CHANNEL", "FILE", "RELEASED"], &rows, empty)
        });
        Ok(())
    }
}

impl WithdrawVersion {
    async fn run(self, options: &Options) -> Result<()> {
        let (id, product) = (VersionId(self.id), self.product);
        options.on_site(async |ctx, site| Ok(versions::withdraw(ctx, site.id, product.clone(), id).await?)).await?;
        options.output().done(&json!({ "id": self.id }), &format!("Version {id} is told about no more."));
        Ok(())
    }
}

/// A version for programs.
fn document(version: &ReleasedVersion) -> Value {
    json!({
        "id": version.id.0,
        "version": version.version,
        "environment": version.environment.as_str(),
        "channel": version.channel,
        "file_name": version.file_name.as_str(),
        "url": version.url,
        "size": version.size,
        "requires_version": version.requires_version,
        "released_at": version.released_at.to_string(),
    })
}

fn file_name(text: &str) -> Result<PlainFileName, FileNameError> {
    PlainFileName::new(text)
}
