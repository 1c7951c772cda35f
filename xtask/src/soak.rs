//! `cargo xtask soak`: what takes too long for every run. The same tests as `cargo xtask test`, with much more of everything.

use anyhow::Result;

use crate::postgres::Cluster;
use crate::test::{CLUSTER, Totals, stream};
use crate::workspace::Workspace;
use crate::{command, program, s3};

/// Runs the long tests.
///
/// # Errors
/// When something that they need cannot be set up, or one of them fails.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    command::announce("building the program");
    let program = program::build(workspace)?;
    let s3 = s3::ensure(workspace)?;
    let cluster = Cluster::start()?;
    command::announce("killing servers, on the embedded store and on PostgreSQL");
    let mut tests = workspace.cargo(&[
        "test",
        "--workspace",
        "--no-fail-fast",
        "--test",
        KILLS,
        "--test",
        LICENSE_KILLS,
        "--test",
        STORAGE_KILLS,
        "--test",
        WEBHOOK_KILLS,
        "--test",
        MEMORY,
        "--test",
        LARGE,
        "--test",
        WEBHOOKS,
    ]);
    tests
        .env("COUNTERSIGN_PROGRAM", program)
        .env("COUNTERSIGN_KILLS", "200")
        .env("COUNTERSIGN_S3_SERVER", s3)
        .env("COUNTERSIGN_UPLOAD_MIB", "5120")
        .env("COUNTERSIGN_LARGE_MIB", "10240")
        .env(CLUSTER, cluster.connection());
    // One after the other, and with what they print: it says how far they are.
    tests.args(["--", "--test-threads=1", "--nocapture"]);
    let mut totals = Totals::default();
    let killed = stream(&mut tests, &mut totals)?;
    command::announce("comparing histories of licenses and of seats with their references, in an optimized build");
    let mut tests = workspace.cargo(&["test", "--profile", OPTIMIZED, "--workspace", "--no-fail-fast"]);
    tests.args(["--test", HISTORIES]);
    tests.env("COUNTERSIGN_MODEL_ROUNDS", ROUNDS).env("COUNTERSIGN_SEAT_OPERATIONS", SEAT_OPERATIONS);
    tests.args(["--", "every_history", "--nocapture"]);
    let compared = stream(&mut tests, &mut totals)?;
    totals.verdict(killed && compared)
}

/// The test program of `crates/interop` that kills.
const KILLS: &str = "kills";
/// The test program of `crates/interop` that kills servers under licensed applications.
const LICENSE_KILLS: &str = "license_kills";
/// The test program of `crates/interop` that kills commands and servers which change storages.
const STORAGE_KILLS: &str = "storage_kills";
/// The test program of `crates/interop` that kills servers which send webhooks.
const WEBHOOK_KILLS: &str = "webhook_kills";
/// The test program of `crates/interop` that sends as much as a file may have.
const MEMORY: &str = "upload_memory";
/// The test program of `crates/interop` that stores a file of 10 GiB through a server and reads it back.
const LARGE: &str = "large_files";
/// The test program of `crates/app` that ends workers at every point between the commit of an event and its delivery.
const WEBHOOKS: &str = "webhooks";
/// The test program of `crates/app` that compares histories of licenses.
const HISTORIES: &str = "license_api";
/// The profile of these: as fast as the program, with the checks of a test. An unoptimized build takes half an hour for each.
const OPTIMIZED: &str = "soak";
/// Rounds of 64 operations: ten million operations.
const ROUNDS: &str = "156250";
/// Operations on seats.
const SEAT_OPERATIONS: &str = "10000000";
