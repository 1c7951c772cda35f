//! Proving who a producer is, by password or by access token.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use countersign_crypto::{Secret, sha256};
use countersign_domain::ids::SiteId;
use countersign_domain::site::Site;
use countersign_domain::text::Username;
use countersign_domain::user::User;

use crate::failure_limit::FailureLimit;
use crate::fault::takes_store_errors;
use crate::users::passwords::TooMany;
use crate::{Ctx, Fault};

/// What a producer presents. Nothing in it is proved yet.
pub enum Credentials {
    /// User name and password (HTTP Basic).
    Password {
        /// Login name.
        username: String,
        /// Password.
        password: Secret<String>,
    },
    /// A long-lived access token (`rna_…`).
    Token(Secret<String>),
}

/// A producer whose credential was verified, for one site.
#[derive(Clone)]
pub struct Operator {
    user: User,
    /// Digest of the stored hash that the password was verified against; `None` where there was no password.
    password: Option<[u8; 32]>,
}

impl Operator {
    /// Somebody whose credential was verified just now.
    pub(super) fn proved(user: User) -> Self {
        Self { user, password: None }
    }

    /// Somebody whose password fits a stored hash.
    fn knows(user: User, hash: &str) -> Self {
        Self { user, password: Some(sha256(hash.as_bytes())) }
    }

    /// What stands for the password that was verified.
    pub(super) fn password(&self) -> Option<&[u8; 32]> {
        self.password.as_ref()
    }

    /// Who it is, and what the role is.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Why nobody is logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Unknown user, wrong password, unknown or ended token: callers learn no more than that.
    #[error("user name and password, or access token, are not valid for this site")]
    Refused,
    /// From this address too many logins under this name have failed.
    #[error("too many failed logins under this name")]
    Limited {
        /// How long until another password is tried, in seconds.
        seconds: u32,
    },
    /// Too many passwords are being checked right now.
    #[error("too many logins at once; try again in a moment")]
    TooMany,
}

takes_store_errors!(LoginError);

/// Failed logins by site and address, whatever the names: one password is tried with many of them, too.
pub(crate) type FailedGuesses = FailureLimit<(SiteId, IpAddr)>;

/// Failed logins by site, SHA-256 of the user name, and address.
pub(crate) type FailedLogins = FailureLimit<(SiteId, [u8; 32], IpAddr)>;

/// Verifies a credential against one site, for a caller on this machine.
///
/// # Errors
/// [`LoginError::Refused`] without telling which part was wrong.
pub async fn login(ctx: &Ctx, site: &Site, credentials: Credentials) -> Result<Operator, LoginError> {
    login_from(ctx, site, credentials, None).await
}

/// Verifies a credential that came from an address against one site.
///
/// After ten failures within five minutes, or as many as the operator allows, no further password is tried for the same
/// name and address, until five minutes have passed since the first. An address that fails under many names is turned away
/// after a hundred within a minute. A password that is known to be right always gets in, and so does everybody elsewhere: nobody can lock out a
/// user. Access tokens cannot be guessed, so their failures are not counted.
///
/// # Errors
/// [`LoginError::Refused`] without telling which part was wrong.
pub async fn login_from(
    ctx: &Ctx,
    site: &Site,
    credentials: Credentials,
    from: Option<IpAddr>,
) -> Result<Operator, LoginError> {
    let site = site.id;
    match credentials {
        Credentials::Password { username, password } => {
            let caller = from.map(|address| (site, sha256(username.as_bytes()), address));
            let username = Username::new(username).ok();
            let found = match username {
                Some(name) => {
                    ctx.store()
                        .read::<_, LoginError, _>(move |tx| {
                            Box::pin(async move { Ok(tx.users().find(site, &name).await?) })
                        })
                        .await?
                }
                None => None,
            };
            let (found, hash) =
                found.map_or((None, None), |(user, hash)| (Some(Operator::knows(user, &hash)), Some(hash)));
            if hash.as_ref().is_some_and(|hash| ctx.remembers_password(hash, &password)) {
                return found.ok_or(LoginError::Refused);
            }
            if let Some(seconds) = caller.as_ref().and_then(|caller| ctx.rates.password_wait(caller, ctx.now())) {
                return Err(LoginError::Limited { seconds });
            }
            let fits = ctx.check_password(hash, password, from).await?.map_err(|TooMany| LoginError::TooMany)?;
            if !fits && let Some(caller) = &caller {
                ctx.rates.note_wrong_password(caller, ctx.now());
            }
            found.filter(|_| fits).ok_or(LoginError::Refused)
        }
        Credentials::Token(token) => {
            let (digest, now) = (ctx.parts.digests.digest(&token), ctx.now());
            let user = ctx
                .store()
                .read::<_, LoginError, _>(move |tx| {
                    Box::pin(async move { Ok(tx.access_tokens().find_user(site, &digest, now).await?) })
                })
                .await?;
            user.map(Operator::proved).ok_or(LoginError::Refused)
        }
    }
}

/// Wrong passwords under one name from one address within [`LOGIN_WINDOW`], unless the operator says otherwise. People
/// mistype; and guessing two a minute takes longer than any password worth the name lives.
pub(crate) const FAILURES: u32 = 10;
/// Time within which wrong passwords under one name from one address are counted.
pub(crate) const LOGIN_WINDOW: Duration = Duration::from_secs(300);
/// Wrong passwords from one address within a minute, whatever the names: an office behind one address mistypes less.
pub(crate) const GUESSES: u32 = 100;
