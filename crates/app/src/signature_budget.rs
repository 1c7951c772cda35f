//! How many first signatures a credential may have under way. Whoever holds one good token can ask questions that nobody
//! has asked before, and each costs a signature; those of others must not wait behind all of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use countersign_domain::ids::{ApplicationId, AuthorizationKeyId, SiteId};

/// First signatures that one device key, or one application that gets tokens, or the users of a site may have under way: a quarter of what the signer lets wait.
const OF_DEVICES: usize = 128;
/// The same for the license door of a site, whose applications share few keys, and wait instead of coming again: at two
/// signatures each the last of them waits about a second on one thread.
const OF_LICENSES: usize = 1024;

/// What first signatures are counted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Credential {
    /// An application that gets tokens.
    Application(ApplicationId),
    /// A key that checks device tokens.
    Devices(AuthorizationKeyId),
    /// All API keys and applications of a site.
    Licenses(SiteId),
    /// All users of a site.
    Users(SiteId),
}

impl Credential {
    fn limit(self) -> usize {
        match self {
            Self::Application(_) | Self::Devices(_) | Self::Users(_) => OF_DEVICES,
            Self::Licenses(_) => OF_LICENSES,
        }
    }
}

/// First signatures that are under way.
#[derive(Default)]
pub(crate) struct SignatureBudget {
    /// By credential. The table has no more entries than there are of those.
    under_way: Mutex<HashMap<Credential, usize>>,
    put_off: AtomicU64,
}

/// One first signature. Its place is free again when this is dropped.
pub(crate) struct FirstSignature<'b> {
    budget: &'b SignatureBudget,
    credential: Credential,
}

impl SignatureBudget {
    /// Begins a first signature, unless the credential has too many under way.
    pub(crate) fn begin(&self, credential: Credential) -> Option<FirstSignature<'_>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.entry(credential).or_default();
        if *count >= credential.limit() {
            self.put_off.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *count += 1;
        Some(FirstSignature { budget: self, credential })
    }

    /// How many were not begun so far.
    pub(crate) fn put_off(&self) -> u64 {
        self.put_off.load(Ordering::Relaxed)
    }
}

impl Drop for FirstSignature<'_> {
    fn drop(&mut self) {
        let mut under_way = self.budget.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        match under_way.get_mut(&self.credential) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => {
                under_way.remove(&self.credential);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_that_floods_leaves_the_others_alone() {
        let budget = SignatureBudget::default();
        let (flooding, other) = (Credential::Devices(AuthorizationKeyId(1)), Credential::Licenses(SiteId(1)));
        let held: Vec<_> = (0..OF_DEVICES).filter_map(|_| budget.begin(flooding)).collect();
        assert_eq!(held.len(), OF_DEVICES);
        assert!(budget.begin(flooding).is_none());
        assert_eq!(budget.put_off(), 1);
        assert!(budget.begin(other).is_some());
        drop(held);
        assert!(budget.begin(flooding).is_some());
        assert!(budget.under_way.lock().unwrap().is_empty());
    }
}
