//! A small pool of threads that only sign. RSA work on an asynchronous thread would hold up everything else there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::vec::IntoIter;

use bytes::Bytes;
use countersign_crypto::RsaPrivateKey;
use tokio::sync::{mpsc, oneshot};

/// Signatures that may wait. At 0.4 ms each the last one waits about 0.2 s on one thread; beyond that the caller is told
/// to come again, which costs nobody a connection.
const QUEUE: usize = 512;
/// Signatures that are answered together, while [`MANY`] wait: about 4 ms of one thread.
const TOGETHER: usize = 16;
/// So many wait when signatures are held back: twice as many as are answered together, so that the wait for them grows by half
/// at most.
const MANY: usize = 32;

/// Why there is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The queue is full; try again in a moment.
    #[error("the signer is busy")]
    Busy,
    /// The pool has been stopped.
    #[error("the signer has stopped")]
    Closed,
    /// The library refused to sign.
    #[error("the signature could not be made")]
    Failed,
}

/// Bytes to sign, which may be the text of another form.
pub trait ToSign: AsRef<[u8]> + Send + Sync {}

impl<B: AsRef<[u8]> + Send + Sync> ToSign for B {}

struct Job {
    key: Arc<RsaPrivateKey>,
    input: Arc<dyn ToSign>,
    reply: Reply,
}

type Outcome = Result<Bytes, SigningError>;
type Reply = oneshot::Sender<Signed>;

/// What a caller gets, with what others get.
struct Signed {
    outcome: Outcome,
    _others: Others,
}

/// Numbers about signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningCounts {
    /// Signatures that were made.
    pub made: u64,
    /// Callers that were turned away because the queue was full.
    pub busy: u64,
    /// Signatures that wait for a thread at this moment.
    pub waiting: usize,
}

#[derive(Default)]
struct Counters {
    made: AtomicU64,
    busy: AtomicU64,
}

/// The way to the signing threads. They end when the last clone of the pool is dropped.
#[derive(Clone)]
pub struct SigningPool {
    queue: mpsc::Sender<Job>,
    counters: Arc<Counters>,
}

impl SigningPool {
    /// Starts a pool; as many threads as there are cores is right.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(threads: usize) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 1..=threads.max(1) {
            let jobs = jobs.clone();
            std::thread::Builder::new().name(format!("signer-{number}")).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue, counters: Arc::default() })
    }

    /// Numbers about signatures.
    #[must_use]
    pub fn counts(&self) -> SigningCounts {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let waiting = self.queue.max_capacity().saturating_sub(self.queue.capacity());
        SigningCounts { made: count(&self.counters.made), busy: count(&self.counters.busy), waiting }
    }

    /// Signs with RS256.
    ///
    /// # Errors
    /// [`SigningError::Busy`] at once when the queue is full.
    pub async fn sign(&self, key: Arc<RsaPrivateKey>, input: Arc<dyn ToSign>) -> Result<Bytes, SigningError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Job { key, input, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                self.counters.busy.fetch_add(1, Ordering::Relaxed);
                SigningError::Busy
            }
            mpsc::error::TrySendError::Closed(_) => SigningError::Closed,
        })?;
        self.made(answer).await
    }

    /// Signs with RS256 what says that something was done already: it waits for a place in the queue, because whoever hears
    /// "busy" would do it again. The caller bounds how many wait.
    ///
    /// # Errors
    /// [`SigningError::Closed`] or [`SigningError::Failed`].
    pub async fn sign_in_turn(&self, key: Arc<RsaPrivateKey>, input: Arc<dyn ToSign>) -> Result<Bytes, SigningError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Job { key, input, reply }).await.map_err(|_| SigningError::Closed)?;
        self.made(answer).await
    }

    async fn made(&self, answer: oneshot::Receiver<Signed>) -> Outcome {
        let signature = answer.await.map_or(Err(SigningError::Closed), |signed| signed.outcome)?;
        self.counters.made.fetch_add(1, Ordering::Relaxed);
        Ok(signature)
    }
}

/// Takes jobs, and holds finished ones back for a moment while many others wait: whoever is answered asks or writes next, and
/// those that come together share a wake-up and a commit.
fn work(jobs: &Mutex<mpsc::Receiver<Job>>) {
    let mut held = Vec::with_capacity(TOGETHER);
    loop {
        let waiting = if held.is_empty() || held.len() >= TOGETHER { None } else { next_of_many(jobs) };
        let job = match waiting {
            Some(job) => job,
            None => {
                send(std::mem::take(&mut held));
                let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                let Some(job) = job else { return };
                job
            }
        };
        let Job { key, input, reply } = job;
        // A device that went away needs no signature.
        if reply.is_closed() {
            continue;
        }
        let signature = key.sign_pkcs1_sha256((*input).as_ref());
        held.push((reply, signature.map(Bytes::from).map_err(|_| SigningError::Failed)));
    }
}

