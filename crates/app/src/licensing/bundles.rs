//! Bundles: products that are sold together, under one key.

use countersign_domain::audit::Action;
use countersign_domain::event::Event;
use countersign_domain::ids::{BundleId, SiteId};
use countersign_domain::licensing::{Bundle, License, LicenseRules, LicenseTerms};
use countersign_domain::text::{LicenseKey, OrderNumber, ProductCode, ProductName, TextError};
use countersign_store::StoreError;
use countersign_store::repositories::NewLicense;

use super::licenses::generate_key;
use super::record_named;
use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Most products of a bundle.
const PRODUCTS: usize = 50;
/// Longest name, in bytes.
const NAME_LIMIT: usize = 255;

/// Why there is no bundle, or no licenses of one.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A bundle needs products, but not too many, and each once.
    #[error("a bundle has 1 to {PRODUCTS} products, each once")]
    Count,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No key could be made, or the name cannot be kept.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The code is taken.
    #[error("a product or bundle of that code exists in this site already")]
    Taken,
    /// No such bundle.
    #[error("this site has no bundle {0:?}; see: countersign bundle list")]
    UnknownBundle(String),
    /// No such order.
    #[error("this site has no order {0:?}; create it first: countersign order create {0:?} --customer NAME")]
    UnknownOrder(String),
    /// No such product.
    #[error("this site has no product {0:?}; see: countersign product list")]
    UnknownProduct(String),
}

takes_store_errors!(BundleError);

/// Creates a bundle.
///
/// # Errors
/// [`BundleError`] says what is missing or in the way.
pub async fn create(
    ctx: &Ctx,
    site: SiteId,
    code: ProductCode,
    name: String,
    products: Vec<ProductName>,
) -> Result<BundleId, BundleError> {
    if !name.is_empty() {
        countersign_domain::text::check("a bundle's name", &name, NAME_LIMIT)?;
    }
    let now = ctx.now();
    ctx.change(site, Action::new("bundle.create", &code), move |tx| {
        Box::pin(async move {
            let mut rows = Vec::new();
            for product in products {
                let found = tx.products().find(site, &product).await?;
                let id = found.ok_or_else(|| BundleError::UnknownProduct(product.to_string()))?.id;
                if rows.contains(&id) || rows.len() >= PRODUCTS {
                    return Err(BundleError::Count);
                }
                rows.push(id);
            }
            if rows.is_empty() {
                return Err(BundleError::Count);
            }
            if tx.licensed_products().find(site, &code).await?.is_some() {
                return Err(BundleError::Taken);
            }
            tx.bundles().insert(site, &code, &name, &rows, now).await?.ok_or(BundleError::Taken)
        })
    })
    .await
}

/// All bundles of a site, by code.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<Bundle>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.bundles().list(site).await?) })).await
}

/// Creates a license of each product of a bundle in an order, all under one key, with all features of the product. Each
/// also has a key of its own.
///
/// # Errors
/// [`BundleError`] says what is missing or in the way.
pub async fn license(
    ctx: &Ctx,
    site: SiteId,
    order: OrderNumber,
    code: ProductCode,
    (terms, rules): (LicenseTerms, LicenseRules),
) -> Result<(LicenseKey, Vec<License>), BundleError> {
    let bundle_key = generate_key(ctx.rng())?;
    let keys: Vec<LicenseKey> = (0..PRODUCTS).map(|_| generate_key(ctx.rng())).collect::<Result<_, _>>()?;
    let (actor, now) = (ctx.actor(), ctx.now());
    record_named(ctx, site, "bundle.license", move |tx| {
        Box::pin(async move {
            let found = tx.orders().find(site, &order).await?;
            let order = found.ok_or_else(|| BundleError::UnknownOrder(order.to_string()))?.id;
            let found = tx.bundles().find(site, &code).await?;
            let bundle = found.ok_or_else(|| BundleError::UnknownBundle(code.to_string()))?;
            let mut licenses = Vec::new();
            for (product, key) in bundle.products.iter().zip(keys) {
                let product = product.product.id;
                let features = tx.features().list(product).await?.into_iter().map(|feature| feature.id).collect();
                let (bundle_key, rules) = (Some(bundle_key.clone()), rules.clone());
                let row = NewLicense { key, order, product, bundle_key, features, terms, rules };
                let id = tx.licenses().insert(site, &row, now).await?.ok_or(StoreError::OutcomeUnknown)?;
                tx.outbox().insert(site, Event::LicenseCreated(id), &actor, now).await?;
                licenses.push(tx.licenses().find_by_id(site, id).await?.ok_or(StoreError::OutcomeUnknown)?);
            }
            let ids: Vec<_> = licenses.iter().map(|license| license.id.to_string()).collect();
            Ok((format!("{code}: {}", ids.join(", ")), (bundle_key, licenses)))
        })
    })
    .await
}
