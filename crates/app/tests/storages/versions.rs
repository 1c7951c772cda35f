//! Versions: kept where the storage keeps them, for 30 days or 20 versions.

use std::time::Duration;

use countersign_app::storages::{self, StorageError, StorageSettings};
use countersign_domain::storage::{VERSION_LIFE, VersionId};

use crate::support::{Shop, at, text};

async fn contents(shop: &Shop, path: &str) -> Vec<(String, bool)> {
    let mut contents = Vec::new();
    for version in storages::versions(&shop.ctx, &shop.caller, &at(path)).await.unwrap() {
        let opened = storages::open(&shop.ctx, &shop.caller, &at(path), Some(version.file.version)).await.unwrap();
        contents.push((text(&opened).await, version.is_latest));
    }
    contents
}

async fn version_of(shop: &Shop, path: &str, content: &str) -> VersionId {
    for version in storages::versions(&shop.ctx, &shop.caller, &at(path)).await.unwrap() {
        let opened = storages::open(&shop.ctx, &shop.caller, &at(path), Some(version.file.version)).await.unwrap();
        if text(&opened).await == content {
            return version.file.version;
        }
    }
    panic!("no version of {path} has {content}");
}

#[tokio::test]
async fn overwriting_keeps_versions_and_deleting_one_brings_back_the_one_before() {
    let shop = Shop::new().await;
    for content in ["one", "two", "three"] {
        shop.put("a", content).await.unwrap();
    }
    let listed = contents(&shop, "a").await;
    assert_eq!(listed, [("three", true), ("two", false), ("one", false)].map(|(text, last)| (text.to_owned(), last)));
    assert_eq!(shop.used("main").await, 11, "all versions count");
    let three = version_of(&shop, "a", "three").await;
    storages::delete_file(&shop.ctx, &shop.caller, &at("a"), Some(three)).await.unwrap();
    assert_eq!(shop.read("a").await.as_deref(), Some("two"));
    let gone = storages::delete_file(&shop.ctx, &shop.caller, &at("a"), Some(three)).await;
    assert!(matches!(gone, Err(StorageError::VersionUnknown(_))));
    shop.put("b", "other").await.unwrap();
    let foreign = version_of(&shop, "b", "other").await;
    let crossed = storages::open(&shop.ctx, &shop.caller, &at("a"), Some(foreign)).await;
    assert!(matches!(crossed, Err(StorageError::VersionUnknown(_))), "a version of another file was read");
    for content in ["two", "one"] {
        let version = version_of(&shop, "a", content).await;
        storages::delete_file(&shop.ctx, &shop.caller, &at("a"), Some(version)).await.unwrap();
    }
    assert_eq!((shop.read("a").await, shop.list("").await), (None, vec!["b".to_owned()]));
}

#[tokio::test]
async fn one_version_is_copied_or_moved() {
    let shop = Shop::new().await;
    for content in ["one", "two"] {
        shop.put("a", content).await.unwrap();
    }
    let one = version_of(&shop, "a", "one").await;
    storages::copy_file(&shop.ctx, &shop.caller, &at("a"), &at("b"), Some(one)).await.unwrap();
    assert_eq!(contents(&shop, "b").await, [("one".to_owned(), true)]);
    storages::copy_file(&shop.ctx, &shop.caller, &at("a"), &at("a"), Some(one)).await.unwrap();
    assert_eq!(shop.read("a").await.as_deref(), Some("one"), "an old version became the latest");
    storages::move_file(&shop.ctx, &shop.caller, &at("a"), &at("c"), Some(one)).await.unwrap();
    assert_eq!(contents(&shop, "a").await.len(), 2, "the others stay behind");
    storages::move_file(&shop.ctx, &shop.caller, &at("a"), &at("d"), None).await.unwrap();
    assert_eq!(contents(&shop, "d").await.len(), 2, "a file takes its versions along");
}

fn texts(listed: Vec<(String, bool)>) -> Vec<String> {
    listed.into_iter().map(|(text, _)| text).collect()
}