/// The next job, if so many wait that nobody is kept waiting noticeably longer by what is held back.
fn next_of_many(jobs: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    // Another thread has it: perhaps it waits there for the next job, with which nothing may wait.
    let mut jobs = jobs.try_lock().ok()?;
    if jobs.len() < MANY { None } else { jobs.try_recv().ok() }
}

/// Answers callers: wakes the first one, which wakes the others. On one core each caller that is woken from here would take it
/// from this thread.
fn send(signed: Vec<(Reply, Outcome)>) {
    let mut others = Others(signed.into_iter());
    while let Some((reply, outcome)) = others.0.next() {
        match reply.send(Signed { outcome, _others: others }) {
            Ok(()) => return,
            // This caller went away; the next one carries what is for the others.
            Err(Signed { _others, .. }) => others = _others,
        }
    }
}

/// What is for others. Wherever this is dropped, be it in an answer that nobody reads any more, it is sent.
struct Others(IntoIter<(Reply, Outcome)>);

impl Drop for Others {
    fn drop(&mut self) {
        for (reply, outcome) in &mut self.0 {
            // A caller that went away does not need its answer.
            let _ = reply.send(Signed { outcome, _others: Others(Vec::new().into_iter()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_crypto::jose::signing_input;
    use countersign_crypto::{Algorithm, ProtectedHeader, RsaBits, VerifyingKey};

    use super::*;

    #[tokio::test]
    async fn a_signature_is_made_and_verifies() {
        let key = Arc::new(RsaPrivateKey::generate(RsaBits::B2048).unwrap());
        let pool = SigningPool::start(2).unwrap();
        let input = Arc::new(signing_input(&ProtectedHeader::rs256(), b"{}"));
        let signature = pool.sign(key.clone(), input.clone()).await.unwrap();
        let answer = Arc::unwrap_or_clone(input).into_flattened(&signature);
        let verifying = VerifyingKey::from_rsa(key.public_key()).unwrap();
        assert_eq!(answer.verify(Algorithm::RS256, &verifying).unwrap(), b"{}");
    }

    #[tokio::test]
    async fn many_at_once_are_all_answered_though_some_go_away() {
        let key = Arc::new(RsaPrivateKey::generate(RsaBits::B2048).unwrap());
        let pool = SigningPool::start(2).unwrap();
        let mut waiting: Vec<_> = (0..60_u8)
            .map(|number| {
                let mut signing = Box::pin(pool.sign(key.clone(), Arc::new(vec![number])));
                let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
                let ended = Future::poll(signing.as_mut(), context);
                (number, signing, ended)
            })
            .collect();
        waiting.retain(|(number, ..)| number % 3 != 0);
        let verifying = VerifyingKey::from_rsa(key.public_key()).unwrap();
        for (number, signing, ended) in waiting {
            let signature = match ended {
                std::task::Poll::Ready(signature) => signature.unwrap(),
                std::task::Poll::Pending => signing.await.unwrap(),
            };
            verifying.verify(Algorithm::RS256, &[number], &signature).unwrap();
        }
    }

    #[tokio::test]
    async fn a_full_queue_says_so_at_once() {
        let key = Arc::new(RsaPrivateKey::generate(RsaBits::B2048).unwrap());
        let (queue, jobs) = mpsc::channel(1);
        let pool = SigningPool { queue, counters: Arc::default() };
        let input = || Arc::new(signing_input(&ProtectedHeader::rs256(), b"{}"));
        let waiting = pool.sign(key.clone(), input());
        let mut waiting = Box::pin(waiting);
        let _ = Future::poll(waiting.as_mut(), &mut std::task::Context::from_waker(std::task::Waker::noop()));
        assert_eq!(pool.sign(key.clone(), input()).await, Err(SigningError::Busy));
        assert_eq!(pool.counts(), SigningCounts { made: 0, busy: 1, waiting: 1 });
        let mut patient = Box::pin(pool.sign_in_turn(key.clone(), input()));
        let _ = Future::poll(patient.as_mut(), &mut std::task::Context::from_waker(std::task::Waker::noop()));
        assert_eq!(
            pool.counts(),
            SigningCounts { made: 0, busy: 1, waiting: 1 },
            "it waits, and nobody was turned away"
        );
        drop(jobs);
        assert_eq!(patient.await, Err(SigningError::Closed));
        assert_eq!(waiting.await, Err(SigningError::Closed));
        assert_eq!(pool.sign(key, input()).await, Err(SigningError::Closed));
    }
}
