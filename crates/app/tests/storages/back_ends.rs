//! Where storages keep their bytes, and what is collected there.

use std::time::Duration;

use countersign_app::storages::{self, CreateStorage, CreateStorageError, StorageChangeError, StorageSettings};
use countersign_domain::storage::BackEnd;

use crate::support::{Shop, name, storage};

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
