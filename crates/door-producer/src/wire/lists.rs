//! Pages of updates and packages as JSON. An entry is a summary of some hundred bytes: one update may have a thousand sources
//! and two hundred texts, and a page five hundred updates.

use std::sync::Arc;

use countersign_app::listing::{Listing, PageNumber};
use countersign_domain::catalog::package::Package;
use countersign_domain::catalog::update::Update;
use serde::Serialize;
use utoipa::ToSchema;

use super::updates::{check_word, status_word};

/// A page of updates.
#[derive(Serialize, ToSchema)]
pub(crate) struct UpdateList {
    updates: Vec<UpdateSummary>,
    /// Which page this is, from 1
    #[schema(example = 1)]
    page: u32,
    /// Most updates on a page
    #[schema(example = 50)]
    size: u32,
    /// Updates on all pages together
    #[schema(example = 1)]
    total: usize,
}

/// An update in a list; GET of the update itself shows the rest.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateSummary {
    /// ID, unique in the site; devices see it
    #[schema(example = "UPD-42")]
    update_id: String,
    /// The producer's own name
    #[schema(example = "pump-42-field")]
    update_name: String,
    /// `Active` or `Inactive`
    #[schema(example = "Active")]
    status: &'static str,
    /// First day of the offer, in UTC
    #[schema(example = "2026-03-01")]
    start_date: String,
    /// Last day of the offer, in UTC; empty: no end
    #[schema(example = "2031-12-31")]
    end_date: String,
    /// Who gets it: `None` (every device), `Account` or `LineItem`
    #[schema(example = "None")]
    entitlement_check: &'static str,
    /// How many packages it starts from
    #[schema(example = 2)]
    release_from_count: usize,
    /// How many platforms it delivers to
    #[schema(example = 1)]
    release_to_count: usize,
    /// How many languages it has texts in
    #[schema(example = 1)]
    language_count: usize,
}

/// A page of packages.
#[derive(Serialize, ToSchema)]
pub(crate) struct PackageList {
    packages: Vec<PackageSummary>,
    /// Which page this is, from 1
    #[schema(example = 1)]
    page: u32,
    /// Most packages on a page
    #[schema(example = 50)]
    size: u32,
    /// Packages on all pages together
    #[schema(example = 1)]
    total: usize,
}

/// A package in a list; GET of the package itself shows its files.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PackageSummary {
    /// ID, unique in the site; devices send it (`updateFromPkgId`)
    #[schema(example = "pump-4.2")]
    package_id: String,
    /// Name of the product that it is a release of
    #[schema(example = "Pump firmware")]
    product: String,
    /// Text for people
    #[schema(example = "Fixes the dosing alarm.")]
    description: String,
    /// How many files it has
    #[schema(example = 2)]
    file_count: usize,
}

impl UpdateList {
    pub(crate) fn new(page: PageNumber, listing: &Listing<Arc<Update>>) -> Self {
        let updates = listing.entries.iter().map(|update| UpdateSummary::from(&**update)).collect();
        Self { updates, page: page.page, size: page.size, total: listing.total }
    }
}

impl PackageList {
    pub(crate) fn new(page: PageNumber, listing: &Listing<Arc<Package>>) -> Self {
        let packages = listing.entries.iter().map(|package| PackageSummary::from(&**package)).collect();
        Self { packages, page: page.page, size: page.size, total: listing.total }
    }
}

impl From<&Update> for UpdateSummary {
    fn from(update: &Update) -> Self {
        Self {
            update_id: update.id.to_string(),
            update_name: update.name.clone(),
            status: status_word(update.status),
            start_date: update.start_date.to_string(),
            end_date: update.end_date.map(|end| end.to_string()).unwrap_or_default(),
            entitlement_check: check_word(update.entitlement_check),
            release_from_count: update.release_from.len(),
            release_to_count: update.release_to.len(),
            language_count: update.languages.len(),
        }
    }
}

impl From<&Package> for PackageSummary {
    fn from(package: &Package) -> Self {
        Self {
            package_id: package.id.to_string(),
            product: package.product.name.to_string(),
            description: package.description.clone(),
            file_count: package.files.len(),
        }
    }
}
