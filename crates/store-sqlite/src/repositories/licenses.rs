//! Rights to use products.

use async_trait::async_trait;
use countersign_domain::catalog::package::Product;
use countersign_domain::device::KnownDevice;
use countersign_domain::ids::{DeviceId, FeatureId, LicenseId, ProductId, SiteId};
use countersign_domain::licensing::{
    ActivationLimit, FeatureRules, Holding, License, LicenseFeature, LicenseRules, LicenseStatus, LicenseTerms,
    LicenseUsage, Meter,
};
use countersign_domain::text::{CustomerName, FeatureCode, LicenseKey, OrderNumber, ProductName};
use countersign_domain::time::{Date, Timestamp};
use countersign_store::StoreError;
use countersign_store::repositories::{
    CalledLicense, LicenseFilter, LicenseStamp, Licenses, NewLicense, Page, WholeLicense,
};
use rusqlite::{Connection, Params, Row, params};

use super::customers::holder;
use super::{called_licenses, holdings};
use crate::rows::{Place, all, changed, column, first, inserted, time};
use crate::transaction::SqliteTx;

/// A statement that reads licenses `l` with what they belong to; the rest begins with `from`.
macro_rules! select_licenses {
    ($rest:literal) => {
        concat!(
            "select l.id, l.license_key, o.number, c.id, c.account, c.name, p.id, p.name, l.status, l.start_date,
            l.end_date, l.activation_limit, l.activations, l.created_at, l.bundle_key, l.rules, l.first_activated_at,
            l.last_device, l.vacancies, l.transfers, l.units, l.units_since ",
            $rest
        )
    };
}

pub(super) use select_licenses;

