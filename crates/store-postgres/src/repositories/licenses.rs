//! Rights to use products, and in which order rows are locked.

use async_trait::async_trait;
use countersign_domain::catalog::package::Product;
use countersign_domain::device::KnownDevice;
use countersign_domain::ids::{DeviceId, FeatureId, LicenseId, ProductId, SiteId};
use countersign_domain::licensing::{
    FeatureRules, Holding, License, LicenseFeature, LicenseRules, LicenseTerms, LicenseUsage, Meter,
};
use countersign_domain::text::{CustomerName, FeatureCode, LicenseKey, OrderNumber, ProductName};
use countersign_domain::time::{Date, Timestamp};
use countersign_store::StoreError;
use countersign_store::repositories::{
    CalledLicense, LicenseFilter, LicenseStamp, Licenses, NewLicense, Page, WholeLicense,
};
use tokio_postgres::Row;

use super::called_licenses::Hold;
use super::customers::holder;
use super::license_terms::{TermValues, terms};
use crate::connection::{Owned, Value};
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

/// Licenses as [`license`] reads them, with more columns behind.
macro_rules! select_licenses {
    ($which:literal) => {
        select_licenses!("", $which, "")
    };
    ($more:literal, $which:literal, $hold:literal) => {
        concat!(
            "select l.id, l.license_key, o.number, c.id, c.account, c.name, p.id, p.name,
                l.status, l.start_date, l.end_date, l.activation_limit,
                l.activations,
                l.created_at, l.bundle_key, l.rules, l.first_activated_at, l.last_device, l.vacancies, l.transfers,
                l.units, l.units_since",
            $more,
            " from licenses l join orders o on o.id = l.\"order\" join customers c on c.id = o.customer
                join products p on p.id = l.product ",
            $which,
            $hold
        )
    };
}

pub(super) use select_licenses;

const INSERT: &str = "insert into licenses
    (site, license_key, \"order\", customer, product, status, start_date, end_date, activation_limit, created_at,
    bundle_key, rules)
    values ($1, $2, $3, (select customer from orders where id = $3), $4, $5, $6, $7, $8, $9, $10, $11)
    on conflict do nothing returning id";
const INSERT_FEATURES: &str = "insert into license_features (license, feature, rules)
    select $1, id, rules from features where id = any($2)";
const FEATURES: &str = "select i.license, f.id, f.code, f.name, i.rules, i.units, i.units_since
    from license_features i join features f on f.id = i.feature where i.license = any($1) order by f.code";
const FIND: &str = select_licenses!("where l.site = $1 and l.license_key = $2");
const LOCK: &str = "select id from licenses where site = $1 and license_key = $2 for update";
const FIND_BY_ID: &str = select_licenses!("where l.site = $1 and l.id = $2");
const LOCK_BY_ID: &str = "select id from licenses where site = $1 and id = $2 for update";
const FIND_OF_BUNDLE: &str = select_licenses!("where l.site = $1 and l.bundle_key = $2 and l.product = $3");
const LOCK_OF_BUNDLE: &str = "select id from licenses where site = $1 and bundle_key = $2 and product = $3 for update";
const SET_USAGE: &str = "update licenses set revision = revision + 1, first_activated_at = $2, last_device = $3, vacancies = $4, transfers = $5,
    units = $6, units_since = $7 where id = $1";
const SET_RULES: &str = "update licenses set rules = $2 where id = $1";
const SET_FEATURE: &str = "insert into license_features (license, feature, rules, units, units_since)
    values ($1, $2, $3, $4, $5) on conflict (license, feature)
    do update set rules = excluded.rules, units = excluded.units, units_since = excluded.units_since";
const DELETE_FEATURE: &str = "delete from license_features where license = $1 and feature = $2";
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
pub(super) const ALL: &[&str] = &[
    INSERT,
    INSERT_FEATURES,
    FEATURES,
    FIND,
    FIND_BY_ID,
    FIND_OF_BUNDLE,
    LOCK,
    LOCK_BY_ID,
    LOCK_OF_BUNDLE,
    LIST,
    LIST_OF_ORDER,
    LIST_OF_CUSTOMER,
    SET_TERMS,
    SET_USAGE,
    SET_RULES,
    SET_FEATURE,
    DELETE_FEATURE,
];

