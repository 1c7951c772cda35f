//! One file: stored, read, copied, moved, deleted.

use bytes::Bytes;
use countersign_app::storages::{self, Found, StorageError, StorageSettings};
use futures_util::stream;

use crate::support::{Shop, at, upload};

fn md5(text: &str) -> [u8; 16] {
    let mut md5 = countersign_crypto::digest::Md5::new();
    md5.update(text.as_bytes());
    md5.finish()
}

#[tokio::test]
async fn a_file_is_what_was_stored() {
    let shop = Shop::new().await;
    let stored = shop.put("/in//march/./bill.docx", "12345").await.unwrap();
    assert_eq!((stored.size, stored.modified), (5, shop.ctx.now()));
    assert_eq!(stored.md5, md5("12345"));
    assert_eq!(shop.read("in/march/bill.docx").await.as_deref(), Some("12345"));
    assert_eq!(shop.list("").await, ["in/"]);
    assert_eq!(shop.list("in/march").await, ["bill.docx"]);
    let found = storages::stat(&shop.ctx, &shop.caller, &at("in/march/bill.docx"), None).await.unwrap();
    assert_eq!(found, Some(Found::File(stored)));
    assert_eq!(shop.used("main").await, 5);
    for missing in ["in/March/bill.docx", "bill.docx", "in/march/bill.docx/x", "in/march"] {
        assert_eq!(shop.read(missing).await, None, "{missing}");
    }
}

#[tokio::test]
async fn names_decide_where_a_file_is_and_kinds_do_not_mix() {
    let shop = Shop::new().await;
    shop.put("a/b", "1").await.unwrap();
    assert!(matches!(shop.put("a", "2").await, Err(StorageError::IsFolder(_))));
    assert!(matches!(shop.put("a/b/c", "2").await, Err(StorageError::IsFile(_))));
    assert!(matches!(shop.put("", "2").await, Err(StorageError::Root)));
    let folder = storages::create_folder(&shop.ctx, &shop.caller, &at("a/b")).await;
    assert!(matches!(folder, Err(StorageError::IsFile(_))));
    assert_eq!(shop.objects("main").await, 1, "what was refused left its bytes");
    assert!(matches!(shop.put("nowhere:x", "2").await, Err(StorageError::StorageUnknown(_))));
}

#[tokio::test]
async fn equal_bytes_are_kept_once_and_removed_with_the_last_name() {
    let shop = Shop::with(StorageSettings::default()).await;
    for path in ["a", "b", "b"] {
        shop.put(path, "same").await.unwrap();
    }
    storages::copy_file(&shop.ctx, &shop.caller, &at("a"), &at("x/y/c"), None).await.unwrap();
    assert_eq!(shop.objects("main").await, 1);
    assert_eq!(shop.used("main").await, 12, "each name counts");
    for path in ["a", "b"] {
        storages::delete_file(&shop.ctx, &shop.caller, &at(path), None).await.unwrap();
    }
    assert_eq!((shop.objects("main").await, shop.read("x/y/c").await.as_deref()), (1, Some("same")));
    storages::delete_file(&shop.ctx, &shop.caller, &at("x/y/c"), None).await.unwrap();
    assert_eq!((shop.objects("main").await, shop.used("main").await), (0, 0));
    let again = storages::delete_file(&shop.ctx, &shop.caller, &at("x/y/c"), None).await;
    assert!(matches!(again, Err(StorageError::NotFound(_))));
}

#[tokio::test]
async fn lost_bytes_come_back_with_the_next_upload() {
    let shop = Shop::new().await;
    shop.put("a", "same").await.unwrap();
    let id = shop.storage("main").await.id.to_string();
    std::fs::remove_dir_all(shop.world.folder().join("storages").join(id)).unwrap();
    std::fs::create_dir_all(shop.world.folder().join("storages/1/incoming")).unwrap();
    let other = shop.world.second_process().await;
    crate::support::put(&other, &shop.caller, "b", "same").await.unwrap();
    assert_eq!(shop.read("a").await.as_deref(), Some("same"));
    assert_eq!(shop.read("b").await.as_deref(), Some("same"));
}

