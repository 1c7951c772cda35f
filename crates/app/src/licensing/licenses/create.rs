//! Creating a license.

use std::collections::BTreeSet;

use countersign_domain::event::Event;
use countersign_domain::ids::{FeatureId, ProductId, SiteId};
use countersign_domain::licensing::{License, LicenseRules, LicenseTerms, RulesError, check_rules};
use countersign_domain::text::{FeatureCode, LicenseKey, OrderNumber, PolicyCode, ProductName, TextError};
use countersign_domain::time::Date;
use countersign_store::repositories;
use countersign_store::{StoreError, Tx};

use super::change::check_dates;
use super::key;
use crate::fault::takes_store_errors;
use crate::licensing::record_named;
use crate::{Ctx, Fault};

/// A license to create. Whoever knows its key can activate it, so it does not print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct NewLicense {
    /// The order that it is bought with.
    pub order: OrderNumber,
    /// The product that it entitles to.
    pub product: ProductName,
    /// Its key: the activation ID. `None`: a new one is made, which nobody can guess.
    pub key: Option<LicenseKey>,
    /// Features of the product that it includes. One that is named twice is included once.
    pub features: Vec<FeatureCode>,
    /// When and how often it can be used.
    pub terms: LicenseTerms,
}

/// Why a license was not created. None of these carries a license key.
#[derive(Debug, thiserror::Error)]
pub enum CreateLicenseError {
    /// The last day is before the first one.
    #[error("the license would end ({end}) before it starts ({start})")]
    EndsBeforeStart {
        /// First day.
        start: Date,
        /// Last day.
        end: Date,
    },
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No key could be made.
    #[error("no license key could be made")]
    Key(#[source] TextError),
    /// The rules cannot be kept.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The key is taken.
    #[error(
        "a license with this key exists in this site already; choose another key, or leave it out to get a new one"
    )]
    Taken,
    /// The product has no such feature.
    #[error(
        "product {product:?} has no feature {code:?}; create it first: countersign feature create {code:?} --product {product:?}"
    )]
    UnknownFeature {
        /// The product.
        product: String,
        /// The code.
        code: String,
    },
    /// No such order.
    #[error("this site has no order {0:?}; create it first: countersign order create {0:?} --customer NAME")]
    UnknownOrder(String),
    /// The product has no such policy.
    #[error("the product has no policy {0:?}; see: countersign policy list --product NAME")]
    UnknownPolicy(String),
    /// No such product.
    #[error("this site has no product {0:?}; create it first: countersign product create {0:?}")]
    UnknownProduct(String),
}

takes_store_errors!(CreateLicenseError);

/// Creates a license in an order.
///
/// # Errors
/// [`CreateLicenseError`] says what is missing or in the way.
pub async fn create(ctx: &Ctx, site: SiteId, license: NewLicense) -> Result<License, CreateLicenseError> {
    create_from(ctx, site, license, None, |_, _| {}).await
}

/// Creates a license in an order, from a policy of its product if one is named: the function gets the terms and rules and
/// changes what it wants. Features of the policy are included beside those of the license, and its limit is that of the
/// license.
///
/// # Errors
/// [`CreateLicenseError`] says what is missing or in the way.
pub async fn create_from(
    ctx: &Ctx,
    site: SiteId,
    license: NewLicense,
    policy: Option<PolicyCode>,
    change: impl FnOnce(&mut LicenseTerms, &mut LicenseRules) + Send + 'static,
) -> Result<License, CreateLicenseError> {
    let NewLicense { order, product, key, mut features, mut terms } = license;
    let key = key.map_or_else(|| key::generate(ctx.rng()), Ok).map_err(CreateLicenseError::Key)?;
    let (actor, now) = (ctx.actor(), ctx.now());
    record_named(ctx, site, "license.create", move |tx| {
        Box::pin(async move {
            let found = tx.orders().find(site, &order).await?;
            let order = found.ok_or_else(|| CreateLicenseError::UnknownOrder(order.to_string()))?.id;
            let found = tx.products().find(site, &product).await?;
            let found = found.ok_or_else(|| CreateLicenseError::UnknownProduct(product.to_string()))?;
            let mut rules = LicenseRules::default();
            if let Some(code) = policy {
                let policy = tx.policies().find(found.id, &code).await?;
                let policy = policy.ok_or_else(|| CreateLicenseError::UnknownPolicy(code.to_string()))?;
                terms.limit = policy.limit;
                features.extend(policy.features);
                rules = LicenseRules { policy: Some(policy.id), ..policy.rules };
            }
            change(&mut terms, &mut rules);
            check_dates(&terms).map_err(|(start, end)| CreateLicenseError::EndsBeforeStart { start, end })?;
            check_rules(&rules)?;
            let features = find_features(tx, found.id, &product, features).await?;
            let row =
                repositories::NewLicense { key, order, product: found.id, bundle_key: None, features, terms, rules };
            let id = tx.licenses().insert(site, &row, now).await?.ok_or(CreateLicenseError::Taken)?;
            tx.outbox().insert(site, Event::LicenseCreated(id), &actor, now).await?;
            let created = tx.licenses().find(site, &row.key).await?.ok_or(StoreError::OutcomeUnknown)?;
            Ok((id.to_string(), created))
        })
    })
    .await
}

/// The features with these codes, each once.
async fn find_features(
    tx: &mut dyn Tx,
    product: ProductId,
    name: &ProductName,
    codes: Vec<FeatureCode>,
) -> Result<Vec<FeatureId>, CreateLicenseError> {
    let codes: BTreeSet<FeatureCode> = codes.into_iter().collect();
    let there = tx.features().list(product).await?;
    let find = |code: FeatureCode| {
        let found = there.iter().find(|feature| feature.code == code).map(|feature| feature.id);
        found.ok_or_else(|| CreateLicenseError::UnknownFeature { product: name.to_string(), code: code.to_string() })
    };
    codes.into_iter().map(find).collect()
}
