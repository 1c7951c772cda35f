//! Where things are: the repository, the cache of downloads, and what cargo and git know about both.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
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

    /// A cargo command that runs at the root of the repository, without the settings of the person who starts it: a
    /// `COUNTERSIGN_UPDATE` that was left behind would write documents where they are to be compared.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(&self.root);
        take_settings_away(&mut command, std::env::vars_os().map(|(name, _)| name));
        command
    }

    /// Holds the cache for this process until the returned file is dropped. Two runs may share a cache, and neither is
    /// to remove or replace what the other is making. The lock ends with the process, however it ends.
    ///
    /// # Errors
    /// When the cache cannot be written, or its file system has no locks.
    pub(crate) fn lock_cache(&self) -> Result<File> {
        let path = self.cache.join("lock");
        let context = || format!("cannot lock {}; COUNTERSIGN_CACHE_DIR names another cache", path.display());
        fs::create_dir_all(&self.cache).with_context(context)?;
        let file = File::options().create(true).truncate(false).write(true).open(&path).with_context(context)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                println!("    waiting for another run, which prepares the same cache {}", self.cache.display());
                file.lock().with_context(context)?;
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(context),
        }
        Ok(file)
    }

    /// What cargo says about the crates of this repository, and only of this repository.
    ///
    /// # Errors
    /// When cargo cannot read the manifests.
    pub(crate) fn metadata(&self) -> Result<Value> {
        let text = command::ask(&mut self.cargo(&["metadata", "--format-version", "1", "--no-deps"]))?;
        serde_json::from_str(&text).context("cargo metadata printed something that is not JSON")
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

/// Removes those of the variables that steer the program or its tests.
fn take_settings_away(command: &mut Command, variables: impl Iterator<Item = OsString>) {
    for name in variables.filter(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes())) {
        command.env_remove(name);
    }
}

const PREFIX: &str = "COUNTERSIGN_";

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs::{File, TryLockError};
    use std::path::PathBuf;
    use std::process::Command;

    use super::{Workspace, take_settings_away};

    #[test]
    fn only_our_variables_are_taken_away() {
        let ours = ["COUNTERSIGN_LOG", "COUNTERSIGN_MASTER_KEY", "COUNTERSIGN_UPDATE"];
        let others = ["PATH", "CARGO_HOME", "CARGO_BIN_EXE_countersign", "XCOUNTERSIGN_LOG"];
        let mut command = Command::new("cargo");
        take_settings_away(&mut command, [ours.as_slice(), &others].concat().into_iter().map(OsString::from));
        let removed: Vec<_> = command.get_envs().map(|(name, value)| (name.to_str().unwrap(), value)).collect();
        assert_eq!(removed, ours.map(|name| (name, None)));
    }

    #[test]
    fn nobody_else_has_the_cache_while_it_is_held() {
        let cache = std::env::temp_dir().join(format!("countersign-xtask-{}", std::process::id()));
        let workspace = Workspace { root: PathBuf::new(), cache: cache.clone() };
        let held = workspace.lock_cache().unwrap();
        let other = File::options().write(true).open(cache.join("lock")).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        drop(held);
        other.try_lock().unwrap();
        std::fs::remove_dir_all(cache).unwrap();
    }
}
