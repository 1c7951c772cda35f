//! The sample release: the running program itself in two versions, or the files of a folder.

use std::path::Path;

use anyhow::{Context as _, Result};
use countersign_app::releases::{self, Release, ReleaseFile};
use countersign_app::{Ctx, packages, products, updates};
use countersign_domain::catalog::package::Package;
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, LanguageText, UpdateStatus};
use countersign_domain::device::Language;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::SiteId;
use countersign_domain::text::{PackageId, Platform, ProductName, UpdateId};

use crate::output::Output;
use crate::progress;
use crate::release::folder::{self, Hidden};
use crate::release::upload::{receive, upload};

/// What a device is to be offered.
pub(super) struct Sample {
    /// The package that the device has.
    pub(super) from: PackageId,
    /// The package that it gets.
    pub(super) to: PackageId,
    /// The update between them.
    pub(super) update: UpdateId,
    /// The files of the package that it gets, in order.
    pub(super) files: Vec<PublishedFile>,
}

/// A file as it was published.
pub(super) struct PublishedFile {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) sha256: [u8; 32],
}

/// Publishes the running program: version 1, and version 2 that has other changes. What an earlier run has published is
/// kept, whatever program it was: published bytes never change.
pub(super) async fn publish_program(ctx: &Ctx, site: SiteId, platform: &Platform, output: Output) -> Result<Sample> {
    let product = find_or_create_product(ctx, site, "Countersign").await?;
    let mut from = PackageId::new("countersign-0.9")?;
    find_or_register(ctx, site, &from, &product).await?;
    let mut sample = None;
    for (version, changes) in [("1.0", FIRST_CHANGES), ("2.0", SECOND_CHANGES)] {
        let to = PackageId::new(format!("countersign-{version}"))?;
        if packages::find(ctx, site, to.clone()).await?.is_none() {
            let files = program_files(ctx, output, changes).await?;
            let title = format!("Countersign {version}");
            publish(ctx, site, &product, (&from, &to), platform, title, files).await?;
        }
        sample = Some((from, to.clone()));
        from = to;
    }
    let (from, to) = sample.context("there is no version")?;
    offered(ctx, site, from, to).await
}

/// Publishes the files of a folder. Other files than those of an earlier run become the next version, and only the version
/// with these files is offered.
pub(super) async fn publish_folder(
    ctx: &Ctx,
    site: SiteId,
    platform: &Platform,
    path: &Path,
    output: Output,
) -> Result<Sample> {
    let product = find_or_create_product(ctx, site, "Demo").await?;
    let from = PackageId::new("demo-1.0")?;
    find_or_register(ctx, site, &from, &product).await?;
    let listed = folder::files(path, Hidden::Skip)?;
    let mut received = Vec::new();
    let files = match upload(ctx, output, &listed, &[], &mut received).await {
        Ok(files) => files,
        Err(error) => {
            releases::discard(ctx, &received).await;
            return Err(error);
        }
    };
    let versions =
        packages::list(ctx, site).await?.into_iter().filter(|package| package.id.as_str().starts_with("demo-2."));
    let versions: Vec<Package> = versions.collect();
    let to = match versions.iter().find(|package| has_files(package, &files)) {
        Some(package) => package.id.clone(),
        None => PackageId::new(format!("demo-2.{}", versions.len()))?,
    };
    publish(ctx, site, &product, (&from, &to), platform, format!("Release {to}"), files).await?;
    for package in &versions {
        let status = if package.id == to { UpdateStatus::Active } else { UpdateStatus::Inactive };
        updates::set_status(ctx, site, update_id(&package.id)?, status).await?;
    }
    offered(ctx, site, from, to).await
}

/// The platform that this program was built for, in the codes of the device protocol.
pub(super) fn platform() -> Result<Platform> {
    let bits = usize::BITS;
    Ok(Platform::new(match std::env::consts::OS {
        "linux" => format!("LINUX{bits}"),
        "macos" => format!("APPLEOSX{bits}"),
        "windows" => format!("WIN{bits}"),
        other => format!("{}{bits}", other.to_ascii_uppercase()),
    })?)
}

