//! Every statement of every repository fits the migrated schema, and finds its rows by an index.

use tokio_postgres::Config;
use tokio_util::task::TaskTracker;

use super::{
    activations, air_gap_codes, answered_calls, api_keys, application_credentials, applications, bundles,
    called_licenses, checkpoints, customers, deliveries, delivery_history, device_details, device_events, devices,
    endpoints, event_numbers, features, files, holdings, installation, keys, license_users, licensed_products,
    licenses, offline_requests, orders, packages, policies, refused_uploads, seat_denials, seats, sites, sso_providers,
    status_reports, storage_entries, storage_versions, storages, tokens, trails, trials, update_parts, updates, users,
    versions,
};
use crate::connection::Connection;
use crate::private_database::{PrivateDatabase, test_cluster};
use crate::rows::column;
use crate::transaction;

fn statements() -> Vec<&'static str> {
    [
        &[transaction::NOW],
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
        installation::ALL,
        keys::ALL,
        holdings::ALL,
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
        update_parts::ALL,
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

async fn connect(database: &PrivateDatabase) -> Connection {
    let config: Config = database.connection().parse().unwrap();
    Connection::open(&config, &TaskTracker::new()).await.unwrap()
}

#[tokio::test]
async fn every_statement_prepares_on_a_fresh_schema() {
    let database = PrivateDatabase::create(&test_cluster()).await.unwrap();
    let mut connection = connect(&database).await;
    for sql in statements() {
        if let Err(error) = connection.prepare(sql).await {
            panic!("{error} in:\n{sql}");
        }
    }
}

/// Told to avoid it, PostgreSQL reads a whole table, or a whole index, only where it has no other way.
#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    let database = PrivateDatabase::create(&test_cluster()).await.unwrap();
    let mut connection = connect(&database).await;
    connection.batch(PLANS).await.unwrap();
    for sql in statements().into_iter().filter(|sql| !FOR_FEW.iter().any(|end| sql.ends_with(end))) {
        let nulls = vec!["null"; connection.prepare(sql).await.unwrap().params().len()].join(", ");
        let values = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
        connection.batch(&format!("prepare it as {sql}")).await.unwrap();
        let explain: &'static str = format!("explain execute it{values}").leak();
        let plan = connection.run(explain, &[]).await.unwrap();
        let plan: Vec<&str> = plan.rows.iter().map(|line| column(line, 0).unwrap()).collect();
        for (line, next) in plan.iter().zip(plan.iter().skip(1).chain([&""])) {
            let by_index = line.contains("Index Scan") || line.contains("Index Only Scan");
            let whole = line.contains("Seq Scan") || (by_index && !next.contains("Index Cond:"));
            assert!(!whole, "{line} in:\n{sql}\n{}", plan.join("\n"));
        }
        connection.batch("deallocate it").await.unwrap();
    }
}

/// Every other way is preferred to reading a whole table, and to what would be quick only while tables are empty.
const PLANS: &str = "set plan_cache_mode = force_generic_plan;
    set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; set enable_mergejoin = off";
/// How the statements end that may read all: of sites, of access tokens and of sequences, of which there are few.
const FOR_FEW: [&str; 3] =
    [" from sites s order by name", " order by t.id desc", " from pg_sequences where schemaname = current_schema()"];