const INSERT: &str =
    "insert into licenses (site, license_key, \"order\", customer, product, status, start_date, end_date,
    activation_limit, created_at, bundle_key, rules)
    values (?1, ?2, ?3, (select customer from orders where id = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
    on conflict do nothing returning id";
const INSERT_FEATURE: &str =
    "insert into license_features (license, feature, rules) select ?1, id, rules from features where id = ?2";
const FEATURES: &str = "select f.id, f.code, f.name, i.rules, i.units, i.units_since
    from license_features i join features f on f.id = i.feature where i.license = ?1 order by f.code";
const FIND: &str = select_licenses!(
    "from licenses l join orders o on o.id = l.\"order\" join customers c on c.id = o.customer
    join products p on p.id = l.product where l.site = ?1 and l.license_key = ?2"
);
const FIND_BY_ID: &str = select_licenses!(
    "from licenses l join orders o on o.id = l.\"order\" join customers c on c.id = o.customer
    join products p on p.id = l.product where l.site = ?1 and l.id = ?2"
);
const FIND_OF_BUNDLE: &str = select_licenses!(
    "from licenses l join orders o on o.id = l.\"order\" join customers c on c.id = o.customer
    join products p on p.id = l.product where l.site = ?1 and l.bundle_key = ?2 and l.product = ?3"
);
const SET_USAGE: &str = "update licenses set revision = revision + 1, first_activated_at = ?2, last_device = ?3, vacancies = ?4, transfers = ?5,
    units = ?6, units_since = ?7 where id = ?1";
const SET_RULES: &str = "update licenses set rules = ?2 where id = ?1";
const SET_FEATURE: &str = "insert into license_features (license, feature, rules, units, units_since)
    values (?1, ?2, ?3, ?4, ?5) on conflict (license, feature)
    do update set rules = excluded.rules, units = excluded.units, units_since = excluded.units_since";
const DELETE_FEATURE: &str = "delete from license_features where license = ?1 and feature = ?2";
// The lists take the same parameters: site, order, customer, product, where the page begins, and its limit. Each begins
// with the narrowest thing that it is given; SQLite keeps the order of cross joins.
const LIST: &str = select_licenses!(
    "from licenses l cross join orders o on o.id = l.\"order\" cross join customers c on c.id = o.customer
    cross join products p on p.id = l.product
    where l.site = ?1 and l.id > ?5 and (?4 is null or l.product = ?4) order by l.id limit ?6"
);
const LIST_OF_CUSTOMER: &str = select_licenses!(
    "from orders o cross join licenses l on l.\"order\" = o.id cross join customers c on c.id = o.customer
    cross join products p on p.id = l.product
    where o.customer = ?3 and +l.site = ?1 and l.id > ?5 and (?4 is null or l.product = ?4) order by l.id limit ?6"
);
const LIST_OF_ORDER: &str = select_licenses!(
    "from licenses l cross join orders o on o.id = l.\"order\" cross join customers c on c.id = o.customer
    cross join products p on p.id = l.product
    where l.\"order\" = ?2 and +l.site = ?1 and l.id > ?5 and (?3 is null or o.customer = ?3)
    and (?4 is null or l.product = ?4) order by l.id limit ?6"
);
const SET_TERMS: &str =
    "update licenses set status = ?2, start_date = ?3, end_date = ?4, activation_limit = ?5 where id = ?1";
/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    INSERT_FEATURE,
    FEATURES,
    FIND,
    FIND_BY_ID,
    FIND_OF_BUNDLE,
    LIST,
    LIST_OF_CUSTOMER,
    LIST_OF_ORDER,
    SET_TERMS,
    SET_USAGE,
    SET_RULES,
    SET_FEATURE,
    DELETE_FEATURE,
];

#[async_trait]
impl Licenses for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        license: &NewLicense,
        now: Timestamp,
    ) -> Result<Option<LicenseId>, StoreError> {
        self.attempt(|c| {
            let terms = Terms::of(&license.terms);
            let values = params![
                site.0,
                license.key.as_str(),
                license.order.0,
                license.product.0,
                terms.status,
                terms.start_date,
                terms.end_date,
                terms.limit,
                now.as_millis(),
                license.bundle_key.as_ref().map(LicenseKey::as_str),
                license.rules.to_text(),
            ];
            let Some(id) = inserted(c, INSERT, values)? else { return Ok(None) };
            for feature in &license.features {
                changed(c, INSERT_FEATURE, (id, feature.0))?;
            }
            Ok(Some(LicenseId(id)))
        })
    }

    async fn find(&mut self, site: SiteId, key: &LicenseKey) -> Result<Option<License>, StoreError> {
        self.attempt(|c| first(c, FIND, (site.0, key.as_str()), |row| license(c, row)))
    }

    async fn lock(&mut self, site: SiteId, key: &LicenseKey) -> Result<Option<License>, StoreError> {
        // There is one writer: whatever a unit reads stays true until it ends.
        Licenses::find(self, site, key).await
    }

    async fn list(&mut self, site: SiteId, filter: LicenseFilter, page: Page) -> Result<Vec<License>, StoreError> {
        let sql = match filter {
            LicenseFilter { order: Some(_), .. } => LIST_OF_ORDER,
            LicenseFilter { customer: Some(_), .. } => LIST_OF_CUSTOMER,
            LicenseFilter { .. } => LIST,
        };
        let LicenseFilter { order, customer, product } = filter;
        let filter =
            (order.map(|order| order.0), customer.map(|customer| customer.0), product.map(|product| product.0));
        let values = (site.0, filter.0, filter.1, filter.2, page.after, page.limit);
        self.attempt(|c| all(c, sql, values, |row| license(c, row)))
    }

    async fn find_for(
        &mut self,
        site: SiteId,
        product: ProductId,
        key: &LicenseKey,
    ) -> Result<Option<License>, StoreError> {
        self.attempt(|c| {
            let own = first(c, FIND, (site.0, key.as_str()), |row| license(c, row))?;
            if let Some(own) = own {
                return Ok(Some(own).filter(|own| own.product.id == product));
            }
            first(c, FIND_OF_BUNDLE, (site.0, key.as_str(), product.0), |row| license(c, row))
        })
    }

    async fn lock_for(
        &mut self,
        site: SiteId,
        product: ProductId,
        key: &LicenseKey,
    ) -> Result<Option<License>, StoreError> {
        self.find_for(site, product, key).await
    }

    async fn find_by_id(&mut self, site: SiteId, id: LicenseId) -> Result<Option<License>, StoreError> {
        self.attempt(|c| first(c, FIND_BY_ID, (site.0, id.0), |row| license(c, row)))
    }

    async fn lock_by_id(&mut self, site: SiteId, id: LicenseId) -> Result<Option<License>, StoreError> {
        Licenses::find_by_id(self, site, id).await
    }

    async fn find_called(
        &mut self,
        site: SiteId,
        called: CalledLicense<'_>,
    ) -> Result<Option<WholeLicense>, StoreError> {
        self.attempt(|c| called_licenses::find(c, site, called))
    }

    async fn lock_called(
        &mut self,
        site: SiteId,
        called: CalledLicense<'_>,
    ) -> Result<Option<WholeLicense>, StoreError> {
        self.find_called(site, called).await
    }

    async fn stamp(&mut self, license: LicenseId, device: DeviceId) -> Result<Option<LicenseStamp>, StoreError> {
        self.attempt(|c| called_licenses::stamp(c, license, device))
    }

    async fn set_usage(&mut self, license: LicenseId, usage: &LicenseUsage) -> Result<(), StoreError> {
        self.attempt(|c| changed(c, SET_USAGE, usage_values(license, usage)).map(drop))
    }

    async fn set_rules(&mut self, license: LicenseId, rules: &LicenseRules) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, SET_RULES, (license.0, rules.to_text()))? == 1))
    }

    async fn set_feature(
        &mut self,
        license: LicenseId,
        feature: FeatureId,
        rules: &FeatureRules,
        meter: Meter,
    ) -> Result<(), StoreError> {
        let since = meter.since.map(Timestamp::as_millis);
        let values = (license.0, feature.0, rules.to_text(), meter.total, since);
        self.attempt(|c| changed(c, SET_FEATURE, values).map(drop))
    }

    async fn delete_feature(&mut self, license: LicenseId, feature: FeatureId) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, DELETE_FEATURE, (license.0, feature.0))? == 1))
    }

    async fn set_terms(&mut self, license: LicenseId, terms: &LicenseTerms) -> Result<bool, StoreError> {
        let terms = Terms::of(terms);
        let values = (license.0, terms.status, terms.start_date, terms.end_date, terms.limit);
        self.attempt(|c| Ok(changed(c, SET_TERMS, values)? == 1))
    }

    async fn held_by_account_of(
        &mut self,
        device: KnownDevice,
        products: &[ProductId],
        today: Date,
    ) -> Result<Vec<Holding>, StoreError> {
        self.attempt(|c| holdings::held(c, device, products, today))
    }
}

