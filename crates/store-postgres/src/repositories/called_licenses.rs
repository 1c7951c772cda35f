//! What calls of licensed applications name: one exchange with the server for what most answers need.

use countersign_domain::device::DeviceStatus;
use countersign_domain::ids::{DeviceId, LicenseId, SiteId};
use countersign_store::StoreError;
use countersign_store::repositories::{CalledLicense, LicenseStamp, Revisions, WholeLicense};
use tokio_postgres::Row;

use super::licenses::{LOCK, license, select_licenses};
use super::{activations, customers, devices, licensed_products};
use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const FIND: &str = select_licenses!(
    ", p.id, p.name, coalesce(p.code, p.name), p.status, p.rules,
    c.id, c.name, c.email, c.created_at, a.id, a.name, c.contact,
    exists (select 1 from license_features where license = l.id), exists (select 1 from versions where product = p.id),
    l.revision, p.revision, c.revision",
    "left join accounts a on a.id = c.account
    where l.site = $1 and l.license_key = $3 and coalesce(p.code, p.name) = $2"
);
/// The device where the license is active, and else the first with this hardware.
const ON_HARDWARE: &str =
    "select d.id, d.host_id, d.id_type, d.publisher, d.identity_name, d.class, d.status, d.registered_at,
    d.last_seen_at, c.id, c.account,
    a.license, a.device, a.activated_at, a.license_user, a.offline
    from licenses l join devices d on d.site = l.site and d.host_id = $2
    left join activations a on a.license = l.id and a.device = d.id left join customers c on c.id = d.customer
    where l.site = $1 and l.license_key = $3 order by a.device is null, d.id_type, d.publisher limit 1";
const STAMP: &str = "select l.revision, p.revision, c.revision, d.status, d.last_seen_at
    from licenses l join products p on p.id = l.product join customers c on c.id = l.customer
    join devices d on d.id = $2 where l.id = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[FIND, ON_HARDWARE, STAMP];

/// How a license is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    Look,
    Lock,
}

impl PgTx<'_> {
    /// What a call names. The statements go to the server together, one after the other: each sees what the unit that was
    /// waited for at the lock has written.
    pub(super) async fn called_license(
        &mut self,
        site: SiteId,
        CalledLicense { product, key, hardware }: CalledLicense<'_>,
        hold: Hold,
    ) -> Result<Option<WholeLicense>, StoreError> {
        let (product, key, hardware) = (product.as_str(), key.as_str(), hardware.as_str());
        let (of_lock, of_license, of_device): ([Value<'_>; 2], [Value<'_>; 3], [Value<'_>; 3]) =
            ([&site.0, &key], [&site.0, &product, &key], [&site.0, &hardware, &key]);
        let mut statements = vec![(FIND, &of_license[..]), (ON_HARDWARE, &of_device[..])];
        if hold == Hold::Lock {
            statements.insert(0, (LOCK, &of_lock[..]));
        }
        let mut answers = self.run_all_and_now(&statements).await?.into_iter().rev();
        let (device, found) = (answers.next(), answers.next());
        let found = found.and_then(|answer| answer.rows.into_iter().next());
        let Some(row) = found else { return Ok(None) };
        let device = device.and_then(|answer| answer.rows.into_iter().next());
        let whole = || {
            let (bound, unbound) = match &device {
                Some(row) if column::<Option<i64>>(row, 11)?.is_some() => (Some(activations::bound(row)?), None),
                Some(row) => (None, Some(devices::device(row)?)),
                None => (None, None),
            };
            let whole = WholeLicense {
                license: license(&row)?,
                product: licensed_products::product(&row, 22)?,
                customer: customers::customer(&row, 27)?,
                has_releases: column(&row, 35)?,
                revisions: revisions(&row, 36)?,
                bound,
                unbound,
            };
            Ok((whole, column::<bool>(&row, 34)?))
        };
        let (mut whole, has_features) = self.check(whole())?;
        if has_features && let Some(license) = self.with_features(Some(whole.license.clone())).await? {
            whole.license = license;
        }
        Ok(Some(whole))
    }

    /// What shows whether a license and a device are as they were. The time comes with it.
    pub(super) async fn license_stamp(
        &mut self,
        license: LicenseId,
        device: DeviceId,
    ) -> Result<Option<LicenseStamp>, StoreError> {
        let values: [Value<'_>; 2] = [&license.0, &device.0];
        let answers = self.run_all_and_now(&[(STAMP, &values)]).await?;
        let row = answers.into_iter().next().and_then(|answer| answer.rows.into_iter().next());
        self.check(row.map(|row| stamp(&row, device)).transpose())
    }
}

fn stamp(row: &Row, device: DeviceId) -> Result<LicenseStamp, StoreError> {
    let place = Place { table: "devices", row: device.0 };
    Ok(LicenseStamp {
        revisions: revisions(row, 0)?,
        status: place.present("status", DeviceStatus::parse(column(row, 3)?))?,
        last_seen_at: time(column(row, 4)?),
    })
}

/// Revisions from the three columns that start at `from`: license, product, customer.
fn revisions(row: &Row, from: usize) -> Result<Revisions, StoreError> {
    Ok(Revisions { license: column(row, from)?, product: column(row, from + 1)?, customer: column(row, from + 2)? })
}
