//! Numbered migrations: embedded, forward only, never edited after a release.
//!
//! The text of every applied migration is kept in the database and compared at each start, so that an edited one is
//! noticed before the program works on a schema that it does not know. Numbers are shared with the embedded store.

use countersign_domain::time::Timestamp;
use countersign_store::{MigrationState, StoreError};

use crate::connection::Connection;
use crate::error::{Fault, OpenError};
use crate::rows::column;

/// All migrations in order; the number is the position, counted from 1.
pub(crate) const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_first", include_str!("../migrations/0001_first.sql")),
    ("0002_licensing", include_str!("../migrations/0002_licensing.sql")),
    ("0003_epoch", include_str!("../migrations/0003_epoch.sql")),
    ("0004_writes", include_str!("../migrations/0004_writes.sql")),
    ("0005_storages", include_str!("../migrations/0005_storages.sql")),
    ("0006_license_api", include_str!("../migrations/0006_license_api.sql")),
    ("0007_applications", include_str!("../migrations/0007_applications.sql")),
    ("0008_look_ups", include_str!("../migrations/0008_look_ups.sql")),
    ("0009_oauth_only", include_str!("../migrations/0009_oauth_only.sql")),
    ("0010_seats", include_str!("../migrations/0010_seats.sql")),
    ("0011_offline", include_str!("../migrations/0011_offline.sql")),
    ("0012_counted_units", include_str!("../migrations/0012_counted_units.sql")),
    ("0013_air_gap", include_str!("../migrations/0013_air_gap.sql")),
    ("0014_webhooks", include_str!("../migrations/0014_webhooks.sql")),
    ("0015_sso", include_str!("../migrations/0015_sso.sql")),
    ("0016_after_number", include_str!("../migrations/0016_after_number.sql")),
    ("0017_changes", include_str!("../migrations/0017_changes.sql")),
    ("0018_expiry_notices", include_str!("../migrations/0018_expiry_notices.sql")),
    ("0019_lean_deliveries", include_str!("../migrations/0019_lean_deliveries.sql")),
    ("0020_backfill", include_str!("../migrations/0020_backfill.sql")),
    ("0021_topics", include_str!("../migrations/0021_topics.sql")),
    ("0022_revisions", include_str!("../migrations/0022_revisions.sql")),
    ("0023_checkpoints", include_str!("../migrations/0023_checkpoints.sql")),
    ("0024_deliveries_of_sites", include_str!("../migrations/0024_deliveries_of_sites.sql")),
    ("0025_seat_ends", include_str!("../migrations/0025_seat_ends.sql")),
    ("0026_unlocked_sites", include_str!("../migrations/0026_unlocked_sites.sql")),
    ("0027_vacancies", include_str!("../migrations/0027_vacancies.sql")),
    ("0028_parts", include_str!("../migrations/0028_parts.sql")),
    ("0029_asked_at", include_str!("../migrations/0029_asked_at.sql")),
];

/// Held while one process migrates; any number that nothing else in the database uses ("countrsg" in ASCII).
const LOCK: &str = "select pg_advisory_xact_lock(7165920465068815207)";
const ENCODING: &str = "select current_setting('server_encoding')";
const CREATE: &str = "create table if not exists schema_migrations (
    number integer primary key, name text not null, text text not null, applied_at bigint not null)";
/// A row when the table of migrations is there.
const EXISTS: &str = "select 'yes' where to_regclass('schema_migrations') is not null";
const APPLIED: &str = "select text from schema_migrations order by number";
const RECORD: &str = "insert into schema_migrations (number, name, text, applied_at) values ($1, $2, $3, $4)";

/// Applies what is missing, all in one transaction: a start that is interrupted leaves the schema as it was.
pub(crate) async fn apply(connection: &mut Connection, now: Timestamp) -> Result<(), OpenError> {
    connection.batch("begin isolation level read committed read write").await?;
    // On failure the connection is given up, and the transaction with it.
    connection.batch(LOCK).await?;
    let encoding = texts(connection, ENCODING).await?;
    if let Some(found) = encoding.into_iter().find(|encoding| encoding != "UTF8") {
        return Err(OpenError::Encoding { found });
    }
    connection.batch(CREATE).await?;
    let applied = texts(connection, APPLIED).await?;
    if applied.len() > MIGRATIONS.len() {
        return Err(OpenError::TooNew { found: applied.len(), known: MIGRATIONS.len() });
    }
    for (index, (name, text)) in MIGRATIONS.iter().enumerate() {
        let number = index + 1;
        match applied.get(index) {
            Some(found) if found == text => {}
            Some(_) => return Err(OpenError::Altered { number }),
            None => {
                connection.batch(text).await?;
                let number = i32::try_from(number).unwrap_or(i32::MAX);
                connection.run(RECORD, &[&number, name, text, &now.as_millis()]).await?;
            }
        }
    }
    connection.batch("commit").await?;
    Ok(())
}

/// Which migrations the database has, without applying any.
pub(crate) async fn state(connection: &mut Connection) -> Result<MigrationState, OpenError> {
    let applied = match texts(connection, EXISTS).await?.is_empty() {
        true => Vec::new(),
        false => texts(connection, APPLIED).await?,
    };
    if applied.len() > MIGRATIONS.len() {
        return Err(OpenError::TooNew { found: applied.len(), known: MIGRATIONS.len() });
    }
    if let Some(index) = applied.iter().zip(MIGRATIONS).position(|(found, (_, text))| found != text) {
        return Err(OpenError::Altered { number: index + 1 });
    }
    let missing = MIGRATIONS.iter().skip(applied.len()).map(|(name, _)| *name).collect();
    Ok(MigrationState { applied: applied.len(), missing })
}

async fn texts(connection: &mut Connection, sql: &'static str) -> Result<Vec<String>, OpenError> {
    let answer = connection.run(sql, &[]).await?;
    let texts = answer.rows.iter().map(|row| column(row, 0)).collect::<Result<_, StoreError>>();
    texts.map_err(|error| Fault::local(&error.to_string()).into())
}

#[cfg(test)]
mod tests;
