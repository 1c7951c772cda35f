//! Events for others and the audit trail: kept with the change that they tell of, or not at all.

use countersign_domain::audit::{Action, Actor, Channel};
use countersign_domain::changes::Changes;
use countersign_domain::event::{CountedUnits, Event, Happened};
use countersign_domain::ids::{DeviceId, FeatureId, LicenseId, OrderId, ProductId};
use countersign_domain::time::Timestamp;

use super::purchases::product;
use super::{NOW, site};
use crate::repositories::Page;
use crate::{Store, StoreError};

/// Every kind of event comes back with who did it, for its site only; the oldest are removed first.
pub async fn events_are_kept_in_the_order_of_writing(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let of_feature = CountedUnits { feature: Some(FeatureId(3)), units: -2, total: 40 };
    let of_license = CountedUnits { feature: None, units: 7, total: -1 };
    let written = [
        Event::DeviceChanged(DeviceId(1)),
        Event::DeviceRegistered(DeviceId(2)),
        Event::FeatureCreated(FeatureId(3)),
        Event::LicenseActivated(LicenseId(4), DeviceId(5)),
        Event::LicenseChanged(LicenseId(6)),
        Event::LicenseCreated(LicenseId(7)),
        Event::LicenseReleased(LicenseId(8), DeviceId(9)),
        Event::OrderCreated(OrderId(10)),
        Event::ProductCreated(ProductId(11)),
        Event::UnitsCounted(LicenseId(4), DeviceId(5), of_feature),
        Event::UnitsCounted(LicenseId(4), DeviceId(9), of_license),
        Event::OrderCreated(OrderId(4)),
    ];
    let channels = [Channel::CommandLine, Channel::DeviceDoor, Channel::ProducerDoor, Channel::System];
    let actor = move |number: usize| Actor { channel: channels[number % 4], name: format!("name {}", number % 2) };
    let changes = |number: usize| match number % 2 {
        0 => Changes::default(),
        _ => Changes::of("a=b", "c\nd", i64::try_from(number).expect("small")),
    };
    let at = |number: usize| Timestamp::from_seconds(i64::try_from(number).expect("small"));
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for (number, event) in written.into_iter().enumerate() {
                    let happened = Happened { event, changes: changes(number) };
                    tx.outbox().insert_changed(one, &happened, &actor(number), at(number)).await?;
                }
                tx.outbox().insert(two, written[0], &Actor::of(Channel::System), NOW).await?;
                let listed = tx.outbox().list(one, Page::first(99)).await?;
                assert_eq!(listed.iter().map(|row| row.event).collect::<Vec<_>>(), written);
                for (number, row) in listed.iter().enumerate() {
                    assert_eq!((&row.actor, row.at), (&actor(number), at(number)));
                    assert_eq!(row.changes, changes(number));
                }
                let four = LicenseId(4);
                let of_four = tx.outbox().list_of_license(one, four, Page::first(99)).await?;
                assert_eq!(of_four, [&listed[3..4], &listed[9..11]].concat());
                let next = Page { after: listed[3].id.0, limit: 1 };
                assert_eq!(tx.outbox().list_of_license(one, four, next).await?, listed[9..10]);
                assert!(tx.outbox().list_of_license(two, four, Page::first(99)).await?.is_empty());
                assert_eq!(tx.outbox().delete_before(one, at(3), 2).await?, 2);
                assert_eq!(tx.outbox().delete_before(one, at(3), 2).await?, 1);
                assert_eq!(tx.outbox().delete_before(one, at(3), 2).await?, 0);
                let left = tx.outbox().list(one, Page::first(99)).await?;
                assert_eq!(left, listed[3..]);
                assert_eq!(tx.outbox().list(two, Page::first(99)).await?.len(), 1);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Entries of the audit trail come back as they were written, for their site only.
pub async fn the_audit_trail_says_who_did_what(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let ada = Actor { channel: Channel::ProducerDoor, name: "ada".to_owned() };
    let when = Timestamp::from_seconds(9);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                tx.audit_trail().insert(one, &ada, &Action::new("update.withdraw", "U-1"), when).await?;
                tx.audit_trail().insert(one, &Actor::of(Channel::CommandLine), &Action::new("a.b", ""), NOW).await?;
                let listed = tx.audit_trail().list(one, Page::first(9)).await?;
                let rows: Vec<_> =
                    listed.iter().map(|row| (&row.actor, row.verb.as_str(), row.subject.as_str())).collect();
                assert_eq!(rows, [(&ada, "update.withdraw", "U-1"), (&Actor::of(Channel::CommandLine), "a.b", "")]);
                assert_eq!(listed.iter().map(|row| row.at).collect::<Vec<_>>(), [when, NOW]);
                assert!(tx.audit_trail().list(two, Page::first(9)).await?.is_empty());
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// A unit that refuses takes its event and its entry back with its change.
pub async fn trails_are_rolled_back_with_their_unit(store: &Store) {
    let site = site(store, "one").await;
    for keep in [false, true] {
        let outcome = store
            .write::<(), StoreError, _>(move |tx| {
                Box::pin(async move {
                    let product = product(tx, site, "Pump").await?;
                    let actor = Actor::of(Channel::CommandLine);
                    tx.outbox().insert(site, Event::ProductCreated(product), &actor, NOW).await?;
                    tx.audit_trail().insert(site, &actor, &Action::new("product.add", "Pump"), NOW).await?;
                    if keep { Ok(()) } else { Err(StoreError::Busy) }
                })
            })
            .await;
        assert_eq!(outcome.is_ok(), keep, "{outcome:?}");
        let counts = store
            .read::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    let events = tx.outbox().list(site, Page::first(9)).await?.len();
                    let entries = tx.audit_trail().list(site, Page::first(9)).await?.len();
                    Ok((tx.products().list(site).await?.len(), events, entries))
                })
            })
            .await
            .expect("reads");
        assert_eq!(counts, if keep { (1, 1, 1) } else { (0, 0, 0) });
    }
}
