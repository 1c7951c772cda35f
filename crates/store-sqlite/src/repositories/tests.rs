//! Every statement of every repository fits the migrated schema.

use countersign_domain::time::Timestamp;
use rusqlite::Connection;

use super::{files, installation, keys, packages, sites, updates, users};

#[test]
fn every_statement_prepares_on_a_fresh_schema() {
    let mut connection = Connection::open_in_memory().unwrap();
    crate::migrations::apply(&mut connection, Timestamp::from_seconds(1)).unwrap();
    for sql in [installation::ALL, sites::ALL, keys::ALL, users::ALL, files::ALL, packages::ALL, updates::ALL].concat()
    {
        if let Err(error) = connection.prepare(sql) {
            panic!("{error} in:\n{sql}");
        }
    }
}
