//! The schema of the store: what is missing, and applying it.

use std::sync::Arc;

use anyhow::{Context, Result};
use countersign_store::MigrationState;
use countersign_store_postgres::PostgresStore;
use countersign_store_sqlite::SqliteStore;

use super::DATABASE;
use crate::Config;
use crate::clock::SystemClock;
use crate::node::open_store;

/// Which migrations the store has, and which it lacks. Nothing is changed.
///
/// # Errors
/// When the store cannot be read, was written by a newer program, or holds an altered migration.
pub async fn migration_state(config: &Config) -> Result<MigrationState> {
    if let Some(database) = &config.database {
        let state = PostgresStore::migrations(database.expose()).await;
        return state.context("the migrations of the PostgreSQL store cannot be read");
    }
    let path = config.data.join(DATABASE);
    SqliteStore::migrations(&path).with_context(|| format!("the migrations of {} cannot be read", path.display()))
}

/// Applies what is missing, and says what that was.
///
/// # Errors
/// As [`migration_state`]; or when a migration cannot be applied: then none is.
pub async fn migrate(config: &Config) -> Result<MigrationState> {
    let state = migration_state(config).await?;
    open_store(config, Arc::new(SystemClock)).await?.close().await;
    Ok(state)
}
