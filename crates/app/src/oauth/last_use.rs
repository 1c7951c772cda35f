//! When credentials were last used, written at most once a minute for each.

use std::time::Duration;

use countersign_domain::ids::{CredentialId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use quick_cache::sync::Cache;

use super::client::AuthenticatedClient;
use crate::Ctx;

/// How exact the time of the last use is: somebody watches it before an old secret is retired.
const GRAIN: Duration = Duration::from_secs(60);
/// Credentials whose last write is known.
const CREDENTIALS: usize = 20_000;

/// What this process has written.
pub(crate) struct LastUse(Cache<CredentialId, Timestamp>);

impl Default for LastUse {
    fn default() -> Self {
        Self(Cache::new(CREDENTIALS))
    }
}

impl Ctx {
    /// Notes that a credential gave a token. A failure is logged and harms nobody: the next use writes again.
    pub(super) async fn note_use(&self, client: &AuthenticatedClient) {
        let (site, id, now) = (client.site(), client.credential(), self.now());
        let stored = client.last_used_at();
        let known = self.last_use.0.get(&id).max(stored);
        if known.is_some_and(|known| now < known.plus(GRAIN)) {
            return;
        }
        // Before the write: those who come meanwhile need not write as well.
        self.last_use.0.insert(id, now);
        let noted: Result<(), StoreError> = self
            .write(SiteId(site.0), move |tx| Box::pin(async move { tx.credentials().note_use(id, now).await }))
            .await;
        if let Err(error) = noted {
            self.last_use.0.remove(&id);
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, credential.id = %id, "the last use of a credential was not noted");
        }
    }
}
