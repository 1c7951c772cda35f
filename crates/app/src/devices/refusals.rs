//! Refused tokens, counted by address. A token that is accepted is never counted and never turned away: fleets share
//! addresses, and one broken device must not keep the others out.

use std::net::IpAddr;

use countersign_domain::ids::SiteId;

use crate::Ctx;
use crate::failure_limit::FailureLimit;
use crate::sites::SiteSnapshot;

/// Refused tokens of one address within a minute, unless the operator says otherwise. What comes beyond gets no polling ID, and is told when to come again.
pub(crate) const REFUSALS: u32 = 60;

/// Refused tokens by site and address.
pub(crate) type RefusedTokens = FailureLimit<(SiteId, IpAddr)>;

/// Counts a refused token that came from an address. When there were too many before, tells how long the address is to
/// wait, in seconds.
#[must_use]
pub fn count_refusal(ctx: &Ctx, site: &SiteSnapshot, from: IpAddr) -> Option<u32> {
    let (caller, now) = ((site.site().id, from), ctx.now());
    let wait = ctx.rates.refused_tokens.wait(&caller, now);
    if wait.is_none() {
        ctx.rates.refused_tokens.note(&caller, now);
    }
    wait
}
