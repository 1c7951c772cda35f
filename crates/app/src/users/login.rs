//! Proving who a producer is, by password or by access token.

use countersign_crypto::Secret;
use countersign_domain::site::Site;
use countersign_domain::text::Username;
use countersign_domain::user::User;

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
#[derive(Clone, Debug)]
pub struct Operator {
    user: User,
}

impl Operator {
    /// Who it is, and what the role is.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
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
    /// Too many passwords are being checked right now.
    #[error("too many logins at once; try again in a moment")]
    TooMany,
}

takes_store_errors!(LoginError);

/// Verifies a credential against one site.
///
/// # Errors
/// [`LoginError::Refused`] without telling which part was wrong.
pub async fn login(ctx: &Ctx, site: &Site, credentials: Credentials) -> Result<Operator, LoginError> {
    let site = site.id;
    match credentials {
        Credentials::Password { username, password } => {
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
            let (user, hash) = found.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
            let fits = ctx.check_password(hash, password).await?.map_err(|TooMany| LoginError::TooMany)?;
            user.filter(|_| fits).map(|user| Operator { user }).ok_or(LoginError::Refused)
        }
        Credentials::Token(token) => {
            let (digest, now) = (ctx.parts.digests.digest(&token), ctx.now());
            let user = ctx
                .store()
                .read::<_, LoginError, _>(move |tx| {
                    Box::pin(async move { Ok(tx.access_tokens().find_user(site, &digest, now).await?) })
                })
                .await?;
            user.map(|user| Operator { user }).ok_or(LoginError::Refused)
        }
    }
}
