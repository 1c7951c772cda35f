//! Every statement of every repository fits the migrated schema, and looks rows up.

use countersign_domain::time::Timestamp;
use rusqlite::Connection;

use super::*;
use crate::connection::CACHED_STATEMENTS;
use crate::time::{FIND_JUMP, FIND_MARK, LOWER_MARK, RAISE_MARK};

fn statements() -> Vec<&'static str> {
    [
        &[FIND_JUMP, FIND_MARK, LOWER_MARK, RAISE_MARK],
        activations::ALL,
        air_gap_codes::ALL,
        application_credentials::ALL,
        applications::ALL,
        checkpoints::ALL,
        customers::ALL,
        deliveries::ALL,
        delivery_history::ALL,
        endpoints::ALL,
        event_numbers::ALL,
        device_events::ALL,
        devices::ALL,
        features::ALL,
        files::ALL,
        holdings::ALL,
        installation::ALL,
        keys::ALL,
        lanes::ALL,
        licenses::ALL,
        orders::ALL,
        packages::ALL,
        refused_uploads::ALL,
        seat_denials::ALL,
        seats::ALL,
        sites::ALL,
        sso_providers::ALL,
        status_reports::ALL,
        storage_entries::ALL,
        storage_versions::ALL,
        storages::ALL,
        tokens::ALL,
        trails::ALL,
        updates::ALL,
        licensed_products::ALL,
        policies::ALL,
        bundles::ALL,
        called_licenses::ALL,
        license_users::ALL,
        device_details::ALL,
        trials::ALL,
        offline_requests::ALL,
        api_keys::ALL,
        answered_calls::ALL,
        versions::ALL,
        users::ALL,
    ]
    .concat()
}

fn migrated() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    crate::migrations::apply(&mut connection, Timestamp::from_seconds(1)).unwrap();
    connection
}

#[test]
fn every_statement_prepares_on_a_fresh_schema() {
    let connection = migrated();
    for sql in statements() {
        if let Err(error) = connection.prepare(sql) {
            panic!("{error} in:\n{sql}");
        }
    }
}

#[test]
fn every_statement_stays_prepared() {
    let count = statements().len();
    assert!(count < CACHED_STATEMENTS, "{count} statements do not fit");
}

/// How SQLite runs a statement, a line for each step.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("explain query plan {sql}")).unwrap();
    let count = statement.parameter_count();
    let rows = statement.query_map(rusqlite::params_from_iter(vec![1; count]), |row| row.get(3)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Steps that go through a whole table: all sites are listed, the tokens of a site are few, a new epoch moves every
/// sequence, and the last reads nothing.
const SCANS: [&str; 4] =
    ["SCAN sites USING INDEX sqlite_autoindex_sites_1", "SCAN t", "SCAN sqlite_sequence", "SCAN CONSTANT ROW"];

#[test]
fn every_statement_looks_its_rows_up() {
    let connection = migrated();
    // The plan of an insert also names the scans that it would make for broken references, of which there are none.
    for sql in statements().into_iter().filter(|sql| !sql.starts_with("insert")) {
        for step in plan(&connection, sql) {
            assert!(!step.contains("SCAN") || SCANS.contains(&step.as_str()), "{step} in:\n{sql}");
        }
    }
}

#[test]
fn parts_of_long_lists_come_in_the_order_of_an_index() {
    let connection = migrated();
    let parts: Vec<_> = statements().into_iter().filter(|sql| sql.contains(" limit ?")).collect();
    assert!(parts.len() > 15, "{} statements read a part of a list", parts.len());
    for sql in parts {
        // What one customer holds and what one device has logged is little, and sorted.
        let is_little = sql.contains("where o.customer = ?3") || sql.contains("where +e.site = ?1 and e.device");
        let sorts = plan(&connection, sql).iter().any(|step| step.contains("ORDER BY"));
        assert_eq!(sorts, is_little, "{sql}");
    }
}
