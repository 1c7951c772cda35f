//! From rows to domain types: a value that its table forbids is an error that names the place, never a panic.

use std::collections::HashMap;

use countersign_domain::time::{Date, Timestamp};
use countersign_store::StoreError;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row};

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

/// Milliseconds of the store as a time.
pub(crate) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Runs a statement and reads all of its rows.
pub(crate) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(StoreError::backend)?;
    let mut rows = statement.query(params).map_err(StoreError::backend)?;
    let mut values = Vec::new();
    while let Some(row) = rows.next().map_err(StoreError::backend)? {
        values.push(read(row)?);
    }
    Ok(values)
}

/// Rows of a part's table, in order, by the row id of the whole that they belong to.
pub(crate) type Grouped<T> = HashMap<i64, Vec<T>>;

/// Runs a statement whose first column is the row id of a whole, and groups its rows by it. A list of wholes with their
/// parts takes one such statement for each table of parts, however long the list is.
pub(crate) fn grouped<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Grouped<T>, StoreError> {
    let mut groups = Grouped::new();
    for (whole, part) in all(connection, sql, params, |row| Ok((column(row, 0)?, read(row)?)))? {
        groups.entry(whole).or_default().push(part);
    }
    Ok(groups)
}

/// Runs a statement and reads its first row.
pub(crate) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(StoreError::backend)?;
    let mut rows = statement.query(params).map_err(StoreError::backend)?;
    match rows.next().map_err(StoreError::backend)? {
        Some(row) => read(row).map(Some),
        None => Ok(None),
    }
}

/// Runs a statement, and reads its rows until one gives a value.
pub(crate) fn find_map<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<Option<T>, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(StoreError::backend)?;
    let mut rows = statement.query(params).map_err(StoreError::backend)?;
    while let Some(row) = rows.next().map_err(StoreError::backend)? {
        if let Some(value) = read(row)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Runs an `insert … on conflict do nothing returning id` and gives the id, or `None` when the name was taken.
pub(crate) fn inserted(connection: &Connection, sql: &str, params: impl Params) -> Result<Option<i64>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(StoreError::backend)?;
    statement.query_row(params, |row| row.get(0)).optional().map_err(StoreError::backend)
}

/// The same for an `insert … on conflict do nothing` without `returning`, for which SQLite makes a table of its own each time.
pub(crate) fn new_row(connection: &Connection, sql: &str, params: impl Params) -> Result<Option<i64>, StoreError> {
    Ok((changed(connection, sql, params)? == 1).then(|| connection.last_insert_rowid()))
}

/// Runs a statement that changes rows and gives their number.
pub(crate) fn changed(connection: &Connection, sql: &str, params: impl Params) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(StoreError::backend)?;
    statement.execute(params).map_err(StoreError::backend)
}

/// Runs a statement that removes rows and gives their number.
pub(crate) fn removed(connection: &Connection, sql: &str, params: impl Params) -> Result<u64, StoreError> {
    changed(connection, sql, params).map(|rows| u64::try_from(rows).unwrap_or(u64::MAX))
}

/// A statement that is run for one row after the other: it is looked up once.
pub(crate) struct Repeated<'c>(CachedStatement<'c>);

impl<'c> Repeated<'c> {
    pub(crate) fn of(connection: &'c Connection, sql: &str) -> Result<Self, StoreError> {
        connection.prepare_cached(sql).map(Self).map_err(StoreError::backend)
    }

    /// Runs it as one that changes rows, and gives their number.
    pub(crate) fn changed(&mut self, params: impl Params) -> Result<usize, StoreError> {
        self.0.execute(params).map_err(StoreError::backend)
    }

    /// Runs it and reads its first row.
    pub(crate) fn first<T>(
        &mut self,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut rows = self.0.query(params).map_err(StoreError::backend)?;
        match rows.next().map_err(StoreError::backend)? {
            Some(row) => read(row).map(Some),
            None => Ok(None),
        }
    }
}

/// Whether a statement that asks `select exists` says yes.
pub(crate) fn exists(connection: &Connection, sql: &str, params: impl Params) -> Result<bool, StoreError> {
    first(connection, sql, params, |row| column(row, 0)).map(|found| found.unwrap_or(false))
}

/// One column of a row.
pub(crate) fn column<T: rusqlite::types::FromSql>(row: &Row<'_>, index: usize) -> Result<T, StoreError> {
    row.get(index).map_err(StoreError::backend)
}

/// One column of a row that holds text, without a copy of it.
pub(crate) fn text<'r>(row: &'r Row<'_>, index: usize) -> Result<&'r str, StoreError> {
    let value = row.get_ref(index).map_err(StoreError::backend)?;
    value.as_str().map_err(StoreError::backend)
}
