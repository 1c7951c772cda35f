//! A small file that only one user can read, and that is either whole or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use countersign_crypto::Rng;
use countersign_crypto::encoding::hex_encode;
use countersign_crypto::random::random_array;

/// Writes a new file. A file that is already there stays as it is, and is an error.
///
/// The bytes go to a temporary file first. It gets its final name by a link, which, unlike a rename, never replaces
/// another process's file: whoever finds the name finds all of the bytes. When this returns, bytes and name are durable.
pub(crate) fn create_whole(path: &Path, bytes: &[u8], rng: &dyn Rng) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = Temporary(directory.join(format!(".{}.new", hex_encode(&random_array::<16>(rng)))));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary.0)?;
    hand_over(&file, directory)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::hard_link(&temporary.0, path)?;
    drop(temporary);
    File::open(directory)?.sync_all()
}

/// A name that disappears, however the work ends.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nobody reads a file of this name; one that stays is litter and no danger.
        let _ = fs::remove_file(&self.0);
    }
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

    use countersign_crypto::SystemRng;
    use tempfile::tempdir;

    use super::*;

    /// A user that no other file of a test belongs to.
    const SOMEBODY: u32 = 54_321;

    #[test]
    fn the_file_belongs_to_the_owner_of_its_directory() {
        let folder = tempdir().unwrap();
        let ours = fs::metadata(folder.path()).unwrap().uid();
        // Only the superuser may give a directory away; any other user sees that nothing changes.
        let given = ours == 0 && chown(folder.path(), Some(SOMEBODY), Some(SOMEBODY)).is_ok();
        let path = folder.path().join("key");
        create_whole(&path, b"bytes", &SystemRng).unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!((metadata.uid(), metadata.mode() & 0o777), (if given { SOMEBODY } else { ours }, 0o600));
        assert_eq!((metadata.nlink(), fs::read(&path).unwrap().as_slice()), (1, &b"bytes"[..]));
    }

    #[test]
    fn a_file_that_is_there_stays_and_nothing_is_left_beside_it() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, b"first").unwrap();
        let refused = create_whole(&path, b"second", &SystemRng).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(create_whole(&folder.path().join("missing/key"), b"", &SystemRng).is_err());
    }
}
