//! When credentials were last used: noted in memory, and written together, so that no token waits for it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_domain::ids::CredentialId;
use countersign_domain::time::Timestamp;

use super::client::AuthenticatedClient;
use crate::{Ctx, Fault};

/// Credentials whose use waits to be written. Beyond that a use is not noted; the next one after a write is.
const CREDENTIALS: usize = 20_000;
/// Credentials that one unit of work writes: other writers never wait long for it.
const CREDENTIALS_PER_UNIT: usize = 500;

/// What waits to be written, in an order that all nodes write in.
#[derive(Default)]
pub(crate) struct LastUse(Mutex<BTreeMap<CredentialId, Timestamp>>);

impl LastUse {
    fn note(&self, credential: CredentialId, at: Timestamp) {
        let mut waiting = self.lock();
        if waiting.len() < CREDENTIALS || waiting.contains_key(&credential) {
            waiting.entry(credential).and_modify(|known| *known = at.max(*known)).or_insert(at);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CredentialId, Timestamp>> {
        // Entries are put in whole, so a panic elsewhere does not spoil the map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ctx {
    /// Notes that a credential gave a token.
    pub(super) fn note_use(&self, client: &AuthenticatedClient) {
        self.last_use.note(client.credential(), self.now());
    }
}

/// Writes when credentials were last used, as far as this process has noted it.
///
/// # Errors
/// [`Fault`] when the store fails. What was not written waits for the next time.
pub async fn write_last_uses(ctx: &Ctx) -> Result<(), Fault> {
    let waiting: Vec<_> = std::mem::take(&mut *ctx.last_use.lock()).into_iter().collect();
    let mut parts = waiting.chunks(CREDENTIALS_PER_UNIT);
    while let Some(part) = parts.next() {
        let noted = part.to_vec();
        let unit = ctx.store().write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                for (credential, at) in noted {
                    tx.credentials().note_use(credential, at).await?;
                }
                Ok(())
            })
        });
        if let Err(fault) = unit.await {
            for (credential, at) in part.iter().chain(parts.flatten()) {
                ctx.last_use.note(*credential, *at);
            }
            return Err(fault);
        }
    }
    Ok(())
}
