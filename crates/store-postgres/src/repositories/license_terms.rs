//! How terms of licenses lie in rows.

use countersign_domain::licensing::{ActivationLimit, LicenseStatus, LicenseTerms};
use countersign_store::StoreError;
use tokio_postgres::Row;

use crate::rows::{Place, column};

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
