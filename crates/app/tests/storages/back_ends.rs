//! Where storages keep their bytes, and what is collected there.

use std::time::Duration;

use countersign_app::scrub::Depth;
use countersign_app::storages::{
    self, CreateStorage, CreateStorageError, CredentialsChange, StorageChangeError, StorageCredentials, StorageError,
    StorageSettings,
};
use countersign_crypto::Secret;
use countersign_domain::storage::{BackEnd, Bucket};
use countersign_store::StoreError;
use countersign_store::repositories::NewStorage;

use crate::support::{Shop, at, name, put, storage, text};

fn directory(text: &str, path: &std::path::Path) -> CreateStorage {
    let back_end = BackEnd::Directory(path.to_str().unwrap().to_owned());
    CreateStorage { back_end, ..storage(text, StorageSettings::default()) }
}

#[tokio::test]
async fn a_storage_has_a_place_of_its_own() {
    let shop = Shop::new().await;
    let place = shop.world.folder().join("elsewhere");
    storages::create(&shop.ctx, shop.site, directory("other", &place)).await.unwrap();
    shop.put("other:a", "1").await.unwrap();
    assert!(place.join("incoming").is_dir());
    let taken = storages::create(&shop.ctx, shop.site, directory("third", &place)).await;
    assert!(matches!(taken, Err(CreateStorageError::InUse)), "{taken:?}");
    let relative = CreateStorage { back_end: BackEnd::Directory("here".to_owned()), ..directory("third", &place) };
    assert!(matches!(storages::create(&shop.ctx, shop.site, relative).await, Err(CreateStorageError::Directory(_))));
    let again = storages::create(&shop.ctx, shop.site, storage("other", StorageSettings::default())).await;
    assert!(matches!(again, Err(CreateStorageError::Taken)));
    let names: Vec<_> =
        storages::list(&shop.ctx, shop.site).await.unwrap().into_iter().map(|found| found.name).collect();
    assert_eq!(names, [name("main"), name("other")], "what was refused left a row");
    let full = storages::delete(&shop.ctx, shop.site, &name("other")).await;
    assert!(matches!(full, Err(StorageChangeError::NotEmpty(_))));
    let unknown = storages::delete(&shop.ctx, shop.site, &name("none")).await;
    assert!(matches!(unknown, Err(StorageChangeError::Unknown(_))));
}

#[tokio::test]
async fn a_directory_with_objects_of_others_is_left_as_it_is() {
    let shop = Shop::new().await;
    let place = shop.world.folder().join("elsewhere");
    let object = place.join("ab/cd").join("0".repeat(28));
    std::fs::create_dir_all(object.parent().unwrap()).unwrap();
    std::fs::write(&object, "of another installation").unwrap();
    let taken = storages::create(&shop.ctx, shop.site, directory("other", &place)).await;
    assert!(matches!(taken, Err(CreateStorageError::InUse)), "{taken:?}");
    assert_eq!(storages::find(&shop.ctx, shop.site, &name("other")).await.unwrap(), None);
    let left: Vec<_> = std::fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["ab"], "something was made there");
    assert!(object.exists());
}

#[tokio::test]
async fn a_disk_that_is_not_mounted_is_unavailable_and_stays_untouched() {
    let shop = Shop::new().await;
    let (place, away) = (shop.world.folder().join("disk"), shop.world.folder().join("away"));
    storages::create(&shop.ctx, shop.site, directory("other", &place)).await.unwrap();
    shop.put("other:a", "1").await.unwrap();
    shop.put("b", "2").await.unwrap();
    std::fs::rename(&place, &away).unwrap();
    std::fs::create_dir(&place).unwrap();
    let fresh = shop.world.second_process().await;
    for ctx in [&shop.ctx, &fresh] {
        let opened = match storages::open(ctx, &shop.caller, &at("other:a"), None).await {
            Ok(opened) => opened.open(0..1).await.map(|_| ()),
            Err(error) => Err(error),
        };
        assert!(matches!(opened, Err(StorageError::Unavailable(..))), "{opened:?}");
        let stored = put(ctx, &shop.caller, "other:c", "3").await;
        assert!(matches!(stored, Err(StorageError::Unavailable(..))), "{stored:?}");
        let examined = storages::examine(ctx, Depth::Digests, &|_| {}).await.unwrap();
        assert_eq!((examined.objects, examined.damaged.len()), (1, 0), "the other storage is looked at");
        assert!(matches!(&examined.unavailable[..], [found] if found.storage == name("other")));
        assert!(examined.unavailable[0].cause.contains("disk/incoming"), "{examined:?}");
        assert_eq!(storages::collect(ctx).await.unwrap().unavailable, 1);
    }
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0, "something was made on the wrong disk");
    std::fs::remove_dir(&place).unwrap();
    std::fs::rename(&away, &place).unwrap();
    for ctx in [&shop.ctx, &fresh] {
        let opened = storages::open(ctx, &shop.caller, &at("other:a"), None).await.unwrap();
        assert_eq!(text(&opened).await, "1");
    }
}

