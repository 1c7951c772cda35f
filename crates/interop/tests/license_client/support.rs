//! Examples that ask people for something, and what they are answered.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use countersign_interop::Demo;
use serde_json::{Value, json};

/// What applications of a demo have compiled in.
pub(crate) fn settings(credentials: &Value) -> Value {
    let licenses = &credentials["license_api"];
    json!({
        "base_url": credentials["base_url"], "product": licenses["product"], "api_key": licenses["api_key"],
        "shared_key": licenses["shared_key"], "answer_keys": [licenses["public_key"]], "hardware_id": HARDWARE,
        "air_gap_key": licenses["air_gap_public_key"],
    })
}

/// Runs an example that must come to its end, and gives what it prints. `answer` says what people type after a line.
pub(crate) fn talk(
    demo: &Demo,
    folder: &Path,
    mut example: Command,
    mut answer: impl FnMut(&str) -> Result<Option<String>>,
) -> Result<String> {
    let complaints = folder.join("complaints");
    let mut child = example.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&complaints)?).spawn()?;
    let mut stdin = child.stdin.take().context("no input")?;
    let mut printed = String::new();
    for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
        let line = line?;
        printed.push_str(&line);
        printed.push('\n');
        if let Some(answer) = answer(&line)? {
            writeln!(stdin, "{answer}")?;
        }
    }
    let status = child.wait()?;
    let complaints = fs::read_to_string(complaints)?;
    ensure!(
        status.success() && printed.trim_end().ends_with("done"),
        "the example ended with {status}:\n{printed}{complaints}\nthe program says:\n{}",
        demo.log()
    );
    Ok(printed)
}

/// Carries the file that a line names to the server, and its response back. `about` are options of the command.
pub(crate) fn carry(demo: &Demo, line: &str, about: &[&str]) -> Result<Option<String>> {
    let named = line.strip_prefix("carry ").and_then(|rest| rest.split_once(" to the server, put its response at "));
    let Some((request, rest)) = named else { return Ok(None) };
    let response = rest.strip_suffix(", and press Enter").context("where does the response go?")?;
    demo.run(&[&["license", "offline", "activate", request, "--out", response], about].concat())?;
    Ok(Some(String::new()))
}

/// Whether all of this was printed.
pub(crate) fn holds(printed: &str, lines: &[&str]) -> Result<()> {
    for line in lines {
        ensure!(printed.contains(line), "`{line}` is missing in\n{printed}");
    }
    Ok(())
}

/// The machine of the examples.
pub(crate) const HARDWARE: &str = "EXAMPLE-1";
