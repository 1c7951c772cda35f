//! Migrations on empty, old, altered and newer databases.

use tokio_postgres::Config;
use tokio_util::task::TaskTracker;

use super::*;
use crate::private_database::{PrivateDatabase, test_cluster};

const EMPTY: &str = "drop schema public cascade; create schema public";

async fn connect(database: &PrivateDatabase) -> Connection {
    let config: Config = database.connection().parse().unwrap();
    Connection::open(&config, &TaskTracker::new()).await.unwrap()
}

async fn applied(database: &PrivateDatabase, before: &str) -> Result<(), OpenError> {
    let mut connection = connect(database).await;
    connection.batch(before).await.unwrap();
    apply(&mut connection, Timestamp::from_seconds(1)).await
}

/// Whether this is the complaint about a database with so many migrations.
fn is_too_new(outcome: &Result<(), OpenError>, expected: usize) -> bool {
    matches!(outcome, Err(OpenError::TooNew { found, known }) if *found == expected && *known == MIGRATIONS.len())
}

#[tokio::test]
async fn applying_twice_changes_nothing() {
    let database = PrivateDatabase::create(&test_cluster()).await.unwrap();
    applied(&database, EMPTY).await.unwrap();
    applied(&database, "").await.unwrap();
    let twice = "insert into schema_migrations
        select number + (select count(*) from schema_migrations), name, text, 0 from schema_migrations";
    let counted = applied(&database, twice).await;
    assert!(is_too_new(&counted, 2 * MIGRATIONS.len()), "{counted:?}");
}

#[tokio::test]
async fn an_altered_migration_and_a_newer_database_are_refused() {
    let database = PrivateDatabase::create(&test_cluster()).await.unwrap();
    let newer = applied(&database, "insert into schema_migrations values (1000, 'future', 'x', 0)").await;
    assert!(is_too_new(&newer, MIGRATIONS.len() + 1), "{newer:?}");
    let altered = applied(
        &database,
        "delete from schema_migrations where number = 1000; update schema_migrations set text = 'y' where number = 1",
    );
    let altered = altered.await;
    assert!(matches!(altered, Err(OpenError::Altered { number: 1 })), "{altered:?}");
}

#[tokio::test]
async fn two_processes_migrate_an_empty_database_at_once() {
    let database = PrivateDatabase::create(&test_cluster()).await.unwrap();
    for _ in 0..5 {
        connect(&database).await.batch(EMPTY).await.unwrap();
        let (first, second) = tokio::join!(applied(&database, ""), applied(&database, ""));
        assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    }
}

#[tokio::test]
async fn what_the_first_version_has_written_is_kept() {
    let database = PrivateDatabase::create(&test_cluster()).await.unwrap();
    let mut connection = connect(&database).await;
    let (name, first) = MIGRATIONS[0];
    for step in [EMPTY, "begin", CREATE, first, OLD_ROWS] {
        connection.batch(step).await.unwrap();
    }
    connection.run(RECORD, &[&1, &name, &first, &0_i64]).await.unwrap();
    connection.batch("commit").await.unwrap();
    applied(&database, "").await.unwrap();
    let settings = texts(&mut connection, "select auth_failure || status_report_days || event_days from sites");
    assert_eq!(settings.await.unwrap(), ["poll73030"]);
    let files = "select name from package_files where file is not null and external_url is null";
    assert_eq!(texts(&mut connection, files).await.unwrap(), ["a.bin"]);
    for neither_nor in [
        "update package_files set file = null",
        "update package_files set external_url = 'https://cdn.example.com/a.bin'",
        "update package_files set file = null, external_url = 'https://cdn.example.com/a.bin'",
    ] {
        assert!(connection.batch(neither_nor).await.is_err(), "accepted: {neither_nor}");
    }
}

const OLD_ROWS: &str = "
    insert into sites (name, small_rsa_keys, key_id_in_answers, generation, created_at) values ('one', true, true, 0, 0);
    insert into products (site, name, created_at) select id, 'Pump', 0 from sites;
    insert into files (site, sha256, md5, size, object_key, created_at)
        select id, decode(repeat('ab', 32), 'hex'), decode(repeat('cd', 16), 'hex'), 3, 'key', 0 from sites;
    insert into packages (site, package_id, product, description, created_at)
        select site, 'pump-1', id, '', 0 from products;
    insert into package_files (package, position, name, file, execute)
        select packages.id, 1, 'a.bin', files.id, true from packages, files;";
