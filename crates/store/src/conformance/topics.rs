//! Deliveries that make place for later ones.

use countersign_domain::webhook::{Delivery, DeliveryState, NewDelivery};

use super::webhooks::{at, endpoint, new_delivery, new_endpoint};
use super::{NOW, site};
use crate::repositories::Page;
use crate::{Store, StoreError};

/// A delivery that nobody has taken up makes place for a later one on its topic, and its lane goes on.
pub async fn deliveries_make_place_for_later_ones(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let (id, other) = (endpoint(tx, site).await?, {
                    let new = new_endpoint("other");
                    tx.endpoints().insert(site, &new, NOW).await?.expect("the name is free")
                });
                let on = |endpoint, number, topic: &str| NewDelivery {
                    topic: Some(topic.to_owned()),
                    ..new_delivery(site, endpoint, number, Some("lane"))
                };
                for (endpoint, number, topic) in
                    [(id, 1, "a"), (id, 2, "a"), (id, 3, "b"), (id, 4, "a"), (other, 1, "a")]
                {
                    tx.deliveries().insert(&on(endpoint, number, topic), NOW).await?;
                }
                // The first one is taken up, and stays.
                assert_eq!(tx.deliveries().claim(id, NOW, at(99), 9).await?.len(), 1);
                assert_eq!(tx.deliveries().supersede(id, "a", NOW).await?, 2);
                let states = |all: Vec<Delivery>| all.iter().map(|one| one.state).collect::<Vec<_>>();
                let (queued, waiting, cancelled) =
                    (DeliveryState::Queued, DeliveryState::Waiting, DeliveryState::Cancelled);
                let all = tx.deliveries().list(id, Page::first(9)).await?;
                assert_eq!(states(all.clone()), [queued, cancelled, waiting, cancelled]);
                assert_eq!((all[1].lane.as_ref(), all[1].ended_at), (None, Some(NOW)));
                let taken = tx.deliveries().find(site, all[0].id).await?.expect("is there");
                let delivered = Delivery { state: DeliveryState::Delivered, attempts: 1, manual: None, ..taken };
                assert!(tx.deliveries().settle(&delivered, NOW).await?);
                // Now the third one is the head; when it goes, the next of the lane follows.
                tx.deliveries().insert(&on(id, 5, "c"), NOW).await?;
                assert_eq!(tx.deliveries().supersede(id, "b", NOW).await?, 1);
                assert_eq!(tx.deliveries().supersede(id, "b", NOW).await?, 0);
                let all = tx.deliveries().list(id, Page::first(9)).await?;
                assert_eq!(states(all)[2..], [cancelled, cancelled, queued]);
                assert_eq!(states(tx.deliveries().list(other, Page::first(9)).await?), [queued]);
                // The head of a lane and others behind it go together, and whatever is left goes on.
                for (number, topic) in [(2, "a"), (3, "a"), (4, "b")] {
                    tx.deliveries().insert(&on(other, number, topic), NOW).await?;
                }
                assert_eq!(tx.deliveries().supersede(other, "a", NOW).await?, 3);
                let all = tx.deliveries().list(other, Page::first(9)).await?;
                assert_eq!(states(all), [cancelled, cancelled, cancelled, queued]);
                Ok(())
            })
        })
        .await
        .expect("writes");
}
