//! What the sample has for those who have a license: a package of its own, behind an update with an entitlement check.

use anyhow::{Context as _, Result};
use countersign_app::releases::ReleaseFile;
use countersign_app::{Ctx, packages, updates};
use countersign_domain::catalog::update::EntitlementCheck;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::SiteId;
use countersign_domain::text::{PackageId, Platform, ProductName};

use super::publication::{Offered, Step, offer};
use crate::release::upload::receive;

/// Publishes the extras, from the same package as the update for everybody, and gives what a device with a license must
/// be offered.
pub(super) async fn publish(
    ctx: &Ctx,
    site: SiteId,
    product: &ProductName,
    platform: &Platform,
    (from, open): (&PackageId, &Offered),
) -> Result<Offered> {
    let to = PackageId::new(format!("{}-licensed", product.as_str().to_ascii_lowercase()))?;
    // On the same day as the update for everybody, which therefore stays the first in the list.
    let updates = updates::list(ctx, site).await?;
    let open = updates.iter().find(|update| update.id == open.update).context("the open update is not there")?;
    let check = EntitlementCheck::Account;
    let step = Step { product, platform, from, to: &to, check, start_date: open.start_date };
    let title = format!("{product} with a license");
    if packages::find(ctx, site, to.clone()).await?.is_some() {
        step.offer_again(ctx, site, title).await?;
    } else {
        let received = receive(ctx, TEXT.as_bytes(), |_| ()).await?;
        let file = ReleaseFile { name: PlainFileName::new("LICENSED.txt")?, received, execute: false };
        step.publish(ctx, site, title, vec![file]).await?;
    }
    offer(ctx, site, to).await
}

const TEXT: &str = "This update is offered to devices whose owner has a license for the product.\n";
