//! Orders: what customers have bought.

use countersign_domain::audit::Action;
use countersign_domain::event::Event;
use countersign_domain::ids::{OrderId, SiteId};
use countersign_domain::licensing::Order;
use countersign_domain::text::{CustomerName, OrderNumber};
use countersign_store::repositories::Page;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Why an order was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateOrderError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The number is taken.
    #[error("an order {0:?} exists in this site already; see: countersign order show {0:?}")]
    Taken(String),
    /// No such customer.
    #[error("this site has no customer {0:?}; create it first: countersign customer create {0:?}")]
    UnknownCustomer(String),
}

/// Why orders were not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListOrdersError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such customer.
    #[error("this site has no customer {0:?}; see: countersign customer list")]
    UnknownCustomer(String),
}

takes_store_errors!(CreateOrderError, ListOrdersError);

/// Creates an order of a customer. It holds no license yet.
///
/// # Errors
/// [`CreateOrderError`] says what is missing or in the way.
pub async fn create(
    ctx: &Ctx,
    site: SiteId,
    number: OrderNumber,
    customer: CustomerName,
) -> Result<OrderId, CreateOrderError> {
    let (actor, now) = (ctx.actor(), ctx.now());
    ctx.record(site, Action::new("order.create", &number), move |tx| {
        Box::pin(async move {
            let found = tx.customers().find(site, &customer).await?;
            let customer = found.ok_or_else(|| CreateOrderError::UnknownCustomer(customer.to_string()))?.id;
            let id = tx.orders().insert(site, &number, customer, now).await?;
            let id = id.ok_or_else(|| CreateOrderError::Taken(number.to_string()))?;
            tx.outbox().insert(site, Event::OrderCreated(id), &actor, now).await?;
            Ok(id)
        })
    })
    .await
}

/// An order by number.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find(ctx: &Ctx, site: SiteId, number: OrderNumber) -> Result<Option<Order>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.orders().find(site, &number).await?) })).await
}

/// Orders of a site, in the order in which they were created; of one customer only, if one is named.
///
/// # Errors
/// [`ListOrdersError::UnknownCustomer`] when there is nobody of that name.
pub async fn list(
    ctx: &Ctx,
    site: SiteId,
    customer: Option<CustomerName>,
    page: Page,
) -> Result<Vec<Order>, ListOrdersError> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let customer = match customer {
                    Some(name) => {
                        let found = tx.customers().find(site, &name).await?;
                        Some(found.ok_or_else(|| ListOrdersError::UnknownCustomer(name.to_string()))?.id)
                    }
                    None => None,
                };
                Ok(tx.orders().list(site, customer, page).await?)
            })
        })
        .await
}
