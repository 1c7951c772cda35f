//! The sample release: the running program itself in two versions, or the files of a folder.

use std::path::Path;

use anyhow::{Context as _, Result};
use countersign_app::releases::{self, ReleaseFile};
use countersign_app::updates::{self, UnknownUpdate};
use countersign_app::{Ctx, packages, products};
use countersign_domain::catalog::package::Package;
use countersign_domain::catalog::update::{EntitlementCheck, UpdateStatus};
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::SiteId;
use countersign_domain::text::{PackageId, Platform, ProductName};

use super::extras;
use super::publication::{Offered, Step, offer, update_id};
use crate::output::Output;
use crate::progress;
use crate::release::folder::{self, Hidden};
use crate::release::upload::{receive, upload};

/// What devices are to be offered.
pub(super) struct Sample {
    /// The product.
    pub(super) product: ProductName,
    /// The package that the device has.
    pub(super) from: PackageId,
    /// The update for every device.
    pub(super) open: Offered,
    /// The update for devices whose owner has a license for the product.
    pub(super) licensed: Offered,
}

/// Publishes the running program: version 1, and version 2 that has other changes. What an earlier run has published is
/// kept, whatever program it was: published bytes never change.
pub(super) async fn publish_program(ctx: &Ctx, site: SiteId, platform: &Platform, output: Output) -> Result<Sample> {
    let product = find_or_create_product(ctx, site, "Countersign").await?;
    let mut from = PackageId::new("countersign-0.9")?;
    find_or_register(ctx, site, &from, &product).await?;
    let mut last = None;
    for (version, changes) in [("1.0", FIRST_CHANGES), ("2.0", SECOND_CHANGES)] {
        let to = PackageId::new(format!("countersign-{version}"))?;
        let (title, step) = (format!("Countersign {version}"), step(ctx, &product, platform, (&from, &to)));
        if packages::find(ctx, site, to.clone()).await?.is_some() {
            step.offer_again(ctx, site, title).await?;
        } else {
            step.publish(ctx, site, title, program_files(ctx, output, changes).await?).await?;
        }
        last = Some((from, to.clone()));
        from = to;
    }
    let (from, to) = last.context("there is no version")?;
    offered(ctx, site, product, platform, (from, to)).await
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
    let files = match upload((ctx, site), output, &listed, &[], &mut received).await {
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
        None => free_version(&versions)?,
    };
    step(ctx, &product, platform, (&from, &to)).publish(ctx, site, format!("Release {to}"), files).await?;
    for package in &versions {
        let status = if package.id == to { UpdateStatus::Active } else { UpdateStatus::Inactive };
        match updates::set_status(ctx, site, update_id(&package.id)?, status).await {
            // What is gone is not offered.
            Ok(_) | Err(UnknownUpdate::Unknown(_)) => {}
            Err(error @ UnknownUpdate::Fault(_)) => return Err(error.into()),
        }
    }
    offered(ctx, site, product, platform, (from, to)).await
}

/// The ID of the next version: the first one that nothing has.
fn free_version(versions: &[Package]) -> Result<PackageId> {
    let mut free = PackageId::new("demo-2.0")?;
    for number in 1..=versions.len() {
        if !versions.iter().any(|package| package.id == free) {
            break;
        }
        free = PackageId::new(format!("demo-2.{number}"))?;
    }
    Ok(free)
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

/// A step that every device may take.
fn step<'s>(
    ctx: &Ctx,
    product: &'s ProductName,
    platform: &'s Platform,
    (from, to): (&'s PackageId, &'s PackageId),
) -> Step<'s> {
    Step { product, platform, from, to, check: EntitlementCheck::None, start_date: ctx.now().date() }
}

/// The sample as the store has it now: what devices must get.
async fn offered(
    ctx: &Ctx,
    site: SiteId,
    product: ProductName,
    platform: &Platform,
    (from, to): (PackageId, PackageId),
) -> Result<Sample> {
    let open = offer(ctx, site, to).await?;
    let licensed = extras::publish(ctx, site, &product, platform, (&from, &open)).await?;
    Ok(Sample { product, from, open, licensed })
}

fn has_files(package: &Package, files: &[ReleaseFile]) -> bool {
    let there = package.files.iter().map(|file| (file.name.as_str(), *file.content.sha256()));
    there.eq(files.iter().map(|file| (file.name.as_str(), file.received.sha256())))
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

const FIRST_CHANGES: &str = "1.0\n  The first version.\n";
const SECOND_CHANGES: &str = "2.0\n  The same program, released again.\n\n1.0\n  The first version.\n";
