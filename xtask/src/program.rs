//! Building the program, the C library and a client, and asking cargo where it put them: target directories and profiles can be set in many places.

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
    let [program] = run(&mut workspace.cargo(&["build", "--package", "countersign-cli"]), [PROGRAM])?;
    Ok(program)
}

/// Builds the program and the C library of the license client, and returns the paths of both.
///
/// # Errors
/// As for [`build`].
pub(crate) fn build_with_library(workspace: &Workspace) -> Result<[PathBuf; 2]> {
    // In one run: what they have in common is then built once, with the features that both need.
    run(
        &mut workspace.cargo(&["build", "--package", "countersign-cli", "--package", LIBRARY_PACKAGE]),
        [PROGRAM, LIBRARY],
    )
}

/// Builds the C library as it is shipped, and returns the path of the one that programs load.
///
/// # Errors
/// As for [`build`].
pub(crate) fn build_library(workspace: &Workspace) -> Result<PathBuf> {
    let [library] = run(&mut workspace.cargo(&["build", "--release", "--package", LIBRARY_PACKAGE]), [LIBRARY])?;
    Ok(library)
}

/// Builds the OAuth client in Rust and returns its path. It is a workspace of its own with locked versions, and what is made of it
/// lies in the cache.
///
/// # Errors
/// As for [`build`].
pub(crate) fn build_oauth_client(workspace: &Workspace) -> Result<PathBuf> {
    let mut build = workspace.cargo(&["build", "--locked", "--manifest-path", "crates/interop/rust/Cargo.toml"]);
    build.arg("--target-dir").arg(workspace.cache.join("rust-client"));
    let [program] = run(&mut build, [Artifact { name: "countersign-interop-oauth-client", ..PROGRAM }])?;
    Ok(program)
}

/// Something that cargo builds.
#[derive(Clone, Copy)]
struct Artifact {
    name: &'static str,
    /// As cargo names it.
    kind: &'static str,
}

fn run<const N: usize>(build: &mut Command, wanted: [Artifact; N]) -> Result<[PathBuf; N]> {
    // Of the messages, only what is for programs comes on the standard output; errors are shown as always.
    build.args(["--message-format", "json-render-diagnostics"]);
    let mut found = [const { None }; N];
    let take = |line: &str| {
        for (artifact, found) in wanted.iter().zip(&mut found) {
            *found = artifact.path(line).or(found.take());
        }
    };
    if !command::run_by_line(build, take)? {
        bail!("`{}` does not build", wanted.map(|artifact| artifact.name).join("` or `"));
    }
    let mut paths = [const { PathBuf::new() }; N];
    for ((artifact, found), path) in wanted.iter().zip(found).zip(&mut paths) {
        *path = found.with_context(|| format!("cargo did not say where it put `{}`", artifact.name))?;
        println!("    {}", path.display());
    }
    Ok(paths)
}

impl Artifact {
    /// Where it is, when this message of cargo is about it.
    fn path(&self, line: &str) -> Option<PathBuf> {
        let message: Value = serde_json::from_str(line).ok()?;
        let target = &message["target"];
        let is_meant = message["reason"] == "compiler-artifact"
            && target["name"] == self.name
            && target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == self.kind));
        let is_loaded = |path: &&str| [".so", ".dylib", ".dll"].iter().any(|ending| path.ends_with(ending));
        let path = match self.kind {
            "bin" => message["executable"].as_str(),
            _ => message["filenames"].as_array()?.iter().filter_map(Value::as_str).find(is_loaded),
        };
        path.filter(|_| is_meant).map(PathBuf::from)
    }
}

const PROGRAM: Artifact = Artifact { name: "countersign", kind: "bin" };
const LIBRARY: Artifact = Artifact { name: "countersign_license", kind: "cdylib" };
const LIBRARY_PACKAGE: &str = "countersign-client-ffi";

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::{LIBRARY, PROGRAM};

    #[test]
    fn only_the_message_about_the_program_names_it() {
        let message = |reason: &str, name: &str, kind: &str, path: Option<&str>| {
            json!({ "reason": reason, "target": { "name": name, "kind": [kind] }, "executable": path }).to_string()
        };
        let path = Some("/elsewhere/debug/countersign");
        let found = PROGRAM.path(&message("compiler-artifact", "countersign", "bin", path));
        assert_eq!(found, path.map(PathBuf::from));
        for other in [
            message("compiler-artifact", "countersign", "lib", None),
            message("compiler-artifact", "countersign", "test", path),
            message("compiler-artifact", "build-script-build", "custom-build", path),
            message("compiler-message", "countersign", "bin", path),
            json!({ "reason": "build-finished", "success": true }).to_string(),
            "not JSON".to_owned(),
        ] {
            assert_eq!(PROGRAM.path(&other), None, "{other}");
        }
    }

    #[test]
    fn of_a_library_the_file_that_programs_load_is_taken() {
        let target = json!({ "name": "countersign_license", "kind": ["cdylib", "staticlib"] });
        let files = ["/debug/libcountersign_license.a", "/debug/libcountersign_license.so"];
        let message = json!({ "reason": "compiler-artifact", "target": target, "filenames": files }).to_string();
        assert_eq!(LIBRARY.path(&message), Some(PathBuf::from(files[1])));
        assert_eq!(PROGRAM.path(&message), None);
    }
}
