//! What ties the outcome of a login to the URL with which it began. Nothing of it is stored: all is made again from what comes
//! back, with a key that only the server has.

use std::time::Duration;

use countersign_crypto::encoding::{base64url_decode, base64url_encode, hex_encode};
use countersign_crypto::random::random_array;
use countersign_crypto::{Secret, constant_time_eq, sha256};
use countersign_domain::ids::{AccountId, SiteId};
use countersign_domain::licensing::LoginState;
use countersign_domain::time::Timestamp;

use crate::Ctx;

/// How long after its URL was given out an ID token can be used that carries its nonce.
const NONCE_LIFE: Duration = Duration::from_secs(3600);

/// Whose logins these are, and which one, if the application has given it a state.
#[derive(Clone, Copy)]
pub(super) struct Binding<'a> {
    pub(super) site: SiteId,
    pub(super) account: AccountId,
    pub(super) state: Option<&'a LoginState>,
}

impl Binding<'_> {
    /// A nonce that proves itself (OpenID Connect Core 1.0 section 15.5.2): a time, something random, and a keyed digest of both.
    pub(super) fn nonce(&self, ctx: &Ctx) -> String {
        let open = format!("{}.{}", ctx.now().as_millis(), hex_encode(&random_array::<16>(ctx.rng())));
        let tag = self.digest(ctx, "nonce", &open);
        format!("{open}.{}", base64url_encode(&tag))
    }

    /// Whether a nonce was made here, within the last hour.
    pub(super) fn is_nonce(&self, ctx: &Ctx, nonce: &str) -> bool {
        let Some((open, tag)) = nonce.rsplit_once('.') else { return false };
        let made = open.split_once('.').and_then(|(millis, _)| millis.parse().ok()).map(Timestamp::from_millis);
        let is_recent = made.is_some_and(|made| made <= ctx.now() && ctx.now() < made.plus(NONCE_LIFE));
        let tag = base64url_decode(tag).unwrap_or_default();
        constant_time_eq(&self.digest(ctx, "nonce", open), &tag) && is_recent
    }

    /// What proves to the provider that a code comes from where its URL came from (RFC 7636 section 4.1). Applications carry
    /// nothing but their state, so without one all logins of a client and redirect URI have the same verifier.
    pub(super) fn verifier(&self, ctx: &Ctx, client_id: &str, redirect_uri: Option<&str>) -> Secret<String> {
        let what = format!("{client_id}\n{}", redirect_uri.unwrap_or_default());
        Secret::new(base64url_encode(&self.digest(ctx, "verifier", &what)))
    }

    fn digest(&self, ctx: &Ctx, kind: &str, what: &str) -> [u8; 32] {
        let Self { site, account, state } = self;
        let state = state.map_or("", LoginState::as_str);
        ctx.parts.digests.digest(&Secret::new(format!("{kind} of single sign-on\n{site}\n{account}\n{state}\n{what}")))
    }
}

/// The challenge of a verifier by S256 (RFC 7636 section 4.2).
pub(super) fn challenge(verifier: &Secret<String>) -> String {
    base64url_encode(&sha256(verifier.expose().as_bytes()))
}
