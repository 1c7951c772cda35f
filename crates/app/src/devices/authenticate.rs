//! Judging a device's token (`docs/protocol/device.md`, "How a token is judged").
//!
//! The token says nothing about its algorithm or its key that is believed: the algorithm is RS256 because the protocol
//! says so, and the keys are those that the producer uploaded for the site.

use std::sync::Arc;
use std::time::Duration;

use countersign_crypto::jose::{Compact, NumericDate, TimeClaims};
use countersign_crypto::{Algorithm, JwsError, VerifyError, sha256};
use countersign_domain::ids::{AuthorizationKeyId, SiteId};
use countersign_domain::time::Timestamp;

use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// How far clocks of devices, producers and this server may be apart.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// A device that presented a token of the site's producer. The token does not say which device it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthenticatedDevice {
    site: SiteId,
    key: AuthorizationKeyId,
}

impl AuthenticatedDevice {
    /// The site whose producer let the device in. It is nobody on any other.
    pub(crate) fn site(self) -> SiteId {
        self.site
    }

    /// The key that verified the token.
    pub(crate) fn key(self) -> AuthorizationKeyId {
        self.key
    }
}

/// Why a token was refused, in the order in which it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// There is no token in the request.
    #[error("no bearer token")]
    Missing,
    /// The site has no key that could check a token.
    #[error("the site has no authorization key")]
    NoKey,
    /// The token is not a JWS in compact form, or not of the algorithm RS256.
    #[error("the token is malformed")]
    Malformed,
    /// No active key verifies the signature.
    #[error("the token's signature does not verify")]
    Signature,
    /// There is no expiry, or it has passed, or the token is not valid yet.
    #[error("the token has expired")]
    Expired,
}

impl TokenRefusal {
    /// All of them, in the order in which they are judged. Polling IDs can carry only what is listed here.
    pub(crate) const ALL: [Self; 5] = [Self::Missing, Self::NoKey, Self::Malformed, Self::Signature, Self::Expired];
}

/// Judges a device's token against the keys of one site. The state of the site that decided comes with the verdict.
///
/// # Errors
/// [`Fault`] when a refusal could not be made certain; the refusal itself is a value, because it travels in the polling ID.
pub async fn authenticate(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    token: Option<&str>,
) -> Result<(Arc<SiteSnapshot>, Result<AuthenticatedDevice, TokenRefusal>), Fault> {
    let Some(token) = token else { return Ok((ctx.latest(site), Err(TokenRefusal::Missing))) };
    let now = ctx.now();
    let memo = (site.site.id, sha256(token.as_bytes()));
    let known = ctx.memos.tokens.get(&memo);
    let decide = |snapshot: &Arc<SiteSnapshot>| match known.filter(|known| is_active(snapshot, known.key, now)) {
        Some(known) => Ok(known),
        None => verify(snapshot, token, now),
    };
    let (snapshot, verified) = ctx
        .certainly(site, |snapshot| {
            let verified = decide(snapshot)?;
            check_times(verified.claims, now)?;
            Ok(verified)
        })
        .await?;
    let verdict = verified.map(|verified| {
        if known != Some(verified) {
            ctx.memos.tokens.insert(memo, verified);
        }
        AuthenticatedDevice { site: snapshot.site.id, key: verified.key }
    });
    Ok((snapshot, verdict))
}

/// What is known of a token whose signature was verified. Whether its key and its times still hold is looked at each
/// time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct VerifiedToken {
    key: AuthorizationKeyId,
    claims: TimeClaims,
}

fn is_active(snapshot: &SiteSnapshot, id: AuthorizationKeyId, now: Timestamp) -> bool {
    snapshot.device_keys.iter().any(|key| key.record.id == id && key.record.is_active(now))
}

fn verify(snapshot: &SiteSnapshot, token: &str, now: Timestamp) -> Result<VerifiedToken, TokenRefusal> {
    let mut active: Vec<_> = snapshot.device_keys.iter().filter(|key| key.record.is_active(now)).collect();
    if active.is_empty() {
        return Err(TokenRefusal::NoKey);
    }
    let unverified = Compact::parse(token).map_err(|_| TokenRefusal::Malformed)?;
    if let Some(kid) = unverified.kid() {
        // The name only changes the order in which keys are tried; every one of them is trusted already.
        active.sort_by_key(|key| key.record.id.to_string() != kid);
    }
    let keys = active.iter().map(|key| (Algorithm::RS256, &key.key));
    let (index, verified) = unverified.verify_with_any(keys).map_err(|error| match error {
        JwsError::Verify(VerifyError::BadSignature | VerifyError::WrongKeyKind) => TokenRefusal::Signature,
        JwsError::AlgorithmMismatch
        | JwsError::Extension
        | JwsError::Header(_)
        | JwsError::HeaderMember { .. }
        | JwsError::Json(_)
        | JwsError::Members
        | JwsError::NotBase64Url
        | JwsError::PartCount
        | JwsError::TooLong => TokenRefusal::Malformed,
    })?;
    let claims = TimeClaims::read(&verified).map_err(|_| TokenRefusal::Malformed)?;
    let key = active.get(index).ok_or(TokenRefusal::Signature)?;
    Ok(VerifiedToken { key: key.record.id, claims })
}

/// `exp` must be there and not have passed; `nbf`, when it is there, must have come (RFC 7519 sections 4.1.4, 4.1.5).
fn check_times(claims: TimeClaims, now: Timestamp) -> Result<(), TokenRefusal> {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds until the year 9999 are exact in a double")]
    let (now, skew) = (now.as_millis() as f64 / 1000.0, CLOCK_SKEW.as_secs_f64());
    match claims.expires {
        NumericDate::At(expires) if now < expires + skew => {}
        NumericDate::At(_) | NumericDate::Absent | NumericDate::NotANumber => return Err(TokenRefusal::Expired),
    }
    match claims.not_before {
        NumericDate::Absent => Ok(()),
        NumericDate::At(begins) if now + skew >= begins => Ok(()),
        NumericDate::At(_) | NumericDate::NotANumber => Err(TokenRefusal::Expired),
    }
}