#[async_trait]
impl Licenses for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        license: &NewLicense,
        now: Timestamp,
    ) -> Result<Option<LicenseId>, StoreError> {
        let terms = TermValues::from(&license.terms);
        let bundle_key = license.bundle_key.as_ref().map(LicenseKey::as_str);
        let rules = license.rules.to_text();
        let values: [Value<'_>; 11] = [
            &site.0,
            &license.key.as_str(),
            &license.order.0,
            &license.product.0,
            &terms.status,
            &terms.start_date,
            &terms.end_date,
            &terms.limit,
            &now.as_millis(),
            &bundle_key,
            &rules,
        ];
        let Some(id) = self.inserted(INSERT, &values).await? else { return Ok(None) };
        let features: Vec<i64> = license.features.iter().map(|feature| feature.0).collect();
        self.changed(INSERT_FEATURES, &[&id, &features]).await?;
        Ok(Some(LicenseId(id)))
    }

    async fn find(&mut self, site: SiteId, key: &LicenseKey) -> Result<Option<License>, StoreError> {
        let found = self.first(FIND, &[&site.0, &key.as_str()], license).await?;
        self.with_features(found).await
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
                let licenses = self.all(LIST_OF_ORDER, &values, license).await?;
                self.with_all_features(licenses).await
            }
            (None, Some(customer)) => {
                let values: [Value<'_>; 5] = [&site.0, &page.after, &limit, &product, &customer];
                let licenses = self.all(LIST_OF_CUSTOMER, &values, license).await?;
                self.with_all_features(licenses).await
            }
            (None, None) => {
                let licenses = self.all(LIST, &[&site.0, &page.after, &limit, &product], license).await?;
                self.with_all_features(licenses).await
            }
        }
    }

    async fn find_for(
        &mut self,
        site: SiteId,
        product: ProductId,
        key: &LicenseKey,
    ) -> Result<Option<License>, StoreError> {
        if let Some(own) = Licenses::find(self, site, key).await? {
            return Ok(Some(own).filter(|own| own.product.id == product));
        }
        let found = self.first(FIND_OF_BUNDLE, &[&site.0, &key.as_str(), &product.0], license).await?;
        self.with_features(found).await
    }

    async fn lock_for(
        &mut self,
        site: SiteId,
        product: ProductId,
        key: &LicenseKey,
    ) -> Result<Option<License>, StoreError> {
        if self.rows(LOCK, &[&site.0, &key.as_str()]).await?.is_empty() {
            self.rows(LOCK_OF_BUNDLE, &[&site.0, &key.as_str(), &product.0]).await?;
        }
        self.find_for(site, product, key).await
    }

    async fn find_by_id(&mut self, site: SiteId, id: LicenseId) -> Result<Option<License>, StoreError> {
        let found = self.first(FIND_BY_ID, &[&site.0, &id.0], license).await?;
        self.with_features(found).await
    }

    async fn lock_by_id(&mut self, site: SiteId, id: LicenseId) -> Result<Option<License>, StoreError> {
        if self.rows(LOCK_BY_ID, &[&site.0, &id.0]).await?.is_empty() {
            return Ok(None);
        }
        Licenses::find_by_id(self, site, id).await
    }

    async fn find_called(
        &mut self,
        site: SiteId,
        called: CalledLicense<'_>,
    ) -> Result<Option<WholeLicense>, StoreError> {
        self.called_license(site, called, Hold::Look).await
    }

    async fn lock_called(
        &mut self,
        site: SiteId,
        called: CalledLicense<'_>,
    ) -> Result<Option<WholeLicense>, StoreError> {
        self.called_license(site, called, Hold::Lock).await
    }

    async fn stamp(&mut self, license: LicenseId, device: DeviceId) -> Result<Option<LicenseStamp>, StoreError> {
        self.license_stamp(license, device).await
    }

    async fn set_usage(&mut self, license: LicenseId, usage: &LicenseUsage) -> Result<(), StoreError> {
        self.later(SET_USAGE, usage_values(license, usage)).await
    }

    async fn set_rules(&mut self, license: LicenseId, rules: &LicenseRules) -> Result<bool, StoreError> {
        Ok(self.changed(SET_RULES, &[&license.0, &rules.to_text()]).await? == 1)
    }

    async fn set_feature(
        &mut self,
        license: LicenseId,
        feature: FeatureId,
        rules: &FeatureRules,
        meter: Meter,
    ) -> Result<(), StoreError> {
        let since = meter.since.map(Timestamp::as_millis);
        let values: [Value<'_>; 5] = [&license.0, &feature.0, &rules.to_text(), &meter.total, &since];
        self.changed(SET_FEATURE, &values).await.map(drop)
    }

    async fn delete_feature(&mut self, license: LicenseId, feature: FeatureId) -> Result<bool, StoreError> {
        Ok(self.changed(DELETE_FEATURE, &[&license.0, &feature.0]).await? == 1)
    }

    async fn set_terms(&mut self, license: LicenseId, terms: &LicenseTerms) -> Result<bool, StoreError> {
        let terms = TermValues::from(terms);
        let values: [Value<'_>; 5] = [&license.0, &terms.status, &terms.start_date, &terms.end_date, &terms.limit];
        Ok(self.changed(SET_TERMS, &values).await? == 1)
    }

    async fn held_by_account_of(
        &mut self,
        device: KnownDevice,
        products: &[ProductId],
        today: Date,
    ) -> Result<Vec<Holding>, StoreError> {
        self.holdings(device, products, today).await
    }
}

/// What has become of a license, as values: its row id, then the columns in the order of [`SET_USAGE`].
pub(super) fn usage_values(license: LicenseId, usage: &LicenseUsage) -> Vec<Owned> {
    vec![
        Box::new(license.0),
        Box::new(usage.first_activated_at.map(Timestamp::as_millis)),
        Box::new(usage.last_device.map(|device| device.0)),
        Box::new(i64::from(usage.vacancies)),
        Box::new(i64::from(usage.transfers)),
        Box::new(usage.meter.total),
        Box::new(usage.meter.since.map(Timestamp::as_millis)),
    ]
}

impl PgTx<'_> {
    pub(super) async fn with_features(&mut self, license: Option<License>) -> Result<Option<License>, StoreError> {
        Ok(self.with_all_features(license.into_iter().collect()).await?.pop())
    }

    /// Licenses with their features, in one statement however many they are.
    async fn with_all_features(&mut self, mut licenses: Vec<License>) -> Result<Vec<License>, StoreError> {
        if licenses.is_empty() {
            return Ok(licenses);
        }
        let ids: Vec<i64> = licenses.iter().map(|license| license.id.0).collect();
        let mut features = self.grouped(FEATURES, &[&ids], feature).await?;
        for license in &mut licenses {
            license.features = features.remove(&license.id.0).unwrap_or_default();
        }
        Ok(licenses)
    }
}

