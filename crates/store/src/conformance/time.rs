//! The time that units are told.

use countersign_domain::time::Timestamp;
use futures_util::future::join_all;

use crate::{Store, StoreError};

/// What a unit is told twice.
async fn told(store: &Store, writes: bool) -> [Timestamp; 2] {
    let told = if writes {
        store.write::<_, StoreError, _>(|tx| Box::pin(async move { Ok([tx.now().await?, tx.now().await?]) })).await
    } else {
        store.read::<_, StoreError, _>(|tx| Box::pin(async move { Ok([tx.now().await?, tx.now().await?]) })).await
    };
    told.expect("the store tells the time")
}

/// No unit is told an earlier time than one that ended before it began, whether they read or write.
pub async fn time_never_runs_backward(store: &Store) {
    let mut latest = Timestamp::EPOCH;
    for number in 0..60 {
        for time in told(store, number % 5 < 3).await {
            assert!(time >= latest, "unit {number} was told {time} after {latest}");
            latest = time;
        }
    }
    for round in 0..4 {
        let units = join_all((0..20).map(|number| told(store, number % 2 == 0))).await;
        let times: Vec<_> = units.into_iter().flatten().collect();
        assert!(times.iter().all(|&time| time >= latest), "round {round}: {times:?} after {latest}");
        latest = times.into_iter().max().expect("units ran");
    }
    assert!(latest > Timestamp::EPOCH, "nobody knows the time");
}
