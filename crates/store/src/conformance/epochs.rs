//! The store as a whole: sealing anew, and beginning an epoch.

use countersign_domain::ids::SiteSecretId;
use countersign_domain::keys::SecretPurpose;
use countersign_domain::text::ProductName;

use super::{NOW, site};
use crate::repositories::InstallationRecord;
use crate::{Store, StoreError};

fn record(text: &str) -> InstallationRecord {
    InstallationRecord { key_check: text.into(), sealed_digest_key: format!("digest {text}").into_bytes() }
}

/// The row about the store is replaced as a whole, and only where there is one.
pub async fn the_installation_is_replaced_whole(store: &Store) {
    let found = store.write::<_, StoreError, _>(|tx| {
        Box::pin(async move {
            assert!(!tx.installation().replace(&record("new")).await?, "nothing was replaced");
            assert_eq!(tx.installation().epoch().await?, None);
            assert_eq!(tx.installation().begin_epoch(5).await?, None);
            tx.installation().insert(&record("old")).await?;
            assert!(tx.installation().replace(&record("new")).await?);
            tx.installation().find().await
        })
    });
    assert_eq!(found.await.expect("writes"), Some(record("new")));
}

/// Sealed values are replaced and removed by their own site only; all else of their rows stays.
pub async fn sealed_values_are_replaced_by_their_site(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let key = tx.signing_keys().insert(one, b"public", b"old", NOW).await?;
                assert!(!tx.signing_keys().reseal(two, key, b"foreign").await?, "a foreign site replaced a key");
                assert!(tx.signing_keys().reseal(one, key, b"new").await?);
                let keys = tx.signing_keys().list(one).await?;
                assert_eq!(
                    (keys[0].id, &keys[0].spki[..], &keys[0].sealed_private_key[..]),
                    (key, &b"public"[..], &b"new"[..])
                );

                for sealed in [b"p1", b"p2"] {
                    tx.site_secrets().insert(one, SecretPurpose::PollingIds, sealed, NOW).await?;
                }
                let old = tx.site_secrets().list(one).await?;
                let (newer, older) = (old[0].id, old[1].id);
                assert!(!tx.site_secrets().reseal(two, newer, b"foreign").await?, "a foreign site replaced a secret");
                assert!(!tx.site_secrets().delete(two, older).await?, "a foreign site removed a secret");
                assert!(tx.site_secrets().reseal(one, newer, b"p3").await?);
                assert!(tx.site_secrets().delete(one, older).await?);
                assert!(!tx.site_secrets().delete(one, older).await?);
                assert!(!tx.site_secrets().reseal(one, SiteSecretId(i64::MAX), b"x").await?);
                let left = tx.site_secrets().list(one).await?;
                assert_eq!(left.len(), 1);
                assert_eq!((left[0].id, &left[0].sealed[..], left[0].purpose), (newer, &b"p3"[..], old[0].purpose));
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// An epoch moves the change counter and the row ids of every table, also of one that was never written.
pub async fn an_epoch_moves_every_row_id(store: &Store) {
    const JUMP: i64 = 1_000_000;
    let one = site(store, "one").await;
    let product = |number: u8| ProductName::new(format!("Product {number}")).expect("good name");
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                tx.installation().insert(&record("key")).await?;
                let first = tx.products().insert(one, &product(1), NOW).await?.expect("free");
                let generation = tx.sites().touch(one).await?;
                assert_eq!(tx.installation().epoch().await?, Some(1));
                assert_eq!(tx.installation().begin_epoch(JUMP).await?, Some(2));
                assert_eq!(tx.installation().epoch().await?, Some(2));
                let second = tx.products().insert(one, &product(2), NOW).await?.expect("free");
                assert!(second.0 > first.0 + JUMP, "{second} comes after {first}");
                let key = tx.authorization_keys().insert(one, b"first of its table", NOW).await?;
                assert!(key.0 > JUMP, "{key} may have been given out before");
                assert!(tx.sites().touch(one).await?.0 > generation.0 + JUMP);
                assert_eq!(tx.installation().begin_epoch(JUMP).await?, Some(3));
                let third = tx.products().insert(one, &product(3), NOW).await?.expect("free");
                assert!(third.0 > second.0 + JUMP);
                Ok(())
            })
        })
        .await
        .expect("writes");
    assert_eq!(site(store, "two").await.0 / JUMP, 2, "two epochs have passed");
}
