//! From rows to domain types: a value that its table forbids is an error that names the place, never a panic.

use std::collections::HashMap;

use countersign_domain::time::{Date, Timestamp};
use countersign_store::StoreError;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::error::Fault;

/// Names a place in the database, for errors about it.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) table: &'static str,
    pub(crate) row: i64,
}

impl Place {
    /// The value, or an error that names the column.
    pub(crate) fn check<T, E>(self, column: &'static str, value: Result<T, E>) -> Result<T, StoreError> {
        value.map_err(|_| self.broken(column))
    }

    /// The value, or an error that names the column.
    pub(crate) fn present<T>(self, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or_else(|| self.broken(column))
    }

    /// A date in the form `YYYY-MM-DD`.
    pub(crate) fn date(self, column: &'static str, text: &str) -> Result<Date, StoreError> {
        self.check(column, Date::parse(text))
    }

    fn broken(self, column: &'static str) -> StoreError {
        StoreError::BrokenRow { table: self.table, column, row: self.row }
    }
}

/// Rows of a part's table, in order, by the row id of the whole that they belong to.
pub(crate) type Grouped<T> = HashMap<i64, Vec<T>>;

/// Milliseconds of the store as a time.
pub(crate) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// One column of a row.
pub(crate) fn column<'r, T: FromSql<'r>>(row: &'r Row, index: usize) -> Result<T, StoreError> {
    row.try_get(index).map_err(|error| Fault::from(error).into())
}
