//! What calls of licensed applications name: two statements for what most answers need, because each one costs more than the
//! rows that it reads.

use countersign_domain::device::DeviceStatus;
use countersign_domain::ids::{DeviceId, LicenseId, SiteId};
use countersign_store::StoreError;
use countersign_store::repositories::{CalledLicense, LicenseStamp, Revisions, WholeLicense};
use rusqlite::{Connection, Row, params};

use super::activations::activation;
use super::devices::device;
use super::licenses::{features, plain_license, select_licenses};
use super::{customers, licensed_products};
use crate::rows::{Place, column, find_map, first, text, time};

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
/// Devices with the hardware of a call, each with the activation of a license there, if there is one.
const ON_HARDWARE: &str = "select d.id, d.host_id, d.id_type, d.publisher, d.identity_name, d.class, d.status, c.id, c.account,
    d.registered_at, d.last_seen_at,
    a.license, a.device, a.activated_at, a.license_user, a.offline, a.asked_at
    from devices d left join activations a on a.license = ?3 and a.device = d.id left join customers c on c.id = d.customer
    where d.site = ?1 and d.host_id = ?2 order by d.id_type, d.publisher";
const STAMP: &str = "select l.revision, p.revision, c.revision, d.status, d.last_seen_at
    from licenses l cross join products p on p.id = l.product cross join customers c on c.id = l.customer
    cross join devices d on d.id = ?2 where l.id = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[FIND, ON_HARDWARE, STAMP];

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
            unbound: None,
        };
        Ok((whole, column::<bool>(row, 34)?))
    })?;
    let Some((mut whole, has_features)) = found else { return Ok(None) };
    if has_features {
        whole.license.features = features(connection, whole.license.id)?;
    }
    // Where it is active comes first; without that, all devices with this hardware were gone through.
    let on_hardware = params![site.0, hardware.as_str(), whole.license.id.0];
    whole.bound = find_map(connection, ON_HARDWARE, on_hardware, |row| {
        let active = column::<Option<i64>>(row, 11)?.is_some();
        if active {
            return Ok(Some((device(row)?, activation(row, 11)?)));
        }
        if whole.unbound.is_none() {
            whole.unbound = Some(device(row)?);
        }
        Ok(None)
    })?;
    if whole.bound.is_some() {
        whole.unbound = None;
    }
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
