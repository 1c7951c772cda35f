//! What can go wrong in a store, in words that do not depend on which store it is.

/// A unit of work that was not committed, and why.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or broke; nothing of the unit was kept.
    #[error("the database failed")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored row does not hold what its table promises: someone else wrote it, or the file is damaged.
    #[error("{table} row {row} holds an impossible value in {column}")]
    BrokenRow {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Row id, or 0 when the row has none.
        row: i64,
    },
    /// Another process kept the store locked for longer than a unit may wait; nothing of the unit was kept, and it may
    /// be repeated.
    #[error("the store is locked by another process")]
    Busy,
    /// The store was closed while the unit waited.
    #[error("the store is closed")]
    Closed,
    /// Whether the unit was committed is not known; it must be looked up before it is repeated.
    #[error("the outcome of the commit is not known")]
    OutcomeUnknown,
    /// The unit panicked and was rolled back.
    #[error("the unit of work panicked and was rolled back")]
    Panicked,
    /// An operation failed and the unit went on all the same; it was rolled back. The first failure told why.
    #[error("an operation of the unit of work failed and the unit went on; it was rolled back")]
    Poisoned,
    /// The unit awaited something other than its transaction and was rolled back.
    #[error("the unit of work awaited something other than its transaction and was rolled back")]
    Suspended,
}

impl StoreError {
    /// Wraps an error of a database driver.
    #[must_use]
    pub fn backend(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Backend(source.into())
    }
}
