//! What a site publishes about its tokens: where they are given, and the keys that verify them (RFC 8414, RFC 7517).

use std::sync::Arc;

use countersign_crypto::{Algorithm, Jwk};

use crate::Ctx;
use crate::sites::SiteSnapshot;

/// Path of the token endpoint under the issuer.
pub const TOKEN_PATH: &str = "/connect/token";

/// Algorithms that assertions of clients may be signed with.
pub const ASSERTION_ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// Where a site's token calls are, as absolute URLs made from its base URL alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// `iss` of its tokens.
    pub issuer: String,
    /// Where tokens are given.
    pub token: String,
    /// Where the keys are published.
    pub keys: String,
    /// Where tokens are asked about (RFC 7662).
    pub introspection: String,
    /// Where tokens are revoked (RFC 7009).
    pub revocation: String,
}

/// Where the token calls of a site are.
#[must_use]
pub fn endpoints(ctx: &Ctx, site: &Arc<SiteSnapshot>) -> Endpoints {
    let site = ctx.latest(site);
    let issuer = &site.oauth.issuer;
    Endpoints {
        issuer: issuer.to_string(),
        token: token_endpoint(issuer),
        keys: format!("{issuer}/.well-known/openid-configuration/jwks"),
        introspection: format!("{issuer}/connect/introspect"),
        revocation: format!("{issuer}/connect/revocation"),
    }
}

/// URL of the token endpoint.
pub(super) fn token_endpoint(issuer: &str) -> String {
    format!("{issuer}{TOKEN_PATH}")
}

/// The name of this server's own calls in `aud`.
pub(super) fn api_identifier(issuer: &str) -> String {
    format!("{issuer}/resources")
}

/// The keys that verify tokens now, newest first, with the algorithm of each.
#[must_use]
pub fn public_keys(ctx: &Ctx, site: &Arc<SiteSnapshot>) -> Vec<(Arc<Jwk>, Algorithm)> {
    let site = ctx.latest(site);
    site.oauth.accepted_keys(ctx.now()).map(|key| (key.public.clone(), key.algorithm)).collect()
}
