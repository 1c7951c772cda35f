//! `countersign package`: the releases that devices have installed or can get.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use countersign_app::packages;
use countersign_crypto::encoding::hex_encode;
use countersign_domain::catalog::package::{Package, PackageFile};
use countersign_domain::text::{PackageId, ProductName};
use serde_json::{Value, json};

use crate::amounts::grouped;
use crate::options::Options;
use crate::table::{fields, table};

/// Register, list and show packages.
#[derive(Subcommand)]
pub(crate) enum PackageCommand {
    /// Register a package without files: one that devices have installed already, for updates to start from.
    Create(CreatePackage),
    /// List the packages of the site.
    List,
    /// Show a package with its files, their sizes and digests.
    Show(ShowPackage),
}

/// A package without files.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign package create pump-4.1 --product 'Pump firmware'

A package with files is made by: countersign release publish")]
pub(crate) struct CreatePackage {
    /// ID of the package, as devices send it.
    id: PackageId,
    /// Product that the package is a release of.
    #[arg(long, value_name = "NAME")]
    product: ProductName,
    /// Text for people.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    description: String,
}

/// The package to show.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign package show pump-4.2")]
pub(crate) struct ShowPackage {
    /// ID of the package.
    id: PackageId,
}

impl PackageCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(package) => package.run(options).await,
            Self::List => list(options).await,
            Self::Show(package) => package.run(options).await,
        }
    }
}

impl CreatePackage {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { id, product, description } = self;
        options
            .on_site(async |ctx, site| {
                Ok(packages::create(ctx, site.id, id.clone(), product.clone(), description.clone()).await?)
            })
            .await?;
        let document = json!({ "id": id.as_str(), "product": product.as_str() });
        options.output().done(&document, &format!("Registered package {id} of {product}."));
        Ok(())
    }
}

impl ShowPackage {
    async fn run(self, options: &Options) -> Result<()> {
        let found = options.on_site(async |ctx, site| Ok(packages::find(ctx, site.id, self.id.clone()).await?)).await?;
        let package =
            found.with_context(|| format!("this site has no package {}; see: countersign package list", self.id))?;
        options.output().result(&document(&package), || describe(&package));
        Ok(())
    }
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
        [file.name.to_string(), grouped(file.stored.size), run.to_owned(), hex_encode(&file.stored.sha256)]
    };
    let rows: Vec<_> = package.files.iter().map(row).collect();
    let files = table(["FILE", "BYTES", "EXECUTE", "SHA-256"], &rows, "The package has no files.");
    format!("{head}\n\n{files}")
}

fn document(package: &Package) -> Value {
    let file = |file: &PackageFile| {
        json!({
            "name": file.name.as_str(),
            "size": file.stored.size,
            "sha256": hex_encode(&file.stored.sha256),
            "md5": hex_encode(&file.stored.md5),
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

fn size(package: &Package) -> u64 {
    package.files.iter().map(|file| file.stored.size).fold(0, u64::saturating_add)
}
