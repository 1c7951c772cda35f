//! What is written or read for many at once is what would come of one after the other.

use countersign_domain::ids::EventId;
use countersign_domain::webhook::{Delivery, DeliveryState, NewDelivery};

use super::site;
use super::webhooks::{at, attempt, endpoint, new_delivery};
use crate::repositories::Page;
use crate::{Store, StoreError};

/// In a lane only the first one of those that are queued together can be taken up, and nobody waits behind one that was
/// queued before and has ended.
pub async fn deliveries_are_queued_together(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = endpoint(tx, site).await?;
                let new = |number, lane| new_delivery(site, id, number, lane);
                tx.deliveries().insert(&new(1, Some("a")), at(1)).await?;
                let first = tx.deliveries().claim(id, at(1), at(60), 9).await?.remove(0);
                let ended = Delivery { state: DeliveryState::Delivered, attempts: 1, ..first };
                assert!(tx.deliveries().settle(&ended, at(2)).await?);
                let all = [
                    new(1, Some("a")),
                    new(2, Some("a")),
                    new(3, Some("b")),
                    new(4, None),
                    new(5, Some("a")),
                    new(6, None),
                    new(6, None),
                ];
                tx.deliveries().insert_all(all.to_vec(), at(3)).await?;
                tx.deliveries().insert_all(Vec::new(), at(3)).await?;
                let listed = tx.deliveries().list(id, Page::first(99)).await?;
                assert_eq!(listed.iter().map(|one| one.sequence).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
                let found = tx.deliveries().of_event(site, EventId(3)).await?.remove(0);
                assert_eq!((found.body.as_slice(), found.lane.as_deref()), (&b"{}"[..], Some("b")));
                assert_eq!((found.created_at, found.due_at, found.claim, found.attempts), (at(3), at(3), 0, 0));
                let taken = tx.deliveries().claim(id, at(3), at(60), 9).await?;
                assert_eq!(taken.iter().map(|one| one.sequence).collect::<Vec<_>>(), [2, 3, 4, 6]);
                // Behind those that are there already.
                tx.deliveries().insert_all(vec![new(7, Some("b")), new(8, Some("c"))], at(4)).await?;
                let taken = tx.deliveries().claim(id, at(4), at(60), 9).await?;
                assert_eq!(taken.iter().map(|one| one.sequence).collect::<Vec<_>>(), [8]);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// What is taken up by whoever queues it is as if it had been taken up afterwards; what has to wait is not taken up.
pub async fn deliveries_are_taken_up_as_they_are_queued(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = endpoint(tx, site).await?;
                let taken = |number, lane| NewDelivery {
                    taken_until: Some(at(60)),
                    body: format!("{{\"number\":{number}}}").into_bytes(),
                    ..new_delivery(site, id, number, lane)
                };
                assert!(!tx.deliveries().is_due(id, at(1)).await?);
                let all = vec![
                    taken(1, Some("a")),
                    taken(2, Some("a")),
                    taken(3, None),
                    new_delivery(site, id, 4, Some("b")),
                    taken(5, Some("b")),
                    taken(3, None),
                ];
                let ours = tx.deliveries().insert_all(all, at(1)).await?;
                assert_eq!(ours.iter().map(|one| one.sequence).collect::<Vec<_>>(), [1, 3]);
                for one in &ours {
                    assert_eq!(tx.deliveries().find(site, one.id).await?.as_ref(), Some(one), "as it is kept");
                }
                assert!(tx.deliveries().is_due(id, at(1)).await?);
                let others = tx.deliveries().claim(id, at(1), at(60), 9).await?;
                assert_eq!(others.iter().map(|one| one.sequence).collect::<Vec<_>>(), [4]);
                assert!(!tx.deliveries().is_due(id, at(59)).await?);
                let ended =
                    ours.into_iter().map(|one| Delivery { state: DeliveryState::Delivered, attempts: 1, ..one });
                let ended: Vec<_> = ended.collect();
                assert_eq!(tx.deliveries().settle_all(&ended[..1], at(2)).await?, [true]);
                assert!(tx.deliveries().is_due(id, at(2)).await?);
                let next = tx.deliveries().claim(id, at(2), at(50), 9).await?;
                assert_eq!(next.iter().map(|one| one.sequence).collect::<Vec<_>>(), [2]);
                // Whoever has it is late.
                let again = tx.deliveries().claim(id, at(60), at(90), 9).await?;
                assert_eq!(
                    again.iter().map(|one| (one.sequence, one.claim)).collect::<Vec<_>>(),
                    [(2, 2), (3, 2), (4, 2)]
                );
                assert_eq!(tx.deliveries().settle_all(&ended[1..], at(61)).await?, [false]);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Each makes place in its own lane, and what somebody else has taken up since stays as it is.
pub async fn deliveries_are_settled_together(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = endpoint(tx, site).await?;
                let lanes = [Some("a"), Some("b"), None, Some("a"), Some("b"), Some("c"), Some("c")];
                let new: Vec<_> = (1..).zip(lanes).map(|(number, lane)| new_delivery(site, id, number, lane)).collect();
                tx.deliveries().insert_all(new, at(1)).await?;
                let taken = tx.deliveries().claim(id, at(1), at(60), 9).await?;
                assert_eq!(taken.iter().map(|one| one.sequence).collect::<Vec<_>>(), [1, 2, 3, 6]);
                let mut ended = taken.clone();
                for one in &mut ended {
                    (one.state, one.attempts) = (DeliveryState::Delivered, 1);
                }
                // This one failed, and that one somebody else has.
                (ended[1].state, ended[1].due_at) = (DeliveryState::Queued, at(50));
                ended[2].claim = 0;
                assert_eq!(tx.deliveries().settle_all(&ended, at(9)).await?, [true, true, false, true]);
                assert_eq!(tx.deliveries().settle_all(&ended[..1], at(9)).await?, [false], "it has ended");
                assert!(tx.deliveries().settle_all(&[], at(9)).await?.is_empty());
                let next = tx.deliveries().claim(id, at(9), at(60), 9).await?;
                assert_eq!(next.iter().map(|one| one.sequence).collect::<Vec<_>>(), [4, 7]);
                let first = tx.deliveries().find(site, taken[0].id).await?.expect("there");
                assert_eq!((first.state, first.ended_at, first.lane), (DeliveryState::Delivered, Some(at(9)), None));
                let failed = tx.deliveries().find(site, taken[1].id).await?.expect("there");
                assert_eq!((failed.state, failed.attempts, failed.due_at), (DeliveryState::Queued, 1, at(50)));
                assert_eq!((failed.lane.as_deref(), failed.ended_at), (Some("b"), None));

                let made =
                    [(taken[0].id, 1, attempt(200)), (taken[1].id, 1, attempt(500)), (taken[1].id, 2, attempt(204))];
                for _ in 0..2 {
                    tx.delivery_history().insert_attempts(&made).await?;
                }
                tx.delivery_history().insert_attempts(&[]).await?;
                let found = tx.delivery_history().attempts(taken[1].id, 9).await?;
                assert_eq!(
                    found.iter().map(|one| (one.number, &one.made)).collect::<Vec<_>>(),
                    [(2, &made[2].2), (1, &made[1].2)]
                );
                assert_eq!(tx.delivery_history().attempts(taken[0].id, 9).await?.len(), 1);
                Ok(())
            })
        })
        .await
        .expect("writes");
}
