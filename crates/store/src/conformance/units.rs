//! Units of work: all or nothing, one at a time, whatever the caller does.

use std::task::{Context, Waker};

use countersign_domain::ids::Generation;
use countersign_domain::site::{AuthFailure, Retention, SiteName, SiteSettings};
use countersign_domain::text::ProductName;
use futures_util::future::join_all;

use super::{NOW, site};
use crate::repositories::InstallationRecord;
use crate::{Store, StoreError};

/// A use case's own error.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the rule says no")]
    Rule,
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn product(number: usize) -> ProductName {
    ProductName::new(format!("Product {number}")).expect("the test gives a good name")
}

async fn products(store: &Store, site: countersign_domain::ids::SiteId) -> usize {
    store
        .read::<_, StoreError, _>(move |tx| Box::pin(async move { tx.products().list(site).await }))
        .await
        .expect("reads")
        .len()
}

/// What a unit wrote is there after `Ok`, and gone after its own error.
pub async fn a_commit_is_seen_and_an_error_is_rolled_back(store: &Store) {
    let site = site(store, "one").await;
    let refused: Result<(), Refusal> = store
        .write(move |tx| {
            Box::pin(async move {
                tx.products().insert(site, &product(1), NOW).await?;
                Err(Refusal::Rule)
            })
        })
        .await;
    assert!(matches!(refused, Err(Refusal::Rule)), "{refused:?}");
    assert_eq!(products(store, site).await, 0);
    let written: Result<_, Refusal> =
        store.write(move |tx| Box::pin(async move { Ok(tx.products().insert(site, &product(1), NOW).await?) })).await;
    assert!(matches!(written, Ok(Some(_))), "{written:?}");
    assert_eq!(products(store, site).await, 1);
}

/// Units that panic or refuse, run together with good ones, lose only what they wrote themselves.
pub async fn a_panic_is_rolled_back_and_harms_no_neighbor(store: &Store) {
    let site = site(store, "one").await;
    let units = (0..60).map(|number| {
        store.write::<(), Refusal, _>(move |tx| {
            Box::pin(async move {
                tx.products().insert(site, &product(number), NOW).await?;
                match number % 3 {
                    0 => Ok(()),
                    1 => Err(Refusal::Rule),
                    _ => panic!("a unit that breaks"),
                }
            })
        })
    });
    for (number, outcome) in join_all(units).await.into_iter().enumerate() {
        let expected = match number % 3 {
            0 => outcome.is_ok(),
            1 => matches!(outcome, Err(Refusal::Rule)),
            _ => matches!(outcome, Err(Refusal::Store(StoreError::Panicked))),
        };
        assert!(expected, "unit {number}: {outcome:?}");
    }
    assert_eq!(products(store, site).await, 20);
}

/// A caller that goes away after its unit was handed over does not stop it: each unit is there, and whole.
pub async fn a_dropped_caller_does_not_stop_its_unit(store: &Store) {
    let site = site(store, "one").await;
    for round in 0..20 {
        let mut call = Box::pin(store.write::<(), StoreError, _>(move |tx| {
            Box::pin(async move {
                tx.products().insert(site, &product(2 * round), NOW).await?;
                tx.products().insert(site, &product(2 * round + 1), NOW).await?;
                Ok(())
            })
        }));
        let _ = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(call);
    }
    // On a store that runs units one after the other, a unit of our own waits its turn behind all of them. Others may
    // still be busy with some, so we look again, often enough that only a unit that was stopped can be missing.
    let mut count = 0;
    for _ in 0..1000 {
        store
            .write::<_, StoreError, _>(move |tx| Box::pin(async move { tx.sites().touch(site).await }))
            .await
            .expect("writes");
        count = products(store, site).await;
        assert_eq!(count % 2, 0, "half a unit was kept: {count} products");
        if count == 40 {
            break;
        }
    }
    assert_eq!(count, 40, "a unit was stopped because its caller went away");
}

/// A unit that was declared to read fails when it writes.
pub async fn a_read_cannot_write(store: &Store) {
    let site = site(store, "one").await;
    let outcome: Result<_, StoreError> =
        store.read(move |tx| Box::pin(async move { tx.products().insert(site, &product(1), NOW).await })).await;
    assert!(matches!(outcome, Err(StoreError::Backend(_))), "{outcome:?}");
    let outcome: Result<_, StoreError> =
        store.look_up(move |tx| Box::pin(async move { tx.products().insert(site, &product(1), NOW).await })).await;
    assert!(matches!(outcome, Err(StoreError::Backend(_))), "{outcome:?}");
    assert_eq!(products(store, site).await, 0);
}

/// A look-up sees what was committed before it, and nothing that is not.
pub async fn a_look_up_sees_what_is_committed(store: &Store) {
    let seen = async |name| -> Result<bool, StoreError> {
        store.look_up(move |tx| Box::pin(async move { Ok(tx.sites().find(&name).await?.is_some()) })).await
    };
    for number in 0..20 {
        let name = SiteName::new(format!("site-{number}")).expect("good name");
        assert!(!seen(name.clone()).await.expect("reads"));
        site(store, name.as_str()).await;
        assert!(seen(name).await.expect("reads"), "{number}");
    }
}

