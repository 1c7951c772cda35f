//! The few file system steps that a promise of durability is made of, with private permissions.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::owner::Owner;

/// Makes `path` and its missing parents, readable by one owner alone.
pub(super) fn create_directories(path: &Path, owner: Owner) -> io::Result<()> {
    let missing: Vec<_> = path.ancestors().take_while(|directory| !directory.exists()).collect();
    missing.into_iter().rev().try_for_each(|directory| create_directory(directory, owner))
}

/// Makes `path` and its missing parents, and makes the names of those that were missing durable. They belong to the
/// owner of the directory in which the first of them is made.
///
/// `path` is absolute. A directory that was there is not synced: it may not even be readable for us.
pub(super) fn create_durable_directories(path: &Path) -> io::Result<()> {
    let missing = path.ancestors().take_while(|directory| !directory.exists()).count();
    let Some(existing) = path.ancestors().nth(missing) else { return Err(ErrorKind::NotFound.into()) };
    create_directories(path, Owner::of(existing)?)?;
    path.ancestors().skip(1).take(missing).try_for_each(sync_directory)
}

/// Makes a new file, readable by one owner alone. A file that is already there is an error.
pub(super) fn create_file(path: &Path, owner: Owner) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(path)?;
    // A file that its owner cannot open would be worse than none. Why it could not be given away is the error.
    owner.take_file(&file).inspect_err(|_| drop(fs::remove_file(path)))?;
    Ok(file)
}

fn create_directory(path: &Path, owner: Owner) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    match builder.create(path) {
        Ok(()) => owner.take_directory(path).inspect_err(|_| drop(fs::remove_dir(path))),
        // Another writer was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the entries of a directory durable: a synced file is still lost if its name is.
#[cfg(unix)]
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Other systems offer no way to sync a directory; their file systems journal names themselves.
#[cfg(not(unix))]
pub(super) fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Removes a file; one that is not there is as good as removed.
pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
