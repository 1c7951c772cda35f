//! Who calls: credentials out of the headers, proved against the site that the request means.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use countersign_app::Ctx;
use countersign_app::sites::{NoSite, RequestedSite, SiteSnapshot};
use countersign_app::users::{self, Credentials, Operator};
use countersign_crypto::Secret;
use countersign_crypto::encoding::base64_decode;
use countersign_domain::audit::{Actor, Channel};
use countersign_domain::ids::SiteId;
use countersign_http_kit::client_address::ClientAddress;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::Door;
use crate::error::Error;

/// Longest accepted `Authorization` header, in bytes: names and passwords are short.
const HEADER_LIMIT: usize = 4096;

/// A producer that is logged in, and the site that it is logged in to. A handler without one would be public.
pub(crate) struct LoggedIn {
    /// Acts in the name of the producer.
    pub(crate) ctx: Ctx,
    pub(crate) site: Arc<SiteSnapshot>,
    operator: Operator,
}

/// A producer whose role may manage updates, their packages and their keys.
pub(crate) struct Publisher {
    /// Acts in the name of the producer.
    pub(crate) ctx: Ctx,
    pub(crate) site: Arc<SiteSnapshot>,
}

impl FromRequestParts<Door> for LoggedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Error> {
        let found = parts.extensions.get::<RequestedSite>().cloned();
        let site = found.unwrap_or(Err(NoSite::Unknown)).map_err(Error::NoSite)?;
        let credentials = credentials(&parts.headers).ok_or(Error::NoCredentials)?;
        let client = parts.extensions.get::<ClientAddress>().map(|client| client.ip());
        let operator = users::login_from(&door.ctx, site.site(), credentials, client).await?;
        let name = operator.user().username.to_string();
        let ctx = door.ctx.acting_as(Actor { channel: Channel::ProducerDoor, name });
        Ok(Self { ctx, site, operator })
    }
}

impl FromRequestParts<Door> for Publisher {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Error> {
        LoggedIn::from_request_parts(parts, door).await?.publisher()
    }
}

impl LoggedIn {
    /// Row id of the site.
    pub(crate) fn site_id(&self) -> SiteId {
        self.site.site().id
    }

    /// The same producer, if the role may manage updates.
    pub(crate) fn publisher(self) -> Result<Publisher, Error> {
        let Self { ctx, site, operator } = self;
        if operator.user().role.may_manage_updates() { Ok(Publisher { ctx, site }) } else { Err(Error::Forbidden) }
    }
}

impl Publisher {
    /// Row id of the site.
    pub(crate) fn site_id(&self) -> SiteId {
        self.site.site().id
    }
}

/// `Basic` (RFC 7617) or `Bearer` (RFC 6750) credentials; `None` when there is no usable header, or more than one.
pub(crate) fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let line = line.to_str().ok().filter(|line| line.len() <= HEADER_LIMIT)?;
    let (scheme, rest) = line.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
        return Some(Credentials::Token(Secret::new(rest.to_owned())));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Secret::new(String::from_utf8(base64_decode(rest).ok()?).ok()?);
    let (username, password) = decoded.expose().split_once(':')?;
    Some(Credentials::Password { username: username.to_owned(), password: Secret::new(password.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, http::HeaderValue::from_static(line));
        }
        credentials(&headers).map(|credentials| match credentials {
            Credentials::Password { username, password } => format!("{username} / {}", password.expose()),
            Credentials::Token(token) => token.expose().clone(),
        })
    }

    #[test]
    fn credentials_are_found_in_one_header_only() {
        assert_eq!(read(&["Basic YWRhOnBhOnNz"]).as_deref(), Some("ada / pa:ss"));
        assert_eq!(read(&["basic  YWRhOnBhOnNz "]).as_deref(), Some("ada / pa:ss"));
        assert_eq!(read(&["Bearer rna_00"]).as_deref(), Some("rna_00"));
        for lines in [
            &[][..],
            &[""],
            &["Basic"],
            &["Basic !!"],
            &["Basic YWRh"],
            &["Digest x"],
            &["Bearer "],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(read(lines), None, "{lines:?}");
        }
    }
}
