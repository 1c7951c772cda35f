//! The LicenseSpring SDK for Python as its makers publish it, against `countersign demo`.

use anyhow::{Result, ensure};
use countersign_interop::{Demo, python_license_sdk, python_license_sdk_with_program};
use serde_json::Value;

#[test]
fn the_unmodified_sdk_activates_checks_counts_and_is_refused() -> Result<()> {
    let demo = Demo::start()?;
    let outcome = python_license_sdk("license_sdk.py", demo.credentials())?;
    ensure!(outcome.succeeded, "the SDK is not content:\n{}\nthe program says:\n{}", outcome.report, demo.log());
    ensure!(outcome.report.contains("every check held"), "the SDK stopped early:\n{}", outcome.report);
    demo.stop()
}

#[test]
fn the_unmodified_sdk_crosses_an_air_gap() -> Result<()> {
    let demo = Demo::start()?;
    let mut input: Value = serde_json::from_str(demo.credentials())?;
    input["data"] = demo.data().display().to_string().into();
    let outcome = python_license_sdk_with_program("license_air_gap.py", &input.to_string())?;
    ensure!(outcome.succeeded, "the SDK is not content:\n{}\nthe program says:\n{}", outcome.report, demo.log());
    ensure!(outcome.report.contains("every check held"), "the SDK stopped early:\n{}", outcome.report);
    demo.stop()
}
