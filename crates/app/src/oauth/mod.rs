//! Access tokens for applications (OAuth 2.0 client credentials, RFC 6749 section 4.4; JWT profile, RFC 9068): who gets
//! them, what is in them, and who they let in.
//!
//! Tokens are not stored. What ends one before its time stands in the site's snapshot: its application, the credential
//! that it was given for, the number of the application's tokens, and its own ID. So a check needs no look-up, and what is
//! revoked is refused everywhere within a second.

mod applications;
mod assertion;
mod bearer;
mod client;
mod credentials;
#[cfg(fuzzing)]
pub mod fuzzing;
mod inspect;
mod issue;
mod judging;
mod keys;
mod last_use;
mod limits;
mod published;
mod state;
mod sweep;

pub use applications::{ApplicationError, change, create, delete, find, list, revoke_tokens, set_disabled};
pub use bearer::{AuthenticatedApplication, BearerError, TokenOwner, authenticate_bearer};
pub use client::{AuthenticatedClient, ClientError, ClientProof, authenticate_client};
pub use credentials::{
    CredentialError, IssuedSecret, RetiredTokens, add_key, add_secret, list_credentials, retire, secret_is_valid,
};
pub use inspect::{ActiveToken, Asker, RevokeTokenError, introspect, revoke};
pub use issue::{IssueError, IssuedToken, TokenRequest, issue};
pub(crate) use judging::TokenFacts;
pub use judging::TokenProblem;
pub use keys::{OldTokenKeys, TokenKeyError, list as list_token_keys, rotate as rotate_token_key};
pub(crate) use keys::{ensure as ensure_token_key, token_key_label};
pub(crate) use last_use::LastUse;
pub use last_use::write_last_uses;
pub(crate) use limits::ClientLimits;
pub use published::{ASSERTION_ALGORITHMS, Endpoints, TOKEN_PATH, endpoints, public_keys};
pub(crate) use state::{OauthRows, OauthState, issuer_of};
pub(crate) use sweep::forget_ended;
