//! Uploads that were refused for their token and come again without content.

use std::time::Duration;

use countersign_app::storages::{self, RETRY_TIME, StorageCaller, StorageError, Upload};
use countersign_domain::storage::StoragePath;
use countersign_store::StoreError;
use countersign_store::repositories::UploadKey;
use futures_util::stream;

use crate::support::{Shop, at, put, upload};

#[tokio::test]
async fn an_empty_repetition_is_refused_and_nothing_else() {
    let shop = Shop::new().await;
    shop.put("a", "before").await.unwrap();
    let path = StoragePath::new("a").unwrap();
    storages::note_refused_upload(&shop.ctx, shop.site, "app-1", None, path.clone()).await.unwrap();
    // On another node, with and without an announced length, and as often as the client tries.
    let other = shop.world.second_process().await;
    for announced in [None, Some(0), Some(0)] {
        let nothing = stream::empty::<Result<bytes::Bytes, std::io::Error>>();
        let wanted = Upload { announced, ..upload("a") };
        let stored = storages::upload(&other, &shop.caller, wanted, nothing).await;
        assert!(matches!(stored, Err(StorageError::EmptyAfterRetry(_))), "{stored:?}");
    }
    assert_eq!(shop.read("a").await.as_deref(), Some("before"));
    assert_eq!(shop.objects("main").await, 1);

    put(&other, &shop.caller, "b", "").await.unwrap();
    let stranger = StorageCaller { client: "app-2".to_owned(), ..shop.caller.clone() };
    put(&other, &stranger, "a", "").await.unwrap();
    assert_eq!(shop.read("a").await.as_deref(), Some(""), "another client's empty file is one");
    // The content came after all: what follows is no repetition.
    shop.put("a", "whole").await.unwrap();
    shop.put("a", "").await.unwrap();
    assert_eq!(shop.read("a").await.as_deref(), Some(""));

    storages::note_refused_upload(&shop.ctx, shop.site, "app-1", None, path).await.unwrap();
    shop.world.clock.advance(RETRY_TIME);
    assert!(put(&other, &shop.caller, "a", "").await.is_ok(), "it is forgotten after two minutes");
    shop.world.clock.advance(Duration::from_secs(1));
    assert_eq!(storages::versions(&shop.ctx, &shop.caller, &at("a")).await.unwrap().len(), 5);
}

#[tokio::test]
async fn so_many_are_noted_of_one_client_and_no_more() {
    let shop = Shop::new().await;
    let note = async |client: &str, number: usize| {
        let path = StoragePath::new(&format!("f{number}")).unwrap();
        storages::note_refused_upload(&shop.ctx, shop.site, client, None, path).await.unwrap();
    };
    let (site, until) = (shop.site, shop.ctx.now().plus(RETRY_TIME));
    let unit = shop.world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            for number in 0..1000 {
                let path = StoragePath::new(&format!("f{number}")).unwrap();
                let key = UploadKey { client: "app-1".to_owned(), storage: None, path };
                tx.refused_uploads().insert(site, &key, until).await?;
            }
            Ok(())
        })
    });
    unit.await.unwrap();
    note("app-1", 1000).await;
    note("app-2", 1000).await;
    let empty = async |client: &str, path: &str| {
        let caller = StorageCaller { client: client.to_owned(), ..shop.caller.clone() };
        put(&shop.ctx, &caller, path, "").await.is_ok()
    };
    assert!(!empty("app-1", "f0").await && !empty("app-1", "f999").await);
    assert!(empty("app-1", "f1000").await, "a thousand were noted before");
    assert!(!empty("app-2", "f1000").await, "another client has its own");
    // A minute later the same upload is noted for two more.
    shop.world.clock.advance(RETRY_TIME / 2);
    note("app-2", 1000).await;
    shop.world.clock.advance(RETRY_TIME - Duration::from_secs(1));
    assert!(!empty("app-2", "f1000").await);
    note("app-1", 1000).await;
    assert!(!empty("app-1", "f1000").await, "the first have ended");
}
