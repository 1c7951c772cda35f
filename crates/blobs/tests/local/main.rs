//! The local directory through the port: what goes in comes out, and what fails leaves nothing.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod abandoned;
mod listing;
mod local_files;
mod owners;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use countersign_blobs::{BlobError, Blobs, LEFTOVER_AGE, LocalBlobs, READ_CHUNK, ReceiveError, WRITE_CHUNK, receive};
use countersign_crypto::encoding::hex_encode;
use countersign_crypto::random::SystemRng;
use futures_util::stream::{self, Stream};
use futures_util::{StreamExt, TryStreamExt};

const NO_LIMIT: u64 = u64::MAX;

async fn open(root: &Path) -> LocalBlobs {
    // Long before any file of the test was written, so that nothing is left over.
    LocalBlobs::open(root, Arc::new(SystemRng), UNIX_EPOCH).await.unwrap()
}

/// Bytes that differ from place to place, so that a shifted range shows.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from((index ^ (index >> 8)) % 251).unwrap()).collect()
}

fn pieces(bytes: &[u8], size: usize) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + use<> {
    let pieces: Vec<_> = bytes.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

async fn read(blobs: &LocalBlobs, key: &countersign_blobs::ObjectKey, range: std::ops::Range<u64>) -> Vec<u8> {
    let chunks: Vec<Bytes> = blobs.open(key, range).await.unwrap().try_collect().await.unwrap();
    assert!(chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= READ_CHUNK));
    chunks.concat()
}

/// Every file below the directory, temporary ones included.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn an_object_comes_back_whole() {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    for length in [0, 1, READ_CHUNK, WRITE_CHUNK - 1, WRITE_CHUNK, 3 * WRITE_CHUNK + 17] {
        let bytes = pattern(length);
        let size = u64::try_from(length).unwrap();
        let stored = receive(&blobs, pieces(&bytes, 60_000), NO_LIMIT, |_| ()).await.unwrap();
        assert_eq!(stored.size, size);
        assert_eq!(blobs.length(&stored.key).await.unwrap(), Some(size));
        assert!(read(&blobs, &stored.key, 0..size).await == bytes, "{length}");
        assert_eq!(fs::read(root.path().join(stored.key.relative_path())).unwrap().len(), length);
    }
    assert!(fs::read_dir(root.path().join("incoming")).unwrap().next().is_none());
}

