//! Producers: their logins, and proving who they are.

mod admin;
mod login;
mod passwords;
mod session;
mod token_name;

pub use crate::oauth::TokenKeyError;
pub use admin::{
    AddUserError, IssuedToken, TokenError, add, find_or_add, issue_token, list, list_tokens, revoke_token, set_password,
};
pub use login::{Credentials, LoginError, Operator, login, login_from};
pub(crate) use login::{FAILURES, FailedGuesses, FailedLogins, GUESSES, LOGIN_WINDOW};
pub(crate) use passwords::PasswordPool;
pub(crate) use passwords::TooMany;
pub use session::{BeginSessionError, SESSION_SECONDS, Session, SessionError, begin_session, resume_session};
pub(crate) use token_name::FurtherTokenName;
pub use token_name::TokenName;
