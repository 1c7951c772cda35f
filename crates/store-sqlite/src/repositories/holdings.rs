//! What the account of a device holds. The statements say in SQL what `LicenseTerms::standing` says; the conformance suite
//! compares the two.

use countersign_domain::device::KnownDevice;
use countersign_domain::ids::{CustomerId, ProductId};
use countersign_domain::licensing::Holding;
use countersign_domain::time::Date;
use countersign_store::StoreError;
use rusqlite::{Connection, Params};

use crate::rows::{column, first};

/// Whether one of some licenses `l` for a product, the second parameter, is in force on a day, the third.
macro_rules! any_in_force {
    ($of:literal) => {
        concat!(
            "select 1 from ",
            $of,
            " and l.product = ?2 and l.status = 'enabled' and coalesce(l.end_date, '9999-12-31') >= ?3
            and (l.start_date is null or l.start_date <= ?3) limit 1"
        )
    };
}

/// The license that the device's row names; most devices have no other.
const NAMED: &str = any_in_force!("licenses l where l.id = ?1");
const ON_DEVICE: &str = any_in_force!("activations a cross join licenses l on l.id = a.license where a.device = ?1");
const OF_CUSTOMER: &str = any_in_force!("licenses l where l.customer = ?1");
/// An account is looked for only by a customer that does not hold the product itself.
const OF_ACCOUNT: &str = any_in_force!(
    "customers own cross join customers c on c.account = own.account cross join licenses l on l.customer = c.id
    where own.id = ?1"
);

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[NAMED, ON_DEVICE, OF_CUSTOMER, OF_ACCOUNT];

/// See `Licenses::held_by_account_of`.
pub(super) fn held(
    connection: &Connection,
    device: KnownDevice,
    products: &[ProductId],
    today: Date,
) -> Result<Vec<Holding>, StoreError> {
    let Some(CustomerId(customer)) = device.customer else { return Ok(Vec::new()) };
    let today = today.to_string();
    let mut held = Vec::new();
    for product in products {
        let any = |sql, of: i64| any(connection, sql, (of, product.0, &today));
        let named = device.license.map_or(Ok(false), |license| any(NAMED, license.0));
        let on_device = named? || any(ON_DEVICE, device.id.0)?;
        // What is activated on a device is of its account.
        if on_device || any(OF_CUSTOMER, customer)? || any(OF_ACCOUNT, customer)? {
            held.push(Holding { product: *product, on_device });
        }
    }
    Ok(held)
}

fn any(connection: &Connection, sql: &str, params: impl Params) -> Result<bool, StoreError> {
    Ok(first(connection, sql, params, |row| column::<i64>(row, 0))?.is_some())
}
