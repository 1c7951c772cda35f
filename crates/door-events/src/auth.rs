//! Who calls: the session or the access token of a user of the site, and what the role allows.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use countersign_app::Ctx;
use countersign_app::sites::SiteSnapshot;
use countersign_app::users::{self, Credentials, LoginError, Operator, SessionError};
use countersign_crypto::Secret;
use countersign_domain::audit::{Actor, Channel};
use countersign_domain::ids::SiteId;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::error::Error;
use crate::site::Site;
use crate::{AUDIENCE, Door};

/// A user who has logged in, and the site of both. A handler without one would be public.
pub(crate) struct Reader {
    /// Acts in the name of the user.
    pub(crate) ctx: Ctx,
    pub(crate) site: Arc<SiteSnapshot>,
    operator: Operator,
}

/// A user whose role may configure who is told of changes.
pub(crate) struct Configurer {
    /// Acts in the name of the user.
    pub(crate) ctx: Ctx,
    pub(crate) site: Arc<SiteSnapshot>,
}

impl FromRequestParts<Door> for Reader {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Error> {
        let Site { snapshot: site, client } = Site::from_request_parts(parts, door).await?;
        let token = bearer_token(&parts.headers)?;
        let operator = if token.expose().starts_with(ACCESS_TOKEN) {
            let found = users::login_from(&door.ctx, site.site(), Credentials::Token(token), client).await;
            found.map_err(|error| match error {
                // A token like any other, as far as callers can tell (RFC 6750 section 3.1).
                LoginError::Refused => SessionError::Invalid("there is no such access token").into(),
                error @ (LoginError::Fault(_) | LoginError::Limited { .. } | LoginError::TooMany) => Error::from(error),
            })?
        } else {
            users::resume_session(&door.ctx, &site, &token, AUDIENCE).await?
        };
        let name = operator.user().username.to_string();
        let ctx = door.ctx.acting_as(Actor { channel: Channel::EventsDoor, name });
        Ok(Self { ctx, site, operator })
    }
}

impl FromRequestParts<Door> for Configurer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Error> {
        let Reader { ctx, site, operator } = Reader::from_request_parts(parts, door).await?;
        let may = operator.user().role.may_configure_notifications();
        if may { Ok(Self { ctx, site }) } else { Err(Error::Forbidden) }
    }
}

impl Reader {
    /// Row id of the site.
    pub(crate) fn site_id(&self) -> SiteId {
        self.site.site().id
    }
}

impl Configurer {
    /// Row id of the site.
    pub(crate) fn site_id(&self) -> SiteId {
        self.site.site().id
    }
}

/// The token of a request (RFC 6750 section 2.1). User name and password are for the login alone.
fn bearer_token(headers: &HeaderMap) -> Result<Secret<String>, Error> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let line = lines.next().ok_or(Error::NoToken)?;
    if lines.next().is_some() {
        return Err(Error::SeveralTokens);
    }
    let line = line.to_str().unwrap_or_default().trim();
    let (scheme, token) = line.split_once(' ').unwrap_or((line, ""));
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Secret::new(token.trim().to_owned())) } else { Err(Error::NoToken) }
}

/// What access tokens of users begin with.
const ACCESS_TOKEN: &str = "rna_";
