//! `cargo xtask wheel`: the Python package of the license client, with the C library of this platform in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{command, program, python};

/// Builds the library as it is shipped, and the wheel with it.
///
/// # Errors
/// When the library does not build, or Python is missing.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    command::announce("building the C library of the license client");
    let library = program::build_library(workspace)?;
    let wheel = build(workspace, &library, &workspace.root.join("target/wheels"))?;
    println!("\ninstall it with\n    python3 -m pip install {}", wheel.display());
    Ok(())
}

/// Writes the wheel around a library into a folder, and returns its path.
///
/// # Errors
/// When Python is missing or cannot write it.
pub(crate) fn build(workspace: &Workspace, library: &Path, folder: &Path) -> Result<PathBuf> {
    command::announce("writing the wheel of the license client");
    let mut build = Command::new(python::find_or_install()?.program);
    // Compiled files beside the script would show up as changes of the repository.
    build.arg("-B").arg(workspace.root.join("clients/python/build_wheel.py")).arg(env!("CARGO_PKG_VERSION"));
    build.arg(library).arg(workspace.root.join("LICENSE")).arg(folder);
    let printed = command::ask(&mut build)?;
    let wheel = printed.lines().last().context("the script did not say where the wheel is")?;
    println!("    {wheel}");
    Ok(PathBuf::from(wheel))
}
