//! A device written in Python, with libraries of its own, against `countersign demo`.

use anyhow::{Result, ensure};
use countersign_interop::{Demo, python};

#[test]
fn the_device_itself_refuses_what_is_not_authentic() -> Result<()> {
    let outcome = python("self_check.py", "")?;
    ensure!(outcome.succeeded, "the device would accept forgeries:\n{}", outcome.report);
    Ok(())
}

#[test]
fn a_python_device_updates_itself_and_cannot_cheat() -> Result<()> {
    let demo = Demo::start()?;
    let outcome = python("device.py", demo.credentials())?;
    ensure!(outcome.succeeded, "the device is not content:\n{}\nthe program says:\n{}", outcome.report, demo.log());
    ensure!(outcome.report.contains("every check held"), "the device stopped early:\n{}", outcome.report);
    demo.stop()
}
