//! Finishing answers: rendered, signed where the call is a signed one, and remembered as they are sent. What is signed is
//! exactly what is sent.

use std::sync::Arc;

use bytes::Bytes;
use countersign_crypto::jose::signing_input;
use countersign_crypto::{Flattened, ProtectedHeader};
use countersign_domain::device::Language;
use countersign_domain::ids::{AuthorizationKeyId, Generation, SigningKeyId, SiteId, SiteSecretId};
use countersign_domain::licensing::Entitlements;
use countersign_domain::text::{PackageId, Platform};
use countersign_domain::time::{Date, Timestamp};
use countersign_vault::SigningError;

use crate::memo::SignerId;
use crate::polling::{Endpoint, Problem};
use crate::signature_budget::Credential;
use crate::sites::{ActiveSigningKey, SiteSnapshot};
use crate::{Ctx, Fault};

/// What a poll ends with, on the state of the site that decided it.
pub struct Polled<A> {
    /// The answer, not yet rendered.
    pub answer: A,
    /// When the question came.
    pub asked_at: Timestamp,
    /// The state of the site: the answer is signed with its key.
    pub(crate) snapshot: Arc<SiteSnapshot>,
    /// All that the rendered answer depends on besides the state of the site.
    pub(crate) subject: Subject,
    /// The key that verified who asks: first signatures are counted on it.
    pub(crate) credential: AuthorizationKeyId,
}

/// All that an answer depends on besides the state of its site and its endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// The files of an update, with URLs that end then.
    Manifest {
        /// The manifest.
        uuid: String,
        /// Seconds since 1970.
        expiry: i64,
        /// The secret that authenticates them.
        secret: Option<SiteSecretId>,
    },
    /// A question that cannot be answered as it is.
    Problem(Problem),
    /// A list of updates.
    Updates {
        /// What the device has installed.
        installed: PackageId,
        /// Its platform.
        platform: Platform,
        /// Its language.
        language: Language,
        /// What it is entitled to.
        entitlements: Entitlements,
        /// What is said beside the list.
        problem: Option<Problem>,
        /// The day on which it asked.
        day: Date,
    },
}

/// All that a finished answer was made from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AnswerKey {
    site: SiteId,
    generation: Generation,
    endpoint: Endpoint,
    /// The key that signs it, if it is signed.
    signing_key: Option<SigningKeyId>,
    subject: Subject,
}

/// Why an answer was not signed. It must not be sent then.
#[derive(Debug, thiserror::Error)]
pub enum SignAnswerError {
    /// The signer has too much to do; the device is to come again.
    #[error("the signer is busy")]
    Busy,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The site has no key pair: its producer has never asked for the public half.
    #[error("the site has no signing key")]
    NoKey,
}

/// The answer as it is sent: what `render` makes of it, in the flattened form with the site's signature where the call is a
/// signed one.
///
/// # Errors
/// That of `render`, or [`SignAnswerError`] when a signed call has no signature.
pub async fn finish<A, E: From<SignAnswerError>>(
    ctx: &Ctx,
    polled: &Polled<A>,
    endpoint: Endpoint,
    render: impl FnOnce(&A) -> Result<Vec<u8>, E>,
) -> Result<Bytes, E> {
    let key = if endpoint.is_signed() { Some(signing_key(ctx, &polled.snapshot).await?) } else { None };
    let memo = key_with(polled, endpoint, key.as_ref());
    let compute = async {
        let payload = render(&polled.answer)?;
        match key {
            Some(key) => Ok(sign(ctx, polled, key, &payload).await?.to_json().into_bytes().into()),
            None => Ok(payload.into()),
        }
    };
    ctx.memos.answers.find_or_compute(&memo, compute).await
}

/// What the finished answer would be made from now; `None` when it has to be signed and there is no key.
pub(crate) fn key_of<A>(ctx: &Ctx, polled: &Polled<A>, endpoint: Endpoint) -> Option<AnswerKey> {
    let key = if endpoint.is_signed() { Some(polled.snapshot.signing_key(ctx.now())?) } else { None };
    Some(key_with(polled, endpoint, key))
}

fn key_with<A>(polled: &Polled<A>, endpoint: Endpoint, key: Option<&ActiveSigningKey>) -> AnswerKey {
    let site = &polled.snapshot.site;
    AnswerKey {
        site: site.id,
        generation: site.generation,
        endpoint,
        signing_key: key.map(|key| key.id),
        subject: polled.subject.clone(),
    }
}

/// The key that signs now.
async fn signing_key(ctx: &Ctx, site: &Arc<SiteSnapshot>) -> Result<ActiveSigningKey, SignAnswerError> {
    let now = ctx.now();
    let (_, key) = ctx.certainly(site, |snapshot| snapshot.signing_key(now).cloned().ok_or(())).await?;
    key.map_err(|()| SignAnswerError::NoKey)
}

async fn sign<A>(
    ctx: &Ctx,
    polled: &Polled<A>,
    key: ActiveSigningKey,
    payload: &[u8],
) -> Result<Flattened, SignAnswerError> {
    let header = if polled.snapshot.site.settings.key_id_in_answers {
        ProtectedHeader::rs256().with_kid(&key.id.to_string())
    } else {
        ProtectedHeader::rs256()
    };
    let input = Arc::new(signing_input(&header, payload));
    let first_signature = async {
        let _place = ctx.signature_budget.begin(Credential::Devices(polled.credential)).ok_or(SigningError::Busy)?;
        ctx.parts.signing.sign(key.key, input.clone()).await
    };
    let memo = (SignerId::Devices(key.id), input.digest());
    let signature = ctx.memos.signatures.find_or_compute(&memo, first_signature).await;
    let signature = signature.map_err(|error| match error {
        SigningError::Busy => SignAnswerError::Busy,
        SigningError::Closed | SigningError::Failed => SignAnswerError::Fault(Fault::Signing(error)),
    })?;
    Ok(Arc::unwrap_or_clone(input).into_flattened(&signature))
}
