//! Statements beside the store, for tests of rows that no store would write.

use std::path::Path;

use countersign_store::StoreError;
use rusqlite::Connection;

/// Runs statements on the file of a store, as another program would.
///
/// # Errors
/// [`StoreError::Backend`] when the file cannot be opened or refuses them.
pub fn run_statements(path: &Path, statements: &str) -> Result<(), StoreError> {
    let connection = Connection::open(path).map_err(StoreError::backend)?;
    connection.execute_batch(statements).map_err(StoreError::backend)
}
