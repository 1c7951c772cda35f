//! Reading what is written beside every change: the audit trail, and the events that others are told about.

use countersign_domain::audit::AuditEntry;
use countersign_domain::event::CommittedEvent;
use countersign_domain::ids::SiteId;
use countersign_store::repositories::Page;

use crate::{Ctx, Fault};

/// Entries of a site's audit trail, by row id: the newest last.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list_audit(ctx: &Ctx, site: SiteId, page: Page) -> Result<Vec<AuditEntry>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.audit_trail().list(site, page).await?) })).await
}

/// Committed events of a site that are still kept, by row id. On a store with several writers an event may become visible
/// after one with a greater row id.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list_events(ctx: &Ctx, site: SiteId, page: Page) -> Result<Vec<CommittedEvent>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.outbox().list(site, page).await?) })).await
}
