//! Sealing a ticket into a polling ID, opening one, and judging what is inside.

use std::sync::Arc;
use std::time::Duration;

use countersign_crypto::encoding::{base64url_decode, base64url_encode};
use countersign_domain::ids::{AuthorizationKeyId, SiteId};
use countersign_domain::time::Timestamp;

use super::codec;
use super::ticket::{Asked, Endpoint, Problem, Ticket};
use crate::devices::{AuthenticatedDevice, TokenRefusal};
use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// How long a polling ID answers, from its POST.
pub const POLLING_ID_LIFE: Duration = Duration::from_secs(60 * 60);
/// How long a polling ID repeats the refusal of a credential.
pub const REFUSAL_LIFE: Duration = Duration::from_secs(5 * 60);

/// Longest polling ID that is looked at, in characters: five texts of 255 bytes and their overhead, in base64url.
const LENGTH_LIMIT: usize = 2048;

/// Version of the sealed format; part of the associated data, so that an ID of another version does not open.
const VERSION: u8 = 1;

/// Why a poll has no answer.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The polling ID was ours and is too old.
    #[error("the polling ID has expired")]
    Expired,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The credential of the POST was refused, or has been revoked since.
    #[error("the credential was refused: {0}")]
    Refused(TokenRefusal),
    /// Not a polling ID of this endpoint of this site.
    #[error("the polling ID is not known")]
    Unknown,
}

/// A polling ID that was opened and found valid.
pub(crate) struct Opened {
    pub(crate) asked: Asked,
    /// The key that verified who asked.
    pub(crate) credential: AuthorizationKeyId,
    pub(crate) asked_at: Timestamp,
    /// A state of the site that is at least as new as the one at the time of the question.
    pub(crate) snapshot: Arc<SiteSnapshot>,
}

/// Seals what was asked, or what became of what was told, into a polling ID; or the refusal of the credential.
///
/// # Errors
/// [`Fault`] when the site has no sealing key, or the device is another site's.
pub fn issue(
    ctx: &Ctx,
    site: &SiteSnapshot,
    endpoint: Endpoint,
    asked: Result<(AuthenticatedDevice, Asked), TokenRefusal>,
) -> Result<String, Fault> {
    let now = ctx.now();
    let key = site.polling_keys.in_force(now).ok_or(Fault::Sealed(countersign_vault::SealedValueError))?;
    if asked.as_ref().is_ok_and(|(device, _)| device.site() != site.site.id) {
        return Err(Fault::ForeignPrincipal);
    }
    let ticket = Ticket {
        asked_at: now,
        generation: site.site.generation,
        content: asked.map(|(device, asked)| (device.key(), asked)),
    };
    let sealed = key.seal(&ctx.nonces, &associated_data(site.site.id, endpoint), &codec::encode(&ticket));
    Ok(base64url_encode(&sealed))
}

/// Opens a polling ID and judges it: it must be ours, for this endpoint of this site, not too old, and its credential
/// must still be valid.
pub(crate) async fn open(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    endpoint: Endpoint,
    polling_id: &str,
) -> Result<Opened, PollError> {
    let now = ctx.now();
    let (mut snapshot, ticket) =
        ctx.certainly(site, |snapshot| unseal(snapshot, endpoint, polling_id, now).ok_or(())).await?;
    let ticket = ticket.map_err(|()| PollError::Unknown)?;
    let life = if ticket.content.is_ok() { POLLING_ID_LIFE } else { REFUSAL_LIFE };
    if now >= ticket.asked_at.plus(life) {
        return Err(PollError::Expired);
    }
    let (key, asked) = ticket.content.map_err(PollError::Refused)?;
    if snapshot.site.generation < ticket.generation {
        // The question was taken by a node that has seen a later change.
        ctx.refresh().await?;
        snapshot = ctx.latest(&snapshot);
    }
    let is_active = |snapshot: &Arc<SiteSnapshot>| {
        let key = snapshot.device_keys.iter().find(|device_key| device_key.record.id == key);
        key.filter(|key| key.record.is_active(now)).map(|_| ()).ok_or(())
    };
    let (snapshot, active) = ctx.certainly(&snapshot, is_active).await?;
    active.map_err(|()| PollError::Refused(TokenRefusal::Signature))?;
    Ok(Opened { asked, credential: key, asked_at: ticket.asked_at, snapshot })
}

/// Opens a polling ID of an endpoint where devices tell something, and says what became of it: `None` when it is kept.
///
/// # Errors
/// [`PollError`] when the polling ID is not valid or the credential behind it was refused.
pub async fn outcome(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    endpoint: Endpoint,
    polling_id: &str,
) -> Result<Option<Problem>, PollError> {
    match open(ctx, site, endpoint, polling_id).await?.asked {
        Asked::Kept => Ok(None),
        Asked::Invalid(problem) => Ok(Some(problem)),
        Asked::Manifest { .. } | Asked::Updates(_) => Err(PollError::Unknown),
    }
}

fn unseal(site: &SiteSnapshot, endpoint: Endpoint, polling_id: &str, now: Timestamp) -> Option<Ticket> {
    if polling_id.len() > LENGTH_LIMIT {
        return None;
    }
    let sealed = base64url_decode(polling_id).ok()?;
    let associated_data = associated_data(site.site.id, endpoint);
    let opened = site.polling_keys.accepted(now).find_map(|key| key.open(&associated_data, &sealed).ok())?;
    codec::decode(&opened)
}

/// What a polling ID is bound to besides its key.
fn associated_data(site: SiteId, endpoint: Endpoint) -> Vec<u8> {
    let endpoint = match endpoint {
        Endpoint::SignedUpdates => 1,
        Endpoint::SignedManifests => 2,
        Endpoint::Updates => 3,
        Endpoint::Manifests => 4,
        Endpoint::Registrations => 5,
        Endpoint::StatusLog => 6,
        Endpoint::Events => 7,
    };
    let mut bytes = b"countersign polling id".to_vec();
    bytes.extend([VERSION, endpoint]);
    bytes.extend(site.0.to_be_bytes());
    bytes
}
