//! Starting a client in another language with a document on its standard input.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// What a client did.
#[derive(Debug)]
pub struct Outcome {
    /// Whether it ended with status 0.
    pub succeeded: bool,
    /// Everything it printed, standard output first.
    pub report: String,
}

/// Runs a script of `python/` with the interpreter that `cargo xtask test` has prepared, and waits for its end.
/// The script bounds its own time.
///
/// # Errors
/// When the interpreter is not named by the environment, or cannot be run.
pub fn python(script: &str, input: &str) -> Result<Outcome> {
    let interpreter = prepared("COUNTERSIGN_PYTHON")?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script);
    let mut child = Command::new(&interpreter)
        // Compiled files beside the scripts would show up as changes of the repository.
        .args(["-B", "-u"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", interpreter.display()))?;
    let mut stdin = child.stdin.take().context("the client was started without an input pipe")?;
    // A client that does not read its input ends the pipe early; what it printed then says more than that.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().context("cannot wait for the client")?;
    let report = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    Ok(Outcome { succeeded: output.status.success(), report })
}

/// The value of a variable that `cargo xtask test` sets.
///
/// # Errors
/// When it is not set: these tests need things that cargo alone does not provide.
pub(crate) fn prepared(variable: &str) -> Result<OsString> {
    std::env::var_os(variable).with_context(|| {
        format!("{variable} is not set: this test needs more than Rust, run it with `cargo xtask test`")
    })
}
