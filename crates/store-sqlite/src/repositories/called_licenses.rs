//! What calls of licensed applications name: two statements for what most answers need, because each one costs more than the
//! rows that it reads.

use countersign_domain::device::DeviceStatus;
use countersign_domain::ids::{DeviceId, LicenseId, SiteId};
use countersign_store::StoreError;
use countersign_store::repositories::{CalledLicense, LicenseStamp, Revisions, WholeLicense};
use rusqlite::{Connection, Row};

use super::licenses::{features, plain_license, select_licenses};
use super::{activations, customers, licensed_products};
use crate::rows::{Place, column, first, text, time};

const FIND: &str = select_licenses!(
    ", p.id, p.name, coalesce(p.code, p.name), p.status, p.rules,
    c.id, c.name, c.email, c.created_at, a.id, a.name, c.contact,
    exists (select 1 from license_features where license = l.id), exists (select 1 from versions where product = p.id),
    l.revision, p.revision, c.revision
    from products p cross join licenses l on l.site = p.site and l.license_key = ?3 and l.product = p.id
    cross join orders o on o.id = l.\"order\" cross join customers c on c.id = o.customer
    left join accounts a on a.id = c.account
    where p.site = ?1 and coalesce(p.code, p.name) = ?2"
);
const STAMP: &str = "select l.revision, p.revision, c.revision, d.status, d.last_seen_at
    from licenses l cross join products p on p.id = l.product cross join customers c on c.id = l.customer
    cross join devices d on d.id = ?2 where l.id = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[FIND, STAMP];

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
            revisions: revisions(row, 36)?,
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

/// What shows whether a license and a device are as they were.
pub(super) fn stamp(
    connection: &Connection,
    license: LicenseId,
    device: DeviceId,
) -> Result<Option<LicenseStamp>, StoreError> {
    let place = Place { table: "devices", row: device.0 };
    first(connection, STAMP, (license.0, device.0), |row| {
        Ok(LicenseStamp {
            revisions: revisions(row, 0)?,
            status: place.present("status", DeviceStatus::parse(text(row, 3)?))?,
            last_seen_at: time(column(row, 4)?),
        })
    })
}

/// Revisions from the three columns that start at `from`: license, product, customer.
fn revisions(row: &Row<'_>, from: usize) -> Result<Revisions, StoreError> {
    Ok(Revisions { license: column(row, from)?, product: column(row, from + 1)?, customer: column(row, from + 2)? })
}
