//! Seats: counted along, held until they end, given back, and never more than a unit has seen room for.

use countersign_domain::ids::{DeviceId, FeatureId, LicenseId, SiteId};
use countersign_domain::licensing::{Seat, SeatPool, SeatRefusal};
use countersign_domain::time::Timestamp;
use futures_util::future::join_all;

use super::purchases::{TERMS, customer, device, key, license, order, product};
use super::site;
use crate::repositories::{Page, Tx};
use crate::{Store, StoreError};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn seat(device: DeviceId, ends: i64) -> Seat {
    Seat { device, taken_at: at(1), seen_at: at(2), ends_at: at(ends), borrowed_until: None }
}

/// A license that is active on three devices.
async fn active(tx: &mut dyn Tx, site: SiteId) -> Result<(LicenseId, [DeviceId; 3]), StoreError> {
    let buyer = customer(tx, site, "Buyer", None).await?;
    let order = order(tx, site, "SO-1", buyer).await?;
    let pump = product(tx, site, "Pump").await?;
    let license = license(tx, site, "A", order, pump, TERMS).await?;
    let devices =
        [device(tx, site, "x", None).await?, device(tx, site, "y", None).await?, device(tx, site, "z", None).await?];
    for device in devices {
        assert!(tx.activations().insert(license, device, at(1)).await?);
    }
    Ok((license, devices))
}

/// What is taken is found and counted until it ends, is removed, or its license leaves the device.
pub async fn seats_are_counted_until_they_end(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let (license, [x, y, z]) = active(tx, site).await?;
                let (own, feature) = (SeatPool::of(license), SeatPool { license, feature: Some(FeatureId(7)) });
                assert_eq!((tx.seats().lock(own).await?, tx.seats().count_held(own, at(0)).await?), (0, 0));
                assert_eq!((tx.seats().find(own, x).await?, tx.seats().first_end(own, at(0)).await?), (None, None));
                for (pool, device, ends) in [(own, x, 30), (own, y, 10), (own, z, 20), (feature, x, 15)] {
                    tx.seats().lock(pool).await?;
                    tx.seats().put(pool, &seat(device, ends)).await?;
                }
                assert_eq!((tx.seats().lock(own).await?, tx.seats().lock(feature).await?), (3, 1));
                assert_eq!(tx.seats().find(own, x).await?, Some(seat(x, 30)));
                let borrowed = Seat { borrowed_until: Some(at(40)), ..seat(x, 40) };
                tx.seats().put(own, &borrowed).await?;
                assert_eq!((tx.seats().find(own, x).await?, tx.seats().lock(own).await?), (Some(borrowed), 3));
                for (ended_by, held, first) in [(9, 3, Some(10)), (10, 2, Some(20)), (20, 1, Some(40)), (40, 0, None)] {
                    assert_eq!(tx.seats().count_held(own, at(ended_by)).await?, held, "at {ended_by}");
                    assert_eq!(tx.seats().first_end(own, at(ended_by)).await?, first.map(at));
                }
                // A seat that has ended is not extended, and none is shortened.
                assert!(!tx.seats().extend(own, y, at(10), (at(10), at(50))).await?);
                assert!(tx.seats().extend(own, z, at(10), (at(10), at(50))).await?);
                assert!(tx.seats().extend(own, z, at(10), (at(11), at(45))).await?);
                let extended = Seat { seen_at: at(11), ..seat(z, 50) };
                assert_eq!(tx.seats().find(own, z).await?, Some(extended));
                let listed = tx.seats().list(license, at(10), Page::first(9)).await?;
                let listed: Vec<_> = listed.into_iter().map(|(_, pool, seat)| (pool, seat)).collect();
                assert_eq!(listed, [(own, borrowed), (own, extended), (feature, seat(x, 15))]);
                let first = tx.seats().list(license, at(10), Page::first(1)).await?;
                let rest = tx.seats().list(license, at(10), Page { after: first[0].0.0, limit: 9 }).await?;
                assert_eq!((first.len(), rest.len()), (1, 2));

                assert_eq!(tx.seats().find_ended(at(9), None).await?, None);
                assert_eq!(tx.seats().find_ended(at(10), None).await?, Some(own));
                assert_eq!(tx.seats().find_ended(at(14), Some(own)).await?, None);
                assert_eq!(tx.seats().find_ended(at(15), Some(own)).await?, Some(feature));
                assert_eq!(tx.seats().find_ended(at(99), Some(feature)).await?, None);
                assert_eq!(tx.seats().delete_ended(own, at(45), 1).await?, 1);
                assert_eq!((tx.seats().find(own, y).await?, tx.seats().lock(own).await?), (None, 2));
                assert_eq!(tx.seats().delete_ended(own, at(45), 9).await?, 1);
                assert!(tx.seats().delete(own, z).await?);
                assert!(!tx.seats().delete(own, z).await?, "it was removed twice");
                assert_eq!(tx.seats().lock(own).await?, 0);
                assert_eq!(tx.seats().find_ended(at(99), None).await?, Some(feature), "an empty pool is passed over");
                tx.seats().put(own, &seat(x, 30)).await?;
                tx.seats().put(own, &seat(y, 30)).await?;
                assert!(tx.activations().delete(license, x).await?);
                assert_eq!((tx.seats().lock(own).await?, tx.seats().lock(feature).await?), (1, 0));
                assert_eq!((tx.seats().find(own, x).await?, tx.seats().find(feature, x).await?), (None, None));
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Units that lock a pool, look whether there is room, and take a seat: the limit is reached and never exceeded, while others
/// give seats back.
pub async fn a_locked_pool_never_has_more_seats_than_there_are(store: &Store) {
    const SEATS: u32 = 5;
    let site = site(store, "one").await;
    let license = store
        .write::<_, StoreError, _>(move |tx| Box::pin(async move { Ok(active(tx, site).await?.0) }))
        .await
        .expect("writes");
    let pool = SeatPool::of(license);
    let take = |number: i64| {
        store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                tx.licenses().lock(site, &key("A")).await?.expect("is there");
                let device = device(tx, site, &format!("device {number}"), None).await?;
                tx.activations().insert(license, device, at(1)).await?;
                let rows = tx.seats().lock(pool).await?;
                let ended = tx.seats().delete_ended(pool, at(10), 9).await?;
                if rows - ended >= SEATS {
                    return Ok(None);
                }
                tx.seats().put(pool, &seat(device, if number < 20 { 10 } else { 99 })).await?;
                Ok(Some(device))
            })
        })
    };
    let early = join_all((0..20).map(&take)).await;
    assert!(early.iter().all(|taken| matches!(taken, Ok(Some(_)))), "seats that have ended were in the way: {early:?}");
    let late: Vec<_> = join_all((20..60).map(&take)).await.into_iter().map(|taken| taken.expect("writes")).collect();
    let holders: Vec<DeviceId> = late.into_iter().flatten().collect();
    assert_eq!(holders.len(), SEATS as usize);
    let give_back = holders.iter().map(|&device| {
        store.write::<_, StoreError, _>(move |tx| Box::pin(async move { tx.seats().delete(pool, device).await }))
    });
    let (given, taken) = futures_util::future::join(join_all(give_back), join_all((60..100).map(&take))).await;
    assert!(given.into_iter().all(|given| given.expect("writes")));
    let taken = taken.into_iter().filter(|taken| taken.as_ref().expect("writes").is_some()).count();
    let rows = store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let rows = tx.seats().lock(pool).await?;
                assert_eq!(tx.seats().list(pool.license, at(10), Page::first(99)).await?.len(), rows as usize);
                Ok(rows)
            })
        })
        .await
        .expect("writes");
    assert!(rows <= SEATS && rows as usize == taken, "{rows} seats after {taken} were taken");
}

