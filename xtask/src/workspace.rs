//! Where things are: the repository, the cache of downloads, and what cargo and git know about both.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command;

/// The repository this program was started in.
pub(crate) struct Workspace {
    /// The directory with the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where downloaded tools and environments live; kept between runs, never committed.
    pub(crate) cache: PathBuf,
}

impl Workspace {
    /// Finds the repository from the environment that cargo sets for us.
    ///
    /// # Errors
    /// When the program was not started through cargo.
    pub(crate) fn open() -> Result<Self> {
        let manifest =
            std::env::var_os("CARGO_MANIFEST_DIR").context("start this program as `cargo xtask <command>`")?;
        let root = PathBuf::from(manifest).parent().context("xtask has no parent directory")?.to_owned();
        let cache = std::env::var_os("COUNTERSIGN_CACHE_DIR").map_or_else(|| root.join(".cache"), PathBuf::from);
        // A virtual environment and a test both start elsewhere, so a relative path would mean two places.
        let cache = std::path::absolute(cache).context("the cache directory has no absolute path")?;
        Ok(Self { root, cache })
    }

    /// A cargo command that runs at the root of the repository.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// What cargo says about the crates of this repository, and only of this repository.
    ///
    /// # Errors
    /// When cargo cannot read the manifests.
    pub(crate) fn metadata(&self) -> Result<Value> {
        let text = command::ask(&mut self.cargo(&["metadata", "--format-version", "1", "--no-deps"]))?;
        serde_json::from_str(&text).context("cargo metadata printed something that is not JSON")
    }

    /// Where cargo puts what it builds.
    ///
    /// # Errors
    /// As [`Workspace::metadata`].
    pub(crate) fn target_directory(&self) -> Result<PathBuf> {
        let metadata = self.metadata()?;
        let path = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
        Ok(PathBuf::from(path))
    }

    /// Every file that is tracked, or new and not ignored, relative to the root and with `/` between the parts.
    ///
    /// # Errors
    /// When git is missing or this is not a git work tree.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(&self.root);
        let listed = command::ask(&mut git).context("the files are listed by git, so a git work tree is needed")?;
        let mut files: Vec<String> = listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
        // A file that was deleted but not yet committed is still in git's list.
        files.retain(|path| self.root.join(path).is_file());
        files.sort();
        files.dedup();
        Ok(files)
    }
}
