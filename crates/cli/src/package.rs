//! `countersign package`: the releases that devices have installed or can get.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use countersign_app::packages::{self, PackageDraft};
use countersign_crypto::encoding::hex_encode;
use countersign_domain::catalog::package::{FileContent, Package, PackageFile};
use countersign_domain::text::{PackageId, ProductName};
use serde_json::{Value, json};

use self::sources::Sources;
use crate::amounts::{count, grouped};
use crate::options::Options;
use crate::storage::Target;
use crate::table::{fields, table};

mod sources;

/// Create, list, show and delete packages.
#[derive(Subcommand)]
pub(crate) enum PackageCommand {
    /// Create a package. Without files it is one that devices have installed already, for updates to start from.
    Create(CreatePackage),
    /// List the packages of the site.
    List,
    /// Show a package with its files, their sizes and digests.
    Show(NamedPackage),
    /// Delete a package that no update refers to; stored files stay.
    Delete(NamedPackage),
}

/// A new package.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign package create pump-4.1 --product 'Pump firmware'
  countersign package create pump-4.2 --product 'Pump firmware' --file out/install.sh --execute install.sh \\
      --external https://files.example.com/pump-4.2.bin=out/pump-4.2.bin

A package with the update that leads to it is made by: countersign release publish")]
pub(crate) struct CreatePackage {
    /// ID of the package, as devices send it.
    id: PackageId,
    /// Product that the package is a release of.
    #[arg(long, value_name = "NAME")]
    product: ProductName,
    /// Text for people.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    description: String,
    /// File to store, under its own name; repeat for more.
    #[arg(long = "file", value_name = "PATH")]
    files: Vec<PathBuf>,
    /// File of a storage, as STORAGE:PATH; repeat for more. Its bytes of this moment are in the package, whatever becomes of it
    /// later.
    #[arg(long = "storage-file", value_name = "STORAGE:PATH")]
    storage_files: Vec<Target>,
    /// File that devices download from a server of your own, and a local copy of it: size and digests are taken from the
    /// copy, which is not stored. Repeat for more.
    #[arg(long = "external", value_name = "URL=PATH", value_parser = sources::external)]
    external: Vec<(String, PathBuf)>,
    /// File that devices are told to run after the download; repeat for more.
    #[arg(long, value_name = "NAME")]
    execute: Vec<String>,
}

/// A package by its ID.
#[derive(Args)]
pub(crate) struct NamedPackage {
    /// ID of the package, as `countersign package list` shows it.
    id: PackageId,
}

impl PackageCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(package) => package.run(options).await,
            Self::List => list(options).await,
            Self::Show(package) => show(package.id, options).await,
            Self::Delete(package) => delete(package.id, options).await,
        }
    }
}

impl CreatePackage {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { id, product, description, files, storage_files, external, execute } = self;
        let output = options.output();
        let sources = Sources::check((&files, &storage_files), &external, &execute)?;
        let created = options
            .on_site(async |ctx, site| {
                packages::check_before_upload(ctx, site.id, (id.clone(), product.clone()), &sources.names()).await?;
                let files = sources.prepare(ctx, site.id, output).await?;
                let (id, product, description) = (id.clone(), product.clone(), description.clone());
                let draft = PackageDraft { id, product, description, files };
                Ok(packages::create_with_files(ctx, site.id, draft).await?)
            })
            .await?;
        let sentence = match created.files.len() {
            0 => format!("Registered package {id} of {product}."),
            files => format!("Created package {id} of {product} ({}).", count(files, "file")),
        };
        output.done(&document(&created), &sentence);
        Ok(())
    }
}

async fn show(id: PackageId, options: &Options) -> Result<()> {
    let found = options.on_site(async |ctx, site| Ok(packages::find(ctx, site.id, id.clone()).await?)).await?;
    let package = found.with_context(|| format!("this site has no package {id}; see: countersign package list"))?;
    options.output().result(&document(&package), || describe(&package));
    Ok(())
}

async fn delete(id: PackageId, options: &Options) -> Result<()> {
    options.on_site(async |ctx, site| Ok(packages::delete(ctx, site.id, id.clone()).await?)).await?;
    options.output().done(&json!({ "id": id.as_str(), "deleted": true }), &format!("Deleted package {id}."));
    Ok(())
}

async fn list(options: &Options) -> Result<()> {
    let all = options.on_site(async |ctx, site| Ok(packages::list(ctx, site.id).await?)).await?;
    options.output().result(&Value::Array(all.iter().map(document).collect()), || {
        let row = |package: &Package| {
            let files = package.files.len().to_string();
            [package.id.to_string(), package.product.name.to_string(), files, grouped(size(package))]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        table(
            ["ID", "PRODUCT", "FILES", "BYTES"],
            &rows,
            "There is no package yet; see: countersign release publish --help",
        )
    });
    Ok(())
}

fn describe(package: &Package) -> String {
    let head = fields(&[
        ("Package", package.id.to_string()),
        ("Product", package.product.name.to_string()),
        ("Description", package.description.clone()),
    ]);
    let row = |file: &PackageFile| {
        let run = if file.execute { "yes" } else { "no" };
        let place = external_url(file).unwrap_or("stored here");
        let (size, digest) = (grouped(file.content.size()), hex_encode(file.content.sha256()));
        [file.name.to_string(), size, run.to_owned(), digest, place.to_owned()]
    };
    let rows: Vec<_> = package.files.iter().map(row).collect();
    let files = table(["FILE", "BYTES", "EXECUTE", "SHA-256", "WHERE"], &rows, "The package has no files.");
    format!("{head}\n\n{files}")
}

fn document(package: &Package) -> Value {
    let file = |file: &PackageFile| {
        json!({
            "name": file.name.as_str(),
            "size": file.content.size(),
            "sha256": hex_encode(file.content.sha256()),
            "md5": hex_encode(file.content.md5()),
            "external_url": external_url(file),
            "execute": file.execute,
        })
    };
    json!({
        "id": package.id.as_str(),
        "product": package.product.name.as_str(),
        "description": package.description,
        "size": size(package),
        "files": package.files.iter().map(file).collect::<Vec<_>>(),
    })
}

/// Where the file is, when it is not stored here.
fn external_url(file: &PackageFile) -> Option<&str> {
    match &file.content {
        FileContent::External(external) => Some(&external.url),
        FileContent::Stored(_) => None,
    }
}

fn size(package: &Package) -> u64 {
    package.files.iter().map(|file| file.content.size()).fold(0, u64::saturating_add)
}
