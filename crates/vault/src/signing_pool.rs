//! A small pool of threads that only sign. RSA work on an asynchronous thread would hold up everything else there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use countersign_crypto::RsaPrivateKey;
use tokio::sync::{mpsc, oneshot};

/// Signatures that may wait. At 0.4 ms each the last one waits about 0.2 s on one thread; beyond that the caller is told
/// to come again, which costs nobody a connection.
const QUEUE: usize = 512;

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
    reply: oneshot::Sender<Result<Bytes, SigningError>>,
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

    async fn made(&self, answer: oneshot::Receiver<Result<Bytes, SigningError>>) -> Result<Bytes, SigningError> {
        let signature = answer.await.unwrap_or(Err(SigningError::Closed))?;
        self.counters.made.fetch_add(1, Ordering::Relaxed);
        Ok(signature)
    }
}

fn work(jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(Job { key, input, reply }) = job else { return };
        // A device that went away needs no signature.
        if reply.is_closed() {
            continue;
        }
        let signature = key.sign_pkcs1_sha256((*input).as_ref());
        let _ = reply.send(signature.map(Bytes::from).map_err(|_| SigningError::Failed));
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
