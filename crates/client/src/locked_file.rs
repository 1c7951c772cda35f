//! Opening the unfinished download for this process alone: the file that is locked is the file that has the name.
//!
//! Two downloads of one file may run in two processes. One of them can finish and rename the file between the moment
//! when the other opens it and the moment when the other has the lock; without a second look, the other would empty
//! or overwrite the finished file.

use std::{
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io,
    path::Path,
};

use crate::error::ClientError;

/// Opens the file at `path` for reading and writing, creating it if needed, and locks it. No byte of it is changed.
///
/// # Errors
///
/// [`ClientError::InUse`] when another download has the lock, or takes the file away again and again;
/// [`ClientError::Io`] when the file cannot be opened.
pub(crate) fn open_locked(path: &Path) -> Result<File, ClientError> {
    open_locked_with(path, open)
}

fn open_locked_with(path: &Path, mut open: impl FnMut(&Path) -> io::Result<File>) -> Result<File, ClientError> {
    let io = |source| ClientError::Io { path: path.to_owned(), source };
    for _ in 0..MAX_ATTEMPTS {
        // Something that is not a plain file, such as a link to another place, is not written through.
        if fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            fs::remove_file(path).map_err(io)?;
        }
        let file = open(path).map_err(io)?;
        match file.try_lock() {
            // Some file systems have no locks; there the caller must not download twice at once.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(ClientError::InUse { path: path.to_owned() }),
        }
        // From here on, other downloads leave the name alone: they would need the lock.
        if has_name(&file, path).map_err(io)? {
            return Ok(file);
        }
    }
    Err(ClientError::InUse { path: path.to_owned() })
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Whether `path` names this very file. A link to it does not count.
fn has_name(file: &File, path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(named) => Ok(named.is_file() && is_same(&file.metadata()?, &named)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// POSIX: two files are the same when device and serial number are.
#[cfg(unix)]
fn is_same(left: &Metadata, right: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (left.dev(), left.ino()) == (right.dev(), right.ino())
}

/// Elsewhere the standard library tells no identity of a file, so that the name is there must be enough.
#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Each attempt fails only because another download has finished in between.
const MAX_ATTEMPTS: u32 = 3;

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, io::Read as _, os::unix::fs::symlink};

    use super::{MAX_ATTEMPTS, has_name, open, open_locked, open_locked_with};
    use crate::error::ClientError;

    #[test]
    fn a_file_that_was_renamed_meanwhile_is_not_taken_for_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, finished) = (folder.path().join("fw.bin.part"), folder.path().join("fw.bin"));
        fs::write(&path, "verified").unwrap();
        let mut attempts = 0;
        let mut file = open_locked_with(&path, |path| {
            attempts += 1;
            let file = open(path)?;
            if attempts == 1 {
                // Another download finishes, and a third one begins.
                fs::rename(path, &finished)?;
                fs::write(path, "begun")?;
            }
            Ok(file)
        })
        .unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!((attempts, text.as_str()), (2, "begun"));
        assert_eq!(fs::read_to_string(&finished).unwrap(), "verified");
    }

    #[test]
    fn a_file_that_is_always_taken_away_ends_the_attempts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fw.bin.part");
        let mut attempts = 0;
        let outcome = open_locked_with(&path, |path| {
            attempts += 1;
            let file = open(path)?;
            fs::remove_file(path)?;
            Ok(file)
        });
        assert!(matches!(outcome, Err(ClientError::InUse { .. })));
        assert_eq!(attempts, MAX_ATTEMPTS);
    }

    #[test]
    fn only_the_file_itself_has_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a"), folder.path().join("b"));
        let file = open(&path).unwrap();
        assert!(has_name(&file, &path).unwrap());
        assert!(!has_name(&file, &other).unwrap());
        fs::write(&other, "").unwrap();
        assert!(!has_name(&file, &other).unwrap());
        fs::remove_file(&other).unwrap();
        symlink(&path, &other).unwrap();
        assert!(!has_name(&file, &other).unwrap());
    }

    #[test]
    fn a_locked_file_is_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fw.bin.part");
        let _first = open_locked(&path).unwrap();
        assert!(matches!(open_locked(&path), Err(ClientError::InUse { .. })));
    }
}
