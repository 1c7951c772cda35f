//! The files that this crate makes itself: the database before SQLite opens it, and the lock beside it.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// Makes the database file when it is missing. SQLite gives its rights and its owner to the files that it makes beside it.
pub(crate) fn create_database(path: &Path) -> Result<(), OpenError> {
    match create_private(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(OpenError::File(error)),
        _ => Ok(()),
    }
}

/// Waits until no other process is opening the database, and keeps others waiting until the value is dropped.
///
/// Switching a new file to the write-ahead log does not wait for another process that does the same: SQLite answers
/// "locked" at once. The kernel takes the lock back when a process dies.
pub(crate) fn lock_for_opening(path: &Path) -> Result<File, OpenError> {
    let mut name = OsString::from(path);
    name.push(".lock");
    let path = PathBuf::from(name);
    let file = match create_private(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => OpenOptions::new().write(true).open(&path),
        made => made,
    }
    .map_err(OpenError::File)?;
    file.lock().map_err(OpenError::Lock)?;
    Ok(file)
}

/// Makes a new file that only one user can read: the owner of its directory, see [`hand_over`].
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Err(error) = hand_over(&file, directory) {
        // A file that its user cannot open would be worse than none; the reason above says more than a failure here.
        let _ = fs::remove_file(path);
        return Err(error);
    }
    Ok(file)
}

/// Gives a file that this process has just made to the owner of its directory: a command that an administrator runs
/// beside the server of another user must not lock that server out. A directory of the superuser, who reads everything,
/// says nothing about whose the files are.
fn hand_over(file: &File, directory: &Path) -> io::Result<()> {
    let (ours, theirs) = (file.metadata()?, fs::metadata(directory)?);
    if ours.uid() == theirs.uid() || theirs.uid() == 0 {
        return Ok(());
    }
    fchown(file, Some(theirs.uid()), Some(theirs.gid())).map_err(|error| {
        let text = format!("cannot give it to user {}, who owns {}: {error}", theirs.uid(), directory.display());
        io::Error::new(error.kind(), text)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::chown;
    use std::sync::Arc;
    use std::time::Duration;

    use tempfile::tempdir;

    use super::*;
    use crate::SqliteStore;
    use crate::time::tests::SetClock;

    /// A user that no other file of a test belongs to.
    const SOMEBODY: u32 = 54_321;

    #[test]
    fn all_files_belong_to_the_owner_of_their_directory() {
        let folder = tempdir().unwrap();
        let ours = fs::metadata(folder.path()).unwrap().uid();
        // Only the superuser may give a directory away; any other user sees that nothing changes.
        let owner =
            if ours == 0 && chown(folder.path(), Some(SOMEBODY), Some(SOMEBODY)).is_ok() { SOMEBODY } else { ours };
        let _store = SqliteStore::open(&folder.path().join("a.db"), Arc::new(SetClock::default())).unwrap();
        let mut names = Vec::new();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            assert_eq!((metadata.uid(), metadata.mode() & 0o777), (owner, 0o600), "{}", entry.path().display());
            names.push(entry.file_name().into_string().unwrap());
        }
        names.sort();
        assert_eq!(names, ["a.db", "a.db-shm", "a.db-wal", "a.db.lock"]);
    }

    #[test]
    fn opening_waits_for_another_process_that_opens() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a.db");
        let lock = lock_for_opening(&path).unwrap();
        // The other process is in the middle of its switch. Whoever tried the same now would fail, without any wait.
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch("begin immediate").unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| tell.send(SqliteStore::open(&path, Arc::new(SetClock::default())).err()).unwrap());
            let early = told.recv_timeout(Duration::from_millis(200));
            assert!(early.is_err(), "it did not wait: {early:?}");
            drop(other);
            drop(lock);
            let late = told.recv().unwrap();
            assert!(late.is_none(), "{late:?}");
        });
    }

    #[test]
    fn a_link_that_waits_under_the_name_is_not_given_away() {
        let (folder, elsewhere) = (tempdir().unwrap(), tempdir().unwrap());
        let ours = fs::metadata(folder.path()).unwrap().uid();
        let precious = elsewhere.path().join("precious");
        fs::write(&precious, b"").unwrap();
        std::os::unix::fs::symlink(&precious, folder.path().join("a.db.lock")).unwrap();
        if ours == 0 {
            // Where even the superuser may not, there is nothing to give away.
            let _ = chown(folder.path(), Some(SOMEBODY), Some(SOMEBODY));
        }
        drop(lock_for_opening(&folder.path().join("a.db")).unwrap());
        assert_eq!(fs::metadata(&precious).unwrap().uid(), ours);
    }

    #[test]
    fn a_place_without_a_directory_is_an_error_of_the_file() {
        let folder = tempdir().unwrap();
        let refused = SqliteStore::open(&folder.path().join("missing/a.db"), Arc::new(SetClock::default()));
        assert!(matches!(refused.err(), Some(OpenError::File(_))));
    }
}
