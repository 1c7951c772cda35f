//! Who can read what lies in the directory.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use bytes::Bytes;
use countersign_blobs::{Blobs, receive};

use super::{NO_LIMIT, files, open, pieces};

/// A user that no other file of a test belongs to.
const SOMEBODY: u32 = 54_321;

#[tokio::test]
async fn only_the_owner_can_read() {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("deep/files");
    let blobs = open(&root).await;
    receive(&blobs, pieces(b"bytes", 2), NO_LIMIT, |_| ()).await.unwrap();
    let mut writer = blobs.create().await.unwrap();
    writer.append(Bytes::from_static(b"half")).await.unwrap();

    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    let found = files(&root);
    assert_eq!(found.len(), 2);
    for file in found {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        for directory in file.ancestors().skip(1).take_while(|directory| *directory != outer.path()) {
            assert_eq!(mode(directory), 0o700, "{}", directory.display());
        }
    }
}

/// Checks that every file below `root`, and every directory between it and `outer`, belongs to a user.
fn all_belong_to(owner: u32, root: &Path, outer: &Path) {
    let found = files(root);
    assert_eq!(found.len(), 2);
    for file in found {
        for path in file.ancestors().take_while(|path| *path != outer) {
            assert_eq!(fs::metadata(path).unwrap().uid(), owner, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn what_the_superuser_writes_belongs_to_the_owner_of_the_directory() {
    let outer = tempfile::tempdir().unwrap();
    let ours = fs::metadata(outer.path()).unwrap().uid();
    // Only the superuser may give a directory away; any other user sees that nothing changes.
    let given = ours == 0 && chown(outer.path(), Some(SOMEBODY), Some(SOMEBODY)).is_ok();
    let root = outer.path().join("deep/files");
    let blobs = open(&root).await;
    receive(&blobs, pieces(b"bytes", 2), NO_LIMIT, |_| ()).await.unwrap();
    let mut writer = blobs.create().await.unwrap();
    writer.append(Bytes::from_static(b"half")).await.unwrap();
    all_belong_to(if given { SOMEBODY } else { ours }, &root, outer.path());
}
