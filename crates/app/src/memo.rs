//! What a process remembers so as not to compute it again. Nothing is ever true because it stands here: a memo is looked
//! up by all that its value was computed from, so an answer is the same, byte for byte, with every memo switched off.

use std::hash::Hash;
use std::sync::Arc;

use bytes::Bytes;
use countersign_domain::ids::{SigningKeyId, SiteId, SiteSecretId};
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Equivalent, UnitWeighter, Weighter};

use crate::Ctx;
use crate::answers::AnswerKey;
use crate::devices::VerifiedToken;
use crate::license_api::{CheckKey, RememberedCheck};
use crate::license_proof::LicenseProofs;
use crate::oauth::TokenFacts;

/// Tokens that are remembered, over all sites: about 15 MB.
const TOKENS: usize = 100_000;
/// Access tokens that are remembered, over all sites: about 15 MB.
const BEARERS: usize = 50_000;
/// Signatures that are remembered: about 20 MB.
const SIGNATURES: usize = 50_000;
/// License objects whose proofs are remembered: about 20 MB.
const PROOFS: usize = 25_000;
/// Passwords that are remembered.
const PASSWORDS: usize = 1000;
/// Finished answers that are expected, and the bytes that all of them may take.
const ANSWERS: (usize, u64) = (20_000, 64 << 20);

/// Finished answers to checks of licenses that are expected, and the bytes that all of them may take.
const CHECKS: (usize, u64) = (20_000, 64 << 20);

/// The memos of a process, over all sites.
pub(crate) struct Memos {
    /// Tokens that an authorization key has verified, by site and SHA-256 of the token.
    pub(crate) tokens: Memo<(SiteId, [u8; 32]), VerifiedToken>,
    /// Access tokens of applications that a token key has verified, by site and SHA-256 of the token.
    pub(crate) bearers: Memo<(SiteId, [u8; 32]), Arc<TokenFacts>>,
    /// Signatures, by key and SHA-256 of what was signed: RS256 always gives the same one.
    pub(crate) signatures: Memo<(SignerId, [u8; 32]), Bytes>,
    /// Both signatures of license objects, by key and a digest of what they follow from.
    pub(crate) proofs: Memo<(SignerId, [u8; 32]), Arc<LicenseProofs>>,
    /// Passwords that fit, by a keyed digest of hash and password.
    pub(crate) passwords: Memo<[u8; 32], ()>,
    /// Answers as they are sent.
    pub(crate) answers: Memo<AnswerKey, Bytes, ByteCount>,
    /// Answers to checks of licenses as they are sent, with what shows that they still hold.
    pub(crate) checks: Memo<CheckKey, Arc<RememberedCheck>, ByteCount>,
}

/// The key that made a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SignerId {
    /// Of answers to devices.
    Devices(SigningKeyId),
    /// Of answers to licensed applications.
    Licenses(SiteSecretId),
}

impl Memos {
    /// Empty memos, or ones that remember nothing.
    pub(crate) fn new(remember: bool) -> Self {
        let (answers, bytes) = ANSWERS;
        let (checks, bytes_of_checks) = CHECKS;
        Self {
            tokens: Memo(remember.then(|| Cache::new(TOKENS))),
            bearers: Memo(remember.then(|| Cache::new(BEARERS))),
            signatures: Memo(remember.then(|| Cache::new(SIGNATURES))),
            proofs: Memo(remember.then(|| Cache::new(PROOFS))),
            passwords: Memo(remember.then(|| Cache::new(PASSWORDS))),
            answers: Memo(remember.then(|| Cache::with_weighter(answers, bytes, ByteCount))),
            checks: Memo(remember.then(|| Cache::with_weighter(checks, bytes_of_checks, ByteCount))),
        }
    }

    /// How often each had what was needed.
    pub(crate) fn counts(&self) -> Vec<MemoCounts> {
        let Self { tokens, bearers, signatures, proofs, passwords, answers, checks } = self;
        vec![
            tokens.counts("tokens"),
            bearers.counts("bearers"),
            signatures.counts("signatures"),
            proofs.counts("proofs"),
            passwords.counts("passwords"),
            answers.counts("answers"),
            checks.counts("checks"),
        ]
    }
}

/// How often a memo had what was needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoCounts {
    /// What it remembers.
    pub name: &'static str,
    /// How often it was there.
    pub hits: u64,
    /// How often it was not.
    pub misses: u64,
}

