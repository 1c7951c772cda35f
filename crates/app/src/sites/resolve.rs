//! Which site a request means.

use std::sync::Arc;

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

/// Finds the site of a request: by prefix, else by host alias, else the default site if one is configured.
///
/// `None` means that no site is meant; it is certain, because the store was asked.
///
/// # Errors
/// [`Fault`] when the store has not been readable for five seconds: what is known may be out of date then.
pub async fn resolve(ctx: &Ctx, reference: SiteRef<'_>) -> Result<Option<Arc<SiteSnapshot>>, Fault> {
    ctx.ensure_recent().await?;
    if let Some(found) = find(ctx, reference) {
        return Ok(Some(found));
    }
    ctx.refresh().await?;
    Ok(find(ctx, reference))
}

fn find(ctx: &Ctx, reference: SiteRef<'_>) -> Option<Arc<SiteSnapshot>> {
    let sites = ctx.directory.current();
    match reference {
        SiteRef::Name(name) => sites.by_name.get(name).cloned(),
        SiteRef::Host(host) => {
            let aliased = host.and_then(|host| sites.by_host.get(host));
            let default = || sites.by_name.get(ctx.parts.default_site.as_deref()?);
            aliased.or_else(default).cloned()
        }
    }
}
