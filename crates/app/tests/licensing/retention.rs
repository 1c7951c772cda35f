//! How long histories are kept.

use std::time::Duration;

use countersign_app::retention::{self, Swept};
use countersign_app::{Page, sites};
use countersign_domain::device::{DeviceClass, Language};
use countersign_domain::event::Event;
use countersign_domain::ids::{DeviceId, OrderId, SiteId};
use countersign_domain::report::{DeviceEvent, StatusReport};
use countersign_domain::site::{Retention, SiteSettings};
use countersign_domain::text::UpdateId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{NewStatusReport, StatusReportFilter};

use crate::support::{Producer, ada, new_device};

const DAY: Duration = Duration::from_secs(24 * 3600);
const DAYS: Retention = Retention { status_reports: 30, device_events: 7, events: 3 };

fn report(at: Timestamp) -> StatusReport {
    StatusReport {
        class: DeviceClass::Client,
        identity: None,
        update: UpdateId::new("U").unwrap(),
        update_name: String::new(),
        package: String::new(),
        platform: String::new(),
        language: Language(0),
        code: 0,
        reason: String::new(),
        reported_at: Some(at),
    }
}

fn device_event(at: Timestamp) -> DeviceEvent {
    DeviceEvent {
        name: "started".to_owned(),
        group: String::new(),
        value: String::new(),
        package: String::new(),
        update: String::new(),
        update_name: String::new(),
        platform: String::new(),
        language: Language(0),
        reported_at: Some(at),
    }
}

/// Writes a row into each history of a site at each of the times.
async fn write(producer: &Producer, site: SiteId, device: DeviceId, times: Vec<Timestamp>) {
    let unit = producer.world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            for at in times {
                let report = NewStatusReport { device: None, report: report(at), fold: None };
                tx.status_reports().insert(site, &report, at).await?;
                tx.device_events().insert(site, device, &device_event(at), at).await?;
                tx.outbox().insert(site, Event::OrderCreated(OrderId(1)), &ada(), at).await?;
            }
            Ok(())
        })
    });
    unit.await.unwrap();
}

/// The times of the rows that a site has: status reports, events of devices, committed events.
async fn kept(producer: &Producer, site: SiteId) -> [Vec<Timestamp>; 3] {
    let unit = producer.world.store.read::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let page = Page::first(10_000);
            let reports = tx.status_reports().list(site, StatusReportFilter::All, page).await?;
            let device_events = tx.device_events().list(site, None, page).await?;
            let events = tx.outbox().list(site, page).await?;
            // What the set-up of the site itself has told is not of interest.
            let events = events.iter().filter(|event| matches!(event.event, Event::OrderCreated(_)));
            Ok([
                reports.iter().map(|row| row.received_at).collect(),
                device_events.iter().map(|row| row.received_at).collect(),
                events.map(|row| row.at).collect(),
            ])
        })
    });
    unit.await.unwrap()
}

async fn set_retention(producer: &Producer, retention: Retention) {
    let all = sites::list(&producer.ctx).await.unwrap();
    let site = all.iter().find(|site| site.id == producer.site).unwrap();
    let change = move |settings: &mut SiteSettings| settings.retention = retention;
    sites::change_settings(&producer.ctx, site, change).await.unwrap();
}

