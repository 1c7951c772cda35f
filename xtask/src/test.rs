//! `cargo xtask test`: sets up what the tests need, runs all of them, and counts what really ran.
//!
//! A test that was skipped proves nothing, so an ignored test fails the run like a broken one.

use std::process::Command;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::postgres::Cluster;
use crate::workspace::Workspace;
use crate::{c_compiler, command, node, program, python, s3, wheel};

/// Runs every test, or those whose name contains `only`.
///
/// # Errors
/// When something that the tests need is missing and cannot be set up from here (the message then holds the command to
/// run), when a test fails or is ignored, and when nothing ran at all.
pub(crate) fn run(workspace: &Workspace, only: Option<&str>) -> Result<()> {
    let python = python::ensure(workspace, &python::DEVICE)?;
    let sdks = python::ensure(workspace, &python::SDKS)?;
    let license_sdk = python::ensure(workspace, &python::LICENSE_SDK)?;
    let node = node::ensure(workspace)?;
    let c_compiler = c_compiler::find()?;

    command::announce("building the program that the foreign clients talk to, and the C library of the license client");
    let [program, library] = program::build_with_library(workspace)?;
    let wheel = wheel::build(workspace, &library, &workspace.cache.join("wheels"))?;
    command::announce("building the OAuth client in Rust");
    let oauth_client = program::build_oauth_client(workspace)?;

    let s3 = s3::ensure(workspace)?;
    let cluster = Cluster::start()?;

    command::announce("running the tests");
    // Without `--no-fail-fast` the first failing crate would hide what the others have to say.
    let mut tests = workspace.cargo(&["test", "--workspace", "--no-fail-fast"]);
    tests.env("COUNTERSIGN_PYTHON", python).env("COUNTERSIGN_PROGRAM", program).env("COUNTERSIGN_S3_SERVER", s3);
    tests.env("COUNTERSIGN_PYTHON_SDKS", sdks).env("COUNTERSIGN_PYTHON_LICENSE_SDK", license_sdk);
    tests.env("COUNTERSIGN_NODE", node.program).env("COUNTERSIGN_NODE_PACKAGES", node.packages);
    tests.env("COUNTERSIGN_RUST_OAUTH_CLIENT", oauth_client);
    tests.env("COUNTERSIGN_C_COMPILER", c_compiler).env("COUNTERSIGN_LICENSE_LIBRARY", library);
    tests.env("COUNTERSIGN_LICENSE_WHEEL", wheel);
    tests.env(CLUSTER, cluster.connection()).args(only);
    let mut totals = Totals::default();
    let mut succeeded = stream(&mut tests, &mut totals)?;

    command::announce("running the tests of use cases and doors again, on PostgreSQL");
    // The same build as before: with `--package` cargo would compile much of it anew, with other features.
    let mut again = workspace.cargo(&["test", "--workspace", "--no-fail-fast"]);
    for target in test_targets(&workspace.metadata()?) {
        again.args(["--test", &target]);
    }
    again.env(CLUSTER, cluster.connection()).env("COUNTERSIGN_TEST_STORE", "postgres").args(only);
    succeeded &= stream(&mut again, &mut totals)?;
    drop(cluster);

    command::announce("running the tests of the doors again, with nothing remembered");
    let mut forgetful = workspace.cargo(&["test", "--workspace", "--no-fail-fast", "--test", DOORS]);
    forgetful.env("COUNTERSIGN_TEST_MEMOS", "off").args(only);
    succeeded &= stream(&mut forgetful, &mut totals)?;

    println!();
    for name in &totals.ignored_names {
        println!("skipped: {name}");
    }
    println!("{} passed, {} failed, {} skipped", totals.passed, totals.failed, totals.ignored);
    totals.verdict(succeeded)
}

/// The names of the test programs of the crates whose tests run on whichever store the environment names.
fn test_targets(metadata: &Value) -> Vec<String> {
    let of = |value: &Value, member: &str| value[member].as_array().cloned().unwrap_or_default();
    let packages = of(metadata, "packages")
        .into_iter()
        .filter(|package| ON_BOTH_STORES.iter().any(|name| package["name"] == *name));
    let targets = packages.flat_map(|package| of(&package, "targets"));
    let tests = targets.filter(|target| of(target, "kind").iter().any(|kind| kind == "test"));
    tests.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect()
}

