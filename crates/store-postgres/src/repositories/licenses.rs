//! Rights to use products, and in which order rows are locked.

use async_trait::async_trait;
use countersign_domain::catalog::package::Product;
use countersign_domain::device::Device;
use countersign_domain::ids::{LicenseId, ProductId, SiteId};
use countersign_domain::licensing::{Holding, License, LicenseTerms};
use countersign_domain::text::{CustomerName, FeatureCode, LicenseKey, OrderNumber, ProductName};
use countersign_domain::time::{Date, Timestamp};
use countersign_store::StoreError;
use countersign_store::repositories::{LicenseFilter, Licenses, NewLicense, Page};
use tokio_postgres::Row;

use super::customers::holder;
use super::license_terms::{TermValues, terms};
use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

/// Licenses as [`license`] reads them.
macro_rules! select_licenses {
    ($which:literal) => {
        concat!(
            "select l.id, l.license_key, o.number, c.id, c.account, c.name, p.id, p.name,
                l.status, l.start_date, l.end_date, l.activation_limit,
                l.activations,
                array(select f.code from license_features i join features f on f.id = i.feature
                    where i.license = l.id order by f.code),
                l.created_at
            from licenses l join orders o on o.id = l.\"order\" join customers c on c.id = o.customer
                join products p on p.id = l.product ",
            $which
        )
    };
}

const INSERT: &str = "insert into licenses
    (site, license_key, \"order\", customer, product, status, start_date, end_date, activation_limit, created_at)
    values ($1, $2, $3, (select customer from orders where id = $3), $4, $5, $6, $7, $8, $9)
    on conflict do nothing returning id";
const INSERT_FEATURES: &str = "insert into license_features (license, feature) select $1, unnest($2::bigint[])";
const FIND: &str = select_licenses!("where l.site = $1 and l.license_key = $2");
const LOCK: &str = "select id from licenses where site = $1 and license_key = $2 for update";
const LIST: &str = select_licenses!(
    "where l.site = $1 and l.id > $2 and ($4::bigint is null or l.product = $4) order by l.id limit $3"
);
const LIST_OF_ORDER: &str = select_licenses!(
    "where l.site = $1 and l.id > $2 and ($4::bigint is null or l.product = $4) and l.\"order\" = $5
        and ($6::bigint is null or o.customer = $6) order by l.id limit $3"
);
const LIST_OF_CUSTOMER: &str = select_licenses!(
    "where l.site = $1 and l.id > $2 and ($4::bigint is null or l.product = $4) and o.customer = $5
        order by l.id limit $3"
);
const SET_TERMS: &str =
    "update licenses set status = $2, start_date = $3, end_date = $4, activation_limit = $5 where id = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] =
    &[INSERT, INSERT_FEATURES, FIND, LOCK, LIST, LIST_OF_ORDER, LIST_OF_CUSTOMER, SET_TERMS];

#[async_trait]
impl Licenses for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        license: &NewLicense,
        now: Timestamp,
    ) -> Result<Option<LicenseId>, StoreError> {
        let terms = TermValues::from(&license.terms);
        let values: [Value<'_>; 9] = [
            &site.0,
            &license.key.as_str(),
            &license.order.0,
            &license.product.0,
            &terms.status,
            &terms.start_date,
            &terms.end_date,
            &terms.limit,
            &now.as_millis(),
        ];
        let Some(id) = self.inserted(INSERT, &values).await? else { return Ok(None) };
        let features: Vec<i64> = license.features.iter().map(|feature| feature.0).collect();
        self.changed(INSERT_FEATURES, &[&id, &features]).await?;
        Ok(Some(LicenseId(id)))
    }

    async fn find(&mut self, site: SiteId, key: &LicenseKey) -> Result<Option<License>, StoreError> {
        self.first(FIND, &[&site.0, &key.as_str()], license).await
    }

    /// Two statements: the one that has waited for a lock goes on with the state from before it waited, all but the locked
    /// row. Only the next one counts the activations that the unit before has written.
    ///
    /// Locks are taken in one order, so that no two units wait for each other: the change counter (`Sites::touch`), then
    /// licenses in the order of their keys, then devices in the order of their row ids. A device that is inserted counts
    /// as locked: its identity is, until the unit ends. An activation is written and removed under the lock of its license,
    /// which counts it.
    async fn lock(&mut self, site: SiteId, key: &LicenseKey) -> Result<Option<License>, StoreError> {
        if self.rows(LOCK, &[&site.0, &key.as_str()]).await?.is_empty() {
            return Ok(None);
        }
        Licenses::find(self, site, key).await
    }

    async fn list(&mut self, site: SiteId, filter: LicenseFilter, page: Page) -> Result<Vec<License>, StoreError> {
        let (limit, product) = (i64::from(page.limit), filter.product.map(|product| product.0));
        let customer = filter.customer.map(|customer| customer.0);
        match (filter.order, customer) {
            (Some(order), customer) => {
                let values: [Value<'_>; 6] = [&site.0, &page.after, &limit, &product, &order.0, &customer];
                self.all(LIST_OF_ORDER, &values, license).await
            }
            (None, Some(customer)) => {
                let values: [Value<'_>; 5] = [&site.0, &page.after, &limit, &product, &customer];
                self.all(LIST_OF_CUSTOMER, &values, license).await
            }
            (None, None) => self.all(LIST, &[&site.0, &page.after, &limit, &product], license).await,
        }
    }

    async fn set_terms(&mut self, license: LicenseId, terms: &LicenseTerms) -> Result<bool, StoreError> {
        let terms = TermValues::from(terms);
        let values: [Value<'_>; 5] = [&license.0, &terms.status, &terms.start_date, &terms.end_date, &terms.limit];
        Ok(self.changed(SET_TERMS, &values).await? == 1)
    }

    async fn held_by_account_of(
        &mut self,
        device: &Device,
        products: &[ProductId],
        today: Date,
    ) -> Result<Vec<Holding>, StoreError> {
        self.holdings(device, products, today).await
    }
}

fn license(row: &Row) -> Result<License, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "licenses", row: id };
    let features = column::<Vec<String>>(row, 13)?.into_iter().map(FeatureCode::new).collect();
    Ok(License {
        id: LicenseId(id),
        key: place.check("license_key", LicenseKey::new(column::<String>(row, 1)?))?,
        order: place.check("order", OrderNumber::new(column::<String>(row, 2)?))?,
        holder: place.present("order", holder(row, 3)?)?,
        customer: place.check("order", CustomerName::new(column::<String>(row, 5)?))?,
        product: Product {
            id: ProductId(column(row, 6)?),
            name: place.check("product", ProductName::new(column::<String>(row, 7)?))?,
        },
        terms: terms(row, 8, place)?,
        activations: place.check("activations", u32::try_from(column::<i64>(row, 12)?))?,
        features: place.check("features", features)?,
        created_at: time(column(row, 14)?),
    })
}
