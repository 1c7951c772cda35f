//! What attempts change, case by case.

use countersign_domain::ids::{DeliveryId, EndpointId, EventId, SiteId};
use countersign_domain::text::EndpointName;
use countersign_domain::webhook::{AttemptOutcome, EndpointSettings};

use super::*;

const NOW: Timestamp = Timestamp::EPOCH;
const MIDDLE: u16 = u16::MAX / 2;

fn endpoint() -> Endpoint {
    Endpoint {
        id: EndpointId(1),
        site: SiteId(1),
        name: EndpointName::new("hook").unwrap(),
        settings: EndpointSettings::new("https://h/"),
        sealed_authorization: None,
        state: EndpointState::Enabled,
        trouble: None,
        paused_until: None,
        after_number: 0,
        revision: 1,
        created_at: NOW,
        changed_at: NOW,
    }
}

fn finished(status: u16, attempts: u32) -> Finished {
    let delivery = Delivery {
        id: DeliveryId(7),
        site: SiteId(1),
        endpoint: EndpointId(1),
        event: EventId(3),
        sequence: 3,
        event_type: "device.updated".to_owned(),
        source: "api".to_owned(),
        entity: "DEVICE:1".to_owned(),
        lane: Some("DEVICE:1".to_owned()),
        state: DeliveryState::Queued,
        attempts,
        manual: None,
        claim: 1,
        due_at: NOW,
        created_at: NOW,
        ended_at: None,
        body: Vec::new(),
    };
    let sent = Sent {
        outcome: AttemptOutcome::Answered,
        status: Some(status),
        retry_after: None,
        duration: Duration::from_millis(1),
        address: String::new(),
        tls: String::new(),
        excerpt: Vec::new(),
        error: String::new(),
    };
    Finished { delivery, at: NOW, sent }
}

#[test]
fn a_success_ends_the_delivery_and_the_trouble() {
    let mut endpoint = endpoint();
    finished(500, 0).apply(&mut endpoint, NOW, MIDDLE);
    assert!(endpoint.trouble.is_some());
    let later = NOW.plus(Duration::from_secs(60));
    for (pause, left) in [(None, None), (Some(NOW), None), (Some(later), Some(later))] {
        endpoint.paused_until = pause;
        let (delivery, notice) = finished(204, 1).apply(&mut endpoint, NOW, MIDDLE);
        assert_eq!((delivery.state, delivery.attempts, notice), (DeliveryState::Delivered, 2, None));
        assert_eq!((endpoint.trouble, endpoint.paused_until), (None, left), "a pause ends when it ends");
    }
}

#[test]
fn a_failure_is_tried_again_until_the_schedule_ends() {
    let mut endpoint = endpoint();
    for (attempts, due) in [(0, Some(5)), (1, Some(300)), (8, Some(86400)), (9, None)] {
        let (delivery, _) = finished(301, attempts).apply(&mut endpoint, NOW, MIDDLE);
        match due {
            Some(due) => assert_eq!((delivery.state, delivery.due_at.as_seconds()), (DeliveryState::Queued, due)),
            None => assert_eq!(delivery.state, DeliveryState::Dead),
        }
        assert_eq!(endpoint.paused_until, None);
    }
}

#[test]
fn a_busy_receiver_gets_a_pause() {
    let mut endpoint = endpoint();
    let mut busy = finished(429, 0);
    busy.sent.retry_after = Some(Duration::from_secs(100));
    let (delivery, _) = busy.apply(&mut endpoint, NOW, MIDDLE);
    assert_eq!(delivery.due_at.as_seconds(), 100);
    assert_eq!(endpoint.paused_until.map(Timestamp::as_seconds), Some(100));
    assert_eq!(endpoint.state, EndpointState::Enabled);
}

#[test]
fn gone_is_gone() {
    let mut endpoint = endpoint();
    let (delivery, _) = finished(410, 0).apply(&mut endpoint, NOW, MIDDLE);
    assert_eq!((endpoint.state, delivery.state), (EndpointState::Gone, DeliveryState::Queued));
}

#[test]
fn our_own_failures_are_not_held_against_anybody() {
    let mut endpoint = endpoint();
    let mut ours = finished(502, 3);
    (ours.sent.outcome, ours.sent.status) = (AttemptOutcome::Ours, None);
    // Three of the times that it was taken up were attempts.
    for (claim, wait) in [(1, 30), (4, 30), (5, 60), (6, 120), (8, 480), (9, 900), (i64::MAX, 900)] {
        ours.delivery.claim = claim;
        let (delivery, notice) = ours.apply(&mut endpoint, NOW, MIDDLE);
        assert_eq!((delivery.attempts, delivery.due_at.as_seconds(), notice), (3, wait, None), "{claim}");
    }
    assert_eq!(endpoint.trouble, None);
}

#[test]
fn asking_once_more_does_not_restart_the_schedule() {
    let mut endpoint = endpoint();
    for before in [DeliveryState::Dead, DeliveryState::Delivered, DeliveryState::Cancelled] {
        let mut again = finished(500, 10);
        again.delivery.manual = Some(before);
        assert_eq!(again.attempt().trigger, AttemptTrigger::Manual);
        let (delivery, _) = again.apply(&mut endpoint, NOW, MIDDLE);
        assert_eq!((delivery.state, delivery.manual, delivery.attempts), (before, None, 11));
    }
}
