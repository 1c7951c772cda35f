//! Numbered migrations: embedded, forward only, never edited after a release.
//!
//! The text of every applied migration is kept in the database and compared at each start, so that an edited one is
//! noticed before the program works on a schema that it does not know.

use countersign_domain::time::Timestamp;
use countersign_store::MigrationState;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::error::OpenError;

/// All migrations in order; the number is the position, counted from 1.
const MIGRATIONS: &[(&str, &str)] = &[
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
    ("0026_lanes", include_str!("../migrations/0026_lanes.sql")),
    ("0027_vacancies", include_str!("../migrations/0027_vacancies.sql")),
    ("0028_parts", include_str!("../migrations/0028_parts.sql")),
    ("0029_asked_at", include_str!("../migrations/0029_asked_at.sql")),
];

/// Applies what is missing, all in one transaction: a start that is interrupted leaves the schema as it was.
pub(crate) fn apply(connection: &mut Connection, now: Timestamp) -> Result<(), OpenError> {
    apply_first(connection, MIGRATIONS, now)
}

fn apply_first(connection: &mut Connection, migrations: &[(&str, &str)], now: Timestamp) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "create table if not exists schema_migrations (
            number integer primary key, name text not null, text text not null, applied_at integer not null
        ) strict",
    )?;
    let applied: Vec<String> = transaction
        .prepare("select text from schema_migrations order by number")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if applied.len() > migrations.len() {
        return Err(OpenError::TooNew { found: applied.len(), known: migrations.len() });
    }
    for (index, (name, text)) in migrations.iter().enumerate() {
        let number = index + 1;
        match applied.get(index) {
            Some(found) if found == text => {}
            Some(_) => return Err(OpenError::Altered { number }),
            None => {
                transaction.execute_batch(text)?;
                transaction.execute(
                    "insert into schema_migrations (number, name, text, applied_at) values (?1, ?2, ?3, ?4)",
                    params![i64::try_from(number).unwrap_or(i64::MAX), name, text, now.as_millis()],
                )?;
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Which migrations a database has, without applying any.
pub(crate) fn state(connection: &Connection) -> Result<MigrationState, OpenError> {
    let exists = "select exists (select 1 from sqlite_schema where name = 'schema_migrations')";
    let mut applied: Vec<String> = Vec::new();
    if connection.query_row(exists, [], |row| row.get(0))? {
        let mut statement = connection.prepare("select text from schema_migrations order by number")?;
        applied = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    }
    if applied.len() > MIGRATIONS.len() {
        return Err(OpenError::TooNew { found: applied.len(), known: MIGRATIONS.len() });
    }
    if let Some(index) = applied.iter().zip(MIGRATIONS).position(|(found, (_, text))| found != text) {
        return Err(OpenError::Altered { number: index + 1 });
    }
    let missing = MIGRATIONS.iter().skip(applied.len()).map(|(name, _)| *name).collect();
    Ok(MigrationState { applied: applied.len(), missing })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_seconds(1)
    }

    #[test]
    fn applying_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, now()).unwrap();
        apply(&mut connection, now()).unwrap();
        let count: i64 = connection.query_row("select count(*) from schema_migrations", [], |row| row.get(0)).unwrap();
        assert_eq!(usize::try_from(count), Ok(MIGRATIONS.len()));
    }

    #[test]
    fn what_older_programs_have_written_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = crate::connection::open_writer(&folder.path().join("a.db")).unwrap();
        apply_first(&mut connection, &MIGRATIONS[..1], now()).unwrap();
        connection
            .execute_batch(
                "insert into sites values (1, 'one', null, 1, 0, 5, 6);
                insert into products values (1, 1, 'Pump', 7);
                insert into packages values (1, 1, 'pump-1', 1, 'text', 8);
                insert into files values (1, 1, zeroblob(32), zeroblob(16), 9, 'key', 10);
                insert into package_files values (1, 1, 'z.bin', 1, 0), (1, 2, 'a.sh', 1, 1);",
            )
            .unwrap();
        apply(&mut connection, now()).unwrap();
        let files: Vec<(i64, String, i64, bool, Option<String>)> = connection
            .prepare("select position, name, file, execute, external_url from package_files order by position")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(files, [(1, "z.bin".to_owned(), 1, false, None), (2, "a.sh".to_owned(), 1, true, None)]);
        let settings: (String, i64, i64, i64) = connection
            .query_row("select auth_failure, status_report_days, device_event_days, event_days from sites", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .unwrap();
        assert_eq!(settings, ("poll".to_owned(), 730, 90, 30));
        // The references of the table that was made anew still hold.
        assert!(connection.execute("delete from files", []).is_err());
    }

    #[test]
    fn tables_that_devices_write_come_first_and_their_ids_go_on() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply_first(&mut connection, &MIGRATIONS[..3], now()).unwrap();
        connection
            .execute_batch(
                "insert into sites (id, name, small_rsa_keys, key_id_in_answers, generation, created_at)
                values (1, 'one', 0, 0, 0, 0);
                insert into outbox values (41, 1, 'product.created', 1, null, 'system', '', 0);
                delete from outbox;",
            )
            .unwrap();
        apply(&mut connection, now()).unwrap();
        let sequences: Vec<(String, i64)> = connection
            .prepare("select name, seq from sqlite_sequence limit 5")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let expected = [("status_reports", 0), ("device_events", 0), ("outbox", 41), ("devices", 0), ("sites", 1)];
        assert_eq!(sequences, expected.map(|(name, last)| (name.to_owned(), last)));
        let insert = "insert into outbox (site, kind, subject, channel, actor, created_at)
            values (1, 'product.created', 1, 'system', '', 0) returning id";
        assert_eq!(connection.query_row(insert, [], |row| row.get(0)), Ok(42));
    }

    #[test]
    fn licenses_that_were_activated_before_are_found_with_their_device() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply_first(&mut connection, &MIGRATIONS[..7], now()).unwrap();
        connection
            .execute_batch(
                "pragma foreign_keys = off;
                insert into devices (id, site, host_id, id_type, publisher, identity_name, class, status, registered_at,
                last_seen_at) select value, 1, value, '', '', '', 'client', 'active', 0, 0 from json_each('[1, 2, 3]');
                insert into activations (license, device, activated_at) values (5, 1, 0), (4, 1, 0), (6, 3, 0);",
            )
            .unwrap();
        apply(&mut connection, now()).unwrap();
        let mut found = connection.prepare("select license from devices order by id").unwrap();
        let found: Vec<Option<i64>> = found.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(found, [Some(4), None, Some(6)]);
    }

    #[test]
    fn deliveries_that_waited_for_each_other_before_still_do() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply_first(&mut connection, &MIGRATIONS[..25], now()).unwrap();
        connection
            .execute_batch(
                "pragma foreign_keys = off;
                insert into deliveries (id, site, endpoint, event, sequence, event_type, source, entity, lane, state, attempts,
                claim, due_at, created_at, ended_at, body)
                select value ->> 0, 1, value ->> 1, value ->> 0, value ->> 2, '', '', '', value ->> 3, value ->> 4, 0, 0, 0, 0,
                value ->> 5, x'' from json_each('[[1, 8, 1, null, \"delivered\", 5], [2, 8, 2, \"a\", \"queued\", null],
                [3, 8, 3, \"b\", \"queued\", null], [4, 8, 5, \"a\", \"waiting\", null], [5, 8, 4, \"a\", \"waiting\", null],
                [6, 9, 6, \"a\", \"queued\", null], [7, 9, 7, null, \"queued\", null]]');",
            )
            .unwrap();
        apply(&mut connection, now()).unwrap();
        let mut chain =
            connection.prepare("select id, after from deliveries where after is not null order by id").unwrap();
        let chain: Vec<(i64, i64)> =
            chain.query_map([], |row| row.try_into()).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(chain, [(4, 5), (5, 2)], "by their numbers, as before");
        let mut lanes = connection.prepare("select endpoint, lane, last from delivery_lanes order by 1, 2").unwrap();
        let lanes: Vec<(i64, String, i64)> =
            lanes.query_map([], |row| row.try_into()).unwrap().collect::<Result<_, _>>().unwrap();
        let expected = [(8, "a", 4), (8, "b", 3), (9, "a", 6)];
        assert_eq!(lanes, expected.map(|(endpoint, lane, last)| (endpoint, lane.to_owned(), last)));
    }

    #[test]
    fn an_altered_migration_and_a_newer_file_are_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, now()).unwrap();
        let future = i64::try_from(MIGRATIONS.len()).unwrap() + 1;
        connection.execute("insert into schema_migrations values (?1, 'future', 'x', 0)", [future]).unwrap();
        assert!(matches!(apply(&mut connection, now()), Err(OpenError::TooNew { .. })));
        connection.execute("delete from schema_migrations where number = ?1", [future]).unwrap();
        connection.execute("update schema_migrations set text = text || ' '", []).unwrap();
        assert!(matches!(apply(&mut connection, now()), Err(OpenError::Altered { number: 1 })));
    }
}