#[tokio::test]
async fn a_file_moves_in_one_step() {
    let shop = Shop::new().await;
    shop.put("a", "one").await.unwrap();
    shop.put("b", "two").await.unwrap();
    let ctx = &shop.ctx;
    storages::move_file(ctx, &shop.caller, &at("a"), &at("in/c"), None).await.unwrap();
    assert_eq!((shop.read("a").await, shop.read("in/c").await.as_deref()), (None, Some("one")));
    storages::move_file(ctx, &shop.caller, &at("in/c"), &at("b"), None).await.unwrap();
    assert_eq!(shop.read("b").await.as_deref(), Some("one"));
    assert_eq!(shop.list("").await, ["in/", "b"]);
    storages::move_file(ctx, &shop.caller, &at("b"), &at("b"), None).await.unwrap();
    storages::copy_file(ctx, &shop.caller, &at("b"), &at("b"), None).await.unwrap();
    assert_eq!(storages::versions(ctx, &shop.caller, &at("b")).await.unwrap().len(), 2, "nothing happened");
    for (from, to) in [("none", "x"), ("in", "x"), ("none", "none")] {
        let moved = storages::move_file(ctx, &shop.caller, &at(from), &at(to), None).await;
        assert!(matches!(moved, Err(StorageError::NotFound(_))), "{from}: {moved:?}");
        let copied = storages::copy_file(ctx, &shop.caller, &at(from), &at(to), None).await;
        assert!(matches!(copied, Err(StorageError::NotFound(_))), "{from}: {copied:?}");
    }
    let onto_folder = storages::move_file(ctx, &shop.caller, &at("b"), &at("in"), None).await;
    assert!(matches!(onto_folder, Err(StorageError::IsFolder(_))));
}

#[tokio::test]
async fn what_is_not_complete_is_not_stored() {
    let shop = Shop::new().await;
    shop.put("a", "before").await.unwrap();
    for (announced, content, expected) in [(6, "12345", 5), (4, "12345", 5)] {
        let source = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(content.as_bytes()))]);
        let wanted = storages::Upload { announced: Some(announced), ..upload("a") };
        let stored = storages::upload(&shop.ctx, &shop.caller, wanted, source).await;
        let Err(StorageError::Incomplete { received, .. }) = stored else { panic!("{stored:?}") };
        assert_eq!(received, expected);
    }
    let broken = stream::iter([Ok(Bytes::from_static(b"123")), Err(std::io::Error::other("gone"))]);
    let stored = storages::upload(&shop.ctx, &shop.caller, upload("a"), broken).await;
    assert!(matches!(stored, Err(StorageError::Source(_))));
    let source = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"12345"))]);
    let stored = storages::upload(&shop.ctx, &shop.caller, storages::Upload { limit: 4, ..upload("a") }, source).await;
    assert!(matches!(stored, Err(StorageError::TooLarge { limit: 4 })));
    assert_eq!(shop.read("a").await.as_deref(), Some("before"));
    assert_eq!(shop.objects("main").await, 1);
}

#[tokio::test]
async fn files_go_from_one_storage_to_another() {
    let shop = Shop::new().await;
    shop.add("other", StorageSettings { versioned: false, quota: Some(10) }).await;
    shop.put("a", "12345").await.unwrap();
    let ctx = &shop.ctx;
    storages::copy_file(ctx, &shop.caller, &at("a"), &at("other:b/a"), None).await.unwrap();
    assert_eq!(shop.read("other:b/a").await.as_deref(), Some("12345"));
    storages::move_file(ctx, &shop.caller, &at("a"), &at("other:c"), None).await.unwrap();
    assert_eq!((shop.read("a").await, shop.read("other:c").await.as_deref()), (None, Some("12345")));
    assert_eq!((shop.used("main").await, shop.used("other").await), (0, 10));
    shop.put("d", "1").await.unwrap();
    let full = storages::move_file(ctx, &shop.caller, &at("d"), &at("other:d"), None).await;
    assert!(matches!(full, Err(StorageError::QuotaExceeded { quota: 10, .. })), "{full:?}");
    assert_eq!(shop.read("d").await.as_deref(), Some("1"), "the source stays");
    assert_eq!((shop.objects("main").await, shop.objects("other").await), (1, 1));
}