#[tokio::test]
async fn a_file_that_moves_onto_another_takes_its_versions_along() {
    let shop = Shop::new().await;
    for (path, content) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("from/c", "c1"), ("from/c", "c2"), ("to/c", "old")]
    {
        shop.put(path, content).await.unwrap();
    }
    let used = shop.used("main").await;
    storages::move_file(&shop.ctx, &shop.caller, &at("a"), &at("b"), None).await.unwrap();
    assert_eq!(texts(contents(&shop, "b").await), ["a2", "a1", "b1"]);
    storages::move_folder(&shop.ctx, &shop.caller, &at("from"), &at("to")).await.unwrap();
    assert_eq!(texts(contents(&shop, "to/c").await), ["c2", "c1", "old"]);
    assert_eq!(shop.used("main").await, used);
    let only = version_of(&shop, "b", "a1").await;
    storages::move_file(&shop.ctx, &shop.caller, &at("b"), &at("b"), Some(only)).await.unwrap();
    assert_eq!(texts(contents(&shop, "b").await), ["a2", "a1", "b1"], "onto its own path nothing happens");
    let foreign = version_of(&shop, "to/c", "old").await;
    let crossed = storages::move_file(&shop.ctx, &shop.caller, &at("b"), &at("b"), Some(foreign)).await;
    assert!(matches!(crossed, Err(StorageError::VersionUnknown(_))), "{crossed:?}");
}

#[tokio::test]
async fn versions_go_along_to_a_storage_that_keeps_them() {
    let shop = Shop::new().await;
    shop.add("other", StorageSettings { versioned: true, quota: None }).await;
    shop.add("plain", StorageSettings::default()).await;
    for (path, content) in [("other:a", "old"), ("a", "a1"), ("a", "a2"), ("from/b/c", "c1"), ("from/b/c", "c2")] {
        shop.put(path, content).await.unwrap();
    }
    storages::copy_file(&shop.ctx, &shop.caller, &at("a"), &at("other:copy"), None).await.unwrap();
    assert_eq!(texts(contents(&shop, "other:copy").await), ["a2"], "a copy is of one version");
    storages::move_file(&shop.ctx, &shop.caller, &at("a"), &at("other:a"), None).await.unwrap();
    assert_eq!(texts(contents(&shop, "other:a").await), ["a2", "a1", "old"]);
    storages::move_folder(&shop.ctx, &shop.caller, &at("from"), &at("other:to")).await.unwrap();
    assert_eq!(texts(contents(&shop, "other:to/b/c").await), ["c2", "c1"]);
    assert_eq!((shop.list("").await, shop.used("main").await, shop.objects("main").await), (Vec::new(), 0, 0));
    storages::move_file(&shop.ctx, &shop.caller, &at("other:a"), &at("plain:a"), None).await.unwrap();
    assert_eq!(texts(contents(&shop, "plain:a").await), ["a2"]);
    assert_eq!((shop.used("plain").await, shop.objects("plain").await), (2, 1));
}

#[tokio::test]
async fn a_move_that_finds_no_room_for_all_versions_leaves_everything() {
    let shop = Shop::new().await;
    shop.add("other", StorageSettings { versioned: true, quota: Some(5) }).await;
    for content in ["one", "two"] {
        shop.put("a", content).await.unwrap();
    }
    let full = storages::move_file(&shop.ctx, &shop.caller, &at("a"), &at("other:a"), None).await;
    assert!(matches!(full, Err(StorageError::QuotaExceeded { quota: 5, .. })), "{full:?}");
    assert_eq!(texts(contents(&shop, "a").await), ["two", "one"]);
    assert_eq!((shop.used("other").await, shop.objects("other").await), (0, 0));
}

#[tokio::test]
async fn versions_have_their_number_and_their_time() {
    let shop = Shop::new().await;
    for number in 0..25 {
        shop.put("a", &format!("{number:02}")).await.unwrap();
    }
    let listed = contents(&shop, "a").await;
    assert_eq!((listed.len(), listed[0].0.as_str(), listed[19].0.as_str()), (20, "24", "05"));
    assert_eq!((shop.used("main").await, shop.objects("main").await), (40, 20));
    shop.world.clock.advance(VERSION_LIFE);
    shop.put("a", "25").await.unwrap();
    storages::collect(&shop.ctx).await.unwrap();
    assert_eq!(contents(&shop, "a").await.len(), 20, "not a moment before");
    shop.world.clock.advance(Duration::from_millis(1));
    let sweep = storages::collect(&shop.ctx).await.unwrap();
    assert_eq!(sweep.versions, 18);
    let left: Vec<String> = contents(&shop, "a").await.into_iter().map(|(text, _)| text).collect();
    assert_eq!(left, ["25", "24"], "24 was replaced only now");
    shop.world.clock.advance(VERSION_LIFE * 9);
    storages::collect(&shop.ctx).await.unwrap();
    assert_eq!(contents(&shop, "a").await, [("25".to_owned(), true)], "the latest stays");
}

#[tokio::test]
async fn a_storage_without_versions_has_one_of_each_file() {
    let shop = Shop::with(StorageSettings::default()).await;
    for content in ["one", "two"] {
        shop.put("a", content).await.unwrap();
    }
    assert_eq!(contents(&shop, "a").await, [("two".to_owned(), true)]);
    assert_eq!((shop.used("main").await, shop.objects("main").await), (3, 1));
}
