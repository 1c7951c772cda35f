//! The C library and the Python package of the license client, used by the examples that come with them, against `countersign demo`.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use countersign_interop::{Demo, Linking, compile_c, python_with_wheel, repository};
use serde_json::{Value, json};

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
    let mut python = python_with_wheel(&folder.path().join("packages"))?;
    python.arg(repository().join("clients/python/examples/license.py"));
    let write = |licenses: &Value, base_url: &str| {
        let settings = json!({
            "base_url": base_url, "product": licenses["product"], "hardware_id": "PYTHON-1",
            "api_key": licenses["api_key"], "shared_key": licenses["shared_key"], "answer_keys": [licenses["public_key"]],
        });
        settings.to_string()
    };
    let printed = walk(folder.path(), python, write)?;
    for line in [
        "license: consumption of sample",
        "standing: VALID until None",
        "refused: license_not_enough_consumptions (the server refuses ",
        "in use: 1",
        "borrowed until: 20",
        "standing: NEVER_ACTIVATED",
        "not activated: ",
    ] {
        ensure!(printed.contains(line), "`{line}` is missing in\n{printed}");
    }
    Ok(())
}

fn c_program(linking: Linking) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("license");
    compile_c(&repository().join("crates/client-ffi/examples/license.c"), &program, linking)?;
    let write = |licenses: &Value, base_url: &str| {
        let text = |name: &str| licenses[name].as_str().unwrap_or_default().to_owned();
        // The lines between the first and the last one of PEM are base64, which is taken as well.
        let key: String = text("public_key").lines().filter(|line| !line.starts_with('-')).collect();
        let [product, api_key, shared_key] = ["product", "api_key", "shared_key"].map(text);
        format!(
            "base_url {base_url}\nproduct {product}\napi_key {api_key}\nshared_key {shared_key}\nanswer_key {key}\n\
             hardware_id C-1\n"
        )
    };
    let printed = walk(folder.path(), Command::new(&program), write)?;
    for line in [
        "standing: 0 until the end of time",
        "counters: {",
        "refused: license_not_enough_consumptions (the server refuses ",
        "ok: keep the seat",
        "borrowed until: 20",
        "standing: 12",
    ] {
        ensure!(printed.contains(line), "`{line}` is missing in\n{printed}");
    }
    Ok(())
}

/// Runs an example with what the demo has for it, carries its files, and compares what the server has in the end.
fn walk(folder: &Path, mut example: Command, settings: impl Fn(&Value, &str) -> String) -> Result<String> {
    let demo = Demo::start()?;
    let credentials: Value = serde_json::from_str(demo.credentials())?;
    let licenses = &credentials["license_api"];
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a credential is missing");
    let key = |kind: &str| text(&licenses["license_keys"][kind][1]);
    let [counted, floating, offline] = [key("consumption")?, key("floating")?, key("perpetual")?];
    let path = folder.join("settings");
    fs::write(&path, settings(licenses, &text(&credentials["base_url"])?))?;
    let home = folder.join("home");
    fs::create_dir(&home)?;
    example.arg(&path).arg(&home).args([&counted, &floating, &offline]);
    example.args([text(&licenses["user"]["email"])?, text(&licenses["user"]["password"])?]);

    let printed = carry(&demo, folder, &mut example)?;
    ensure!(
        printed.trim_end().ends_with("done"),
        "the example stopped early:\n{printed}\nthe program says:\n{}",
        demo.log()
    );
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

/// Runs a program that asks for a file to be carried to the server and back, and gives what it prints.
fn carry(demo: &Demo, folder: &Path, example: &mut Command) -> Result<String> {
    let complaints = folder.join("complaints");
    let mut child = example.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&complaints)?).spawn()?;
    let mut stdin = child.stdin.take().context("no input")?;
    let mut printed = String::new();
    for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
        let line = line?;
        printed.push_str(&line);
        printed.push('\n');
        if let Some((request, rest)) = line.strip_prefix("carry ").and_then(|rest| rest.split_once(" to the server, "))
            && let Some(response) = rest.strip_prefix("put its response at ").and_then(|rest| rest.strip_suffix(ENTER))
        {
            demo.run(&["license", "offline", "activate", request, "--out", response])?;
            stdin.write_all(b"\n")?;
        }
    }
    let status = child.wait()?;
    let complaints = fs::read_to_string(complaints)?;
    ensure!(
        status.success(),
        "the example ended with {status}:\n{printed}{complaints}\nthe program says:\n{}",
        demo.log()
    );
    Ok(printed)
}

const ENTER: &str = ", and press Enter";
