//! Devices that a site knows.

use countersign_domain::device::{DeviceClass, DeviceIdentity, DeviceStatus};
use countersign_domain::ids::{CustomerId, DeviceId};
use countersign_domain::licensing::Holder;
use countersign_domain::time::Timestamp;
use futures_util::future::join_all;

use super::purchases::{MISSING, account, customer, device};
use super::reports::device_event;
use super::{NOW, site};
use crate::repositories::{NewDevice, Page};
use crate::{Store, StoreError};

pub(super) fn identity(host: &str) -> DeviceIdentity {
    DeviceIdentity { id: host.to_owned(), id_type: "STRING".to_owned(), publisher_name: "acme".to_owned() }
}

pub(super) fn new_device(host: &str, customer: Option<CustomerId>) -> NewDevice {
    NewDevice { identity: identity(host), identity_name: String::new(), class: DeviceClass::Client, customer }
}

/// A device comes back as it was written; all three parts of its identity tell it from others, and its site does.
pub async fn devices_are_told_apart_by_identity_and_site(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let first = Timestamp::from_seconds(50);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let new = NewDevice {
                    identity_name: "acme-identity".to_owned(),
                    class: DeviceClass::Served,
                    ..new_device("Gerät 1", None)
                };
                let id = tx.devices().insert(one, &new, first).await?.expect("free");
                assert_eq!(tx.devices().insert(one, &new, NOW).await?, None, "an identity was given twice");
                let other = [
                    DeviceIdentity { id: "gerät 1".to_owned(), ..new.identity.clone() },
                    DeviceIdentity { id_type: "ETHERNET".to_owned(), ..new.identity.clone() },
                    DeviceIdentity { publisher_name: String::new(), ..new.identity.clone() },
                ];
                for identity in &other {
                    assert_eq!(tx.devices().find(one, identity).await?, None, "{identity:?}");
                    let other = NewDevice { identity: identity.clone(), ..new.clone() };
                    assert!(tx.devices().insert(one, &other, NOW).await?.is_some(), "{identity:?}");
                }
                assert_eq!(tx.devices().find(two, &new.identity).await?, None, "a foreign device was found");
                assert!(tx.devices().insert(two, &new, NOW).await?.is_some(), "another site's device was in the way");
                let found = tx.devices().find(one, &new.identity).await?.expect("is there");
                assert_eq!((found.id, &found.identity), (id, &new.identity));
                assert_eq!((found.identity_name.as_str(), found.class), ("acme-identity", DeviceClass::Served));
                assert_eq!((found.status, found.holder), (DeviceStatus::Active, None));
                assert_eq!((found.registered_at, found.last_seen_at), (first, first));
                assert_eq!(tx.devices().lock(one, &new.identity).await?, Some(found.clone()));
                assert_eq!(tx.devices().find_by_id(one, id).await?, Some(found));
                assert_eq!(tx.devices().find_by_id(two, id).await?, None, "a foreign device was found");
                let missing = DeviceId(i64::MAX);
                assert_eq!(tx.devices().find_each(one, &[missing, id]).await?.len(), 1);
                assert_eq!(tx.devices().find_each(two, &[id]).await?, []);
                assert_eq!(tx.devices().lock(one, &identity("nobody")).await?, None);
                assert_eq!(tx.devices().list(two, None, Page::first(9)).await?.len(), 1);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Customer, status and the time when it was last heard of can be changed, each by itself.
pub async fn devices_change_hands_and_status(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let seen = Timestamp::from_seconds(4_102_444_800);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let group = account(tx, one, "Group").await?;
                let branch = customer(tx, one, "Branch", Some(group)).await?;
                let alone = customer(tx, one, "Alone", None).await?;
                let id = device(tx, one, "x", Some(branch)).await?;
                let other = device(tx, one, "y", None).await?;
                let found = tx.devices().find_by_id(one, id).await?.expect("is there");
                assert_eq!(found.holder, Some(Holder { customer: branch, account: Some(group) }));
                assert!(tx.devices().set_status(id, DeviceStatus::Obsolete).await?);
                assert!(tx.devices().set_last_seen(id, seen).await?);
                assert!(tx.devices().set_customer(id, Some(alone)).await?);
                let found = tx.devices().find_by_id(one, id).await?.expect("is there");
                assert_eq!(found.holder, Some(Holder { customer: alone, account: None }));
                assert_eq!((found.status, found.last_seen_at), (DeviceStatus::Obsolete, seen));
                assert_eq!(found.registered_at, NOW);
                let of_alone = tx.devices().list(one, Some(alone), Page::first(9)).await?;
                assert_eq!(of_alone, [found]);
                assert!(tx.devices().list(one, Some(branch), Page::first(9)).await?.is_empty());
                assert!(tx.devices().list(two, Some(alone), Page::first(9)).await?.is_empty());
                assert!(tx.devices().set_status(id, DeviceStatus::Returned).await?);
                assert!(tx.devices().set_customer(id, None).await?);
                let found = tx.devices().find_by_id(one, id).await?.expect("is there");
                assert_eq!((found.status, found.holder), (DeviceStatus::Returned, None));
                let untouched = tx.devices().find_by_id(one, other).await?.expect("is there");
                assert_eq!((untouched.status, untouched.last_seen_at), (DeviceStatus::Active, NOW));
                let missing = DeviceId(MISSING);
                assert!(!tx.devices().set_status(missing, DeviceStatus::Active).await?);
                assert!(!tx.devices().set_customer(missing, None).await?);
                assert!(!tx.devices().set_last_seen(missing, seen).await?);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Units that register one device at once: one writes it, and every other one then finds it.
pub async fn units_that_register_one_device_all_see_it(store: &Store) {
    let site = site(store, "one").await;
    let units = (0..16).map(|_| {
        store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let written = tx.devices().insert(site, &new_device("x", None), NOW).await?;
                let found = tx.devices().find(site, &identity("x")).await?;
                Ok((written, found.expect("somebody has written it").id))
            })
        })
    });
    let outcomes: Vec<_> = join_all(units).await.into_iter().map(|outcome| outcome.expect("writes")).collect();
    let written: Vec<_> = outcomes.iter().filter_map(|(written, _)| *written).collect();
    assert_eq!(written.len(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|(_, found)| found == &written[0]), "{outcomes:?}");
}

/// Units that lock a device, count its events, and then add one if there is room: there are never more.
pub async fn a_locked_device_belongs_to_one_unit(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| Box::pin(async move { device(tx, site, "x", None).await }))
        .await
        .expect("writes");
    let units = (0..40).map(|_| {
        store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let device = tx.devices().lock(site, &identity("x")).await?.expect("is there");
                let events = tx.device_events().count_after(device.id, Timestamp::EPOCH).await?;
                if events < 5 {
                    let event = device_event("started");
                    tx.device_events().insert(site, device.id, &event, Timestamp::from_seconds(1)).await?;
                }
                Ok(events < 5)
            })
        })
    });
    let outcomes: Vec<_> = join_all(units).await.into_iter().map(|outcome| outcome.expect("writes")).collect();
    assert_eq!(outcomes.iter().filter(|&&logged| logged).count(), 5);
}
