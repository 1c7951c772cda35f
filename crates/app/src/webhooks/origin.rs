//! Under which name a site sends.

use countersign_domain::ids::SiteId;

use crate::Ctx;
use crate::license_proof::base_url;

/// The DNS name of a site: the host of its base URL.
pub(super) fn origin(ctx: &Ctx, site: SiteId) -> String {
    let sites = ctx.directory.current();
    let url = sites.by_id(site).map_or(ctx.parts.base_url.as_str(), |site| base_url(ctx, site));
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    host.to_owned()
}
