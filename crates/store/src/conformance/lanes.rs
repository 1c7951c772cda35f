//! Whatever leaves a lane, wherever it stood in it: the others go on in order.

use countersign_domain::ids::EndpointId;
use countersign_domain::webhook::{Delivery, DeliveryState, NewDelivery};

use super::NOW;
use super::site;
use super::webhooks::{at, endpoint, new_delivery, new_endpoint};
use crate::repositories::Page;
use crate::{Store, StoreError, Tx};

const LANES: [Option<&str>; 4] = [Some("a"), Some("b"), Some("c"), None];
const TOPICS: [&str; 3] = ["x", "y", "z"];

/// Numbers in no order, the same ones each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }
}

/// Of each lane, the oldest that has not ended is queued and the others wait; what is in no lane never waits.
async fn check(tx: &mut dyn Tx, endpoint: EndpointId) -> Result<usize, StoreError> {
    let all = tx.deliveries().list(endpoint, Page::first(1000)).await?;
    let open: Vec<_> = all.iter().filter(|one| !one.state.is_final()).collect();
    for (place, one) in open.iter().enumerate() {
        let is_behind = one.lane.is_some() && open[..place].iter().any(|other| other.lane == one.lane);
        let expected = if is_behind { DeliveryState::Waiting } else { DeliveryState::Queued };
        assert_eq!(one.state, expected, "number {} in lane {:?} of {open:?}", one.sequence, one.lane);
    }
    Ok(open.len())
}

/// Deliveries are queued, taken up, end, make place for later ones, are cancelled and sent again, in no order.
pub async fn lanes_go_on_whatever_leaves_them(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = endpoint(tx, site).await?;
                let other = tx.endpoints().insert(site, &new_endpoint("other"), NOW).await?.expect("the name is free");
                let (mut dice, mut number, mut taken) = (Dice(7), 0, Vec::<Delivery>::new());
                let mut longest = 0;
                for step in 0..600 {
                    let now = at(step);
                    match dice.roll(16) {
                        0..8 => {
                            number += 1;
                            let new = NewDelivery {
                                topic: Some(TOPICS[dice.roll(TOPICS.len())].to_owned()),
                                ..new_delivery(site, id, number, LANES[dice.roll(LANES.len())])
                            };
                            assert!(tx.deliveries().insert(&new, now).await?);
                            let elsewhere = NewDelivery { endpoint: other, ..new };
                            assert!(tx.deliveries().insert(&elsewhere, now).await?);
                        }
                        8..10 => taken.extend(tx.deliveries().claim(id, now, at(9999), 2).await?),
                        10..14 if !taken.is_empty() => {
                            let one = taken.swap_remove(dice.roll(taken.len()));
                            let state = [DeliveryState::Delivered, DeliveryState::Dead, DeliveryState::Queued];
                            let state = state[dice.roll(state.len())];
                            let ended = Delivery { state, attempts: 1, due_at: now, manual: None, ..one };
                            tx.deliveries().settle(&ended, now).await?;
                            if state.is_final() && dice.roll(3) == 0 {
                                assert!(tx.deliveries().send_again(site, ended.id, now).await?);
                            }
                        }
                        14 => drop(tx.deliveries().supersede(id, TOPICS[dice.roll(TOPICS.len())], now).await?),
                        15 => drop(tx.deliveries().cancel(id, now, u32::try_from(dice.roll(4)).unwrap_or(0)).await?),
                        _ => {}
                    }
                    longest = longest.max(check(tx, id).await?);
                }
                assert!(longest > 20, "at most {longest} were open at once");
                // Nobody else's lanes of the same names have changed: all of them are delivered, each in its order.
                let (mut seen, mut now) = (Vec::new(), 1000);
                while check(tx, other).await? > 0 {
                    for one in tx.deliveries().claim(other, at(now), at(9999), 100).await? {
                        seen.push((one.lane.clone(), one.sequence));
                        let ended = Delivery { state: DeliveryState::Delivered, attempts: 1, manual: None, ..one };
                        assert!(tx.deliveries().settle(&ended, at(now)).await?);
                    }
                    now += 1;
                }
                assert_eq!(i64::try_from(seen.len()), Ok(number));
                for lane in LANES {
                    assert!(seen.iter().filter(|one| one.0.as_deref() == lane).is_sorted());
                }
                Ok(())
            })
        })
        .await
        .expect("writes");
}
