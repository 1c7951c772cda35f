//! Signing ahead: what the next devices will be given is signed shortly before they come, so that none of them waits when
//! the URLs inside change with the hour.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Ctx;
use crate::answers::{self, AnswerKey, Polled, SignAnswerError};
use crate::polling::Endpoint;

/// How long before it is needed an answer is made.
pub(crate) const AHEAD: Duration = Duration::from_secs(5 * 60);
/// Answers that are made ahead at once. The devices that come for more of them wait, as they would without this.
const AT_ONCE: usize = 64;

/// Answers that are being made ahead.
#[derive(Default)]
pub(crate) struct Ahead(Mutex<HashSet<AnswerKey>>);

/// Makes an answer that will be asked for soon, unless it is there or under way. Whether that succeeds is nobody's concern:
/// whoever needs it makes it then.
pub fn prepare<A: Send + Sync + 'static, E: From<SignAnswerError> + Send + 'static>(
    ctx: &Ctx,
    soon: Polled<A>,
    endpoint: Endpoint,
    render: impl FnOnce(&A) -> Result<Vec<u8>, E> + Send + 'static,
) {
    let Some(key) = answers::key_of(ctx, &soon, endpoint).filter(|key| ctx.memos.answers.lacks(key)) else { return };
    let Some(begun) = Begun::begin(ctx, key) else { return };
    #[expect(clippy::disallowed_methods, reason = "nobody waits for it, and nothing is lost when the process ends")]
    tokio::spawn(async move {
        let _ = answers::finish(&begun.ctx, &soon, endpoint, render).await;
    });
}

/// An answer that is being made; it no longer is when this is dropped.
struct Begun {
    ctx: Ctx,
    key: AnswerKey,
}

impl Begun {
    /// Begins, unless somebody has, or too many are under way.
    fn begin(ctx: &Ctx, key: AnswerKey) -> Option<Self> {
        let mut under_way = ctx.ahead.under_way();
        let begins = under_way.len() < AT_ONCE && under_way.insert(key.clone());
        begins.then(|| Self { ctx: ctx.clone(), key })
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.ctx.ahead.under_way().remove(&self.key);
    }
}

impl Ahead {
    fn under_way(&self) -> MutexGuard<'_, HashSet<AnswerKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
