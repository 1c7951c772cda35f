//! What calls of licensed applications name: two statements for what most answers need, because each one costs more than the
//! rows that it reads.

use countersign_domain::ids::SiteId;
use countersign_store::StoreError;
use countersign_store::repositories::{CalledLicense, WholeLicense};
use rusqlite::Connection;

use super::licenses::{features, plain_license, select_licenses};
use super::{activations, customers, licensed_products};
use crate::rows::{column, first};

const FIND: &str = select_licenses!(
    ", p.id, p.name, coalesce(p.code, p.name), p.status, p.rules,
    c.id, c.name, c.email, c.created_at, a.id, a.name, c.contact,
    exists (select 1 from license_features where license = l.id), exists (select 1 from versions where product = p.id)
    from products p cross join licenses l on l.site = p.site and l.license_key = ?3 and l.product = p.id
    cross join orders o on o.id = l.\"order\" cross join customers c on c.id = o.customer
    left join accounts a on a.id = c.account
    where p.site = ?1 and coalesce(p.code, p.name) = ?2"
);

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[FIND];

/// What a call names.
pub(super) fn find(
    connection: &Connection,
    site: SiteId,
    CalledLicense { product, key, hardware }: CalledLicense<'_>,
) -> Result<Option<WholeLicense>, StoreError> {
    let found = first(connection, FIND, (site.0, product.as_str(), key.as_str()), |row| {
        let whole = WholeLicense {
            license: plain_license(row)?,
            product: licensed_products::product(row, 22)?,
            customer: customers::customer(row, 27)?,
            has_releases: column(row, 35)?,
            bound: None,
        };
        Ok((whole, column::<bool>(row, 34)?))
    })?;
    let Some((mut whole, has_features)) = found else { return Ok(None) };
    if has_features {
        whole.license.features = features(connection, whole.license.id)?;
    }
    whole.bound = activations::find_by_hardware(connection, site, whole.license.id, hardware)?;
    Ok(Some(whole))
}
