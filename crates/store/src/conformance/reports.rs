//! What devices tell: status reports and events.

use countersign_domain::device::{DeviceClass, Language};
use countersign_domain::ids::{DeviceId, SiteId};
use countersign_domain::report::{DeviceEvent, StatusReport};
use countersign_domain::text::UpdateId;
use countersign_domain::time::Timestamp;

use super::devices::identity;
use super::purchases::device;
use super::{NOW, site};
use crate::repositories::{NewStatusReport, Page, StatusReportFilter, Tx};
use crate::{Store, StoreError};

/// A report of a device that its host ID names, known to the site or not; without one, of an anonymous device.
pub(super) fn report(device: Option<DeviceId>, host: Option<&str>, code: i64) -> NewStatusReport {
    let report = StatusReport {
        class: DeviceClass::Served,
        identity: host.map(identity),
        update: UpdateId::new("U-1").expect("good ID"),
        update_name: "field".to_owned(),
        package: "pump-2".to_owned(),
        platform: "LINUX 64".to_owned(),
        language: Language(1041),
        code,
        reason: "理由".to_owned(),
        reported_at: Some(Timestamp::from_seconds(3)),
    };
    NewStatusReport { device, report, fold: None }
}

pub(super) fn device_event(name: &str) -> DeviceEvent {
    DeviceEvent {
        name: name.to_owned(),
        group: "boot".to_owned(),
        value: "é\u{1f600}".to_owned(),
        package: "pump-1".to_owned(),
        update: "U-1".to_owned(),
        update_name: "field".to_owned(),
        platform: "ANY".to_owned(),
        language: Language(u32::from(u16::MAX)),
        reported_at: Some(Timestamp::from_seconds(4)),
    }
}

async fn codes(tx: &mut dyn Tx, site: SiteId, filter: StatusReportFilter) -> Result<Vec<i64>, StoreError> {
    let listed = tx.status_reports().list(site, filter, Page::first(99)).await?;
    Ok(listed.iter().map(|kept| kept.report.code).collect())
}

