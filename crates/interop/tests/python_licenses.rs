//! The LicenseSpring SDK for Python as its makers publish it, against `countersign demo`.

use anyhow::{Result, ensure};
use countersign_interop::{Demo, python_license_sdk};

#[test]
fn the_unmodified_sdk_activates_checks_counts_and_is_refused() -> Result<()> {
    let demo = Demo::start()?;
    let outcome = python_license_sdk("license_sdk.py", demo.credentials())?;
    ensure!(outcome.succeeded, "the SDK is not content:\n{}\nthe program says:\n{}", outcome.report, demo.log());
    ensure!(outcome.report.contains("every check held"), "the SDK stopped early:\n{}", outcome.report);
    demo.stop()
}
