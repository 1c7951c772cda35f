//! Features: parts of products that licenses can include.

use countersign_domain::audit::Action;
use countersign_domain::changes::Changes;
use countersign_domain::event::{Event, Happened};
use countersign_domain::ids::{FeatureId, SiteId};
use countersign_domain::licensing::{Feature, FeatureRules, RULES_LIMIT};
use countersign_domain::text::{self, FeatureCode, ProductName, TextError};

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Longest name of a feature, in bytes.
const NAME_LIMIT: usize = 255;

/// Why a feature was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateFeatureError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The name cannot be kept.
    #[error(transparent)]
    Name(#[from] TextError),
    /// The code is taken.
    #[error("product {product:?} has a feature {code:?} already; see: countersign feature list --product {product:?}")]
    Taken {
        /// The product.
        product: String,
        /// The code.
        code: String,
    },
    /// The rules are longer than they may be.
    #[error("the rules of the feature take more than {RULES_LIMIT} bytes")]
    TooLong,
    /// No such feature.
    #[error("the product has no feature {0:?}; see: countersign feature list --product NAME")]
    UnknownFeature(String),
    /// No such product.
    #[error("this site has no product {0:?}; create it first: countersign product create {0:?}")]
    UnknownProduct(String),
}

/// Why features were not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListFeaturesError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such product.
    #[error("this site has no product {0:?}; see: countersign product list")]
    UnknownProduct(String),
}

takes_store_errors!(CreateFeatureError, ListFeaturesError);

/// Creates a feature of a product. Its name is a text for people and may be empty.
///
/// # Errors
/// [`CreateFeatureError`] says what is missing or in the way.
pub async fn create(
    ctx: &Ctx,
    site: SiteId,
    product: ProductName,
    code: FeatureCode,
    name: String,
) -> Result<FeatureId, CreateFeatureError> {
    if !name.is_empty() {
        text::check("a feature name", &name, NAME_LIMIT)?;
    }
    let (actor, now) = (ctx.actor(), ctx.now());
    ctx.record(site, Action::new("feature.create", format_args!("{code} of {product}")), move |tx| {
        Box::pin(async move {
            let found = tx.products().find(site, &product).await?;
            let found = found.ok_or_else(|| CreateFeatureError::UnknownProduct(product.to_string()))?;
            let id = tx.features().insert(found.id, &code, &name, now).await?;
            let taken = || CreateFeatureError::Taken { product: product.to_string(), code: code.to_string() };
            let id = id.ok_or_else(taken)?;
            tx.outbox().insert(site, Event::FeatureCreated(id), &actor, now).await?;
            Ok(id)
        })
    })
    .await
}

/// Changes what licenses that include a feature from now on start with.
///
/// # Errors
/// [`CreateFeatureError::UnknownProduct`] and [`CreateFeatureError::UnknownFeature`] say what is missing.
pub async fn change(
    ctx: &Ctx,
    site: SiteId,
    product: ProductName,
    code: FeatureCode,
    change: impl FnOnce(&mut FeatureRules) + Send + 'static,
) -> Result<Feature, CreateFeatureError> {
    let actor = ctx.actor();
    ctx.record(site, Action::new("feature.change", format_args!("{code} of {product}")), move |tx| {
        Box::pin(async move {
            let found = tx.products().find(site, &product).await?;
            let found = found.ok_or_else(|| CreateFeatureError::UnknownProduct(product.to_string()))?;
            let features = tx.features().list(found.id).await?;
            let unknown = || CreateFeatureError::UnknownFeature(code.to_string());
            let mut feature = features.into_iter().find(|feature| feature.code == code).ok_or_else(unknown)?;
            let before = feature.rules.clone();
            change(&mut feature.rules);
            if feature.rules.to_text().len() > RULES_LIMIT {
                return Err(CreateFeatureError::TooLong);
            }
            tx.features().set_rules(feature.id, &feature.rules).await?;
            if feature.rules != before {
                let now = tx.now().await?;
                let changes = Changes::between(&before.members(), &feature.rules.members());
                let happened = Happened { event: Event::FeatureChanged(feature.id), changes };
                tx.outbox().insert_changed(site, &happened, &actor, now).await?;
            }
            Ok(feature)
        })
    })
    .await
}

/// All features of a product, by code.
///
/// # Errors
/// [`ListFeaturesError::UnknownProduct`] when there is no product of that name.
pub async fn list(ctx: &Ctx, site: SiteId, product: ProductName) -> Result<Vec<Feature>, ListFeaturesError> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let found = tx.products().find(site, &product).await?;
                let found = found.ok_or_else(|| ListFeaturesError::UnknownProduct(product.to_string()))?;
                Ok(tx.features().list(found.id).await?)
            })
        })
        .await
}
