//! Who calls: the one extractor behind which every authenticated call stands. A handler without it is public, and says so.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use countersign_app::Ctx;
use countersign_app::license_api::{LicenseCaller, LicenseCredential};
use countersign_app::license_proof::{self, Presented};
use countersign_app::sites::{NoSite, RequestedSite, SiteSnapshot};
use countersign_crypto::Secret;
use countersign_domain::audit::{Actor, Channel};
use countersign_domain::time::Timestamp;
use countersign_http_kit::client_address::ClientAddress;
use countersign_http_kit::http_time::HttpTime;
use http::header::{AUTHORIZATION, DATE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::Door;
use crate::authorization::{Authorization, is_bearer};
use crate::codes::Code;
use crate::error::Error;
use crate::wire::release::Places;

/// A caller that has proved itself to the site which the request means.
pub(crate) struct Proved {
    /// Acts in the name of the caller.
    pub(crate) ctx: Ctx,
    pub(crate) site: Arc<SiteSnapshot>,
    pub(crate) caller: LicenseCaller,
    /// Where the request came from; `None` when it came over no socket.
    pub(crate) client: Option<ClientAddress>,
}

impl FromRequestParts<Door> for Proved {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Error> {
        let site = site(parts)?;
        let client = parts.extensions.get::<ClientAddress>().copied();
        let presented = presented(&parts.headers)?;
        let from = client.map(ClientAddress::ip);
        let (site, caller) = license_proof::authenticate(&door.ctx, &site, presented, from).await?;
        let ctx = door.ctx.acting_as(Actor { channel: Channel::LicenseDoor, name: name(&caller.credential) });
        Ok(Self { ctx, site, caller, client })
    }
}

impl Proved {
    /// Where files of the site are.
    pub(crate) fn places(&self) -> Places {
        Places { ctx: self.ctx.clone(), site: self.site.clone() }
    }
}

/// What histories call the caller.
fn name(credential: &LicenseCredential) -> String {
    match credential {
        LicenseCredential::ApiKey(id) => format!("API key {id}"),
        LicenseCredential::Client(id) => id.clone(),
        LicenseCredential::Producer => "producer".to_owned(),
    }
}

/// The site that a request means.
pub(crate) fn site(parts: &Parts) -> Result<Arc<SiteSnapshot>, Error> {
    let found = parts.extensions.get::<RequestedSite>().cloned();
    found.unwrap_or(Err(NoSite::Unknown)).map_err(Error::NoSite)
}

/// What the headers say, judged in the order of the contract: are they there, can they be read, the algorithm.
fn presented(headers: &HeaderMap) -> Result<Presented, Error> {
    let authorization = single(headers, &AUTHORIZATION)?.as_bytes();
    if !is_bearer(authorization) {
        single(headers, &DATE)?;
    }
    match Authorization::read(authorization)? {
        Authorization::Bearer(token) => Ok(Presented::Bearer(token)),
        Authorization::Hmac { api_key, signature } => {
            let date = single(headers, &DATE)?;
            let at = HttpTime::parse(date).map(|time| Timestamp::from_seconds(time.unix_seconds()));
            Ok(Presented::Hmac { api_key, signature: Secret::new(signature), date: date.as_bytes().to_vec(), at })
        }
    }
}

/// A header that must be there once.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<&'h HeaderValue, Error> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => Ok(line),
        (None, _) => Err(Code::MissingHeaders.into()),
        (Some(_), Some(_)) => Err(Code::AuthorizationInvalidHeaders.into()),
    }
}
