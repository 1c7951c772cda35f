//! Files and folders that only their owner may read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, Result};

/// Writes a new file; refuses to replace one.
pub(crate) fn create(path: &Path, text: &str) -> Result<()> {
    let written = write(path, text);
    let exists = written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists);
    let fault = if exists { "exists and is not replaced; choose another name" } else { "cannot be written" };
    written.with_context(|| format!("{} {fault}", path.display()))
}

/// Writes a file in one step: readers see the old content or the new one, never a part.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    let beside = path.with_extension("new");
    let step = || {
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        write(&beside, text)?;
        fs::rename(&beside, path)?;
        // The name reaches the disk with its folder.
        path.parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    step().with_context(|| format!("{} cannot be written", path.display()))
}

/// Makes an empty folder; one of this name goes with all that is in it.
pub(crate) fn replace_folder(path: &Path) -> Result<()> {
    let step = || {
        if path.exists() {
            fs::remove_dir_all(path)?;
        }
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    };
    step().with_context(|| format!("the folder {} cannot be made anew", path.display()))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
