//! Checking a client's assertion (RFC 7523 section 3, with the stricter audience of its update: the issuer alone).

use std::sync::Arc;
use std::time::Duration;

use countersign_crypto::jose::{Audience, ClientAssertion, NumericDate};
use countersign_crypto::{Compact, Secret, sha256};
use countersign_domain::ids::CredentialId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;

use super::published::token_endpoint;
use super::state::{Client, OauthState};
use crate::{Ctx, Fault};

/// How far the clock of a client may differ from ours.
const CLOCK_SKEW: Duration = Duration::from_secs(60);
/// Longest life of an assertion from now on: for so long it is remembered.
const LONGEST_LIFE: Duration = Duration::from_secs(600);
/// Longest `jti`, in bytes.
const ID_LIMIT: usize = 256;

/// An assertion that is good, unless it was used before.
pub(super) struct Good {
    pub(super) client: Arc<Client>,
    /// The key that has verified it.
    pub(super) credential: CredentialId,
    /// SHA-256 of its ID.
    digest: [u8; 32],
    expires_at: Timestamp,
}

/// Whether an assertion is used for the first time, on all nodes.
pub(super) async fn use_once(ctx: &Ctx, good: Good) -> Result<bool, Fault> {
    let (site, application) = (good.client.application.site, good.client.application.id);
    // Accepted until its end and the skew have passed, so it is remembered for as long.
    let (digest, ends_at) = (good.digest, good.expires_at.plus(CLOCK_SKEW));
    let first = ctx.write(site, move |tx| {
        Box::pin(async move { tx.spent_tokens().use_assertion(site, application, &digest, ends_at).await })
    });
    first.await.map_err(|error: StoreError| Fault::Store(error))
}

/// The client that an assertion names. Nothing of it is believed.
pub(super) fn alleged_client(assertion: &Secret<String>) -> Option<String> {
    Compact::parse(assertion.expose()).ok()?.alleged("sub")
}

/// Judges an assertion but for its repetition. `None`: it proves nobody.
pub(super) fn judge(state: &OauthState, client_id: Option<&str>, token: &str, now: Timestamp) -> Option<Good> {
    let unverified = Compact::parse(token).ok()?;
    // RFC 8725 section 3.11: an access token, or any other kind, is no assertion.
    let typ = unverified.typ().map(str::to_ascii_lowercase);
    if typ.is_some_and(|typ| !matches!(&*typ, "jwt" | "client-authentication+jwt")) {
        return None;
    }
    let alleged = unverified.alleged("sub")?;
    if client_id.is_some_and(|client_id| client_id != alleged) {
        return None;
    }
    let client = state.client(&alleged).filter(|client| !client.application.disabled)?;
    // Each key with its own algorithm; an application has few.
    let active = client.credentials.iter().filter(|credential| credential.record.is_active(now));
    let keys: Vec<_> = active.filter_map(|one| one.key.as_ref().map(|key| (one.record.id, key))).collect();
    let tried = keys.iter().map(|(_, (algorithm, key))| (*algorithm, key));
    let (index, payload) = unverified.verify_with_any(tried).ok()?;
    let credential = keys.get(index)?.0;
    let claims = ClientAssertion::read(&payload).ok()?;
    let names_client = |claim: &Option<String>| claim.as_deref() == Some(alleged.as_str());
    let tolerant = client.application.compatibility.endpoint_audience;
    let good = names_client(&claims.issuer)
        && names_client(&claims.subject)
        && names_us(&claims.audience, &state.issuer, tolerant);
    let expires_at = current(&claims, now)?;
    let id = claims.id.filter(|id| good && !id.is_empty() && id.len() <= ID_LIMIT)?;
    Some(Good { client: client.clone(), credential, digest: sha256(id.as_bytes()), expires_at })
}

fn names_us(audience: &Audience, issuer: &str, tolerant: bool) -> bool {
    let is_ours = |one: &String| one == issuer || tolerant && *one == token_endpoint(issuer);
    match audience {
        Audience::One(one) => is_ours(one),
        Audience::Many(many) => tolerant && many.iter().any(is_ours),
        Audience::Unclear => false,
    }
}

/// The end of an assertion whose time is now.
fn current(claims: &ClientAssertion, now: Timestamp) -> Option<Timestamp> {
    let NumericDate::At(expires) = claims.times.expires else { return None };
    #[expect(clippy::cast_possible_truncation, reason = "a number that is too large becomes the latest time")]
    let expires = Timestamp::from_millis((expires * 1000.0) as i64);
    let latest = seconds(now.plus(CLOCK_SKEW));
    let has_begun = match claims.times.not_before {
        NumericDate::Absent => true,
        NumericDate::At(begins) => begins <= latest,
        NumericDate::NotANumber => false,
    };
    let is_current = now < expires.plus(CLOCK_SKEW)
        && expires <= now.plus(LONGEST_LIFE).plus(CLOCK_SKEW)
        && has_begun
        && claims.issued_at.is_none_or(|issued| issued <= latest);
    is_current.then_some(expires)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds until the year 9999 are exact in a double")]
fn seconds(time: Timestamp) -> f64 {
    time.as_millis() as f64 / 1000.0
}
