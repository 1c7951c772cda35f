//! What the account of a device holds. The statements say in SQL what `LicenseTerms::standing` says; the conformance suite
//! compares the two.

use countersign_domain::device::Device;
use countersign_domain::ids::ProductId;
use countersign_domain::licensing::Holding;
use countersign_domain::time::Date;
use countersign_store::StoreError;

use crate::rows::column;
use crate::transaction::PgTx;

/// Whether one of some licenses `l` for a product, the second parameter, is in force on a day, the third.
macro_rules! any_in_force {
    ($of:literal) => {
        concat!(
            "select 1::bigint from ",
            $of,
            " and l.product = $2 and l.status = 'enabled' and coalesce(l.end_date, '9999-12-31') >= $3
            and (l.start_date is null or l.start_date <= $3) limit 1"
        )
    };
}

const ON_DEVICE: &str = any_in_force!("activations a join licenses l on l.id = a.license where a.device = $1");
/// For a customer without an account. A statement of its own, so that both are found by index.
const OF_CUSTOMER: &str = any_in_force!("licenses l where l.customer = $1");
const OF_ACCOUNT: &str = any_in_force!("customers c join licenses l on l.customer = c.id where c.account = $1");

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[ON_DEVICE, OF_CUSTOMER, OF_ACCOUNT];

impl PgTx<'_> {
    /// See `Licenses::held_by_account_of`.
    pub(super) async fn holdings(
        &mut self,
        device: &Device,
        products: &[ProductId],
        today: Date,
    ) -> Result<Vec<Holding>, StoreError> {
        let Some(holder) = device.holder else { return Ok(Vec::new()) };
        let (sql, whose) = holder.account.map_or((OF_CUSTOMER, holder.customer.0), |account| (OF_ACCOUNT, account.0));
        let today = today.to_string();
        let mut held = Vec::new();
        for product in products {
            let on_device = self.any(ON_DEVICE, device.id.0, *product, &today).await?;
            // What is activated on a device is of its account.
            if on_device || self.any(sql, whose, *product, &today).await? {
                held.push(Holding { product: *product, on_device });
            }
        }
        Ok(held)
    }

    async fn any(
        &mut self,
        sql: &'static str,
        of: i64,
        ProductId(product): ProductId,
        today: &String,
    ) -> Result<bool, StoreError> {
        Ok(self.first(sql, &[&of, &product, today], |row| column::<i64>(row, 0)).await?.is_some())
    }
}
