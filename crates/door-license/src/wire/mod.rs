//! JSON of this protocol: what is read of requests, and what answers consist of.

pub(crate) mod consumption;
pub(crate) mod documented;
pub(crate) mod feature;
pub(crate) mod license;
pub(crate) mod people;
pub(crate) mod product;
pub(crate) mod question;
pub(crate) mod release;
pub(crate) mod seat;
pub(crate) mod trial;
pub(crate) mod variable;

use countersign_domain::ids::SiteId;
use serde::Serialize;

/// The producer, as answers name it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Company {
    /// Row id of the site.
    #[schema(example = 1)]
    id: i64,
}

impl From<SiteId> for Company {
    fn from(site: SiteId) -> Self {
        Self { id: site.0 }
    }
}