/// Reports come back as they were told, under the device, under the identity of an unknown one, or under none.
pub async fn status_reports_say_who_reported(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let received = Timestamp::from_seconds(60);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let known = device(tx, one, "known", None).await?;
                let other = device(tx, one, "other", None).await?;
                let told = [
                    report(Some(known), Some("known"), 0),
                    report(None, Some("unknown"), i64::MAX),
                    report(None, None, i64::MIN),
                    report(Some(other), Some("other"), -1),
                ];
                for report in &told {
                    assert!(tx.status_reports().insert(one, report, received).await?);
                }
                let listed = tx.status_reports().list(one, StatusReportFilter::All, Page::first(9)).await?;
                assert_eq!(listed.len(), told.len());
                for (kept, told) in listed.iter().zip(&told) {
                    assert_eq!((&kept.report, kept.device), (&told.report, told.device));
                    assert_eq!(kept.received_at, received);
                }
                assert_eq!(codes(tx, one, StatusReportFilter::Of(known)).await?, [0]);
                assert_eq!(codes(tx, one, StatusReportFilter::Unregistered).await?, [i64::MAX, i64::MIN]);
                for filter in [StatusReportFilter::All, StatusReportFilter::Of(known), StatusReportFilter::Unregistered]
                {
                    assert!(codes(tx, two, filter).await?.is_empty(), "foreign reports were listed: {filter:?}");
                }
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// What a device did not date carries the time of its receipt.
pub async fn what_is_not_dated_is_dated_by_its_receipt(store: &Store) {
    let site = site(store, "one").await;
    let received = Timestamp::from_seconds(61);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let known = device(tx, site, "x", None).await?;
                let mut undated = report(Some(known), Some("x"), 1);
                undated.report.reported_at = None;
                assert!(tx.status_reports().insert(site, &undated, received).await?);
                let event = DeviceEvent { reported_at: None, ..device_event("started") };
                tx.device_events().insert(site, known, &event, received).await?;
                let reports = tx.status_reports().list(site, StatusReportFilter::All, Page::first(9)).await?;
                assert_eq!(reports.iter().map(|kept| kept.report.reported_at).collect::<Vec<_>>(), [Some(received)]);
                let events = tx.device_events().list(site, None, Page::first(9)).await?;
                assert_eq!(events.iter().map(|kept| kept.event.reported_at).collect::<Vec<_>>(), [Some(received)]);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Reports with the same fold are one in a site; those without are all kept.
pub async fn equal_status_reports_are_folded(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let folded = |code, fold| NewStatusReport { fold, ..report(None, Some("x"), code) };
                for (site, code, fold, is_new) in [
                    (one, 1, Some([7; 16]), true),
                    (one, 2, Some([7; 16]), false),
                    (one, 3, Some([8; 16]), true),
                    (two, 4, Some([7; 16]), true),
                    (one, 5, None, true),
                    (one, 5, None, true),
                    (one, 6, Some([8; 16]), false),
                ] {
                    let received = Timestamp::from_seconds(code);
                    let inserted = tx.status_reports().insert(site, &folded(code, fold), received).await?;
                    assert_eq!(inserted, is_new, "code {code}");
                }
                assert_eq!(codes(tx, one, StatusReportFilter::All).await?, [1, 3, 5, 5]);
                assert_eq!(codes(tx, two, StatusReportFilter::All).await?, [4]);
                // A report that was removed folds no other any more.
                assert_eq!(tx.status_reports().delete_before(one, Timestamp::from_seconds(2), 9).await?, 1);
                assert!(tx.status_reports().insert(one, &folded(7, Some([7; 16])), NOW).await?);
                assert_eq!(codes(tx, one, StatusReportFilter::All).await?, [3, 5, 5, 7]);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Events of a device come back as they were logged, and are counted from a time on.
pub async fn device_events_are_counted_and_listed(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let (x, y) = (device(tx, one, "x", None).await?, device(tx, one, "y", None).await?);
                for (device, name, seconds) in
                    [(x, "first", 10), (y, "second", 20), (x, "third", 30), (x, "fourth", 20)]
                {
                    let received = Timestamp::from_seconds(seconds);
                    tx.device_events().insert(one, device, &device_event(name), received).await?;
                }
                for (seconds, count) in [(9, 3), (10, 2), (19, 2), (20, 1), (30, 0)] {
                    let after = Timestamp::from_seconds(seconds);
                    assert_eq!(tx.device_events().count_after(x, after).await?, count, "after {seconds} s");
                }
                let listed = tx.device_events().list(one, Some(x), Page::first(9)).await?;
                let events: Vec<_> = listed.iter().map(|kept| (kept.event.clone(), kept.device)).collect();
                let expected = ["first", "third", "fourth"].map(|name| (device_event(name), x));
                assert_eq!(events, expected);
                assert_eq!(listed[1].received_at, Timestamp::from_seconds(30));
                assert_eq!(tx.device_events().list(one, None, Page::first(9)).await?.len(), 4);
                assert!(tx.device_events().list(two, None, Page::first(9)).await?.is_empty());
                assert!(tx.device_events().list(two, Some(x), Page::first(9)).await?.is_empty());
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Histories are shortened a little at a time: only what is older, the oldest first, and of one site.
pub async fn histories_are_shortened_from_their_old_end(store: &Store) {
    let sites = [site(store, "one").await, site(store, "two").await];
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for site in sites {
                    let x = device(tx, site, "x", None).await?;
                    for seconds in 1..=5 {
                        let received = Timestamp::from_seconds(seconds);
                        assert!(tx.status_reports().insert(site, &report(None, None, seconds), received).await?);
                        tx.device_events().insert(site, x, &device_event(&seconds.to_string()), received).await?;
                    }
                }
                let [one, two] = sites;
                let before = Timestamp::from_seconds(4);
                for (removed, left) in [(2, vec![3, 4, 5]), (1, vec![4, 5]), (0, vec![4, 5])] {
                    assert_eq!(tx.status_reports().delete_before(one, before, 2).await?, removed);
                    assert_eq!(codes(tx, one, StatusReportFilter::All).await?, left);
                    assert_eq!(tx.device_events().delete_before(one, before, 2).await?, removed);
                    let events = tx.device_events().list(one, None, Page::first(9)).await?;
                    let names: Vec<_> = events.iter().map(|kept| kept.event.name.clone()).collect();
                    assert_eq!(names, left.iter().map(i64::to_string).collect::<Vec<_>>());
                }
                assert_eq!(codes(tx, two, StatusReportFilter::All).await?.len(), 5);
                assert_eq!(tx.device_events().list(two, None, Page::first(9)).await?.len(), 5);
                Ok(())
            })
        })
        .await
        .expect("writes");
}
