//! What a license client is made from, and what can be wrong with it.

use std::{fmt, path::PathBuf, time::Duration};

use countersign_crypto::secret::Secret;

use crate::config::{ConfigError, ProxyUse, Timeouts};

/// Everything a [`LicenseClient`](super::LicenseClient) must be told.
pub struct LicenseConfig {
    /// Where the server is, with its path prefix if it has one, without `/api/v4`: `https://licenses.example.com/t/acme`.
    pub base_url: String,
    /// How this application proves its requests.
    pub credential: Credential,
    /// Code of the product; of the bundle for a client of a bundle.
    pub product: String,
    /// What names this machine, 1 to 255 bytes. `None`: a [fingerprint of the machine](super::machine_fingerprint).
    pub hardware_id: Option<String>,
    /// The public keys (RSA) that may have signed an answer: base64 of the SPKI DER, or PEM. Usually one; two while the
    /// producer moves to a new key. These must come with the application, never from the server that is asked.
    pub answer_keys: Vec<String>,
    /// The public key (P-256) for codes across an air gap: base64 of X and then Y. Needed for those alone.
    pub air_gap_key: Option<String>,
    /// Where the license is kept between runs: the same folder for all processes that are to share the activation. It must be
    /// writable. It is made, for its owner alone, with the first file if only the folder that it is in is there.
    pub folder: PathBuf,
    /// What holds while the server cannot be asked.
    pub away: AwayPolicy,
    /// How often, and after which waits, a call is tried again.
    pub retries: Retries,
    /// How long to wait for the network. Calls use `connect`, `read` and `exchange`.
    pub timeouts: Timeouts,
    /// Whether requests go through a proxy.
    pub proxy: ProxyUse,
}

impl LicenseConfig {
    /// A configuration with the usual policy, retries and timeouts, and the fingerprint of the machine as hardware ID.
    #[must_use]
    pub fn new(
        base_url: impl Into<String>,
        credential: Credential,
        product: impl Into<String>,
        answer_keys: Vec<String>,
        folder: impl Into<PathBuf>,
    ) -> Self {
        Self {
            base_url: base_url.into(),
            credential,
            product: product.into(),
            hardware_id: None,
            answer_keys,
            air_gap_key: None,
            folder: folder.into(),
            away: AwayPolicy::default(),
            retries: Retries::default(),
            timeouts: Timeouts::default(),
            proxy: ProxyUse::Environment,
        }
    }
}

impl fmt::Debug for LicenseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing here has been checked yet: the URL could hold a password, and a key could be the private half.
        f.debug_struct("LicenseConfig")
            .field("product", &self.product)
            .field("answer_keys", &self.answer_keys.len())
            .field("folder", &self.folder)
            .field("away", &self.away)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

/// How an application proves its requests.
#[derive(Debug)]
pub enum Credential {
    /// An API key, with which each request's date is signed.
    ApiKey {
        /// The public half.
        api_key: String,
        /// The shared key.
        shared_key: Secret<String>,
    },
    /// An OAuth 2 client (client credentials, RFC 6749 §4.4). It cannot write files for activation offline.
    OAuth {
        /// The client's ID.
        client_id: String,
        /// Its secret.
        client_secret: Secret<String>,
        /// Where tokens come from. `None`: where the server says, if that is the server itself.
        token_url: Option<String>,
    },
}

/// What holds while the server cannot be asked. The protocol has no member for this, so the application decides.
///
/// Both spans count from the last answer of the server that was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwayPolicy {
    /// How long an answer holds without another one: within it the license is valid although nobody asked again.
    pub confirmed_for: Duration,
    /// What follows when the server cannot be asked, or was not asked for longer than that.
    pub then: WhenAway,
}

/// What becomes of a license that the server does not confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenAway {
    /// It goes on until so long after the last answer.
    Grace(Duration),
    /// It stops at once, and begins again with the next answer.
    Stop,
}

impl Default for AwayPolicy {
    /// Valid for a day, with grace up to three days after the last answer: a weekend.
    fn default() -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        Self { confirmed_for: day, then: WhenAway::Grace(day.saturating_mul(3)) }
    }
}

/// How often a call is tried again that may be tried again: when there was no answer, and after 429 and 5xx.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often it is sent at most, from 1 to 10.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles with each further one. Waits are shortened at random, by up to half.
    pub first_wait: Duration,
    /// The longest wait. A server that wants a longer one is not waited for.
    pub longest_wait: Duration,
}

impl Default for Retries {
    /// Three attempts within some seconds.
    fn default() -> Self {
        Self { attempts: 3, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(10) }
    }
}

/// Why a license client cannot be made from a configuration.
#[derive(Debug, thiserror::Error)]
pub enum LicenseConfigError {
    /// The key for codes across an air gap is not one.
    #[error("the air gap key cannot be used; expected base64 of 64 bytes, X and then Y")]
    AirGapKey,
    /// The API key, the client ID or one of their secrets is empty, too long, or has characters that cannot be sent.
    #[error("{which} is empty, too long, or has characters that cannot be sent")]
    Credential {
        /// Which of them.
        which: &'static str,
    },
    /// The hardware ID is empty, too long, or has control characters.
    #[error("the hardware ID must have 1 to 255 bytes and no control characters")]
    HardwareId,
    /// No ID of this machine can be found; give one in the configuration.
    #[error("this machine has no ID that can be read; give a hardware ID")]
    NoMachineId,
    /// There is no key, so no answer could ever be believed.
    #[error("no answer key is pinned, so no answer could be believed; give the site's public license key")]
    NoAnswerKey,
    /// The product's code is empty, too long, or has control characters.
    #[error("the product code must have 1 to 255 bytes and no control characters")]
    Product,
    /// The base URL or an answer key cannot be used.
    #[error(transparent)]
    Shared(#[from] ConfigError),
}

/// Whether a text can be a name in requests and files.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// The longest hardware ID and code that servers of this protocol take.
const MAX_NAME_BYTES: usize = 255;
