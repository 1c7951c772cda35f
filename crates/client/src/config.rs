//! What a client is made from, and what can be wrong with it.

use std::{fmt, time::Duration};

use countersign_crypto::{public_key::KeyParseError, secret::Secret, verifying_key::VerifyingKeyError};

/// Everything a [`DeviceClient`](crate::DeviceClient) must be told.
pub struct ClientConfig {
    /// Where the server is, with its path prefix if it has one: `https://updates.example.com/t/acme`.
    pub base_url: String,
    /// The device token (a JWT that the producer made), sent as a bearer token with every question.
    pub token: Secret<String>,
    /// The public keys that may have signed an answer: base64 of the SPKI DER, or PEM. Usually one; two while the
    /// producer moves to a new key. These must come with the device, never from the server that is asked.
    pub signing_keys: Vec<String>,
    /// How long to wait for the network.
    pub timeouts: Timeouts,
    /// Whether requests go through a proxy.
    pub proxy: ProxyUse,
}

impl ClientConfig {
    /// A configuration with the default timeouts and the environment's proxy settings.
    #[must_use]
    pub fn new(base_url: impl Into<String>, token: Secret<String>, signing_keys: Vec<String>) -> Self {
        Self {
            base_url: base_url.into(),
            token,
            signing_keys,
            timeouts: Timeouts::default(),
            proxy: ProxyUse::Environment,
        }
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing here has been checked yet: the URL could hold a password, and a key could be the private half.
        f.debug_struct("ClientConfig")
            .field("signing_keys", &self.signing_keys.len())
            .field("timeouts", &self.timeouts)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

/// How long the client waits for the network before it gives a request up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For finding the address, connecting and the TLS handshake.
    pub connect: Duration,
    /// For each single read; it begins anew whenever bytes arrive, so it does not limit a long download.
    pub read: Duration,
    /// For a whole question or poll, from connecting to the last byte of the answer.
    pub exchange: Duration,
    /// For one request for a file, to its last byte. When it ends, the download goes on with a request for the rest,
    /// as after a broken connection.
    pub file: Duration,
}

impl Default for Timeouts {
    /// 10 s to connect, 30 s without a byte, 60 s for a question: generous on a mobile link, short enough that an
    /// hourly check never overlaps the next one. A day for a file, because download links live no longer.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            exchange: Duration::from_secs(60),
            file: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Whether requests go through a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyUse {
    /// Always connect directly.
    Direct,
    /// Obey `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, as other programs do.
    Environment,
}

/// Why a client cannot be made from a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The base URL cannot be used. The URL is not repeated, because it may hold a password.
    #[error("the base URL cannot be used: {fault}")]
    BaseUrl {
        /// What is wrong with it.
        fault: &'static str,
    },
    /// There is no signing key, so no answer could ever be believed.
    #[error(
        "no signing key is pinned, so no answer could be believed; give the public key that the server shows as its \
         update signing key"
    )]
    NoSigningKey,
    /// A signing key cannot be read.
    #[error("signing key {position} cannot be used")]
    SigningKey {
        /// Which key of the list, counted from 1.
        position: usize,
        /// What is wrong with it.
        #[source]
        source: KeyParseError,
    },
    /// A signing key can be read, but is not one to rely on.
    #[error("signing key {position} is refused")]
    WeakSigningKey {
        /// Which key of the list, counted from 1.
        position: usize,
        /// Why.
        #[source]
        source: VerifyingKeyError,
    },
    /// The device token has characters that no token has.
    #[error("the device token is empty, too long or not a token; expected three base64url parts joined by dots")]
    Token,
}

/// Accepts only what a JWT can look like, so that the token can always be sent as a header.
pub(crate) fn checked_token(token: Secret<String>) -> Result<Secret<String>, ConfigError> {
    let text = token.expose();
    let plausible = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if text.is_empty() || text.len() > MAX_TOKEN_BYTES || !text.bytes().all(plausible) {
        return Err(ConfigError::Token);
    }
    Ok(token)
}

/// The longest token that servers of this protocol read.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
