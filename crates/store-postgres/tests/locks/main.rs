//! Units that run at the same time and meet at a row: what PostgreSQL promises by locks, not by turns.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its store has failed")]

mod meeting;
mod rows;

use countersign_domain::audit::{Actor, Channel};
use countersign_domain::event::Event;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::licensing::{FeatureRules, Meter};
use countersign_domain::text::{FeatureCode, HardwareId, PackageId, ProductCode};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{CalledLicense, Deleted, NewFileContent, NewPackage, NewPackageFile};

use crate::meeting::{meanwhile, meeting};
use crate::rows::{NOW, SHA256, identity, key, open, report};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_waited_for_a_license_counts_what_was_activated_meanwhile() {
    let (store, database, rows) = open().await;
    let (first, second) = meeting(&database);
    let activates = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let license = tx.licenses().lock(rows.site, &key()).await?.unwrap();
            assert!(tx.activations().insert(license.id, rows.device, NOW).await?);
            first.let_the_other_wait();
            Ok(license.activations)
        })
    });
    let counts = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            second.wait_for_the_first();
            Ok(tx.licenses().lock(rows.site, &key()).await?.unwrap().activations)
        })
    });
    let (before, after) = tokio::join!(activates, counts);
    assert_eq!((before.unwrap(), after.unwrap()), (0, 1));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_waited_for_its_license_sees_all_that_was_done_meanwhile() {
    let (store, database, rows) = open().await;
    let (first, second) = meeting(&database);
    let changes = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let license = tx.licenses().lock(rows.site, &key()).await?.unwrap();
            assert!(tx.activations().insert(license.id, rows.device, NOW).await?);
            let code = FeatureCode::new("fast").unwrap();
            let feature = tx.features().insert(rows.product, &code, "Fast", NOW).await?.unwrap();
            tx.licenses().set_feature(license.id, feature, &FeatureRules::default(), Meter::default()).await?;
            first.let_the_other_wait();
            tx.now().await
        })
    });
    let calls = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let (product, hardware) = (ProductCode::new("Pump").unwrap(), HardwareId::new(identity().id).unwrap());
            let (before, key) = (tx.now().await?, key());
            second.wait_for_the_first();
            let called = CalledLicense { product: &product, key: &key, hardware: &hardware };
            let found = tx.licenses().lock_called(rows.site, called).await?.unwrap();
            Ok((before, found, tx.now().await?))
        })
    });
    let (changed, called) = tokio::join!(changes, calls);
    let (changed, (before, found, after)) = (changed.unwrap(), called.unwrap());
    assert_eq!((found.license.activations, found.license.features.len()), (1, 1));
    assert_eq!(found.bound.map(|(device, _)| device.id), Some(rows.device));
    assert!(before <= changed && changed <= after, "{before} {changed} {after}");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_waited_for_a_device_sees_its_new_holder() {
    let (store, database, rows) = open().await;
    let (first, second) = meeting(&database);
    let gives = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let device = tx.devices().lock(rows.site, &identity()).await?.unwrap();
            assert!(tx.devices().set_customer(device.id, Some(rows.customer)).await?);
            first.let_the_other_wait();
            Ok(device.holder)
        })
    });
    let sees = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            second.wait_for_the_first();
            Ok(tx.devices().lock(rows.site, &identity()).await?.unwrap().holder)
        })
    });
    let (before, after) = tokio::join!(gives, sees);
    assert_eq!(before.unwrap(), None);
    assert_eq!(after.unwrap().map(|holder| holder.customer), Some(rows.customer));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_units_that_have_written_a_report_can_both_lock_the_device() {
    let (store, database, rows) = open().await;
    let (first, second) = meeting(&database);
    let other = store.clone();
    let one = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            tx.devices().lock(rows.site, &identity()).await?.unwrap();
            // A third one writes and waits for nobody.
            let third = other.write::<_, StoreError, _>(move |tx| {
                Box::pin(async move { tx.status_reports().insert(rows.site, &report(rows.device), NOW).await })
            });
            assert!(meanwhile(third)?);
            assert!(tx.status_reports().insert(rows.site, &report(rows.device), NOW).await?);
            first.let_the_other_wait();
            tx.devices().set_last_seen(rows.device, NOW).await
        })
    });
    let two = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            assert!(tx.status_reports().insert(rows.site, &report(rows.device), NOW).await?);
            second.wait_for_the_first();
            Ok(tx.devices().lock(rows.site, &identity()).await?.is_some())
        })
    });
    let (one, two) = tokio::join!(one, two);
    assert!(one.unwrap() && two.unwrap());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_into_use_meanwhile_is_not_removed() {
    let (store, database, rows) = open().await;
    let (first, second) = meeting(&database);
    let publishes = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let content = NewFileContent::Stored(rows.file);
            let file = NewPackageFile { name: PlainFileName::new("a.bin").unwrap(), content, execute: false };
            let id = PackageId::new("pump-1").unwrap();
            let package = NewPackage { id, product: rows.product, description: String::new(), files: vec![file] };
            tx.packages().insert(rows.site, &package, NOW).await?.unwrap();
            first.let_the_other_wait();
            Ok(())
        })
    });
    let removes = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            second.wait_for_the_first();
            tx.files().delete(rows.site, &SHA256).await
        })
    });
    let (published, removed) = tokio::join!(publishes, removes);
    published.unwrap();
    assert_eq!(removed.unwrap(), Deleted::InUse);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_waited_is_not_in_the_past() {
    let (store, database, rows) = open().await;
    let (first, second) = meeting(&database);
    let goes_first = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            tx.sites().touch(rows.site).await?;
            first.let_the_other_wait();
            tx.now().await
        })
    });
    let waits = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let begun = tx.now().await?;
            second.wait_for_the_first();
            tx.sites().touch(rows.site).await?;
            Ok((begun, tx.now().await?))
        })
    });
    let (earlier, later) = tokio::join!(goes_first, waits);
    let (earlier, (begun, later)) = (earlier.unwrap(), later.unwrap());
    assert!(begun > Timestamp::EPOCH && begun <= earlier && earlier <= later, "{begun} {earlier} {later}");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_remove_each_old_row_once_and_wait_for_nobody() {
    let (store, _database, rows) = open().await;
    let other = store.clone();
    let removed = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let actor = Actor::of(Channel::System);
            for millis in 0..10 {
                let at = Timestamp::from_millis(millis);
                tx.outbox().insert(rows.site, Event::DeviceChanged(rows.device), &actor, at).await?;
                tx.status_reports().insert(rows.site, &report(rows.device), at).await?;
            }
            Ok(())
        })
    });
    removed.await.unwrap();
    let removed = store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let before = Timestamp::from_millis(8);
            let events = tx.outbox().delete_before(rows.site, before, 3).await?;
            let reports = tx.status_reports().delete_before(rows.site, before, 3).await?;
            let beside = other.write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    let events = tx.outbox().delete_before(rows.site, before, 100).await?;
                    Ok((events, tx.status_reports().delete_before(rows.site, before, 100).await?))
                })
            });
            Ok(((events, reports), meanwhile(beside)?))
        })
    });
    assert_eq!(removed.await.unwrap(), ((3, 3), (5, 5)));
    store.close().await;
}