/// A bounded memo, which forgets what is used least. The `None` one remembers nothing.
pub struct Memo<K, V, W = UnitWeighter>(Option<Cache<K, V, W, DefaultHashBuilder>>);

impl<K: Clone + Eq + Hash, V: Clone> Memo<K, V> {
    /// One that remembers so many values, or none when memos are switched off.
    #[must_use]
    pub fn new(ctx: &Ctx, values: usize) -> Self {
        Self(ctx.parts.memos.then(|| Cache::new(values)))
    }
}

impl<K: Clone + Eq + Hash, V: Clone, W: Weighter<K, V> + Clone> Memo<K, V, W> {
    /// What is remembered.
    pub fn get<Q: Equivalent<K> + Hash + ?Sized>(&self, key: &Q) -> Option<V> {
        self.0.as_ref()?.get(key)
    }

    /// Whether something would be remembered, and is not.
    pub(crate) fn lacks(&self, key: &K) -> bool {
        self.0.as_ref().is_some_and(|cache| !cache.contains_key(key))
    }

    /// How often it had what was needed.
    fn counts(&self, name: &'static str) -> MemoCounts {
        let (hits, misses) = self.0.as_ref().map_or((0, 0), |cache| (cache.hits(), cache.misses()));
        MemoCounts { name, hits, misses }
    }

    /// Remembers a value.
    pub fn insert(&self, key: K, value: V) {
        if let Some(cache) = &self.0 {
            cache.insert(key, value);
        }
    }

    /// Forgets a value.
    pub(crate) fn remove(&self, key: &K) {
        if let Some(cache) = &self.0 {
            cache.remove(key);
        }
    }

    /// What is remembered, or what is computed now and then remembered. Of several that want the same at once, one
    /// computes it and the others wait; when that one fails or goes away, the next one computes. A failure is not remembered.
    pub(crate) async fn find_or_compute<E>(
        &self,
        key: &K,
        compute: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        match &self.0 {
            Some(cache) => cache.get_or_insert_async(key, compute).await,
            None => compute.await,
        }
    }
}

/// Counts the bytes of an answer, and about as many as its key takes.
#[derive(Clone)]
pub(crate) struct ByteCount;

impl Weighter<AnswerKey, Bytes> for ByteCount {
    fn weight(&self, _: &AnswerKey, answer: &Bytes) -> u64 {
        answer.len() as u64 + 300
    }
}

impl Weighter<CheckKey, Arc<RememberedCheck>> for ByteCount {
    fn weight(&self, key: &CheckKey, answer: &Arc<RememberedCheck>) -> u64 {
        (key.len() + answer.len()) as u64 + 400
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    async fn compute(counted: &AtomicU32, outcome: Result<u8, u8>) -> Result<u8, u8> {
        counted.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        outcome
    }

    #[tokio::test]
    async fn what_many_want_at_once_is_computed_once_and_a_failure_is_not_kept() {
        let (memo, counted) = (Memo::<u8, u8>(Some(Cache::new(10))), AtomicU32::new(0));
        assert_eq!(memo.find_or_compute(&1, compute(&counted, Err(7))).await, Err(7));
        assert_eq!(memo.get(&1), None);
        let want = || memo.find_or_compute(&1, compute(&counted, Ok(9)));
        assert_eq!(tokio::join!(want(), want(), want()), (Ok(9), Ok(9), Ok(9)));
        assert_eq!((counted.load(Ordering::SeqCst), memo.get(&1)), (2, Some(9)));
    }

    #[tokio::test]
    async fn whoever_goes_away_leaves_the_work_to_the_next() {
        let (memo, counted) = (Memo::<u8, u8>(Some(Cache::new(10))), AtomicU32::new(0));
        let mut first = Box::pin(memo.find_or_compute(&1, compute(&counted, Ok(9))));
        let waker = std::task::Waker::noop();
        assert!(first.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
        drop(first);
        assert_eq!(memo.find_or_compute(&1, compute(&counted, Ok(8))).await, Ok(8));
        assert_eq!(counted.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_memo_that_is_off_remembers_nothing() {
        let (memo, counted) = (Memo::<u8, u8>(None), AtomicU32::new(0));
        memo.insert(1, 5);
        assert_eq!(memo.get(&1), None);
        for _ in 0..2 {
            assert_eq!(memo.find_or_compute(&1, compute(&counted, Ok(9))).await, Ok(9));
        }
        assert_eq!(counted.load(Ordering::SeqCst), 2);
    }
}
