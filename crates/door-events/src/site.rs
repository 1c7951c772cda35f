//! The site that a request means, as the server found it before the request came here.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use countersign_app::sites::{NoSite, RequestedSite, SiteSnapshot};
use countersign_http_kit::client_address::ClientAddress;
use http::request::Parts;

use crate::error::Error;

/// The site, and from where the request came.
pub(crate) struct Site {
    pub(crate) snapshot: Arc<SiteSnapshot>,
    /// `None` when it came over no socket.
    pub(crate) client: Option<IpAddr>,
}

impl<S: Sync> FromRequestParts<S> for Site {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let found = parts.extensions.get::<RequestedSite>().cloned();
        let snapshot = found.unwrap_or(Err(NoSite::Unknown)).map_err(Error::NoSite)?;
        let client = parts.extensions.get::<ClientAddress>().map(|client| client.ip());
        Ok(Self { snapshot, client })
    }
}
