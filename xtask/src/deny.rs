//! The check of third-party code: bans, licenses and sources, by cargo-deny at one exact version.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::command;
use crate::workspace::Workspace;

/// Checks the dependency graph against `deny.toml`, without the network once everything is fetched.
///
/// # Errors
/// When a rule is broken, or cargo-deny can neither be found nor installed.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    // The graph covers every platform, so crates that this machine never compiles must be there too.
    command::run(&mut workspace.cargo(&["fetch", "--locked"]))?;
    let mut deny = Command::new(find_or_install(workspace)?);
    deny.args(["--offline", "--all-features", "check", "bans", "licenses", "sources"]).current_dir(&workspace.root);
    command::run(&mut deny)
}

fn find_or_install(workspace: &Workspace) -> Result<PathBuf> {
    let on_path = PathBuf::from("cargo-deny");
    if has_version(&on_path) {
        return Ok(on_path);
    }
    let root = workspace.cache.join("tools").join(format!("cargo-deny-{VERSION}"));
    let program = root.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    let _held = workspace.lock_cache()?;
    if !has_version(&program) {
        println!("    cargo-deny {VERSION} is not here yet; building it once takes some minutes");
        let mut install = workspace.cargo(&["install", "cargo-deny", "--version", &format!("={VERSION}"), "--locked"]);
        // `--force`, because a record of an installation whose program is gone would make cargo do nothing.
        command::run(install.arg("--force").arg("--root").arg(&root))?;
    }
    Ok(program)
}

fn has_version(program: &PathBuf) -> bool {
    command::ask(Command::new(program).arg("--version"))
        .is_ok_and(|answer| answer.split_whitespace().nth(1) == Some(VERSION))
}

/// Another version may know other rules, and then two people see two results.
const VERSION: &str = "0.20.2";
