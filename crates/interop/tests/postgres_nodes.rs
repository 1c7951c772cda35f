//! Two nodes of the real program on one PostgreSQL database, each with a data directory of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use countersign_store_postgres::{PrivateDatabase, test_cluster};

/// Runs a command of the program on the database and gives what it prints and whether it succeeded.
fn countersign(database: &str, data: &Path, arguments: &[&str]) -> Result<(bool, String)> {
    let program = std::env::var_os("COUNTERSIGN_PROGRAM").map(PathBuf::from);
    let program = program.context("COUNTERSIGN_PROGRAM is not set; run this through `cargo xtask test`")?;
    let mut command = Command::new(program);
    command.args(arguments).arg("--data").arg(data);
    command.env("COUNTERSIGN_DATABASE_URL", database).env("COUNTERSIGN_MASTER_KEY", "5c".repeat(32));
    let output = command.output().context("the program cannot be started")?;
    let printed = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&printed).into_owned()))
}

#[tokio::test]
async fn two_nodes_on_one_database_see_the_same_sites() -> Result<()> {
    let database = PrivateDatabase::create(&test_cluster()).await?;
    let (folder, connection) = (tempfile::tempdir()?, database.connection());
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));

    let (succeeded, printed) = countersign(&connection, &first, &["site", "create", "acme"])?;
    ensure!(succeeded, "the first node cannot create a site: {printed}");
    let (succeeded, printed) = countersign(&connection, &second, &["site", "list"])?;
    ensure!(succeeded && printed.contains("acme"), "the second node does not see it: {printed}");
    let (succeeded, printed) = countersign(&connection, &second, &["site", "create", "acme"])?;
    ensure!(!succeeded, "the second node creates it again: {printed}");
    ensure!(!first.join("countersign.db").exists(), "the embedded store was made as well");
    Ok(())
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_reported_without_the_password() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for database in ["postgres://acme:hunter2@%2Fnowhere/acme?connect_timeout=1", "password hunter2"] {
        let (succeeded, printed) = countersign(database, &folder.path().join("data"), &["site", "list"])?;
        ensure!(!succeeded && printed.contains("PostgreSQL"), "{printed}");
        ensure!(!printed.contains("hunter2"), "the password is told: {printed}");
    }
    Ok(())
}
