//! Which site a request means.

use std::sync::Arc;

use countersign_domain::site::SiteName;

use super::directory::Found;
use super::snapshot::SiteSnapshot;
use crate::{Ctx, Fault};

/// How a request names its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteRef<'r> {
    /// By a `/t/{site}` prefix of the path.
    Name(&'r str),
    /// By the host it was sent to, lower case and without port; `None` when it names no host.
    Host(Option<&'r str>),
}

/// Why a request has no site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSite {
    /// The request names its host in a way that cannot be read.
    #[error("the request has no single, readable host")]
    BadHost,
    /// What is stored for the site cannot be used now.
    #[error("the site is not available")]
    Unavailable,
    /// There is none of that name.
    #[error("the request names no site")]
    Unknown,
}

/// What a request is given to know about its site before it reaches a door.
pub type RequestedSite = Result<Arc<SiteSnapshot>, NoSite>;

/// Finds the site of a request: by prefix, else by host alias, else the default site if one is configured.
///
/// `None` means that no site is meant; it is certain, because the store was asked.
///
/// # Errors
/// [`Fault`] when the store has not been readable for five seconds (what is known may be out of date then), or when
/// what is stored for this site cannot be used.
pub async fn resolve(ctx: &Ctx, reference: SiteRef<'_>) -> Result<Option<Arc<SiteSnapshot>>, Fault> {
    ctx.ensure_recent().await?;
    let default_site = ctx.parts.default_site.as_ref().map(SiteName::as_str);
    let find = || ctx.directory.current().find(reference, default_site);
    if let Found::Site(site) = find() {
        return Ok(Some(site));
    }
    ctx.refresh().await?;
    match find() {
        Found::Site(site) => Ok(Some(site)),
        Found::Broken => Err(Fault::Site),
        Found::None => Ok(None),
    }
}
