//! What lies in the directory, and what is left behind in it.

use std::time::Duration;

use bytes::Bytes;
use countersign_blobs::{Blobs, LEFTOVER_AGE, ObjectKey};

use super::open;

async fn store(blobs: &dyn Blobs, key: ObjectKey, bytes: &'static [u8]) {
    let mut writer = blobs.create_as(key).await.unwrap();
    writer.append(Bytes::from_static(bytes)).await.unwrap();
    assert_eq!(writer.finish().await.unwrap().key, key);
}

fn key(digits: &str) -> ObjectKey {
    digits.repeat(16).parse().unwrap()
}

#[tokio::test]
async fn objects_are_listed_by_the_first_byte_of_their_key() {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    store(&blobs, key("0a"), b"one").await;
    store(&blobs, key("0b"), b"three").await;
    std::fs::write(root.path().join("0a/0a/notes.txt"), b"somebody else's").unwrap();
    let listed = blobs.list(0x0a).await.unwrap();
    assert_eq!(listed.iter().map(|object| (object.key, object.size)).collect::<Vec<_>>(), [(key("0a"), 3)]);
    assert_eq!(blobs.list(0x0b).await.unwrap().len(), 1);
    assert_eq!(blobs.list(0x0c).await.unwrap(), []);
}

#[tokio::test]
async fn uploads_that_nobody_finished_are_counted_and_removed_when_they_are_old() {
    let root = tempfile::tempdir().unwrap();
    let blobs = open(root.path()).await;
    std::fs::write(root.path().join("incoming/x.part"), b"half").unwrap();
    let path = root.path().join("incoming/x.part");
    let now = std::fs::metadata(path).unwrap().modified().unwrap();
    let later = now + LEFTOVER_AGE + Duration::from_secs(60);
    assert_eq!(blobs.count_leftovers(now).await.unwrap(), 0);
    assert_eq!(blobs.remove_leftovers(now).await.unwrap(), 0);
    assert_eq!(blobs.count_leftovers(later).await.unwrap(), 1);
    assert_eq!(blobs.remove_leftovers(later).await.unwrap(), 1);
    assert_eq!(blobs.count_leftovers(later).await.unwrap(), 0);
}
