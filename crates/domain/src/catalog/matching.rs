//! Which updates are offered to a device, and which files an update delivers. Pure functions of the question, the
//! catalog and a day (`docs/protocol/device.md`, "Which updates match").

use std::collections::BTreeSet;
use std::sync::Arc;

use super::index::Catalog;
use super::package::Package;
use super::update::{EntitlementCheck, LanguageText, ReleaseTo, Update};
use crate::device::UpdateQuestion;
use crate::ids::ProductId;
use crate::licensing::Entitlements;
use crate::text::PackageId;
use crate::time::Date;

/// An update that is offered to a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer<'c> {
    /// The update.
    pub update: &'c Update,
    /// What it delivers on the device's platform.
    pub target: &'c ReleaseTo,
    /// Its text for the device's language.
    pub text: &'c LanguageText,
    /// The package that it delivers.
    pub package: &'c Package,
}

/// The installed package is not in the catalog.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("package {0} is not known")]
pub struct UnknownPackage(pub PackageId);

/// All updates offered to the device on a day, newest first.
///
/// Only direct steps from the installed package are offered, never a chain. An update with an entitlement check is offered
/// to a device that is entitled to the product of the delivered package, and only in a language that it has.
///
/// # Errors
/// [`UnknownPackage`] when no such package was ever published.
pub fn offers<'c>(
    catalog: &'c Catalog,
    question: &UpdateQuestion,
    entitlements: &Entitlements,
    today: Date,
) -> Result<Vec<Offer<'c>>, UnknownPackage> {
    if catalog.package(&question.installed).is_none() {
        return Err(UnknownPackage(question.installed.clone()));
    }
    let updates = catalog.updates_from(&question.installed).iter();
    Ok(updates
        .filter(|update| update.is_offered(today))
        .filter_map(|update| {
            let target = update.target(&question.platform)?;
            let package = catalog.package(&target.package)?;
            let text = match update.entitlement_check {
                EntitlementCheck::None => update.text(question.language)?,
                EntitlementCheck::Account | EntitlementCheck::LineItem => update.exact_text(question.language)?,
            };
            let entitled = entitlements.allow(update.entitlement_check, package.product.id);
            entitled.then_some(Offer { update, target, text, package })
        })
        .collect())
}

/// The products on which it depends what a device is offered on a day, each once: those of the packages that updates with
/// an entitlement check would deliver to it.
#[must_use]
pub fn checked_products(catalog: &Catalog, question: &UpdateQuestion, today: Date) -> Vec<ProductId> {
    let updates = catalog.updates_from(&question.installed).iter();
    let checked = updates.filter(|update| {
        update.is_offered(today)
            && update.entitlement_check != EntitlementCheck::None
            && update.exact_text(question.language).is_some()
    });
    let targets = checked.filter_map(|update| update.target(&question.platform));
    let products = targets.filter_map(|target| catalog.package(&target.package)).map(|package| package.product.id);
    products.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Why a manifest is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestRefusal {
    /// No update of this site has that manifest.
    #[error("no update has this manifest")]
    Unknown,
    /// The update is inactive, or today is outside its dates.
    #[error("the update is not offered any more")]
    Withdrawn,
}

/// The update and the package behind a manifest UUID, if the update is offered on a day.
///
/// # Errors
/// [`ManifestRefusal`] says why not.
pub fn manifest<'c>(
    catalog: &'c Catalog,
    uuid: &str,
    today: Date,
) -> Result<(&'c Update, &'c Arc<Package>), ManifestRefusal> {
    let (update, target) = catalog.manifest(uuid).ok_or(ManifestRefusal::Unknown)?;
    if !update.is_offered(today) {
        return Err(ManifestRefusal::Withdrawn);
    }
    let package = catalog.package(&target.package).ok_or(ManifestRefusal::Unknown)?;
    Ok((update, package))
}
