//! The part of a request's path that named its site, kept so that an answer can point back to the same place.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

/// `/t/{site}`, or nothing when the site was named in another way. Put beside the request by whoever removed it from
/// the path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SitePrefix(pub String);

impl SitePrefix {
    /// A path that leads the same client to the same site.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for SitePrefix {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
