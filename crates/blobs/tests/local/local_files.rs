//! Objects as open files, for those who have the system send them.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::IoSliceMut;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use countersign_blobs::{BlobError, Blobs, LocalFile, ObjectKey};
use rustix::fs::{Advice, fadvise};
use rustix::io::{ReadWriteFlags, preadv2};

use super::{NO_LIMIT, files, open, pattern, pieces, receive};

const LENGTH: usize = (3 << 20) + 5;
const WHOLE: Range<u64> = 0..LENGTH as u64;

/// A storage with one object.
async fn stored() -> (tempfile::TempDir, countersign_blobs::LocalBlobs, ObjectKey) {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    let received = receive(&blobs, pieces(&pattern(LENGTH), 100_000), NO_LIMIT, |_| {}).await.unwrap();
    (root, blobs, received.key)
}

async fn opened(blobs: &dyn Blobs, key: &ObjectKey) -> Arc<LocalFile> {
    blobs.open_local(key).await.unwrap().unwrap()
}

#[tokio::test]
async fn the_file_has_the_bytes_and_refuses_other_ranges() {
    let (_root, blobs, key) = stored().await;
    let file = opened(&blobs, &key).await;
    let mut bytes = vec![0; LENGTH];
    file.file().read_exact_at(&mut bytes, 0).unwrap();
    assert!(bytes == pattern(LENGTH));
    for good in [WHOLE, 5..5, WHOLE.end..WHOLE.end] {
        file.check(&good).unwrap();
    }
    #[expect(clippy::reversed_empty_ranges, reason = "this is what is refused")]
    for bad in [0..WHOLE.end + 1, 6..5] {
        assert!(matches!(file.check(&bad), Err(BlobError::RangeBeyondEnd { .. })), "{bad:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_object_is_not_opened_again() {
    let (root, blobs, key) = stored().await;
    let file = opened(&blobs, &key).await;
    assert!(Arc::ptr_eq(&file, &opened(&blobs, &key).await));
    assert!(blobs.delete(&key).await.unwrap());
    assert!(matches!(blobs.open_local(&key).await, Err(BlobError::Missing { .. })));
    // Whoever has it open reads to the end.
    file.load(&WHOLE).await.unwrap();
    assert_eq!(file.file().read_at(&mut [0; 10], 7).unwrap(), 10);

    let other = receive(&blobs, pieces(&pattern(10), 10), NO_LIMIT, |_| {}).await.unwrap().key;
    opened(&blobs, &other).await;
    for path in files(root.path()) {
        fs::remove_file(path).unwrap();
    }
    opened(&blobs, &other).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(matches!(blobs.open_local(&other).await, Err(BlobError::Missing { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_in_memory_is_read() {
    let (_root, blobs, key) = stored().await;
    let file = opened(&blobs, &key).await;
    file.load(&WHOLE).await.unwrap();
    // Later the system has forgotten it, if it does as it is advised.
    tokio::time::advance(Duration::from_secs(1)).await;
    file.file().sync_all().unwrap();
    fadvise(file.file(), 0, None, Advice::DontNeed).unwrap();
    let forgotten = !holds(file.file(), 2 << 20);
    file.load(&WHOLE).await.unwrap();
    assert!(!forgotten || (0..LENGTH as u64).step_by(4096).all(|position| holds(file.file(), position)));
    // One range at a time is read as well.
    fadvise(file.file(), 0, None, Advice::DontNeed).unwrap();
    file.load(&(100..200)).await.unwrap();
    assert!(!forgotten || holds(file.file(), 199));
}

#[tokio::test]
async fn an_object_that_is_cut_short_is_an_error() {
    let (root, blobs, key) = stored().await;
    let file = opened(&blobs, &key).await;
    File::options().write(true).open(&files(root.path())[0]).unwrap().set_len(1 << 20).unwrap();
    file.load(&(0..1 << 20)).await.unwrap();
    for cut in [WHOLE, 0..(1 << 20) + 1, (2 << 20)..WHOLE.end] {
        assert!(matches!(file.load(&cut).await, Err(BlobError::Truncated { .. })), "{cut:?}");
    }
}

/// Whether a byte can be read without waiting for the disk.
fn holds(file: &File, position: u64) -> bool {
    preadv2(file, &mut [IoSliceMut::new(&mut [0])], position, ReadWriteFlags::NOWAIT).is_ok()
}
