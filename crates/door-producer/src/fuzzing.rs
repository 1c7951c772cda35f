//! What fuzzing reaches of this door: its readers, without a server around them.

use countersign_app::listing::PageNumber;
use countersign_app::users::Credentials;
use http::HeaderMap;

use crate::request::Query;

/// The credentials of a request.
#[must_use]
pub fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    crate::auth::credentials(headers)
}

/// Which page a query wants to see; `None` when it is refused.
#[must_use]
pub fn page(query: &str) -> Option<PageNumber> {
    let query = Query::read(query)?;
    query.search().ok()?;
    query.page().ok()
}
