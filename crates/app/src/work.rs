//! What a process has done and is doing, in numbers.

use countersign_store::CommitCounts;
use countersign_vault::SigningCounts;

use crate::Ctx;
use crate::memo::MemoCounts;
use crate::webhooks::WebhookCounts;
use crate::writes::WriteCounts;

/// Numbers about the work of this process, since its start or at this moment.
#[derive(Clone, Debug)]
pub struct Work {
    /// What was remembered when it was needed, and what was not.
    pub memos: Vec<MemoCounts>,
    /// Signatures.
    pub signing: SigningCounts,
    /// Signatures that were put off because too many of one authorization key were under way.
    pub limited_signatures: u64,
    /// Passwords that are being checked, or wait for it.
    pub passwords: usize,
    /// Logins that were not tried because too many had failed before.
    pub limited_logins: u64,
    /// Refusals of device tokens beyond the limit.
    pub limited_tokens: u64,
    /// Units of work that may write.
    pub writes: WriteCounts,
    /// How units have become durable.
    pub commits: CommitCounts,
    /// Webhooks.
    pub webhooks: WebhookCounts,
}

impl Ctx {
    /// Numbers about the work of this process.
    #[must_use]
    pub fn work(&self) -> Work {
        Work {
            memos: self.memos.counts(),
            signing: self.parts.signing.counts(),
            limited_signatures: self.signature_budget.put_off(),
            passwords: self.passwords.taken(),
            limited_logins: self.rates.failed_logins.turned_away(),
            limited_tokens: self.rates.refused_tokens.turned_away(),
            writes: self.writes.counts(),
            commits: self.store().commits(),
            webhooks: self.webhooks.counts.read(),
        }
    }
}
