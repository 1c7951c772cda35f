//! Finding licenses.

use countersign_domain::ids::SiteId;
use countersign_domain::licensing::License;
use countersign_domain::text::{CustomerName, LicenseKey, OrderNumber, ProductName};
use countersign_store::repositories::{self, Page};

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Which licenses are listed: those for which everything holds that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LicenseFilter {
    /// Bought with this order.
    pub order: Option<OrderNumber>,
    /// Held by this customer.
    pub customer: Option<CustomerName>,
    /// For this product.
    pub product: Option<ProductName>,
}

/// Why licenses were not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListLicensesError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such customer.
    #[error("this site has no customer {0:?}; see: countersign customer list")]
    UnknownCustomer(String),
    /// No such order.
    #[error("this site has no order {0:?}; see: countersign order list")]
    UnknownOrder(String),
    /// No such product.
    #[error("this site has no product {0:?}; see: countersign product list")]
    UnknownProduct(String),
}

takes_store_errors!(ListLicensesError);

/// A license by key.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find(ctx: &Ctx, site: SiteId, key: LicenseKey) -> Result<Option<License>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.licenses().find(site, &key).await?) })).await
}

/// Licenses of a site, in the order in which they were created.
///
/// # Errors
/// [`ListLicensesError`] when the filter names something that is not there.
pub async fn list(
    ctx: &Ctx,
    site: SiteId,
    filter: LicenseFilter,
    page: Page,
) -> Result<Vec<License>, ListLicensesError> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let mut rows = repositories::LicenseFilter::default();
                if let Some(number) = filter.order {
                    let found = tx.orders().find(site, &number).await?;
                    rows.order = Some(found.ok_or_else(|| ListLicensesError::UnknownOrder(number.to_string()))?.id);
                }
                if let Some(name) = filter.customer {
                    let found = tx.customers().find(site, &name).await?;
                    let found = found.ok_or_else(|| ListLicensesError::UnknownCustomer(name.to_string()))?;
                    rows.customer = Some(found.id);
                }
                if let Some(name) = filter.product {
                    let found = tx.products().find(site, &name).await?;
                    rows.product = Some(found.ok_or_else(|| ListLicensesError::UnknownProduct(name.to_string()))?.id);
                }
                Ok(tx.licenses().list(site, rows, page).await?)
            })
        })
        .await
}