fn feature(row: &Row) -> Result<LicenseFeature, StoreError> {
    let place = Place { table: "license_features", row: column(row, 0)? };
    Ok(LicenseFeature {
        id: FeatureId(column(row, 1)?),
        code: place.check("feature", FeatureCode::new(column::<String>(row, 2)?))?,
        name: column(row, 3)?,
        rules: place.present("rules", FeatureRules::from_text(&column::<String>(row, 4)?))?,
        meter: Meter { total: column(row, 5)?, since: column::<Option<i64>>(row, 6)?.map(time) },
    })
}

/// A license from the first 22 columns, without its features.
pub(super) fn license(row: &Row) -> Result<License, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "licenses", row: id };
    let bundle_key = column::<Option<String>>(row, 14)?.map(LicenseKey::new).transpose();
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
        bundle_key: place.check("bundle_key", bundle_key)?,
        features: Vec::new(),
        rules: place.present("rules", LicenseRules::from_text(&column::<String>(row, 15)?))?,
        usage: LicenseUsage {
            first_activated_at: column::<Option<i64>>(row, 16)?.map(time),
            last_device: column::<Option<i64>>(row, 17)?.map(DeviceId),
            vacancies: place.check("vacancies", u32::try_from(column::<i64>(row, 18)?))?,
            transfers: place.check("transfers", u32::try_from(column::<i64>(row, 19)?))?,
            meter: Meter { total: column(row, 20)?, since: column::<Option<i64>>(row, 21)?.map(time) },
        },
        created_at: time(column(row, 13)?),
    })
}
