//! Starting a client in another language with a document on its standard input.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

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
    run_python("COUNTERSIGN_PYTHON", script, input)
}

/// The same with the interpreter that has the SDKs of others.
///
/// # Errors
/// As for [`python`].
pub fn python_sdks(script: &str, input: &str) -> Result<Outcome> {
    run_python("COUNTERSIGN_PYTHON_SDKS", script, input)
}

/// The same with the interpreter that has the license SDK.
///
/// # Errors
/// As for [`python`].
pub fn python_license_sdk(script: &str, input: &str) -> Result<Outcome> {
    run_python("COUNTERSIGN_PYTHON_LICENSE_SDK", script, input)
}

/// The same for a script that also runs commands of the program. It is named in the environment.
///
/// # Errors
/// As for [`python`].
pub fn python_license_sdk_with_program(script: &str, input: &str) -> Result<Outcome> {
    let mut command = clean_command(&prepared("COUNTERSIGN_PYTHON_LICENSE_SDK")?);
    command.env("COUNTERSIGN_PROGRAM", prepared("COUNTERSIGN_PROGRAM")?);
    run(command.args(["-B", "-u"]).arg(folder("python").join(script)), input)
}

/// The same for a script that also runs the OpenID provider of `node/`: what it is given also says how.
///
/// # Errors
/// As for [`python`] and [`node_sdks`].
pub fn python_license_sdk_with_provider(script: &str, mut given: Value) -> Result<Outcome> {
    let provider = folder("node").join("openid_provider.mjs");
    for (name, value) in [
        ("node", prepared("COUNTERSIGN_NODE")?),
        ("node_packages", prepared("COUNTERSIGN_NODE_PACKAGES")?),
        ("provider_script", provider.into_os_string()),
    ] {
        given[name] = value.to_string_lossy().into();
    }
    python_license_sdk(script, &given.to_string())
}

/// Runs a script of `node/` with the packages that `cargo xtask test` has prepared, and waits for its end.
/// The script bounds its own time.
///
/// # Errors
/// When Node or its packages are not named by the environment, or it cannot be run.
pub fn node_sdks(script: &str, input: &str) -> Result<Outcome> {
    let mut command = clean_command(&prepared("COUNTERSIGN_NODE")?);
    command.env("NODE_PATH", prepared("COUNTERSIGN_NODE_PACKAGES")?);
    run(command.arg(folder("node").join(script)), input)
}

/// Runs the client of `rust/` that `cargo xtask test` has built, and waits for its end. It bounds the time of each request.
///
/// # Errors
/// When it is not named by the environment, or cannot be run.
pub fn rust_oauth_client(input: &str) -> Result<Outcome> {
    run(&mut clean_command(&prepared("COUNTERSIGN_RUST_OAUTH_CLIENT")?), input)
}

fn run_python(variable: &str, script: &str, input: &str) -> Result<Outcome> {
    let mut command = clean_command(&prepared(variable)?);
    // Compiled files beside the scripts would show up as changes of the repository.
    run(command.args(["-B", "-u"]).arg(folder("python").join(script)), input)
}

fn folder(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(language)
}

fn run(command: &mut Command, input: &str) -> Result<Outcome> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let mut stdin = child.stdin.take().context("the client was started without an input pipe")?;
    // A client that does not read its input ends the pipe early; what it printed then says more than that.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().context("cannot wait for the client")?;
    let report = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    Ok(Outcome { succeeded: output.status.success(), report })
}

/// A command in an environment without settings, so that those of the person who runs the tests change nothing.
pub(crate) fn clean_command(program: &OsStr) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command
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

/// Where programs are found, and the libraries of a Python that does not lie in the usual place.
const KEPT: [&str; 3] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::{KEPT, clean_command};

    #[test]
    fn a_command_gets_no_settings() {
        // Cargo sets this one for every test.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let output = clean_command(OsStr::new("env")).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let names = printed.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
        let others: Vec<_> = names.filter(|name| !KEPT.contains(name)).collect();
        assert_eq!(others, [] as [&str; 0]);
        assert!(printed.contains("PATH="), "{printed}");
    }
}
