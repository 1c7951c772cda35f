//! What calls of licensed applications name: one exchange with the server for what most answers need.

use countersign_domain::device::DeviceStatus;
use countersign_domain::ids::{DeviceId, LicenseId, SiteId};
use countersign_store::StoreError;
use countersign_store::repositories::{CalledLicense, LicenseStamp, Revisions, WholeLicense};
use tokio_postgres::Row;

use super::licenses::{license, select_licenses};
use super::{activations, customers, devices, licensed_products};
use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::{PgTx, now};

/// A license with what belongs to it.
macro_rules! select_called {
    ($hold:literal) => {
        select_licenses!(
            ", p.id, p.name, coalesce(p.code, p.name), p.status, p.rules,
            c.id, c.name, c.email, c.created_at, a.id, a.name, c.contact,
            exists (select 1 from versions where product = p.id), l.revision, p.revision, c.revision",
            "left join accounts a on a.id = c.account
            where l.site = $1 and l.license_key = $3 and coalesce(p.code, p.name) = $2",
            $hold
        )
    };
}

const FIND: &str = select_called!("");
/// A license that another unit changes is read anew when that one has ended; what is joined to it is from before, and what
/// that unit has written elsewhere is for the next statement to find.
const LOCK: &str = select_called!(" for update of l");
/// The device where the license is active, and else the first with this hardware; whether the license has features, and the
/// time.
const BESIDE: &str = concat!(
    "select d.id, d.host_id, d.id_type, d.publisher, d.identity_name, d.class, d.status, d.registered_at,
    d.last_seen_at, c.id, c.account,
    a.license, a.device, a.activated_at, a.license_user, a.offline, a.asked_at,
    exists (select 1 from license_features where license = l.id), ",
    now!(),
    " from licenses l left join devices d on d.site = l.site and d.host_id = $2
    left join activations a on a.license = l.id and a.device = d.id left join customers c on c.id = d.customer
    where l.site = $1 and l.license_key = $3 order by a.device is null, d.id_type, d.publisher limit 1"
);
const STAMP: &str = concat!(
    "select l.revision, p.revision, c.revision, d.status, d.last_seen_at, ",
    now!(),
    " from licenses l join products p on p.id = l.product join customers c on c.id = l.customer
    join devices d on d.id = $2 where l.id = $1"
);

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[FIND, LOCK, BESIDE, STAMP];

/// How a license is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    Look,
    Lock,
}

impl PgTx<'_> {
    /// What a call names. The statements go to the server together, one after the other: the second sees what the unit that
    /// was waited for at the lock has written.
    pub(super) async fn called_license(
        &mut self,
        site: SiteId,
        CalledLicense { product, key, hardware }: CalledLicense<'_>,
        hold: Hold,
    ) -> Result<Option<WholeLicense>, StoreError> {
        let (product, key, hardware) = (product.as_str(), key.as_str(), hardware.as_str());
        let of_license: [Value<'_>; 3] = [&site.0, &product, &key];
        let of_device: [Value<'_>; 3] = [&site.0, &hardware, &key];
        let find = match hold {
            Hold::Look => FIND,
            Hold::Lock => LOCK,
        };
        let answers = self.run_all_and_now(&[(find, &of_license), (BESIDE, &of_device)]).await?;
        let [found, beside] = &answers[..] else { return Err(StoreError::OutcomeUnknown) };
        let (Some(row), Some(beside)) = (found.rows.first(), beside.rows.first()) else { return Ok(None) };
        let whole = || {
            let is_known = column::<Option<i64>>(beside, 0)?.is_some();
            let (bound, unbound) = match column::<Option<i64>>(beside, 11)? {
                Some(_) => (Some(activations::bound(beside)?), None),
                None if is_known => (None, Some(devices::device(beside)?)),
                None => (None, None),
            };
            let whole = WholeLicense {
                license: license(row)?,
                product: licensed_products::product(row, 22)?,
                customer: customers::customer(row, 27)?,
                has_releases: column(row, 34)?,
                revisions: revisions(row, 35)?,
                bound,
                unbound,
            };
            Ok((whole, column::<bool>(beside, 17)?))
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
