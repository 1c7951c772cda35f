//! What is known about the request that a task works for, so that whatever it logs can say so.

use axum::extract::MatchedPath;
use tokio::task::futures::TaskLocalFuture;

use crate::request_id::RequestId;
use crate::site_path::SiteLabel;

/// A request, as far as a log may name it: never by its path, whose segments can be credentials.
///
/// Whoever finds the site of a request puts this beside it; [`crate::access_log`] adds the route.
#[derive(Clone, Debug)]
pub struct CurrentRequest {
    id: RequestId,
    site: Option<SiteLabel>,
    route: Option<MatchedPath>,
}

impl CurrentRequest {
    /// A request for a site, if it has one.
    #[must_use]
    pub fn new(id: RequestId, site: Option<SiteLabel>) -> Self {
        Self { id, site, route: None }
    }

    /// The same, on its route, if there is one.
    #[must_use]
    pub(crate) fn on(self, route: Option<MatchedPath>) -> Self {
        Self { route, ..self }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// The name of its site; `None` when it has none.
    #[must_use]
    pub fn site(&self) -> Option<&str> {
        self.site.as_ref().map(SiteLabel::as_str)
    }

    /// The pattern of its route; `None` when no route fits.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        self.route.as_ref().map(MatchedPath::as_str)
    }

    /// A future that works for a request, if it is known.
    pub(crate) fn scope<F: Future>(current: Option<Self>, future: F) -> TaskLocalFuture<Option<Self>, F> {
        CURRENT.scope(current, future)
    }

    /// The request that the running task works for, if it works for one.
    #[must_use]
    pub fn get() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok().flatten()
    }
}

tokio::task_local! {
    static CURRENT: Option<CurrentRequest>;
}
