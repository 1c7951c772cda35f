//! What grows beside devices: the updates of a site, and the sites of an installation.

use std::ops::Range;

use anyhow::{Context as _, Result};
use countersign_app::packages;
use countersign_app::{Ctx, keys, products, sites, updates};
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::EntitlementCheck;
use countersign_domain::ids::SiteId;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::{PackageId, ProductName};
use countersign_store::Store;

use super::catalog::{OPEN_PACKAGE, OPEN_UPDATE, add_package, add_update, new_update};

/// The package that an added update starts from.
pub(crate) fn package_of_step(number: u32) -> String {
    format!("step-{number:06}")
}

/// The name of an added site.
pub(crate) fn site_name(number: u32) -> String {
    format!("site-{number:04}")
}

/// Writes updates to the latest package, each from a package of its own.
pub(super) async fn add_updates(store: &Store, site: SiteId, numbers: Range<u32>) -> Result<()> {
    store
        .write(move |tx| {
            Box::pin(async move {
                for number in numbers {
                    let from = package_of_step(number);
                    add_package(tx, site, &from).await?;
                    let update = new_update(&format!("update-{from}"), "pump-2.0", EntitlementCheck::None)?;
                    add_update(tx, site, NewUpdate { release_from: vec![PackageId::new(from)?], ..update }).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Creates sites that offer an update. They have no signing key: to make a thousand would take minutes, and unsigned
/// answers need none.
pub(super) async fn add_sites(ctx: &Ctx, public_key: &str, numbers: Range<u32>) -> Result<()> {
    for number in numbers {
        let name = SiteName::new(site_name(number))?;
        let id = sites::create(ctx, name.clone(), SiteSettings::default()).await?;
        let all = sites::list(ctx).await?;
        let site = all.into_iter().find(|site| site.id == id).context("the site is not listed")?;
        keys::upload(ctx, &site, public_key).await?;
        let product = ProductName::new("Pump")?;
        products::create(ctx, id, product.clone()).await?;
        for package in [OPEN_PACKAGE, "pump-2.0"] {
            packages::create(ctx, id, PackageId::new(package)?, product.clone(), String::new()).await?;
        }
        let update = new_update(OPEN_UPDATE, "pump-2.0", EntitlementCheck::None)?;
        updates::create(ctx, id, NewUpdate { release_from: vec![PackageId::new(OPEN_PACKAGE)?], ..update }).await?;
    }
    Ok(())
}
