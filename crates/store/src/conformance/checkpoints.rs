//! What receivers of webhooks are counted to have been told.

use countersign_domain::ids::{DeliveryId, EventId};
use countersign_domain::webhook::{
    CheckpointCounts, CountedDelivery, Delivery, DeliveryState, EndpointState, NewDelivery, checkpoint_id,
};

use super::webhooks::{at, endpoint, new_delivery, new_endpoint};
use super::{NOW, site};
use crate::repositories::Page;
use crate::{Store, StoreError};

/// Counts are kept, deliveries of events are found to be counted, and what is no event is not.
pub async fn deliveries_are_counted(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = endpoint(tx, site).await?;
                let new = new_endpoint("other");
                let other = tx.endpoints().insert(site, &new, NOW).await?.expect("the name is free");
                assert_eq!(tx.checkpoints().counts(id).await?, CheckpointCounts::default());
                for (receiver, number) in [(id, 3), (other, 3), (id, 7), (id, 8)] {
                    tx.deliveries().insert(&new_delivery(site, receiver, number, None), NOW).await?;
                }
                let told = NewDelivery { event: checkpoint_id(1), ..new_delivery(site, id, 1, None) };
                assert!(!tx.checkpoints().is_under_way(id).await?);
                assert!(tx.deliveries().insert(&told, NOW).await?);
                assert!(tx.checkpoints().is_under_way(id).await?);
                assert!(!tx.checkpoints().is_under_way(other).await?);
                let snapshot = NewDelivery { event: EventId(-(1 << 33)), ..new_delivery(site, other, 1, None) };
                assert!(tx.deliveries().insert(&snapshot, NOW).await?);
                assert!(!tx.checkpoints().is_under_way(other).await?, "a snapshot is none");

                let first = tx.deliveries().claim(id, NOW, at(99), 1).await?.remove(0);
                let done = Delivery { state: DeliveryState::Delivered, attempts: 1, ..first };
                assert!(tx.deliveries().settle(&done, NOW).await?);
                let all = tx.deliveries().list(id, Page::first(9)).await?;
                let row =
                    |index: usize, state| CountedDelivery { id: all[index].id, sequence: all[index].sequence, state };
                let (queued, delivered) = (DeliveryState::Queued, DeliveryState::Delivered);
                let rows = [row(0, delivered), row(1, queued), row(2, queued)];
                assert_eq!(tx.checkpoints().uncounted(id, DeliveryId(0), 9).await?, rows);
                assert_eq!(tx.checkpoints().uncounted(id, all[0].id, 1).await?, rows[1..2]);
                // One that is sent once more has ended all the same.
                assert!(tx.deliveries().send_again(site, all[0].id, NOW).await?);
                assert_eq!(tx.checkpoints().uncounted(id, DeliveryId(0), 1).await?, rows[..1]);

                let counts = CheckpointCounts {
                    number: u32::MAX,
                    sequence: 8,
                    after: all[2].id,
                    delivered: 1 << 40,
                    dead: 2,
                    cancelled: 3,
                };
                tx.checkpoints().advance(id, &counts).await?;
                assert_eq!(tx.checkpoints().counts(id).await?, counts);
                assert_eq!(tx.checkpoints().counts(other).await?, CheckpointCounts::default());
                // They go with their receiver.
                tx.deliveries().delete_of(id, 9).await?;
                assert!(tx.endpoints().delete(site, id).await?);
                assert_eq!(tx.checkpoints().counts(id).await?, CheckpointCounts::default());
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Receivers are found when their time has come, while they are enabled.
pub async fn checkpoints_are_due(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let first = endpoint(tx, site).await?;
                let new = new_endpoint("other");
                let second = tx.endpoints().insert(site, &new, NOW).await?.expect("the name is free");
                tx.checkpoints().schedule(first, Some(at(20))).await?;
                tx.checkpoints().advance(second, &CheckpointCounts::default()).await?;
                assert_eq!(tx.checkpoints().due_at(second).await?, None);
                tx.checkpoints().schedule(second, Some(at(10))).await?;
                assert_eq!(tx.checkpoints().due_at(second).await?, Some(at(10)));
                assert!(tx.checkpoints().due(at(9), 9).await?.is_empty());
                assert_eq!(tx.checkpoints().due(at(10), 9).await?, [(site, second)]);
                assert_eq!(tx.checkpoints().due(at(20), 9).await?, [(site, second), (site, first)]);
                assert_eq!(tx.checkpoints().due(at(20), 1).await?, [(site, second)]);
                let mut found = tx.endpoints().find(site, second).await?.expect("is there");
                found.state = EndpointState::Disabled;
                tx.endpoints().set_standing(&found).await?;
                assert_eq!(tx.checkpoints().due(at(20), 9).await?, [(site, first)]);
                tx.checkpoints().schedule(first, None).await?;
                assert!(tx.checkpoints().due(at(99), 9).await?.is_empty());
                Ok(())
            })
        })
        .await
        .expect("writes");
}