/// After `close`, units are refused and do not hang.
pub async fn a_closed_store_refuses(store: &Store) {
    store.close().await;
    let outcome: Result<_, StoreError> = store.write(|tx| Box::pin(async move { tx.sites().list().await })).await;
    assert!(matches!(outcome, Err(StoreError::Closed)), "{outcome:?}");
    let outcome: Result<_, StoreError> = store.read(|tx| Box::pin(async move { tx.sites().list().await })).await;
    assert!(matches!(outcome, Err(StoreError::Closed)), "{outcome:?}");
    let outcome: Result<_, StoreError> = store.look_up(|tx| Box::pin(async move { tx.sites().list().await })).await;
    assert!(matches!(outcome, Err(StoreError::Closed)), "{outcome:?}");
}

/// Many units that want the same name: exactly one gets it.
pub async fn races_for_a_name_have_one_winner(store: &Store) {
    let site = site(store, "one").await;
    let units = (0..64).map(|_| {
        store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.products().insert(site, &product(7), NOW).await })
        })
    });
    let winners = join_all(units).await.into_iter().filter(|outcome| matches!(outcome, Ok(Some(_)))).count();
    assert_eq!(winners, 1);
    assert_eq!(products(store, site).await, 1);
}

/// Units that count their change first and then look before they insert: nothing else keeps the second one out.
pub async fn units_that_touch_first_insert_once(store: &Store) {
    let site = site(store, "one").await;
    let units = (0..64).map(|_| {
        store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                tx.sites().touch(site).await?;
                if tx.signing_keys().list(site).await?.is_empty() {
                    tx.signing_keys().insert(site, b"spki", b"sealed", NOW).await?;
                    return Ok(true);
                }
                Ok(false)
            })
        })
    });
    let inserted: Vec<_> = join_all(units).await.into_iter().map(|outcome| outcome.expect("writes")).collect();
    assert_eq!(inserted.iter().filter(|&&inserted| inserted).count(), 1);
    let keys = store
        .read::<_, StoreError, _>(move |tx| Box::pin(async move { tx.signing_keys().list(site).await }))
        .await
        .expect("reads");
    assert_eq!(keys.len(), 1);
}

/// No change is lost from the counter, and each site carries the value of its own last change.
pub async fn the_change_counter_counts_every_change(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let touches = (0..40).map(|number| {
        let site = if number % 2 == 0 { one } else { two };
        store.write::<_, StoreError, _>(move |tx| Box::pin(async move { tx.sites().touch(site).await }))
    });
    let mut values: Vec<_> = join_all(touches).await.into_iter().map(|value| value.expect("touches")).collect();
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), 40, "two changes had the same number");
    let (generation, sites) = store
        .read::<_, StoreError, _>(|tx| {
            Box::pin(async move { Ok((tx.sites().generation().await?, tx.sites().list().await?)) })
        })
        .await
        .expect("reads");
    assert_eq!(generation, Generation(40));
    assert_eq!(sites.iter().map(|site| site.generation).max(), Some(generation));
}

/// The row about the store itself is written by the first process only.
pub async fn the_installation_is_written_once(store: &Store) {
    let record = |byte| InstallationRecord { key_check: vec![byte], sealed_digest_key: vec![byte; 40] };
    let insert = |record: InstallationRecord| {
        store.write::<_, StoreError, _>(move |tx| Box::pin(async move { tx.installation().insert(&record).await }))
    };
    let find = || store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.installation().find().await }));
    assert_eq!(find().await.expect("reads"), None);
    assert!(insert(record(1)).await.expect("writes"));
    assert!(!insert(record(2)).await.expect("writes"));
    assert_eq!(find().await.expect("reads"), Some(record(1)));
}

/// Settings come back as they were written; a host leads to one site only, and a refused site leaves nothing.
pub async fn sites_keep_their_settings_and_hosts_are_unique(store: &Store) {
    let settings = |hosts: &[&str]| SiteSettings {
        base_url: Some("https://updates.example.com".to_owned()),
        hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        small_rsa_keys: true,
        key_id_in_answers: false,
        auth_failure: AuthFailure::Immediate,
        retention: Retention { status_reports: 1, device_events: 2, events: Retention::LIMIT },
        oauth_only: true,
        expiry_notices: "60,2".parse().expect("good"),
    };
    let insert = |name: &'static str, settings: SiteSettings| {
        store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.sites().insert(&SiteName::new(name).expect("good name"), &settings, NOW).await })
        })
    };
    assert!(insert("acme", settings(&["a.example.com", "b.example.com"])).await.expect("writes").is_some());
    assert!(insert("acme", settings(&[])).await.expect("writes").is_none(), "the name was given twice");
    assert!(insert("other", settings(&["c.example.com", "b.example.com"])).await.expect("writes").is_none());
    let sites =
        store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.sites().list().await })).await.expect("reads");
    assert_eq!(sites.len(), 1, "a refused site was kept");
    assert_eq!(sites[0].settings, settings(&["a.example.com", "b.example.com"]));
    assert!(insert("other", settings(&["c.example.com"])).await.expect("writes").is_some(), "a refused host was kept");
}