#[tokio::test]
async fn the_digests_are_those_of_other_tools() {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    for size in [1, 977, 4096, WRITE_CHUNK, 2 * WRITE_CHUNK] {
        let zeros = vec![0; 1_048_576];
        let size = if size == 1 { zeros.len() } else { size };
        let stored = receive(&blobs, pieces(&zeros, size), NO_LIMIT, |_| ()).await.unwrap();
        assert_eq!(hex_encode(&stored.md5), "b6d81b360a5672d80c27430f39153e2c");
        assert_eq!(hex_encode(&stored.sha256), "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58");
    }
    let empty = receive(&blobs, pieces(&[], 1), 0, |_| ()).await.unwrap();
    assert_eq!(hex_encode(&empty.md5), "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(hex_encode(&empty.sha256), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#[tokio::test]
async fn progress_tells_what_is_stored() {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    let bytes = pattern(2 * WRITE_CHUNK + 5);
    let mut heard = Vec::new();
    receive(&blobs, pieces(&bytes, 4096), NO_LIMIT, |stored| heard.push(stored)).await.unwrap();
    assert_eq!(heard, [1_048_576, 2_097_152, 2_097_157]);
}

#[tokio::test]
async fn the_limit_is_the_last_size_that_passes() {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    let bytes = pattern(3000);
    receive(&blobs, pieces(&bytes, 1000), 3000, |_| ()).await.unwrap();
    let before = files(root.path());
    for limit in [0, 1, 2999] {
        let refused = receive(&blobs, pieces(&bytes, 1000), limit, |_| ()).await;
        assert!(matches!(refused, Err(ReceiveError::TooLarge { limit: told }) if told == limit));
    }
    // Also when it shows only after chunks have been written.
    let long = pattern(3 * WRITE_CHUNK);
    let refused = receive(&blobs, pieces(&long, 70_000), 2_500_000, |_| ()).await;
    assert!(matches!(refused, Err(ReceiveError::TooLarge { .. })));
    assert_eq!(files(root.path()), before);
}

#[tokio::test]
async fn a_sender_that_breaks_off_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    let bytes = pattern(2 * WRITE_CHUNK + 100);
    let broken = pieces(&bytes, 50_000).chain(stream::iter([Err(io::Error::from(io::ErrorKind::ConnectionReset))]));
    let refused = receive(&blobs, broken, NO_LIMIT, |_| ()).await;
    assert!(matches!(refused, Err(ReceiveError::Source(_))));
    assert!(files(root.path()).is_empty());
}

#[tokio::test]
async fn an_upload_that_is_dropped_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    let bytes = pattern(2 * WRITE_CHUNK);
    let stalled = pieces(&bytes, 50_000).chain(stream::pending());
    let (progress, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut upload = Box::pin(receive(&blobs, stalled, NO_LIMIT, move |stored| progress.send(stored).unwrap()));
    tokio::select! {
        _ = &mut upload => panic!("the sender never ends"),
        stored = heard.recv() => assert!(stored.unwrap() >= 1_048_576),
    }
    // The first chunk is on the disk and the second one is coming in.
    assert_eq!(files(root.path()).len(), 1);
    drop(upload);
    assert!(files(root.path()).is_empty());
}

#[tokio::test]
async fn an_unfinished_object_cannot_be_read() {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    let mut writer = blobs.create().await.unwrap();
    writer.append(Bytes::from_static(b"half")).await.unwrap();
    let temporary = files(root.path());
    let name = temporary[0].file_stem().unwrap().to_str().unwrap();
    let key = name.parse().unwrap();
    assert_eq!(blobs.length(&key).await.unwrap(), None);
    assert!(matches!(blobs.open(&key, 0..4).await.err(), Some(BlobError::Missing { .. })));
    writer.append(Bytes::from_static(b" done")).await.unwrap();
    assert_eq!(writer.finish().await.unwrap().key, key);
    assert_eq!(read(&blobs, &key, 0..9).await, b"half done");
}

#[tokio::test]
async fn ranges_give_exactly_their_bytes() {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    let length = 3 * READ_CHUNK + 10;
    let size = u64::try_from(length).unwrap();
    let bytes = pattern(length);
    let key = receive(&blobs, pieces(&bytes, length), NO_LIMIT, |_| ()).await.unwrap().key;
    for (start, end) in [(0, 0), (0, 1), (1, 2), (0, length), (READ_CHUNK - 1, READ_CHUNK + 1), (length - 1, length)] {
        let range = u64::try_from(start).unwrap()..u64::try_from(end).unwrap();
        assert!(read(&blobs, &key, range).await == bytes[start..end], "{start}..{end}");
    }
    assert!(read(&blobs, &key, size..size).await.is_empty());
    #[expect(clippy::reversed_empty_ranges, reason = "the reversed range is the point")]
    for range in [0..size + 1, size..size + 1, size + 1..size + 1, 5..4, u64::MAX..u64::MAX, 0..u64::MAX] {
        let refused = blobs.open(&key, range).await.err();
        assert!(matches!(refused, Some(BlobError::RangeBeyondEnd { length, .. }) if length == size));
    }
}

#[tokio::test]
async fn a_file_that_was_cut_is_an_error_and_never_a_short_answer() {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    let size = u64::try_from(4 * READ_CHUNK).unwrap();
    let bytes = pattern(4 * READ_CHUNK);
    let key = receive(&blobs, pieces(&bytes, WRITE_CHUNK), NO_LIMIT, |_| ()).await.unwrap().key;

    let mut reading = blobs.open(&key, 0..size).await.unwrap();
    assert_eq!(reading.next().await.unwrap().unwrap().len(), READ_CHUNK);
    let file = fs::OpenOptions::new().write(true).open(root.path().join(key.relative_path())).unwrap();
    file.set_len(size / 2 + 100).unwrap();
    assert_eq!(reading.next().await.unwrap().unwrap().len(), READ_CHUNK);
    let missing = u64::try_from(READ_CHUNK).unwrap() - 100;
    assert!(
        matches!(reading.next().await.unwrap(), Err(BlobError::Truncated { missing: told, .. }) if told == missing)
    );
    assert!(reading.next().await.is_none());

    // A reader that comes later is told before the first byte.
    assert!(matches!(blobs.open(&key, 0..size).await.err(), Some(BlobError::RangeBeyondEnd { .. })));
}

#[tokio::test]
async fn a_deleted_object_is_gone() {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    let key = receive(&blobs, pieces(b"bytes", 2), NO_LIMIT, |_| ()).await.unwrap().key;
    assert!(blobs.delete(&key).await.unwrap());
    assert!(!blobs.delete(&key).await.unwrap());
    assert_eq!(blobs.length(&key).await.unwrap(), None);
    assert!(matches!(blobs.open(&key, 0..5).await.err(), Some(BlobError::Missing { key: told }) if told == key));
    // Nor did its directory become unusable.
    receive(&blobs, pieces(b"more", 2), NO_LIMIT, |_| ()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_write_at_the_same_time() {
    let root = tempfile::tempdir().unwrap();
    let blobs: Arc<dyn Blobs> = Arc::new(open(root.path()).await);
    let second: Arc<dyn Blobs> = Arc::new(open(root.path()).await);
    let uploads = (0..48_usize).map(|index| {
        let blobs = Arc::clone(if index % 2 == 0 { &blobs } else { &second });
        async move {
            let bytes = pattern(40_000 + index);
            let stored = receive(&*blobs, pieces(&bytes, 999), NO_LIMIT, |_| ()).await.unwrap();
            let read: Vec<Bytes> = blobs.open(&stored.key, 0..stored.size).await.unwrap().try_collect().await.unwrap();
            assert!(read.concat() == bytes);
            stored.key
        }
    });
    let mut keys: Vec<_> = stream::iter(uploads).buffer_unordered(48).collect().await;
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 48);
    assert_eq!(files(root.path()).len(), 48);
}

#[tokio::test]
async fn old_temporary_files_are_removed_at_the_start_and_young_ones_are_kept() {
    let root = tempfile::tempdir().unwrap();
    drop(open(root.path()).await);
    let left = root.path().join("incoming/00ff10a2b3c4d5e6f708192a3b4c5d6e.part");
    let foreign = root.path().join("incoming/README");
    fs::write(&left, b"half a file").unwrap();
    fs::write(&foreign, b"not ours").unwrap();
    let written: SystemTime = fs::metadata(&left).unwrap().modified().unwrap();

    let open_at = |now| LocalBlobs::open(root.path(), Arc::new(SystemRng), now);
    open_at(written - LEFTOVER_AGE).await.unwrap();
    open_at(written + LEFTOVER_AGE).await.unwrap();
    assert!(left.exists());
    open_at(written + LEFTOVER_AGE + Duration::from_secs(1)).await.unwrap();
    assert!(!left.exists());
    assert!(foreign.exists());
}

#[tokio::test]
async fn a_place_that_cannot_be_a_directory_is_refused_at_the_start() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, b"").unwrap();
    let refused = LocalBlobs::open(file.join("files"), Arc::new(SystemRng), UNIX_EPOCH).await;
    assert!(matches!(refused.err(), Some(BlobError::Io { .. })));
}