#[tokio::test]
async fn what_is_older_goes_and_what_is_at_the_edge_stays() {
    let producer = Producer::new().await;
    let site = producer.site;
    let device = producer.add_device("pump", DeviceClass::Client, None).await;
    let other = producer.other_site().await;
    let foreign = new_device("pump", DeviceClass::Client, None);
    let foreign = countersign_app::licensing::devices::add(&producer.ctx, other, foreign).await.unwrap();
    set_retention(&producer, DAYS).await;

    let written = producer.ctx.now();
    let later = |millis| written.plus(Duration::from_millis(millis));
    let times = vec![written, later(1), later(2)];
    write(&producer, site, device, times.clone()).await;
    write(&producer, other, foreign, times.clone()).await;
    let all = [times.clone(), times.clone(), times.clone()];

    assert_eq!(retention::sweep(&producer.ctx).await.unwrap(), Swept::default());
    assert_eq!(kept(&producer, site).await, all);

    // Three days and a millisecond after the first row of each.
    producer.world.clock.set(later(1).plus(DAY * 3));
    let swept = retention::sweep(&producer.ctx).await.unwrap();
    // The events of the product and the device are as old as the first row.
    assert_eq!(
        swept,
        Swept {
            status_reports: 0,
            device_events: 0,
            events: 3,
            answered_calls: 0,
            spent_tokens: 0,
            seat_denials: 0,
            deliveries: 0
        }
    );
    assert_eq!(kept(&producer, site).await, [times.clone(), times.clone(), times[1..].to_vec()]);

    producer.world.clock.set(later(2).plus(DAY * 7));
    assert_eq!(retention::sweep(&producer.ctx).await.unwrap().device_events, 2);
    assert_eq!(kept(&producer, site).await, [times.clone(), times[2..].to_vec(), vec![]]);

    producer.world.clock.set(later(1).plus(DAY * 30));
    let swept = retention::sweep(&producer.ctx).await.unwrap();
    assert_eq!((swept.status_reports, swept.device_events), (1, 1));
    assert_eq!(kept(&producer, site).await, [times[1..].to_vec(), vec![], vec![]]);

    // The other site keeps its histories for as long as sites do that were not told otherwise.
    assert_eq!(kept(&producer, other).await, [times.clone(), times.clone(), times[1..].to_vec()]);
}

#[tokio::test]
async fn long_histories_go_in_several_units() {
    let producer = Producer::new().await;
    let device = producer.add_device("pump", DeviceClass::Client, None).await;
    set_retention(&producer, DAYS).await;
    let written = producer.ctx.now();
    let times: Vec<_> = (0..2500).map(|millis| written.plus(Duration::from_millis(millis))).collect();
    write(&producer, producer.site, device, times.clone()).await;

    producer.world.clock.set(times[2400].plus(DAY * 7));
    let swept = retention::sweep(&producer.ctx).await.unwrap();
    assert_eq!((swept.status_reports, swept.device_events), (0, 2400));
    assert_eq!(kept(&producer, producer.site).await, [times.clone(), times[2400..].to_vec(), vec![]]);
    producer.world.clock.advance(DAY * 23);
    assert_eq!(retention::sweep(&producer.ctx).await.unwrap().status_reports, 2400);
    assert_eq!(retention::sweep(&producer.ctx).await.unwrap(), Swept::default());
}

#[tokio::test]
async fn a_row_that_a_wrong_clock_has_stamped_holds_up_no_other() {
    let producer = Producer::new().await;
    let device = producer.add_device("pump", DeviceClass::Client, None).await;
    set_retention(&producer, DAYS).await;
    let written = producer.ctx.now();
    let ahead = written.plus(DAY * 3650);
    let times = std::iter::once(ahead).chain((0..2500).map(|millis| written.plus(Duration::from_millis(millis))));
    write(&producer, producer.site, device, times.collect()).await;

    producer.world.clock.set(written.plus(DAY * 31));
    let swept = retention::sweep(&producer.ctx).await.unwrap();
    assert_eq!((swept.status_reports, swept.device_events), (2500, 2500));
    assert_eq!(kept(&producer, producer.site).await, [vec![ahead], vec![ahead], vec![ahead]]);
}

#[tokio::test]
async fn histories_are_kept_between_one_day_and_a_hundred_years() {
    let producer = Producer::new().await;
    let all = sites::list(&producer.ctx).await.unwrap();
    for days in [0, Retention::LIMIT + 1] {
        let change = move |settings: &mut SiteSettings| settings.retention = Retention { events: days, ..DAYS };
        let outcome = sites::change_settings(&producer.ctx, &all[0], change).await;
        assert!(matches!(outcome, Err(sites::SiteError::Retention)), "{outcome:?}");
    }
    // A retention that reaches back beyond 1970 removes nothing.
    let device = producer.add_device("pump", DeviceClass::Client, None).await;
    let limit = Retention::LIMIT;
    set_retention(&producer, Retention { status_reports: limit, device_events: limit, events: limit }).await;
    write(&producer, producer.site, device, vec![Timestamp::EPOCH]).await;
    assert_eq!(retention::sweep(&producer.ctx).await.unwrap(), Swept::default());
}
