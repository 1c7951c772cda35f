//! Databases for tests: each is a copy of a migrated template and belongs to one test, on a cluster that is thrown away.

use countersign_domain::time::Timestamp;
use countersign_store::Backend;
use tokio_postgres::Config;
use tokio_util::task::TaskTracker;

use crate::PostgresStore;
use crate::connection::Connection;
use crate::error::{Fault, OpenError};
use crate::migrations::MIGRATIONS;
use crate::rows::column;

/// A database of one test, removed when this is dropped.
pub struct PrivateDatabase {
    cluster: String,
    name: String,
}

impl PrivateDatabase {
    /// Makes a database with the schema of this program and nothing in it. `cluster` is the connection string of a
    /// superuser.
    ///
    /// # Errors
    /// [`OpenError`] when the cluster cannot be reached or does not obey.
    pub async fn create(cluster: &str) -> Result<Self, OpenError> {
        let mut connection = connect(cluster).await?;
        // A template must have no connection while it is made and copied. The lock ends with the connection.
        connection.batch(LOCK).await?;
        let template = template();
        let existing = connection.run(DATABASES, &[]).await?;
        let is_there = existing.rows.iter().any(|row| column(row, 0).is_ok_and(|name: &str| name == template));
        if !is_there {
            make_template(&mut connection, cluster, &template).await?;
        }
        connection.batch(NUMBERS).await?;
        let number = connection.run(NUMBER, &[]).await?;
        let number = number.rows.first().and_then(|row| column::<i64>(row, 0).ok());
        let number = number.ok_or_else(|| Fault::local("the sequence gives no number"))?;
        let name = format!("countersign_test_{number}");
        connection.batch(&format!("create database {name} template {template}")).await?;
        Ok(Self { cluster: cluster.to_owned(), name })
    }

    /// The connection string of the database.
    #[must_use]
    pub fn connection(&self) -> String {
        on_database(&self.cluster, &self.name)
    }

    /// Runs statements beside every store, for rows that no store would write.
    ///
    /// # Errors
    /// [`OpenError`] when the database cannot be reached or refuses them.
    pub async fn run(&self, statements: &str) -> Result<(), OpenError> {
        connect(&self.connection()).await?.batch(statements).await?;
        Ok(())
    }

    /// Ends all connections to the database, as a restart of the server does.
    ///
    /// # Errors
    /// [`OpenError`] when the cluster cannot be reached.
    pub async fn disconnect_all(&self) -> Result<(), OpenError> {
        let mut connection = connect(&self.cluster).await?;
        connection.run(DISCONNECT, &[&self.name]).await?;
        Ok(())
    }
}

/// Removes the database with whoever is still connected. Failing is no harm: the cluster is thrown away as well.
impl Drop for PrivateDatabase {
    fn drop(&mut self) {
        let (cluster, name) = (self.cluster.clone(), self.name.clone());
        // A thread of its own: this one may belong to a runtime, which must not be blocked on by another one.
        let removal = std::thread::Builder::new().name("remove-database".to_owned()).spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                if let Ok(mut connection) = connect(&cluster).await {
                    let _ = connection.batch(&format!("drop database if exists {name} with (force)")).await;
                }
            });
        });
        if let Ok(removal) = removal {
            let _ = removal.join();
        }
    }
}

/// The connection string of the cluster that `cargo xtask test` has started.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn test_cluster() -> String {
    std::env::var(VARIABLE).unwrap_or_else(|_| {
        panic!(
            "this test needs a PostgreSQL cluster: run it through `cargo xtask test`, which starts one, or set {VARIABLE} \
             to the connection string of a superuser on a cluster that may be thrown away"
        )
    })
}

async fn make_template(connection: &mut Connection, cluster: &str, template: &str) -> Result<(), OpenError> {
    // One that is half made was left by a test that was killed.
    connection.batch(&format!("drop database if exists {template}_making with (force)")).await?;
    connection.batch(&format!("create database {template}_making template template0 encoding 'UTF8'")).await?;
    let store = PostgresStore::open(&on_database(cluster, &format!("{template}_making")), Timestamp::EPOCH).await?;
    store.close().await;
    connection.batch(&format!("alter database {template}_making rename to {template}")).await?;
    Ok(())
}

async fn connect(cluster: &str) -> Result<Connection, OpenError> {
    let config: Config = cluster.parse().map_err(|_| OpenError::ConnectionString)?;
    Ok(Connection::open(&config, &TaskTracker::new()).await?)
}

/// The same connection string with another database.
fn on_database(cluster: &str, name: &str) -> String {
    let glue = match (cluster.contains("://"), cluster.contains('?')) {
        (false, _) => ' ',
        (true, false) => '?',
        (true, true) => '&',
    };
    format!("{cluster}{glue}dbname={name}")
}

/// A name that changes with the migrations (FNV-1a over their texts), so that a cluster that is kept does not serve an
/// old schema.
fn template() -> String {
    let bytes = MIGRATIONS.iter().flat_map(|(_, text)| text.bytes());
    let digest = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("countersign_template_{digest:016x}")
}

const VARIABLE: &str = "COUNTERSIGN_TEST_POSTGRES";
/// Any number that nothing else in the database uses ("testtmpl" in ASCII).
const LOCK: &str = "select pg_advisory_lock(8387236823645254764)";
const DATABASES: &str = "select datname::text from pg_database";
/// Waits until each of them is gone.
const DISCONNECT: &str = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1::text";
const NUMBERS: &str = "create sequence if not exists countersign_test_numbers";
const NUMBER: &str = "select nextval('countersign_test_numbers')";

#[cfg(test)]
mod tests {
    use super::on_database;

    #[test]
    fn the_database_is_named_in_either_form() {
        for cluster in ["host=/tmp user=postgres", "postgres://u@h", "postgres://u@h/other?connect_timeout=1"] {
            let config: tokio_postgres::Config = on_database(cluster, "mine").parse().unwrap();
            assert_eq!(config.get_dbname(), Some("mine"), "{cluster}");
        }
    }
}
