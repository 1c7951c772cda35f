//! The S3 server of the tests: installed once, at an exact version, from the registry of Rust.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::command::{self, announce};
use crate::workspace::Workspace;

/// Returns the program `s3s-fs`: a small S3 server over a directory, which checks signatures, ranges and uploads in parts.
///
/// # Errors
/// When it does not build.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    announce("looking for the S3 server of the tests");
    let root = workspace.cache.join(format!("{CRATE}-{VERSION}"));
    let program = root.join("bin").join(format!("{CRATE}{}", std::env::consts::EXE_SUFFIX));
    let _held = workspace.lock_cache()?;
    if !is_there(&program) {
        println!("    installing {CRATE} {VERSION} into {}", root.display());
        let mut install = workspace.cargo(&["install", CRATE, "--version", VERSION, "--locked", "--force"]);
        // Without optimization, which would take three times as long and is not needed for tests.
        install.args(["--features", "binary", "--profile", "dev", "--root"]).arg(&root);
        install.arg("--target-dir").arg(root.join("target"));
        command::run(&mut install)?;
        std::fs::remove_dir_all(root.join("target"))?;
    }
    ensure!(is_there(&program), "{} was installed and does not run", program.display());
    println!("    {}", program.display());
    Ok(program)
}

fn is_there(program: &PathBuf) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

const CRATE: &str = "s3s-fs";
const VERSION: &str = "0.14.1";
