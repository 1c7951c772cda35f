//! Answers to checks of licenses that are remembered as they were sent. One is sent again as long as the store shows that
//! nothing has changed which it was made from: one look-up of a few numbers instead of the whole license.

use std::sync::Arc;

use bytes::Bytes;
use countersign_domain::ids::{DeviceId, Generation, LicenseId, SiteSecretId};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::{LicenseStamp, Revisions};

use super::LicenseCaller;
use super::check::LAST_SEEN;
use super::find::Bound;
use super::view::LicenseView;
use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// Longest question whose answer is remembered, in bytes: real ones have about two hundred.
const QUESTION: usize = 1024;

/// An answer as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAnswer {
    /// Its bytes.
    pub body: Bytes,
    /// The signature over them, in base64.
    pub signature: Bytes,
}

/// What an answer about a license rests on: it may be given again while this is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting {
    license: LicenseId,
    device: DeviceId,
    stamp: LicenseStamp,
    /// From when on; a clock can be taken back.
    from: Timestamp,
    /// Until before when it says the same, and has no effect.
    until: Timestamp,
}

/// A question, as it is known again.
#[derive(Clone, Debug)]
pub struct AskedCheck(Option<CheckKey>);

/// All that an answer follows from besides the store's rows about the license.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CheckKey {
    caller: LicenseCaller,
    generation: Generation,
    signer: SiteSecretId,
    question: Box<str>,
}

/// A remembered answer.
pub(crate) struct RememberedCheck {
    lasting: Lasting,
    answer: SignedAnswer,
}

impl AskedCheck {
    /// What a caller asks: `question` is all of it.
    #[must_use]
    pub fn new(ctx: &Ctx, site: &SiteSnapshot, caller: &LicenseCaller, question: &str) -> Self {
        let signer = site.license_signer(ctx.now()).filter(|_| question.len() <= QUESTION);
        Self(signer.map(|signer| CheckKey {
            caller: caller.clone(),
            generation: site.site().generation,
            signer: signer.id,
            question: question.into(),
        }))
    }
}

impl CheckKey {
    /// Bytes of the question.
    pub(crate) fn len(&self) -> usize {
        self.question.len()
    }
}

impl RememberedCheck {
    /// Bytes of the answer.
    pub(crate) fn len(&self) -> usize {
        self.answer.body.len() + self.answer.signature.len()
    }
}

impl Lasting {
    /// What a license rests on that was just looked at on a device, where looking at it had no effect and will have none soon.
    /// Seats are told apart by the second, and a file of the site by a URL that ends.
    pub(super) fn of(view: &LicenseView, (stamp, device): (LicenseStamp, DeviceId)) -> Option<Self> {
        let license = &view.license;
        let seats = license.features.iter().map(|feature| feature.rules.seats).chain([license.rules.seats]);
        let is_timed = view.release.as_ref().is_some_and(|release| release.url.is_none());
        if seats.into_iter().any(|seats| seats.are_counted()) || view.user.is_some() || is_timed {
            return None;
        }
        let heard_until = stamp.last_seen_at.plus(LAST_SEEN);
        let until = license.changes_at(view.at).map_or(heard_until, |changes| changes.min(heard_until));
        let from = view.at;
        (from < until).then_some(Self { license: license.id, device, stamp, from, until })
    }
}

/// What shows whether a license on a device is as it was found to be; `None` when it was found in another way than by its key.
pub(super) fn stamp(bound: &Bound) -> Option<(LicenseStamp, DeviceId)> {
    let revisions: Revisions = bound.beside.as_ref()?.revisions;
    let (status, last_seen_at) = (bound.device.status, bound.device.last_seen_at);
    Some((LicenseStamp { revisions, status, last_seen_at }, bound.device.id))
}

/// The answer to a question that was asked before, if it would be the same now and asking it would have no effect. When the
/// store cannot be read there is none, and answering anew says why.
pub async fn recall_check(ctx: &Ctx, asked: &AskedCheck) -> Option<SignedAnswer> {
    let key = asked.0.as_ref()?;
    let known = ctx.memos.checks.get(key)?;
    let Lasting { license, device, stamp, from, until } = known.lasting;
    let seen = ctx
        .store()
        .look_up::<_, Fault, _>(move |tx| {
            Box::pin(async move { Ok((tx.licenses().stamp(license, device).await?, tx.now().await?)) })
        })
        .await;
    let (found, now) = seen.ok()?;
    if found == Some(stamp) && from <= now && now < until {
        return Some(known.answer.clone());
    }
    ctx.memos.checks.remove(key);
    None
}

/// Remembers the answer to a question, if the site and its key are still those with which it was asked: the answer was signed
/// in between, and with no other.
pub fn remember_check(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    asked: AskedCheck,
    (lasting, answer): (Lasting, SignedAnswer),
) {
    let Some(key) = asked.0 else { return };
    let latest = ctx.latest(site);
    let signer = latest.license_signer(ctx.now()).map(|signer| signer.id);
    if (latest.site().generation, signer) == (key.generation, Some(key.signer)) {
        ctx.memos.checks.insert(key, Arc::new(RememberedCheck { lasting, answer }));
    }
}
