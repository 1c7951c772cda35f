//! Who calls the license door (`docs/protocol/license.md`, "Proofs"): an API key with a signature under its shared key, or a
//! bearer token of an application.

use std::net::IpAddr;
use std::sync::Arc;

use countersign_crypto::Secret;
use countersign_domain::ids::SiteId;
use countersign_domain::oauth::Scope;
use countersign_domain::time::Timestamp;

use super::request::{SignedDate, is_in_window};
use crate::failure_limit::FailureLimit;
use crate::license_api::{Access, LicenseCaller, LicenseCredential, OpenedApiKey, note_api_key_use};
use crate::oauth::{BearerError, authenticate_bearer};
use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// What a caller presents. Unverified.
pub enum Presented {
    /// An API key, and a signature over the `Date` under its shared key.
    Hmac {
        /// The public part of the API key.
        api_key: String,
        /// The signature, in base64.
        signature: Secret<String>,
        /// The `Date`, byte for byte.
        date: Vec<u8>,
        /// The time that it means; `None`: none.
        at: Option<Timestamp>,
    },
    /// A bearer token.
    Bearer(Secret<String>),
}

/// Why a caller was refused, in the order in which an API key is judged.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Too many wrong signatures came from this address.
    #[error("too many refusals")]
    TooMany {
        /// How long the address is to wait.
        seconds: u32,
    },
    /// The API key is not one of the site, or was revoked.
    #[error("the API key is not known")]
    UnknownKey,
    /// The date is not near enough, or cannot be read.
    #[error("the date is not near enough")]
    Date,
    /// The signature was not made with the shared key.
    #[error("the signature does not fit")]
    Signature,
    /// The token has expired.
    #[error("the token has expired")]
    TokenExpired,
    /// The token is not one of the site, or was revoked.
    #[error("the token is not one of the site")]
    Token,
    /// The token is not for the license door.
    #[error("the token is not for licenses")]
    Scope,
}

/// Refusals of one address within a minute; what comes beyond is told when to come again. Proofs that hold are never
/// limited by address: fleets share them.
pub(crate) const REFUSALS: u32 = 60;

/// Refused proofs by site and address.
pub(crate) type RefusedProofs = FailureLimit<(SiteId, IpAddr)>;

/// Judges a caller of a site. The state of the site that decided comes with the verdict.
///
/// # Errors
/// [`ProofError`] says why not. An unknown key is certain: the store was asked.
pub async fn authenticate(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    presented: Presented,
    from: Option<IpAddr>,
) -> Result<(Arc<SiteSnapshot>, LicenseCaller), ProofError> {
    let verdict = match presented {
        Presented::Hmac { api_key, signature, date, at } => {
            let signed = SignedDate { date: &date, signature: signature.expose() };
            by_api_key(ctx, site, &api_key, &signed, at).await
        }
        Presented::Bearer(token) => by_token(ctx, site, &token).await,
    };
    limited(ctx, site, verdict, from)
}

/// Counts a verdict that looks like a guess, and tells an address that guesses too much to wait.
pub(super) fn limited<T>(
    ctx: &Ctx,
    site: &SiteSnapshot,
    verdict: Result<T, ProofError>,
    from: Option<IpAddr>,
) -> Result<T, ProofError> {
    let Err(refusal) = verdict else { return verdict };
    let guessed = matches!(refusal, ProofError::UnknownKey | ProofError::Signature | ProofError::Token);
    match from.filter(|_| guessed) {
        Some(from) => Err(count_refusal(ctx, site, from).map_or(refusal, |seconds| ProofError::TooMany { seconds })),
        None => Err(refusal),
    }
}

async fn by_api_key(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    api_key: &str,
    signed: &SignedDate<'_>,
    at: Option<Timestamp>,
) -> Result<(Arc<SiteSnapshot>, LicenseCaller), ProofError> {
    let now = ctx.now();
    let decide = |snapshot: &Arc<SiteSnapshot>| {
        let key = snapshot.api_keys.get(api_key).filter(|key| !key.revoked).ok_or(ProofError::UnknownKey)?;
        if !at.is_some_and(|at| is_in_window(at, now)) {
            return Err(ProofError::Date);
        }
        if !signed.is_signed_with(&key.shared_key) {
            return Err(ProofError::Signature);
        }
        Ok(key.clone())
    };
    let (snapshot, verdict) = ctx.certainly(site, decide).await?;
    let key = verdict?;
    let site = snapshot.site().id;
    note_use(ctx, site, &key).await;
    Ok((snapshot, caller(site, &key)))
}

/// Notes that an API key was used. The proof holds also when that fails; the next use will be noted.
pub(super) async fn note_use(ctx: &Ctx, site: SiteId, key: &OpenedApiKey) {
    if let Err(error) = note_api_key_use(ctx, site, key).await {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "the use of an API key was not noted");
    }
}

async fn by_token(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    token: &Secret<String>,
) -> Result<(Arc<SiteSnapshot>, LicenseCaller), ProofError> {
    let application = match authenticate_bearer(ctx, site, Some(token)).await {
        Ok(application) => application,
        Err(BearerError::Expired { .. }) => return Err(ProofError::TokenExpired),
        Err(BearerError::Fault(fault)) => return Err(fault.into()),
        Err(BearerError::Invalid(_) | BearerError::Missing | BearerError::Revoked { .. }) => {
            return Err(ProofError::Token);
        }
    };
    if !application.may(Scope::License) {
        return Err(ProofError::Scope);
    }
    let products = Some(application.products().to_vec()).filter(|products| !products.is_empty());
    let caller = LicenseCaller {
        site: application.site(),
        credential: LicenseCredential::Client(application.client_id().to_string()),
        products,
        access: Access::ReadWrite,
        parts: application.part().into_iter().collect(),
    };
    Ok((ctx.latest(site), caller))
}

pub(super) fn caller(site: SiteId, key: &OpenedApiKey) -> LicenseCaller {
    LicenseCaller {
        site,
        credential: LicenseCredential::ApiKey(key.id),
        products: key.products.clone(),
        access: key.access,
        parts: key.part.into_iter().collect(),
    }
}

/// Counts a refusal. When there were too many before, tells how long the address is to wait, in seconds.
fn count_refusal(ctx: &Ctx, site: &SiteSnapshot, from: IpAddr) -> Option<u32> {
    let (caller, now) = ((site.site().id, from), ctx.now());
    let wait = ctx.rates.refused_proofs.wait(&caller, now);
    if wait.is_none() {
        ctx.rates.refused_proofs.note(&caller, now);
    }
    wait
}
