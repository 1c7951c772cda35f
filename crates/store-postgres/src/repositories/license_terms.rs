//! How terms of licenses lie in rows, and under which terms an account holds products.

use countersign_domain::device::Device;
use countersign_domain::ids::ProductId;
use countersign_domain::licensing::{ActivationLimit, HeldTerms, LicenseStatus, LicenseTerms};
use countersign_store::StoreError;
use tokio_postgres::Row;

use crate::rows::{Place, column};
use crate::transaction::PgTx;

/// For a customer in an account: what any customer of the account has bought.
const HELD_BY_ACCOUNT: &str = "select distinct l.product, l.status, l.start_date, l.end_date, l.activation_limit,
        exists (select 1 from activations a where a.license = l.id and a.device = $2)
    from customers c join orders o on o.customer = c.id join licenses l on l.\"order\" = o.id
    where c.account = $1";
/// For a customer without one: what that customer has bought. A statement of its own, so that both are found by index.
const HELD_BY_CUSTOMER: &str = "select distinct l.product, l.status, l.start_date, l.end_date, l.activation_limit,
        exists (select 1 from activations a where a.license = l.id and a.device = $2)
    from orders o join licenses l on l.\"order\" = o.id
    where o.customer = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[HELD_BY_ACCOUNT, HELD_BY_CUSTOMER];

impl PgTx<'_> {
    /// The different terms under which the account of a device holds products; see `Licenses::held_by_account_of`.
    pub(super) async fn held_terms(&mut self, device: &Device) -> Result<Vec<HeldTerms>, StoreError> {
        let Some(holder) = device.holder else { return Ok(Vec::new()) };
        match holder.account {
            Some(account) => self.all(HELD_BY_ACCOUNT, &[&account.0, &device.id.0], held).await,
            None => self.all(HELD_BY_CUSTOMER, &[&holder.customer.0, &device.id.0], held).await,
        }
    }
}

/// Terms as the values of four columns: status, start date, end date, activation limit.
pub(super) struct TermValues {
    pub(super) status: &'static str,
    pub(super) start_date: Option<String>,
    pub(super) end_date: Option<String>,
    pub(super) limit: Option<i64>,
}

impl From<&LicenseTerms> for TermValues {
    fn from(terms: &LicenseTerms) -> Self {
        Self {
            status: terms.status.as_str(),
            start_date: terms.start_date.map(|date| date.to_string()),
            end_date: terms.end_date.map(|date| date.to_string()),
            limit: match terms.limit {
                ActivationLimit::AtMost(limit) => Some(i64::from(limit)),
                ActivationLimit::Unlimited => None,
            },
        }
    }
}

/// Terms from the four columns that start at `from`, in the order of [`TermValues`].
pub(super) fn terms(row: &Row, from: usize, place: Place) -> Result<LicenseTerms, StoreError> {
    let date = |index, name| {
        let text = column::<Option<String>>(row, index)?;
        text.map(|text| place.date(name, &text)).transpose()
    };
    let limit = match column::<Option<i64>>(row, from + 3)? {
        Some(limit) => ActivationLimit::AtMost(place.check("activation_limit", u32::try_from(limit))?),
        None => ActivationLimit::Unlimited,
    };
    Ok(LicenseTerms {
        status: place.present("status", LicenseStatus::parse(&column::<String>(row, from)?))?,
        start_date: date(from + 1, "start_date")?,
        end_date: date(from + 2, "end_date")?,
        limit,
    })
}

fn held(row: &Row) -> Result<HeldTerms, StoreError> {
    // Equal terms of several licenses are one row, so a broken value has no row id.
    let place = Place { table: "licenses", row: 0 };
    Ok(HeldTerms { product: ProductId(column(row, 0)?), terms: terms(row, 1, place)?, activated: column(row, 5)? })
}
