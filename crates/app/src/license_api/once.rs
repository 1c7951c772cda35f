//! Doing a thing once, however often it is asked for with one idempotency key.
//!
//! The record is written in the unit of work that does the thing, with the answer: there is no moment at which one is
//! durable and the other is not. Of two calls with one key that come at once, the second waits for the first and gets its
//! answer. A refusal changed nothing and is recorded in a unit of its own. Answers are sealed, and kept for 24 hours.

use std::sync::Arc;
use std::time::Duration;

use countersign_crypto::{Rng, SealingKey, Secret, sha256};
use countersign_domain::ids::SiteId;
use countersign_domain::time::Timestamp;
use countersign_store::repositories::AnsweredCall;
use countersign_store::{BoxFuture, StoreError, Tx};

use super::{LicenseCaller, LicenseError, Refusal};
use crate::{Ctx, Fault};

/// Longest idempotency key that callers may send, in bytes.
pub const IDEMPOTENCY_KEY_LIMIT: usize = 255;
/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Units in which one call is tried: it loses against another with its key at most once, and then finds its answer.
const TRIES: usize = 3;

/// A call that is done once.
pub struct Once<T> {
    scope: [u8; 32],
    body: [u8; 32],
    render: Arc<Render<T>>,
}

/// Turns an outcome into the bytes that are kept, inside the unit of work: a pure function. What is signed is signed anew
/// when it is sent.
type Render<T> = dyn Fn(Result<&T, Refusal>) -> Vec<u8> + Send + Sync;

/// What has become of a call.
pub enum Done<T> {
    /// It was done now.
    Now(T),
    /// It was done before: what was kept of that answer.
    Before(Vec<u8>),
}

impl<T> Once<T> {
    /// A call of a caller to a route with a key and a body.
    #[must_use]
    pub fn new(
        caller: &LicenseCaller,
        route: &str,
        key: &str,
        body: &[u8],
        render: impl Fn(Result<&T, Refusal>) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        // Each part goes in by its digest: no two scopes run into each other.
        let credential = format!("{:?}", caller.credential);
        let parts = [credential.as_bytes(), route.as_bytes(), key.as_bytes()].map(sha256);
        Self { scope: sha256(&parts.concat()), body: sha256(body), render: Arc::new(render) }
    }
}

/// What was kept of a call, looked for before anything else of it: what proves it may be good for one use, like the code of a
/// single sign-on.
///
/// # Errors
/// [`Refusal::IdempotencyMismatch`] when the key was used with another body.
pub(super) async fn answered<T>(ctx: &Ctx, site: SiteId, once: &Once<T>) -> Result<Option<Vec<u8>>, LicenseError> {
    let keeper = Keeper::new(ctx, site, once);
    ctx.store().read(move |tx| Box::pin(async move { keeper.look(tx).await })).await
}

/// Runs a unit of work of a call, once if the caller wants that.
pub(super) async fn run<T, F>(ctx: &Ctx, site: SiteId, once: Option<Once<T>>, unit: F) -> Result<Done<T>, LicenseError>
where
    F: for<'t> Fn(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, LicenseError>> + Clone + Send + Sync + 'static,
    T: Send + 'static,
{
    let Some(once) = once else {
        return ctx.write(site, move |tx| unit(tx)).await.map(Done::Now);
    };
    let keeper = Arc::new(Keeper::new(ctx, site, &once));
    for _ in 0..TRIES {
        let (unit, render, kept) = (unit.clone(), once.render.clone(), keeper.clone());
        let outcome = ctx.write(site, move |tx| {
            Box::pin(async move {
                if let Some(before) = kept.find(tx).await? {
                    return Ok(Done::Before(before));
                }
                let done = unit(&mut *tx).await?;
                kept.keep(tx, &render(Ok(&done))).await?;
                Ok(Done::Now(done))
            })
        });
        match outcome.await {
            Err(Outcome::Overtaken) => {}
            Err(Outcome::Failed(LicenseError::Refused(refusal))) if is_kept(refusal) => {
                let (render, kept) = (once.render.clone(), keeper.clone());
                let refused = ctx.write::<_, Outcome, _>(site, move |tx| {
                    Box::pin(async move {
                        if let Some(before) = kept.find(tx).await? {
                            return Ok(Some(before));
                        }
                        kept.keep(tx, &render(Err(refusal))).await?;
                        Ok(None)
                    })
                });
                match refused.await {
                    Err(Outcome::Overtaken) => {}
                    Err(Outcome::Failed(error)) => return Err(error),
                    Ok(Some(before)) => return Ok(Done::Before(before)),
                    Ok(None) => return Err(refusal.into()),
                }
            }
            Err(Outcome::Failed(error)) => return Err(error),
            Ok(done) => return Ok(done),
        }
    }
    Err(Fault::Store(StoreError::Busy).into())
}

