//! The Node packages of the foreign clients: found or installed, made once, and rebuilt when they are not whole.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{self, announce, ask};
use crate::python::{fingerprint, is_root};
use crate::workspace::Workspace;

/// Node, and the packages of `crates/interop/node/package-lock.json`.
pub(crate) struct Node {
    /// The program.
    pub(crate) program: String,
    /// The folder `node_modules`.
    pub(crate) packages: PathBuf,
}

/// Finds Node, and installs the packages with their locked versions and digests.
///
/// # Errors
/// When Node is missing and may not be installed from here (the message holds the command to run), and when the packages
/// cannot be installed.
pub(crate) fn ensure(workspace: &Workspace) -> Result<Node> {
    announce("looking for Node and the packages of the foreign clients");
    let source = workspace.root.join(PACKAGES);
    let lock = std::fs::read_to_string(source.join(LOCK)).with_context(|| format!("cannot read {PACKAGES}/{LOCK}"))?;
    let (program, version) = find_or_install()?;
    println!("    Node {version} at {program}");
    let folder = workspace.cache.join(format!("node-{:016x}", fingerprint(&[&program, &lock])));
    let packages = folder.join("node_modules");
    let marker = folder.join("complete");
    let _held = workspace.lock_cache()?;
    if marker.is_file() && packages.is_dir() {
        println!("    the packages in {} are complete", folder.display());
        return Ok(Node { program, packages });
    }
    if folder.exists() {
        println!("    removing {}, which is not whole", folder.display());
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for name in [LOCK, "package.json"] {
        std::fs::copy(source.join(name), folder.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    // No package runs anything as it is installed, and none that is not locked is taken.
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
    command::run(&mut install)?;
    std::fs::write(&marker, "").with_context(|| format!("cannot write {}", marker.display()))?;
    Ok(Node { program, packages })
}

/// The program and its version.
fn find_or_install() -> Result<(String, String)> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let advice = format!("Node {OLDEST} or later with npm is needed for the tests with foreign clients");
    if Path::new("/etc/debian_version").exists() && is_root() {
        println!("    {advice}; installing it, as this is Debian and we are root");
        command::run(Command::new("apt-get").args(["update"]))?;
        let mut install = Command::new("apt-get");
        install.args(["install", "--yes", "--no-install-recommends", "nodejs", "npm"]);
        command::run(install.env("DEBIAN_FRONTEND", "noninteractive"))?;
        return find().with_context(|| format!("{advice}, and the one that Debian offers is not"));
    }
    bail!("{advice}. Install it and run this again:\n    sudo apt-get update && sudo apt-get install --yes nodejs npm");
}

fn find() -> Option<(String, String)> {
    ask(Command::new("npm").arg("--version")).ok()?;
    let answer = ask(Command::new("node").args(["-p", PROBE])).ok()?;
    let (version, program) = answer.trim().split_once(' ')?;
    (major(version)? >= OLDEST).then(|| (program.to_owned(), version.to_owned()))
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

const PACKAGES: &str = "crates/interop/node";
const LOCK: &str = "package-lock.json";
/// What Debian 12 has.
const OLDEST: u32 = 18;
const PROBE: &str = "process.versions.node + ' ' + process.execPath";

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn versions_begin_with_a_number() {
        assert_eq!((major("20.20.2"), major("18"), major("v20"), major("")), (Some(20), Some(18), None, None));
    }
}
