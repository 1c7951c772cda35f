//! The quota holds, however many upload at once.

use bytes::Bytes;
use countersign_app::storages::{self, CredentialsChange, StorageError, StorageSettings};
use futures_util::{StreamExt, stream};

use crate::support::{Shop, at, name, upload};

fn settings(quota: u64) -> StorageSettings {
    StorageSettings { versioned: true, quota: Some(quota) }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_what_is_there_counts_whole() {
    let shop = Shop::with(settings(10)).await;
    shop.put("a", "123456").await.unwrap();
    let full = shop.put("b", "12345").await;
    assert!(matches!(full, Err(StorageError::QuotaExceeded { quota: 10, .. })), "{full:?}");
    let copied = storages::copy_file(&shop.ctx, &shop.caller, &at("a"), &at("c"), None).await;
    assert!(matches!(copied, Err(StorageError::QuotaExceeded { .. })), "a copy counts, too");
    // Announced bytes are refused before one of them is read.
    let never = stream::pending::<Result<Bytes, std::io::Error>>();
    let wanted = storages::Upload { announced: Some(5), ..upload("b") };
    let announced = storages::upload(&shop.ctx, &shop.caller, wanted, never).await;
    assert!(matches!(announced, Err(StorageError::QuotaExceeded { .. })));
    assert_eq!((shop.used("main").await, shop.objects("main").await), (6, 1));
    shop.put("b", "1234").await.unwrap();
    let usage = storages::usage(&shop.ctx, &shop.caller, None).await.unwrap();
    assert_eq!((usage.used, usage.total), (10, Some(10)));

    let keep = CredentialsChange::Keep;
    storages::change(&shop.ctx, shop.site, &name("main"), |now| now.quota = Some(3), keep).await.unwrap();
    storages::move_file(&shop.ctx, &shop.caller, &at("a"), &at("d"), None).await.unwrap();
    storages::delete_file(&shop.ctx, &shop.caller, &at("d"), None).await.unwrap();
    assert_eq!(shop.used("main").await, 4, "less is allowed while it is still too much");
    let keep = CredentialsChange::Keep;
    storages::change(&shop.ctx, shop.site, &name("main"), |now| now.quota = None, keep).await.unwrap();
    let usage = storages::usage(&shop.ctx, &shop.caller, Some(&name("main"))).await.unwrap();
    assert!(usage.total.is_some_and(|total| total > 1 << 20), "the disk is the limit: {usage:?}");
}

#[tokio::test]
async fn overwriting_makes_room_where_no_versions_are_kept() {
    let shop = Shop::with(StorageSettings { versioned: false, quota: Some(6) }).await;
    shop.put("a", "123456").await.unwrap();
    shop.put("a", "654321").await.unwrap();
    assert!(matches!(shop.put("a", "7654321").await, Err(StorageError::QuotaExceeded { .. })));
    assert_eq!(shop.read("a").await.as_deref(), Some("654321"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_at_once_never_exceed_it() {
    let shop = Shop::with(settings(100)).await;
    let uploads = (0..40).map(|number| {
        let shop = &shop;
        async move { shop.put(&format!("f/{number}"), &format!("{number:010}")).await }
    });
    let outcomes: Vec<_> = stream::iter(uploads).buffer_unordered(40).collect().await;
    let stored = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    for outcome in &outcomes {
        assert!(matches!(outcome, Ok(_) | Err(StorageError::QuotaExceeded { .. })), "{outcome:?}");
    }
    assert_eq!((stored, shop.used("main").await), (10, 100));
    assert_eq!((shop.list("f").await.len(), shop.objects("main").await), (10, 10));
}
