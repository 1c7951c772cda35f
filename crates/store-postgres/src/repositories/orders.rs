//! Purchases.

use async_trait::async_trait;
use countersign_domain::ids::{CustomerId, OrderId, SiteId};
use countersign_domain::licensing::Order;
use countersign_domain::text::{CustomerName, OrderNumber};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Orders, Page};
use tokio_postgres::Row;

use super::customers::holder;
use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const INSERT: &str = "insert into orders (site, number, customer, created_at) values ($1, $2, $3, $4)
    on conflict do nothing returning id";
const FIND: &str = "select o.id, o.number, c.id, c.account, c.name, o.created_at
    from orders o join customers c on c.id = o.customer where o.site = $1 and o.number = $2";
const FIND_BY_ID: &str = "select o.id, o.number, c.id, c.account, c.name, o.created_at
    from orders o join customers c on c.id = o.customer where o.id = $2 and o.site = $1";
const LIST: &str = "select o.id, o.number, c.id, c.account, c.name, o.created_at
    from orders o join customers c on c.id = o.customer where o.site = $1 and o.id > $2 order by o.id limit $3";
const LIST_OF_CUSTOMER: &str = "select o.id, o.number, c.id, c.account, c.name, o.created_at
    from orders o join customers c on c.id = o.customer
    where o.site = $1 and o.id > $2 and o.customer = $4 order by o.id limit $3";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, FIND, FIND_BY_ID, LIST, LIST_OF_CUSTOMER];

#[async_trait]
impl Orders for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        number: &OrderNumber,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Option<OrderId>, StoreError> {
        let values: [Value<'_>; 4] = [&site.0, &number.as_str(), &customer.0, &now.as_millis()];
        let inserted = self.inserted(INSERT, &values).await?;
        Ok(inserted.map(OrderId))
    }

    async fn find(&mut self, site: SiteId, number: &OrderNumber) -> Result<Option<Order>, StoreError> {
        self.first(FIND, &[&site.0, &number.as_str()], order).await
    }

    async fn find_by_id(&mut self, site: SiteId, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.first(FIND_BY_ID, &[&site.0, &id.0], order).await
    }

    async fn list(&mut self, site: SiteId, customer: Option<CustomerId>, page: Page) -> Result<Vec<Order>, StoreError> {
        let limit = i64::from(page.limit);
        match customer {
            Some(customer) => self.all(LIST_OF_CUSTOMER, &[&site.0, &page.after, &limit, &customer.0], order).await,
            None => self.all(LIST, &[&site.0, &page.after, &limit], order).await,
        }
    }
}

fn order(row: &Row) -> Result<Order, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "orders", row: id };
    Ok(Order {
        id: OrderId(id),
        number: place.check("number", OrderNumber::new(column::<String>(row, 1)?))?,
        holder: place.present("customer", holder(row, 2)?)?,
        customer: place.check("customer", CustomerName::new(column::<String>(row, 4)?))?,
        created_at: time(column(row, 5)?),
    })
}
