//! Single sign-on: people of an account prove themselves at its OpenID provider, and with what it says here
//! (`docs/protocol/license.md`, "Single sign-on").
//!
//! | file | what |
//! |---|---|
//! | `provider.rs` | the provider of an account, as the producer lays it down |
//! | `url.rs` | where people log in |
//! | `login.rs` | who somebody is who comes back |
//! | `binding.rs` | nonce, state and verifier, which tie both together |
//! | `id_token.rs`, `exchange.rs` | what a provider says of a person, and what it gives for a code |
//! | `discovery.rs`, `published.rs` | what a provider publishes, remembered; and read |
//! | `asking.rs` | how providers are asked |

mod asking;
mod binding;
mod discovery;
mod exchange;
#[cfg(fuzzing)]
pub mod fuzzing;
mod id_token;
mod login;
mod provider;
mod published;
mod url;

use std::sync::Arc;

use countersign_crypto::Secret;
use countersign_domain::ids::AccountId;
use countersign_domain::licensing::SsoProvider;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use self::asking::{ProviderHttp, ProviderHttpError, ProviderRequest};
pub(crate) use self::discovery::Discoveries;
pub(super) use self::login::prove;
pub use self::login::{SsoLogin, SsoProof};
pub(crate) use self::provider::sso_label;
pub use self::provider::{SsoError, find_provider, remove_provider, set_provider};
pub use self::url::{ResponseType, SsoQuestion, SsoUrl, sso_url};
use super::refusal::{LicenseError, Refusal};

/// A provider with what is needed of it at once.
struct Known {
    account: AccountId,
    settings: Arc<SsoProvider>,
    secret: Option<Secret<String>>,
}

/// Parameters as forms and queries are written.
fn form(parameters: &[(&str, String)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A text as it is written in forms, queries and headers: everything but unreserved characters (RFC 3986 section 2.3) is encoded.
fn encoded(text: &str) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, ENCODED).to_string()
}

/// A login that is refused. The operator is told why, the person is not.
fn failed(what: &str, error: Option<&(dyn std::error::Error + 'static)>) -> LicenseError {
    tracing::warn!(error, what, "single sign-on failed");
    Refusal::SsoFailed.into()
}

/// A provider that does not do its part: told to the operator, too.
fn unavailable(what: &str, error: Option<&(dyn std::error::Error + 'static)>) -> LicenseError {
    tracing::warn!(error, what, "a provider of single sign-on cannot be used");
    Refusal::SsoUnavailable.into()
}