/// What has become of a license, as values: its row id, then the columns in the order of [`SET_USAGE`].
pub(super) fn usage_values(license: LicenseId, usage: &LicenseUsage) -> impl Params {
    (
        license.0,
        usage.first_activated_at.map(Timestamp::as_millis),
        usage.last_device.map(|device| device.0),
        usage.vacancies,
        usage.transfers,
        usage.meter.total,
        usage.meter.since.map(Timestamp::as_millis),
    )
}

/// Terms as columns.
struct Terms {
    status: &'static str,
    start_date: Option<String>,
    end_date: Option<String>,
    limit: Option<u32>,
}

impl Terms {
    fn of(terms: &LicenseTerms) -> Self {
        let text = |date: Date| date.to_string();
        Self {
            status: terms.status.as_str(),
            start_date: terms.start_date.map(text),
            end_date: terms.end_date.map(text),
            limit: match terms.limit {
                ActivationLimit::AtMost(limit) => Some(limit),
                ActivationLimit::Unlimited => None,
            },
        }
    }
}

/// Terms from the four columns that start at `from`: status, start date, end date, limit.
fn terms(place: Place, row: &Row<'_>, from: usize) -> Result<LicenseTerms, StoreError> {
    let date = |name, index| {
        let text = column::<Option<String>>(row, index)?;
        text.map(|text| place.date(name, &text)).transpose()
    };
    let limit =
        column::<Option<i64>>(row, from + 3)?.map(|limit| place.check("activation_limit", u32::try_from(limit)));
    Ok(LicenseTerms {
        status: place.present("status", LicenseStatus::parse(&column::<String>(row, from)?))?,
        start_date: date("start_date", from + 1)?,
        end_date: date("end_date", from + 2)?,
        limit: limit.transpose()?.map_or(ActivationLimit::Unlimited, ActivationLimit::AtMost),
    })
}

/// A license, with its features read one license at a time: a page of a list is short, and a lookup is no round trip.
fn license(connection: &Connection, row: &Row<'_>) -> Result<License, StoreError> {
    let license = plain_license(row)?;
    Ok(License { features: features(connection, license.id)?, ..license })
}

/// The features of a license.
pub(super) fn features(connection: &Connection, license: LicenseId) -> Result<Vec<LicenseFeature>, StoreError> {
    let place = Place { table: "licenses", row: license.0 };
    all(connection, FEATURES, [license.0], |row| {
        Ok(LicenseFeature {
            id: FeatureId(column(row, 0)?),
            code: place.check("features", FeatureCode::new(column::<String>(row, 1)?))?,
            name: column(row, 2)?,
            rules: place.present("features", FeatureRules::from_text(&column::<String>(row, 3)?))?,
            meter: Meter { total: column(row, 4)?, since: column::<Option<i64>>(row, 5)?.map(time) },
        })
    })
}

/// A license from the first 22 columns, without its features.
pub(super) fn plain_license(row: &Row<'_>) -> Result<License, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "licenses", row: id };
    let product = Product {
        id: ProductId(column(row, 6)?),
        name: place.check("product", ProductName::new(column::<String>(row, 7)?))?,
    };
    let bundle_key = column::<Option<String>>(row, 14)?.map(LicenseKey::new).transpose();
    Ok(License {
        id: LicenseId(id),
        key: place.check("license_key", LicenseKey::new(column::<String>(row, 1)?))?,
        order: place.check("order", OrderNumber::new(column::<String>(row, 2)?))?,
        holder: holder(row, 3)?,
        customer: place.check("customer", CustomerName::new(column::<String>(row, 5)?))?,
        product,
        bundle_key: place.check("bundle_key", bundle_key)?,
        features: Vec::new(),
        terms: terms(place, row, 8)?,
        rules: place.present("rules", LicenseRules::from_text(&column::<String>(row, 15)?))?,
        usage: LicenseUsage {
            first_activated_at: column::<Option<i64>>(row, 16)?.map(time),
            last_device: column::<Option<i64>>(row, 17)?.map(DeviceId),
            vacancies: place.check("vacancies", u32::try_from(column::<i64>(row, 18)?))?,
            transfers: place.check("transfers", u32::try_from(column::<i64>(row, 19)?))?,
            meter: Meter { total: column(row, 20)?, since: column::<Option<i64>>(row, 21)?.map(time) },
        },
        activations: place.check("activations", u32::try_from(column::<i64>(row, 12)?))?,
        created_at: time(column(row, 13)?),
    })
}