/// The running program, and a text about its changes.
async fn program_files(ctx: &Ctx, output: Output, changes: &str) -> Result<Vec<ReleaseFile>> {
    let path = std::env::current_exe().context("the running program cannot be found")?;
    let open = || tokio::fs::File::open(&path);
    let program = open().await.with_context(|| format!("{} cannot be read", path.display()))?;
    let bar = progress::bar(output, "countersign", program.metadata().await?.len());
    let program = receive(ctx, program, |bytes| bar.set_position(bytes)).await?;
    bar.finish_and_clear();
    let changes = match receive(ctx, changes.as_bytes(), |_| ()).await {
        Ok(changes) => changes,
        Err(error) => {
            releases::discard(ctx, &[program]).await;
            return Err(error);
        }
    };
    Ok(vec![
        ReleaseFile { name: PlainFileName::new("CHANGES.txt")?, received: changes, execute: false },
        ReleaseFile { name: PlainFileName::new("countersign")?, received: program, execute: false },
    ])
}

async fn publish(
    ctx: &Ctx,
    site: SiteId,
    product: &ProductName,
    (from, to): (&PackageId, &PackageId),
    platform: &Platform,
    title: String,
    files: Vec<ReleaseFile>,
) -> Result<()> {
    let update = NewUpdate {
        id: update_id(to)?,
        name: format!("{from} to {to}"),
        description: DESCRIPTION.to_owned(),
        status: UpdateStatus::Active,
        entitlement_check: EntitlementCheck::None,
        start_date: ctx.now().date(),
        end_date: None,
        command_line: String::new(),
        release_from: vec![from.clone()],
        release_to: vec![(platform.clone(), to.clone())],
        languages: vec![LanguageText { language: Language(1033), title, description: DESCRIPTION.to_owned() }],
    };
    let release = Release {
        product: product.clone(),
        package: to.clone(),
        package_description: DESCRIPTION.to_owned(),
        files,
        update,
    };
    releases::publish(ctx, site, release).await?;
    Ok(())
}

/// The sample as the store has it now: what devices must get.
async fn offered(ctx: &Ctx, site: SiteId, from: PackageId, to: PackageId) -> Result<Sample> {
    let package = packages::find(ctx, site, to.clone()).await?;
    let package = package.with_context(|| format!("package {to} is not in the store"))?;
    let files = package.files.into_iter().map(|file| PublishedFile {
        name: file.name.to_string(),
        size: file.stored.size,
        sha256: file.stored.sha256,
    });
    let update = update_id(&to)?;
    updates::set_status(ctx, site, update.clone(), UpdateStatus::Active).await?;
    Ok(Sample { from, update, files: files.collect(), to })
}

fn has_files(package: &Package, files: &[ReleaseFile]) -> bool {
    let there = package.files.iter().map(|file| (file.name.as_str(), file.stored.sha256));
    there.eq(files.iter().map(|file| (file.name.as_str(), file.received.sha256())))
}

fn update_id(to: &PackageId) -> Result<UpdateId> {
    Ok(UpdateId::new(format!("update-{to}"))?)
}

async fn find_or_create_product(ctx: &Ctx, site: SiteId, name: &str) -> Result<ProductName> {
    let name = ProductName::new(name)?;
    if !products::list(ctx, site).await?.iter().any(|product| product.name == name) {
        products::create(ctx, site, name.clone()).await?;
    }
    Ok(name)
}

async fn find_or_register(ctx: &Ctx, site: SiteId, id: &PackageId, product: &ProductName) -> Result<()> {
    if packages::find(ctx, site, id.clone()).await?.is_none() {
        packages::create(ctx, site, id.clone(), product.clone(), String::new()).await?;
    }
    Ok(())
}

const DESCRIPTION: &str = "A sample release, published by the demonstration.";
const FIRST_CHANGES: &str = "1.0\n  The first version.\n";
const SECOND_CHANGES: &str = "2.0\n  The same program, released again.\n\n1.0\n  The first version.\n";
