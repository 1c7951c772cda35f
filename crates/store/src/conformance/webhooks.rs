//! Numbers of events, receivers of webhooks, and what is on its way to them.

use std::time::Duration;

use countersign_domain::audit::{Actor, Channel};
use countersign_domain::event::Event;
use countersign_domain::ids::{DeliveryId, DeviceId, EndpointId, EventId, LicenseId, ProductId, RecoveryId, SiteId};
use countersign_domain::text::EndpointName;
use countersign_domain::time::{Date, Timestamp};
use countersign_domain::webhook::{
    AttemptOutcome, AttemptTrigger, BackfillStage, Delivery, DeliveryState, EndpointSettings, EndpointState,
    ExpiryStage, NewAttempt, NewDelivery, NewEndpoint, NewWebhookSecret, Notice, Recovery, RecoveryState,
    SignatureKind, Trouble,
};

use super::{NOW, site};
use crate::repositories::{DeliveryRange, NumberedEvent, NumberedRow, Page};
use crate::{Store, StoreError, Tx};

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

pub(super) fn new_endpoint(name: &str) -> NewEndpoint {
    NewEndpoint {
        name: EndpointName::new(name).expect("good"),
        settings: EndpointSettings::new("https://hooks.example.com/"),
        sealed_authorization: Some(vec![1, 2]),
        state: EndpointState::Enabled,
    }
}

pub(super) async fn endpoint(tx: &mut dyn Tx, site: SiteId) -> Result<EndpointId, StoreError> {
    Ok(tx.endpoints().insert(site, &new_endpoint("hook"), NOW).await?.expect("the name is free"))
}

pub(super) fn new_delivery(site: SiteId, endpoint: EndpointId, number: i64, lane: Option<&str>) -> NewDelivery {
    NewDelivery {
        site,
        endpoint,
        event: EventId(number),
        sequence: number,
        event_type: "device.updated".to_owned(),
        source: "api".to_owned(),
        entity: "DEVICE:1".to_owned(),
        lane: lane.map(str::to_owned),
        topic: None,
        taken_until: None,
        body: vec![b'{', b'}'],
    }
}

/// Ends a delivery in a state.
async fn end(tx: &mut dyn Tx, delivery: &Delivery, state: DeliveryState, now: Timestamp) -> Result<bool, StoreError> {
    let ended = Delivery { state, attempts: delivery.attempts + 1, manual: None, ..delivery.clone() };
    tx.deliveries().settle(&ended, now).await
}

/// Events get the next number of their site when they are seen, each one once.
pub async fn events_are_numbered_when_they_are_seen(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let actor = Actor { channel: Channel::ProducerDoor, name: "ada".to_owned() };
    let events = |from: i64| (from..from + 3).map(|id| Event::ProductCreated(ProductId(id)));
    for turn in 0..2 {
        let actor = actor.clone();
        store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    for event in events(turn * 3) {
                        tx.outbox().insert(one, event, &actor, at(turn)).await?;
                    }
                    tx.outbox().insert(two, Event::DeviceChanged(DeviceId(1)), &actor, at(turn)).await
                })
            })
            .await
            .expect("writes");
        store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    assert!(tx.event_numbers().is_behind().await?);
                    let first = tx.event_numbers().advance(2).await?;
                    let numbers: Vec<_> = first.iter().map(|(site, event)| (*site, event.sequence)).collect();
                    assert_eq!(numbers, [(one, turn * 3 + 1), (one, turn * 3 + 2)]);
                    let rest = tx.event_numbers().advance(99).await?;
                    let numbers: Vec<_> = rest.iter().map(|(site, event)| (*site, event.sequence)).collect();
                    assert_eq!(numbers, [(one, turn * 3 + 3), (two, turn + 1)]);
                    assert!(tx.event_numbers().advance(99).await?.is_empty());
                    assert!(!tx.event_numbers().is_behind().await?);
                    Ok(())
                })
            })
            .await
            .expect("numbers");
    }
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let all = listed(tx.event_numbers().list(one, 0, 99).await?);
                let expected: Vec<_> = events(0).chain(events(3)).collect();
                assert_eq!(all.iter().map(|event| event.committed.event).collect::<Vec<_>>(), expected);
                assert_eq!(all.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
                assert!(all.iter().all(|event| event.committed.actor == actor));
                assert_eq!(listed(tx.event_numbers().list(one, 2, 3).await?), all[2..5]);
                let id = all[4].committed.id;
                assert_eq!(tx.event_numbers().find(one, id).await?.as_ref(), all.get(4));
                assert_eq!(tx.event_numbers().find(two, id).await?, None);
                assert_eq!((tx.event_numbers().last(one).await?, tx.event_numbers().last(two).await?), (6, 2));
                tx.event_numbers().jump(one, 100).await?;
                assert_eq!(tx.event_numbers().last(one).await?, 106);

                let day = Date::parse("2026-02-28").expect("a day");
                let week = ExpiryStage::Expiring(7);
                assert_eq!(tx.event_numbers().lock_expiry(one, ExpiryStage::Expired).await?, None);
                for last in [(day, LicenseId(7)), (day.plus_days(1), LicenseId(3))] {
                    tx.event_numbers().set_expiry(one, week, last).await?;
                    assert_eq!(tx.event_numbers().lock_expiry(one, week).await?, Some(last));
                }
                assert_eq!(tx.event_numbers().lock_expiry(one, ExpiryStage::Expired).await?, None);
                assert_eq!(tx.event_numbers().lock_expiry(two, week).await?, None);
                assert_eq!(tx.event_numbers().site_name(one).await?.expect("is there").as_str(), "one");
                assert_eq!(tx.event_numbers().last(one).await?, 106);
                Ok(())
            })
        })
        .await
        .expect("reads");
}