/// Refusals that may end by themselves, or that concern the key itself, are no answer to keep.
fn is_kept(refusal: Refusal) -> bool {
    !matches!(
        refusal,
        Refusal::IdempotencyMismatch
            | Refusal::InvalidCredentials
            | Refusal::ReadOnly
            | Refusal::SsoFailed
            | Refusal::SsoRedirect
            | Refusal::SsoUnavailable
            | Refusal::TooMany(_)
    )
}

/// Answers are sealed under a key that outlives the replacement of the master key.
fn sealing_key(ctx: &Ctx) -> SealingKey {
    SealingKey::new(&ctx.parts.digests.digest(&Secret::new("key of answered calls".to_owned())))
}

/// Finds and writes the record of one call.
struct Keeper {
    site: SiteId,
    scope: [u8; 32],
    body: [u8; 32],
    rng: Arc<dyn Rng>,
    key: SealingKey,
}

/// How a unit ended that was not committed.
enum Outcome {
    Failed(LicenseError),
    /// Another unit has done the same call in the meantime.
    Overtaken,
}

impl<E: Into<LicenseError>> From<E> for Outcome {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Keeper {
    fn new<T>(ctx: &Ctx, site: SiteId, once: &Once<T>) -> Self {
        Self { site, scope: once.scope, body: once.body, rng: ctx.shared_rng(), key: sealing_key(ctx) }
    }

    /// The answer that was kept, if the call was done within the last 24 hours. What is older makes room for the next.
    async fn find(&self, tx: &mut dyn Tx) -> Result<Option<Vec<u8>>, Outcome> {
        let Some(call) = tx.answered_calls().find(self.site, &self.scope).await? else { return Ok(None) };
        if tx.now().await? >= end(call.at) {
            tx.answered_calls().delete(self.site, &self.scope, call.at).await?;
            return Ok(None);
        }
        Ok(Some(self.open(&call)?))
    }

    /// The same, without changing anything.
    async fn look(&self, tx: &mut dyn Tx) -> Result<Option<Vec<u8>>, LicenseError> {
        let Some(call) = tx.answered_calls().find(self.site, &self.scope).await? else { return Ok(None) };
        if tx.now().await? >= end(call.at) {
            return Ok(None);
        }
        Ok(Some(self.open(&call)?))
    }

    fn open(&self, call: &AnsweredCall) -> Result<Vec<u8>, LicenseError> {
        if call.body != self.body {
            return Err(Refusal::IdempotencyMismatch.into());
        }
        let broken = StoreError::BrokenRow { table: "answered_calls", column: "answer", row: self.site.0 };
        Ok(self.key.open(&self.label(), &call.answer).map_err(|_| broken)?)
    }

    async fn keep(&self, tx: &mut dyn Tx, answer: &[u8]) -> Result<(), Outcome> {
        let answer = self.key.seal(&*self.rng, &self.label(), answer);
        let call = AnsweredCall { body: self.body, answer, at: tx.now().await? };
        let first = tx.answered_calls().insert(self.site, &self.scope, &call).await?;
        if first { Ok(()) } else { Err(Outcome::Overtaken) }
    }

    /// An answer opens for its own call only.
    fn label(&self) -> Vec<u8> {
        [&self.site.0.to_be_bytes()[..], &self.scope].concat()
    }
}

/// When a call that was done at a time may be done again.
fn end(at: Timestamp) -> Timestamp {
    at.plus(KEPT)
}
