//! Updates as producers look them up.

use std::sync::Arc;

use countersign_domain::catalog::update::{Update, UpdateStatus};
use countersign_domain::ids::SiteId;
use countersign_domain::text::UpdateId;

use crate::listing::{Listing, PageNumber, SearchText};
use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// Which updates are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateFilter {
    /// Those with this status; `None`: with any.
    pub status: Option<UpdateStatus>,
    /// Those whose ID or name contains this.
    pub text: SearchText,
}

/// An update by ID.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find(ctx: &Ctx, site: SiteId, id: UpdateId) -> Result<Option<Update>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.updates().find(site, &id).await?) })).await
}

/// All updates of a site, by ID.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<Update>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.updates().list(site).await?) })).await
}

/// A page of the updates that a filter lets through, by ID: all that is committed when this is called, without reading it
/// from the store again.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn search(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    filter: &UpdateFilter,
    page: PageNumber,
) -> Result<Listing<Arc<Update>>, Fault> {
    ctx.refresh().await?;
    let site = ctx.latest(site);
    let matches = |update: &&Arc<Update>| {
        filter.status.is_none_or(|status| update.status == status)
            && filter.text.is_in(&[update.id.as_str(), update.name.as_str()])
    };
    Ok(page.of(site.catalog().updates().filter(matches).cloned()))
}
