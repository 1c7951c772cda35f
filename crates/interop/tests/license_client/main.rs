//! The C library and the Python package of the license client, used by the examples that come with them, against `countersign demo`.

mod support;
mod without_connection;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use countersign_interop::{Demo, Example, Language, Linking, python_package_tests};
use serde_json::Value;

use support::{carry, holds, settings, talk};

#[test]
fn a_c_program_is_licensed_with_the_shared_library() -> Result<()> {
    c_program(Linking::Shared)
}

#[test]
fn a_c_program_is_licensed_with_the_static_library() -> Result<()> {
    c_program(Linking::Static)
}

#[test]
fn a_python_program_is_licensed_with_the_wheel() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let printed = walk(folder.path(), Language::Python.example(folder.path(), "license")?)?;
    holds(
        &printed,
        &[
            "license: consumption of sample",
            "standing: VALID until None",
            "refused: license_not_enough_consumptions (the server refuses ",
            "in use: 1",
            "kept: consumption on EXAMPLE-1",
            "borrowed until: 20",
            "on loan for the second time: True",
            "standing: NEVER_ACTIVATED",
            "not activated: ",
        ],
    )
}

#[test]
fn the_python_package_passes_its_own_tests() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let output = python_package_tests(folder.path())?.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn c_program(linking: Linking) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let printed = walk(folder.path(), Language::C(linking).example(folder.path(), "license")?)?;
    holds(
        &printed,
        &[
            "standing: 0 until the end of time",
            "counters: {",
            "refused: license_not_enough_consumptions (the server refuses ",
            "ok: keep the seat",
            "kept: {",
            "borrowed until: 20",
            "on loan: {\"borrowed_until\":\"20",
            "ok: leave the seat",
            "standing: 12",
        ],
    )
}

/// Runs an example with what the demo has for it, carries its files, and compares what the server has in the end.
fn walk(folder: &Path, example: Example) -> Result<String> {
    let demo = Demo::start()?;
    let credentials: Value = serde_json::from_str(demo.credentials())?;
    let licenses = &credentials["license_api"];
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a credential is missing");
    let key = |kind: &str| text(&licenses["license_keys"][kind][1]);
    let [counted, floating, offline] = [key("consumption")?, key("floating")?, key("perpetual")?];
    let home = folder.join("home");
    fs::create_dir(&home)?;
    let mut command = example.command(folder, &settings(&credentials))?;
    command.arg(&home).args([&counted, &floating, &offline]);
    command.args([text(&licenses["user"]["email"])?, text(&licenses["user"]["password"])?]);

    let printed = talk(&demo, folder, command, |line| carry(&demo, line, &[]))?;
    let show =
        |key: &str| -> Result<Value> { Ok(serde_json::from_str(&demo.run(&["license", "show", key, "--json"])?)?) };
    let seen = show(&counted)?;
    ensure!(seen["units"] == 3 && seen["activations"] == 0, "the server has counted otherwise: {seen}");
    ensure!(show(&floating)?["activations"] == 0, "the floating license is still active");
    ensure!(show(&offline)?["activations"] == 1, "the offline license is not active");
    demo.run(&["license", "offline", "deactivate", &home.join("deactivate_offline.req").display().to_string()])?;
    ensure!(show(&offline)?["activations"] == 0, "the offline license is still active");
    demo.stop()?;
    Ok(printed)
}
