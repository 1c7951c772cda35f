//! Building the program and a client of it, and asking cargo where it put it: target directories and profiles can be set in many places.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command;
use crate::workspace::Workspace;

/// Builds the program and returns its path.
///
/// # Errors
/// When it does not build; what is wrong stands above, where cargo ran.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    run(&mut workspace.cargo(&["build", "--package", "countersign-cli"]), "countersign")
}

/// Builds the OAuth client in Rust and returns its path. It is a workspace of its own with locked versions, and what is made of it
/// lies in the cache.
///
/// # Errors
/// As for [`build`].
pub(crate) fn build_oauth_client(workspace: &Workspace) -> Result<PathBuf> {
    let mut build = workspace.cargo(&["build", "--locked", "--manifest-path", "crates/interop/rust/Cargo.toml"]);
    build.arg("--target-dir").arg(workspace.cache.join("rust-client"));
    run(&mut build, "countersign-interop-oauth-client")
}

fn run(build: &mut Command, program: &str) -> Result<PathBuf> {
    // Of the messages, only what is for programs comes on the standard output; errors are shown as always.
    build.args(["--message-format", "json-render-diagnostics"]);
    let mut found = None;
    if !command::run_by_line(build, |line| found = executable(line, program).or(found.take()))? {
        bail!("`{program}` does not build");
    }
    let path = found.with_context(|| format!("cargo did not say where it put the program `{program}`"))?;
    println!("    {}", path.display());
    Ok(path)
}

/// The path of the program, when this message of cargo is about it.
fn executable(line: &str, program: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let target = &message["target"];
    let is_program = message["reason"] == "compiler-artifact"
        && target["name"] == program
        && target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin"));
    message["executable"].as_str().filter(|_| is_program).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::executable;

    #[test]
    fn only_the_message_about_the_program_names_it() {
        let message = |reason: &str, name: &str, kind: &str, path: Option<&str>| {
            json!({ "reason": reason, "target": { "name": name, "kind": [kind] }, "executable": path }).to_string()
        };
        let path = Some("/elsewhere/debug/countersign");
        assert_eq!(
            executable(&message("compiler-artifact", "countersign", "bin", path), "countersign"),
            path.map(PathBuf::from)
        );
        for other in [
            message("compiler-artifact", "countersign", "lib", None),
            message("compiler-artifact", "countersign", "test", path),
            message("compiler-artifact", "build-script-build", "custom-build", path),
            message("compiler-message", "countersign", "bin", path),
            json!({ "reason": "build-finished", "success": true }).to_string(),
            "not JSON".to_owned(),
        ] {
            assert_eq!(executable(&other, "countersign"), None, "{other}");
        }
    }
}