fn listed(rows: Vec<NumberedRow>) -> Vec<NumberedEvent> {
    rows.into_iter().map(|row| row.into_event().expect("can be read")).collect()
}

/// Receivers come back as they were written, for their site only.
pub async fn endpoints_keep_all_their_parts(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let event = Event::DeviceChanged(DeviceId(1));
                for site in [two, one] {
                    tx.outbox().insert(site, event, &Actor::of(Channel::System), NOW).await?;
                }
                tx.event_numbers().advance(9).await?;
                tx.event_numbers().hold().await?;
                let id = tx.endpoints().insert(one, &new_endpoint("hook"), at(1)).await?.expect("free");
                assert_eq!(tx.endpoints().insert(one, &new_endpoint("hook"), at(1)).await?, None);
                assert!(tx.endpoints().insert(two, &new_endpoint("hook"), at(1)).await?.is_some());
                let mut found = tx.endpoints().find(one, id).await?.expect("is there");
                assert_eq!((found.name.as_str(), found.site, found.state), ("hook", one, EndpointState::Enabled));
                assert_eq!((found.after_number, found.revision, found.created_at), (1, 1, at(1)));
                assert_eq!((found.trouble, found.paused_until), (None, None));
                assert_eq!(tx.endpoints().find(two, id).await?, None);

                found.name = EndpointName::new("other").expect("good");
                found.settings.description = "a\nb".to_owned();
                found.sealed_authorization = None;
                assert!(tx.endpoints().replace(&found, at(2)).await?);
                found.state = EndpointState::Failed;
                found.paused_until = Some(at(9));
                found.trouble = Some(Trouble {
                    since: at(3),
                    first: DeliveryId(4),
                    failures: 5,
                    is_lasting: true,
                    told: Some(Notice::NearEnd),
                });
                assert!(tx.endpoints().set_standing(&found).await?);
                (found.revision, found.changed_at) = (2, at(2));
                assert_eq!(tx.endpoints().lock(one, id).await?, Some(found.clone()));
                assert_eq!(tx.endpoints().list(one).await?, [found.clone()]);
                assert_eq!(tx.endpoints().lock_all(one).await?, [found.clone()]);
                let each: Vec<_> = tx.endpoints().lock_each(one).await?.into_iter().filter_map(Result::ok).collect();
                assert_eq!(each, [found]);

                tx.outbox().insert(one, event, &Actor::of(Channel::System), NOW).await?;
                tx.event_numbers().advance(9).await?;
                assert!(tx.endpoints().start_anew(id).await?);
                let found = tx.endpoints().find(one, id).await?.expect("is there");
                assert_eq!(found.after_number, 2);

                assert_eq!(tx.endpoints().service(one).await?, None);
                for sealed in [[1_u8, 2], [3, 4]] {
                    tx.endpoints().set_service(one, Some(&sealed)).await?;
                    assert_eq!(tx.endpoints().service(one).await?.as_deref(), Some(&sealed[..]));
                }
                assert_eq!(tx.endpoints().service(two).await?, None);
                tx.endpoints().set_service(one, None).await?;
                assert_eq!(tx.endpoints().service(one).await?, None);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// A receiver goes when its deliveries are gone.
pub async fn endpoints_are_removed_with_all_that_is_theirs(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = endpoint(tx, site).await?;
                let secret = NewWebhookSecret { kind: SignatureKind::Hmac, sealed: vec![1] };
                tx.endpoints().insert_secret(id, &secret, NOW).await?;
                for number in 1..=3 {
                    tx.deliveries().insert(&new_delivery(site, id, number, None), NOW).await?;
                }
                assert!(!tx.endpoints().delete(site, id).await?, "it has deliveries");
                assert_eq!(tx.deliveries().delete_of(id, 2).await?, 2);
                assert_eq!(tx.deliveries().delete_of(id, 2).await?, 1);
                assert!(!tx.endpoints().delete(SiteId(site.0 + 1), id).await?, "it is of another site");
                assert!(tx.endpoints().delete(site, id).await?);
                assert!(!tx.endpoints().delete(site, id).await?);
                assert!(tx.endpoints().list(site).await?.is_empty());
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// A new secret lets the old ones end later, and those that have ended are removed.
pub async fn secrets_of_webhooks_end(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = endpoint(tx, site).await?;
                let new = |byte| NewWebhookSecret { kind: SignatureKind::Ed25519, sealed: vec![byte] };
                let old = tx.endpoints().insert_secret(id, &new(1), at(1)).await?;
                assert_eq!(tx.endpoints().end_secrets(id, at(10)).await?, 1);
                let current = tx.endpoints().insert_secret(id, &new(2), at(2)).await?;
                let ends = |secrets: Vec<countersign_domain::webhook::WebhookSecret>| {
                    secrets.into_iter().map(|secret| (secret.id, secret.ends_at)).collect::<Vec<_>>()
                };
                assert_eq!(ends(tx.endpoints().secrets(id).await?), [(current, None), (old, Some(at(10)))]);
                assert_eq!(tx.endpoints().end_secrets(id, at(5)).await?, 2, "an earlier end counts");
                assert_eq!(ends(tx.endpoints().secrets(id).await?), [(current, Some(at(5))), (old, Some(at(5)))]);
                assert!(tx.endpoints().reseal_secret(id, old, &[7]).await?);
                let found = tx.endpoints().secrets(id).await?;
                assert_eq!((found[1].kind, found[1].sealed.as_slice()), (SignatureKind::Ed25519, &[7][..]));
                assert_eq!(found[1].created_at, at(1));
                assert_eq!(tx.endpoints().delete_secrets(id, at(5)).await?, 0);
                assert_eq!(tx.endpoints().delete_secrets(id, at(6)).await?, 2);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// In a lane only the first one can be taken up; what is in none waits for nothing.
pub async fn deliveries_of_a_lane_go_one_after_the_other(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = endpoint(tx, site).await?;
                for (number, lane) in
                    [(1, Some("a")), (2, Some("a")), (3, Some("b")), (4, None), (5, None), (6, Some("a"))]
                {
                    assert!(tx.deliveries().insert(&new_delivery(site, id, number, lane), at(number)).await?);
                    assert!(!tx.deliveries().insert(&new_delivery(site, id, number, lane), at(number)).await?);
                }
                assert_eq!(tx.deliveries().due_endpoints(at(0), 9).await?, []);
                assert_eq!(tx.deliveries().due_endpoints(at(9), 9).await?, [(site, id)]);
                let taken = tx.deliveries().claim(id, at(9), at(60), 9).await?;
                let numbers = |taken: &[Delivery]| taken.iter().map(|one| one.sequence).collect::<Vec<_>>();
                assert_eq!(numbers(&taken), [1, 3, 4, 5]);
                assert_eq!((taken[0].body.as_slice(), taken[0].entity.as_str()), (&b"{}"[..], "DEVICE:1"));
                assert!(tx.deliveries().claim(id, at(9), at(60), 9).await?.is_empty(), "all are taken up");

                // One that fails keeps its place, and those behind it wait on.
                let failed = Delivery { attempts: 1, due_at: at(20), ..taken[0].clone() };
                assert!(tx.deliveries().settle(&failed, at(10)).await?);
                assert!(tx.deliveries().claim(id, at(19), at(60), 9).await?.is_empty());
                let again = tx.deliveries().claim(id, at(20), at(80), 9).await?;
                assert_eq!((numbers(&again), again[0].attempts), (vec![1], 1));
                assert!(end(tx, &again[0], DeliveryState::Dead, at(21)).await?);
                let next = tx.deliveries().claim(id, at(21), at(80), 9).await?;
                assert_eq!(numbers(&next), [2]);
                assert!(end(tx, &next[0], DeliveryState::Delivered, at(22)).await?);
                assert_eq!(numbers(&tx.deliveries().claim(id, at(22), at(80), 9).await?), [6]);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Whoever comes back late finds that somebody else has it. Receivers that are not enabled, or paused, have nothing due.
pub async fn a_delivery_is_taken_over_when_its_time_has_passed(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = endpoint(tx, site).await?;
                tx.deliveries().insert(&new_delivery(site, id, 1, Some("a")), at(1)).await?;
                let first = tx.deliveries().claim(id, at(2), at(45), 9).await?.remove(0);
                assert!(tx.deliveries().due_endpoints(at(44), 9).await?.is_empty());
                assert_eq!(tx.deliveries().due_endpoints(at(45), 9).await?, [(site, id)]);
                let mut receiver = tx.endpoints().find(site, id).await?.expect("is there");
                receiver.paused_until = Some(at(50));
                tx.endpoints().set_standing(&receiver).await?;
                assert!(tx.deliveries().due_endpoints(at(49), 9).await?.is_empty());
                assert_eq!(tx.deliveries().due_endpoints(at(50), 9).await?, [(site, id)]);
                receiver.state = EndpointState::Disabled;
                tx.endpoints().set_standing(&receiver).await?;
                assert!(tx.deliveries().due_endpoints(at(50), 9).await?.is_empty());
                let second = tx.deliveries().claim(id, at(45), at(90), 9).await?.remove(0);
                assert!(!end(tx, &first, DeliveryState::Delivered, at(46)).await?, "it is another's now");
                assert!(end(tx, &second, DeliveryState::Delivered, at(47)).await?);
                assert!(!end(tx, &second, DeliveryState::Dead, at(48)).await?, "it has ended");
                let found = tx.deliveries().find(site, first.id).await?.expect("is there");
                assert_eq!((found.state, found.attempts, found.ended_at), (DeliveryState::Delivered, 1, Some(at(47))));
                assert_eq!((found.lane, found.created_at), (None, at(1)));
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// One more attempt of what has ended is in no lane and remembers how it had ended.
pub async fn what_is_final_is_sent_again_or_removed(store: &Store) {
    let (site, other) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = endpoint(tx, site).await?;
                for number in 1..=3 {
                    tx.deliveries().insert(&new_delivery(site, id, number, None), at(number)).await?;
                }
                let taken = tx.deliveries().claim(id, at(9), at(60), 9).await?;
                for (delivery, state) in taken.iter().zip([DeliveryState::Dead, DeliveryState::Delivered]) {
                    end(tx, delivery, state, at(10)).await?;
                }
                assert!(!tx.deliveries().send_again(other, taken[0].id, at(20)).await?);
                for _ in 0..2 {
                    assert!(tx.deliveries().send_again(site, taken[0].id, at(20)).await?);
                }
                let found = tx.deliveries().find(site, taken[0].id).await?.expect("is there");
                assert_eq!(
                    (found.state, found.manual, found.due_at),
                    (DeliveryState::Queued, Some(DeliveryState::Dead), at(20))
                );
                assert_eq!((found.ended_at, tx.deliveries().count_manual(id).await?), (None, 1));
                let again = tx.deliveries().claim(id, at(20), at(60), 9).await?.remove(0);
                assert_eq!((again.id, again.manual), (taken[0].id, Some(DeliveryState::Dead)));
                end(tx, &again, DeliveryState::Delivered, at(30)).await?;
                assert_eq!(tx.deliveries().count_manual(id).await?, 0);

                tx.delivery_history().insert_attempt(taken[1].id, 1, &attempt(200)).await?;
                let old = DeliveryState::Delivered;
                assert_eq!(tx.deliveries().delete_before(other, old, at(99), 9).await?, 0);
                assert_eq!(tx.deliveries().delete_before(site, DeliveryState::Dead, at(99), 9).await?, 0);
                assert_eq!(tx.deliveries().delete_before(site, old, at(11), 9).await?, 1);
                assert_eq!(tx.deliveries().find(site, taken[1].id).await?, None);
                assert!(tx.delivery_history().attempts(taken[1].id, 9).await?.is_empty());
                assert_eq!(tx.deliveries().delete_before(site, old, at(31), 9).await?, 1);
                let left = tx.deliveries().list(id, Page::first(9)).await?;
                assert_eq!(left.iter().map(|one| one.id).collect::<Vec<_>>(), [taken[2].id]);
                assert!(left[0].body.is_empty());
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// What is cancelled is gone from its lane; counts say how far the deliveries of a receiver are.
pub async fn cancelled_deliveries_are_counted(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = endpoint(tx, site).await?;
                for number in 1..=4 {
                    tx.deliveries().insert(&new_delivery(site, id, number, Some("a")), at(number)).await?;
                }
                let counts = |counts: Vec<crate::repositories::DeliveryCount>| {
                    let mut counts: Vec<_> =
                        counts.into_iter().map(|one| (one.state.as_str(), one.count, one.oldest)).collect();
                    counts.sort_unstable();
                    counts
                };
                assert_eq!(counts(tx.deliveries().counts(id).await?), [("queued", 1, at(1)), ("waiting", 3, at(2))]);
                assert_eq!(tx.deliveries().backlog().await?, (4, Some(at(1))));
                assert_eq!(tx.deliveries().cancel(id, at(9), 2).await?, 2);
                assert_eq!(tx.deliveries().cancel(id, at(9), 9).await?, 2);
                assert_eq!(tx.deliveries().cancel(id, at(9), 9).await?, 0);
                assert_eq!(tx.deliveries().backlog().await?, (0, None));
                assert_eq!(counts(tx.deliveries().counts(id).await?), [("cancelled", 4, at(1))]);
                let state = DeliveryState::Cancelled;
                let range = DeliveryRange { state, since: at(2), until: at(4), after: DeliveryId(0) };
                assert_eq!(tx.deliveries().count_range(id, range).await?, 2);
                let first = tx.deliveries().list_range(id, range, 1).await?;
                let rest = tx.deliveries().list_range(id, DeliveryRange { after: first[0], ..range }, 9).await?;
                assert_eq!((first.len(), rest.len()), (1, 1));
                let of_event = tx.deliveries().of_event(site, EventId(2)).await?;
                assert_eq!((of_event.len(), of_event[0].id, of_event[0].state), (1, first[0], state));
                // A new one finds the lane empty.
                tx.deliveries().insert(&new_delivery(site, id, 5, Some("a")), at(9)).await?;
                let taken = tx.deliveries().claim(id, at(9), at(60), 9).await?;
                assert_eq!(taken.len(), 1);
                // What was delivered stays delivered, also when it is asked for once more and that is cancelled.
                end(tx, &taken[0], DeliveryState::Delivered, at(10)).await?;
                tx.deliveries().send_again(site, taken[0].id, at(11)).await?;
                assert_eq!(tx.deliveries().cancel(id, at(12), 9).await?, 1);
                let found = tx.deliveries().find(site, taken[0].id).await?.expect("is there");
                assert_eq!((found.state, found.manual, found.ended_at), (DeliveryState::Delivered, None, Some(at(12))));
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Attempts come back newest first; a recovery goes on until it has ended.
pub async fn attempts_and_recoveries_are_kept(store: &Store) {
    let (site, other) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = endpoint(tx, site).await?;
                tx.deliveries().insert(&new_delivery(site, id, 1, None), NOW).await?;
                let delivery = tx.deliveries().list(id, Page::first(1)).await?[0].id;
                let silent = NewAttempt { status: None, outcome: AttemptOutcome::TimedOut, ..attempt(0) };
                for (number, made) in [(2, attempt(200)), (1, silent.clone()), (2, silent.clone())] {
                    tx.delivery_history().insert_attempt(delivery, number, &made).await?;
                }
                let all = tx.delivery_history().attempts(delivery, 9).await?;
                assert_eq!(all.iter().map(|one| one.number).collect::<Vec<_>>(), [2, 1]);
                assert_eq!((&all[0].made, &all[1].made), (&attempt(200), &silent));
                assert_eq!(tx.delivery_history().attempts(delivery, 1).await?[0].number, 2);

                let mut recovery = Recovery {
                    id: RecoveryId(0),
                    site,
                    endpoint: id,
                    since: Timestamp::EPOCH,
                    until: Timestamp::from_millis(i64::MAX),
                    from: DeliveryState::Dead,
                    state: RecoveryState::Running,
                    backfill: Some(BackfillStage::Products),
                    after: DeliveryId(0),
                    queued: 0,
                    created_at: at(5),
                };
                recovery.id = tx.delivery_history().insert_recovery(&recovery).await?;
                assert_eq!(tx.delivery_history().find_recovery(site, recovery.id).await?, Some(recovery.clone()));
                assert_eq!(tx.delivery_history().find_recovery(other, recovery.id).await?, None);
                let none = RecoveryId(0);
                assert_eq!(tx.delivery_history().running_recoveries(none, at(8), 9).await?, [recovery.clone()]);
                assert!(tx.delivery_history().running_recoveries(recovery.id, at(8), 9).await?.is_empty());
                assert_eq!(tx.delivery_history().running_recovery(id).await?, Some(recovery.id));
                let mut receiver = tx.endpoints().find(site, id).await?.expect("is there");
                for (state, paused_until, count) in [
                    (EndpointState::Disabled, None, 0),
                    (EndpointState::Enabled, Some(at(9)), 0),
                    (EndpointState::Enabled, Some(at(8)), 1),
                ] {
                    (receiver.state, receiver.paused_until) = (state, paused_until);
                    tx.endpoints().set_standing(&receiver).await?;
                    assert_eq!(tx.delivery_history().running_recoveries(none, at(8), 9).await?.len(), count, "{state}");
                }
                let history = tx.delivery_history();
                recovery.backfill = Some(BackfillStage::Orders);
                (recovery.after, recovery.queued) = (delivery, 6);
                assert!(history.advance_recovery(&recovery).await?);
                (recovery.state, recovery.queued) = (RecoveryState::Cancelled, 7);
                assert!(history.advance_recovery(&recovery).await?);
                let running = Recovery { state: RecoveryState::Running, queued: 8, ..recovery.clone() };
                assert!(!history.advance_recovery(&running).await?);
                let found = tx.delivery_history().find_recovery(site, recovery.id).await?.expect("is there");
                assert_eq!((found.state, found.after, found.queued), (RecoveryState::Cancelled, delivery, 7));
                assert!(tx.delivery_history().running_recoveries(none, at(8), 9).await?.is_empty());
                assert_eq!(tx.delivery_history().running_recovery(id).await?, None);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

pub(super) fn attempt(status: u16) -> NewAttempt {
    NewAttempt {
        trigger: AttemptTrigger::Schedule,
        at: at(3),
        duration: Duration::from_millis(15),
        outcome: AttemptOutcome::Answered,
        status: Some(status),
        address: "192.0.2.1:443".to_owned(),
        tls: "TLSv1.3".to_owned(),
        excerpt: b"ok".to_vec(),
        error: String::new(),
    }
}
