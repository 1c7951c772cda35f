//! Seats that were borrowed.

use countersign_app::license_api::Borrowed;
use countersign_domain::ids::SiteId;
use serde::Serialize;
use utoipa::ToSchema;

use super::Company;
use super::feature::{FeatureBody, feature};
use crate::time::instant;

/// A seat of a license that was borrowed.
#[derive(Serialize, ToSchema)]
pub(crate) struct BorrowedBody {
    #[schema(example = "2031-05-06T00:00:00.000Z")]
    borrowed_until: String,
    /// Hours.
    #[schema(example = 48)]
    max_borrow_time: u32,
    #[schema(example = 9)]
    device_id: i64,
    #[schema(example = 11)]
    license_id: i64,
    company: Company,
}

/// A seat of a feature that was borrowed: the feature, which says until when.
#[derive(Serialize, ToSchema)]
pub(crate) struct BorrowedFeature {
    #[serde(flatten)]
    feature: Option<FeatureBody>,
    #[schema(example = 9)]
    device_id: i64,
    #[schema(example = 11)]
    license_id: i64,
    company: Company,
}

impl BorrowedBody {
    pub(crate) fn new(site: SiteId, borrowed: &Borrowed) -> Self {
        Self {
            borrowed_until: instant(borrowed.until),
            max_borrow_time: borrowed.hours,
            device_id: borrowed.device.0,
            license_id: borrowed.license.0,
            company: site.into(),
        }
    }
}

impl BorrowedFeature {
    pub(crate) fn new(site: SiteId, borrowed: &Borrowed) -> Self {
        let view = borrowed.feature.as_ref();
        Self {
            feature: view.map(|view| feature(&view.feature, view.seats, view.at)),
            device_id: borrowed.device.0,
            license_id: borrowed.license.0,
            company: site.into(),
        }
    }
}
