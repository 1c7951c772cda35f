//! Applications that get access tokens (OAuth 2.0, RFC 6749), and what tokens may be used for.

mod application;
mod credential;
mod scope;
mod signing;

pub use application::{
    APPLICATIONS, Application, Compatibility, GRANTS, NewApplication, PRODUCTS, TokenLife, TokenLifeError,
};
pub use credential::{CREDENTIALS, Credential, CredentialProof, NewCredential};
pub use scope::{Scope, Scopes, UnknownScope};
pub use signing::{TOKEN_KEY_LEAD, TOKEN_KEYS, TokenAlgorithm, TokenKey, end_of_key_before};
