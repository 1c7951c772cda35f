//! The site that a request means, as the server found it before the request came here.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use countersign_app::sites::{NoSite, RequestedSite, SiteSnapshot};
use countersign_http_kit::client_address::ClientAddress;
use countersign_http_kit::site_prefix::SitePrefix;
use http::request::Parts;

use crate::error::Error;

/// The site, the path prefix that leads back to it, and from where the request came.
pub(crate) struct Site {
    pub(crate) snapshot: Arc<SiteSnapshot>,
    pub(crate) prefix: SitePrefix,
    /// `None` when it came over no socket.
    pub(crate) client: Option<ClientAddress>,
}

impl<S: Sync> FromRequestParts<S> for Site {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let found = parts.extensions.get::<RequestedSite>().cloned();
        let snapshot = found.unwrap_or(Err(NoSite::Unknown)).map_err(Error::NoSite)?;
        let prefix = parts.extensions.get::<SitePrefix>().cloned().unwrap_or_default();
        let client = parts.extensions.get::<ClientAddress>().copied();
        Ok(Self { snapshot, prefix, client })
    }
}

/// The last segment of a path, as it was sent. Polling IDs need no decoding, and what does is not one.
pub(crate) fn last_segment(uri: &http::Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
}
