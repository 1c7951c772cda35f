//! Every statement of every repository fits the migrated schema.

use tokio_postgres::Config;
use tokio_util::task::TaskTracker;

use super::{files, installation, keys, packages, sites, updates, users};
use crate::connection::Connection;
use crate::private_database::{PrivateDatabase, test_cluster};

#[tokio::test]
async fn every_statement_prepares_on_a_fresh_schema() {
    let database = PrivateDatabase::create(&test_cluster()).await.unwrap();
    let config: Config = database.connection().parse().unwrap();
    let mut connection = Connection::open(&config, &TaskTracker::new()).await.unwrap();
    for sql in [installation::ALL, sites::ALL, keys::ALL, users::ALL, files::ALL, packages::ALL, updates::ALL].concat()
    {
        if let Err(error) = connection.prepare(sql).await {
            panic!("{error} in:\n{sql}");
        }
    }
}