/// A seat that is extended just before it ends stays its holder's, whoever takes away what has ended meanwhile.
pub async fn an_extended_seat_is_not_taken_away(store: &Store) {
    let site = site(store, "one").await;
    let (license, [x, _, _]) =
        store.write::<_, StoreError, _>(move |tx| Box::pin(active(tx, site))).await.expect("writes");
    let pool = SeatPool::of(license);
    for _ in 0..20 {
        store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    tx.seats().lock(pool).await?;
                    tx.seats().put(pool, &seat(x, 100)).await
                })
            })
            .await
            .expect("writes");
        let extend = store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let extended = tx.seats().extend(pool, x, at(99), (at(99), at(220))).await?;
                // Some work, during which the other unit looks.
                for _ in 0..20 {
                    tx.seats().find(pool, x).await?;
                }
                Ok(extended)
            })
        });
        let clean = store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                tx.seats().lock(pool).await?;
                tx.seats().delete_ended(pool, at(101), 9).await
            })
        });
        let (extended, deleted) = futures_util::future::join(extend, clean).await;
        let kept = extended.expect("writes");
        assert_eq!(deleted.expect("writes"), u32::from(!kept), "a seat that was extended was taken away");
        store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    assert_eq!(tx.seats().find(pool, x).await?.is_some(), kept);
                    tx.seats().delete(pool, x).await
                })
            })
            .await
            .expect("writes");
    }
}

/// Refusals of one device within an hour and for one reason are one row.
pub async fn refused_seats_are_noted_by_the_hour(store: &Store) {
    let (one, other) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let (license, [x, y, _]) = active(tx, one).await?;
                let pool = SeatPool::of(license);
                let none = SeatRefusal::NoneFree;
                assert_eq!(tx.seat_denials().find_last(pool, x, none).await?, None);
                for (device, reason, time) in [
                    (x, none, 10),
                    (x, none, 3599),
                    (x, none, 3600),
                    (y, none, 20),
                    (x, SeatRefusal::BorrowNotAllowed, 30),
                ] {
                    tx.seat_denials().note(one, pool, device, reason, at(time)).await?;
                }
                let last = tx.seat_denials().find_last(pool, x, none).await?.expect("was noted");
                assert_eq!((last.first_at, last.last_at, last.times), (at(3600), at(3600), 1));
                let listed = tx.seat_denials().list(one, Some(license), Page::first(9)).await?;
                let rows: Vec<_> = listed.iter().map(|(_, row)| (row.device, row.times, row.last_at)).collect();
                assert_eq!(rows, [(x, 2, at(3599)), (x, 1, at(3600)), (y, 1, at(20)), (x, 1, at(30))]);
                assert_eq!(tx.seat_denials().list(one, None, Page::first(9)).await?, listed);
                let rest = Page { after: listed[0].0.0, limit: 2 };
                assert_eq!(tx.seat_denials().list(one, None, rest).await?, listed[1..3]);
                assert!(tx.seat_denials().list(other, None, Page::first(9)).await?.is_empty());
                assert!(tx.seat_denials().list(other, Some(license), Page::first(9)).await?.is_empty());
                assert_eq!(tx.seat_denials().delete_before(other, at(9999), 9).await?, 0);
                assert_eq!(tx.seat_denials().delete_before(one, at(3600), 2).await?, 2);
                assert_eq!(tx.seat_denials().delete_before(one, at(3600), 2).await?, 1);
                assert_eq!(tx.seat_denials().list(one, None, Page::first(9)).await?.len(), 1);
                Ok(())
            })
        })
        .await
        .expect("writes");
}