/// Runs a `cargo test` command, shows its output as it comes, and adds up its result lines.
/// Returns whether cargo itself was content.
///
/// # Errors
/// When cargo cannot be started.
pub(crate) fn stream(tests: &mut Command, totals: &mut Totals) -> Result<bool> {
    command::run_by_line(tests, |line| {
        println!("{line}");
        totals.take(line);
    })
}

/// The sum over all test programs of one run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Tests that ran and held.
    pub(crate) passed: u64,
    failed: u64,
    ignored: u64,
    ignored_names: Vec<String>,
}

impl Totals {
    /// Adds what one line of a test program's output says; most lines say nothing.
    fn take(&mut self, line: &str) {
        if let Some((_, counts)) = line.split_once("test result: ") {
            let words: Vec<&str> = counts.split_whitespace().collect();
            for pair in words.windows(2) {
                let [number, what] = pair else { continue };
                let Ok(number) = number.parse::<u64>() else { continue };
                match what.trim_end_matches(';') {
                    "passed" => self.passed += number,
                    "failed" => self.failed += number,
                    "ignored" => self.ignored += number,
                    _ => {}
                }
            }
        } else if let Some((name, verdict)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... "))
            && verdict.starts_with("ignored")
        {
            self.ignored_names.push(name.to_owned());
        }
    }

    pub(crate) fn verdict(&self, succeeded: bool) -> Result<()> {
        if self.failed > 0 || !succeeded {
            bail!("not every test passed");
        }
        if self.ignored > 0 {
            bail!("{} tests were skipped; a test that does not run is removed or repaired, not ignored", self.ignored);
        }
        if self.passed == 0 {
            bail!("no test ran");
        }
        Ok(())
    }
}

/// The crates whose tests open their store through the test kit.
const ON_BOTH_STORES: [&str; 2] = ["countersign-app", "countersign-server"];
/// The test program that sends requests through all doors.
const DOORS: &str = "app";
/// Names the cluster to the tests.
pub(crate) const CLUSTER: &str = "COUNTERSIGN_TEST_POSTGRES";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Totals, test_targets};

    #[test]
    fn the_tests_of_use_cases_and_doors_run_on_both_stores() {
        let target = |name: &str, kind: &str| json!({ "name": name, "kind": [kind] });
        let package = |name: &str, targets: Vec<_>| json!({ "name": name, "targets": targets });
        let metadata = json!({ "packages": [
            package("countersign-app", vec![target("countersign_app", "lib"), target("releases", "test")]),
            package("countersign-blobs", vec![target("local", "test")]),
            package("countersign-server", vec![target("app", "test")]),
        ] });
        assert_eq!(test_targets(&metadata), ["releases", "app"]);
    }

    fn totals_of(output: &str) -> Totals {
        let mut totals = Totals::default();
        output.lines().for_each(|line| totals.take(line));
        totals
    }

    #[test]
    fn result_lines_add_up() {
        let totals = totals_of(
            "running 2 tests\ntest a ... ok\n\
             test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.00s\n\
             test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s\n",
        );
        assert_eq!((totals.passed, totals.failed, totals.ignored), (42, 0, 0));
        totals.verdict(true).unwrap();
    }

    #[test]
    fn an_ignored_test_is_a_failure_with_a_name() {
        let totals = totals_of(
            "test slow::case ... ignored, needs patience\n\
             test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
        );
        assert_eq!(totals.ignored_names, ["slow::case"]);
        assert!(totals.verdict(true).is_err());
    }

    #[test]
    fn failures_crashes_and_empty_runs_are_failures() {
        let failed = totals_of(
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
        );
        assert!(failed.verdict(false).is_err());
        // A test program that aborts prints no result line; only cargo's own status tells.
        let crashed = Totals { passed: 9, ..Totals::default() };
        assert!(crashed.verdict(false).is_err());
        assert!(Totals::default().verdict(true).is_err());
    }

    #[test]
    fn other_lines_count_for_nothing() {
        assert_eq!(totals_of("12 passed\ntest a ... ok\ntest result\nwarning: 3 failed"), Totals::default());
    }
}