#[tokio::test]
async fn a_storage_without_its_directory_gets_one_before_it_has_anything() {
    let shop = Shop::new().await;
    // Its process was killed before it could make the directory.
    std::fs::remove_dir_all(shop.world.folder().join("storages")).unwrap();
    let fresh = shop.world.second_process().await;
    put(&fresh, &shop.caller, "a", "1").await.unwrap();
    assert_eq!(shop.read("a").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn credentials_that_do_not_open_stop_no_other_storage() {
    let shop = Shop::new().await;
    shop.put("a", "1").await.unwrap();
    let bucket = Bucket {
        endpoint: "http://127.0.0.1:1".to_owned(),
        region: "us-east-1".to_owned(),
        bucket: "b".to_owned(),
        prefix: String::new(),
    };
    let broken =
        NewStorage { name: name("broken"), back_end: BackEnd::Bucket(bucket), settings: StorageSettings::default() };
    let (site, now) = (shop.site, shop.ctx.now());
    let unit = shop.world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let id = tx.storages().insert(site, &broken, now).await?.unwrap();
            tx.storages().set_credentials(id, Some(b"sealed with another key")).await
        })
    });
    assert!(unit.await.unwrap());
    let examined = storages::examine(&shop.ctx, Depth::Sizes, &|_| {}).await.unwrap();
    assert_eq!((examined.objects, examined.unavailable.len()), (1, 1), "{examined:?}");
    assert_eq!(storages::collect(&shop.ctx).await.unwrap().unavailable, 1);
    let stored = shop.put("broken:a", "1").await;
    assert!(matches!(stored, Err(StorageError::Unavailable(..))), "{stored:?}");
}

#[tokio::test]
async fn an_access_key_is_for_a_bucket_and_a_change_is_whole() {
    let shop = Shop::new().await;
    let key = StorageCredentials { id: "id".to_owned(), secret: Secret::new("secret".to_owned()) };
    let change = |now: &mut StorageSettings| now.quota = Some(1);
    let refused = storages::change(&shop.ctx, shop.site, &name("main"), change, CredentialsChange::Replace(key)).await;
    assert!(matches!(refused, Err(StorageChangeError::NoBucket(_))), "{refused:?}");
    assert_eq!(shop.storage("main").await.quota, None, "a half of it was done");
    storages::change(&shop.ctx, shop.site, &name("main"), change, CredentialsChange::Forget).await.unwrap();
    assert_eq!(shop.storage("main").await.quota, Some(1));
}

#[tokio::test]
async fn objects_without_a_row_are_collected_when_they_are_old() {
    let shop = Shop::new().await;
    shop.put("a", "1").await.unwrap();
    let shard = shop.world.folder().join("storages/1/ab/cd");
    std::fs::create_dir_all(&shard).unwrap();
    std::fs::write(shard.join("0".repeat(28)), "nobody's").unwrap();
    // The age of objects is told by the clock of the file system.
    shop.world.clock.set(countersign_domain::time::Timestamp::from_seconds(1));
    assert_eq!(storages::collect(&shop.ctx).await.unwrap().objects, 0);
    shop.world.clock.advance(Duration::from_secs(200 * 365 * 24 * 3600));
    assert_eq!(storages::collect(&shop.ctx).await.unwrap().objects, 1);
    assert_eq!(shop.read("a").await.as_deref(), Some("1"));
}
