//! Operations that fail inside a unit: whatever the unit makes of it, nothing of it is kept.

use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, UpdateStatus};
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{SiteId, StoredFileId};
use countersign_domain::text::{PackageId, Platform, ProductName, UpdateId};
use countersign_domain::time::Date;
use futures_util::future::join_all;

use super::{NOW, site};
use crate::repositories::{NewFileContent, NewPackage, NewPackageFile, NewRelease, Tx};
use crate::{Store, StoreError};

/// What fails inside a unit.
#[derive(Clone, Copy)]
enum Failure {
    /// The database refuses: a package of a file that does not exist.
    Refused,
    /// An operation finds its own condition broken after it has written: an update to a package that does not exist.
    HalfWritten,
}

fn product(number: usize) -> ProductName {
    ProductName::new(format!("Product {number}")).expect("the test gives a good name")
}

async fn fail(tx: &mut dyn Tx, site: SiteId, number: usize, failure: Failure) -> Result<(), StoreError> {
    let id = PackageId::new(format!("package-{number}")).expect("good ID");
    match failure {
        Failure::Refused => {
            let owner = tx.products().find(site, &product(number)).await?.expect("the unit wrote it").id;
            let file = NewPackageFile {
                name: PlainFileName::new("a.bin").expect("good name"),
                content: NewFileContent::Stored(StoredFileId(1 << 40)),
                execute: false,
            };
            let package = NewPackage { id, product: owner, description: String::new(), files: vec![file] };
            tx.packages().insert(site, &package, NOW).await.map(|_| ())
        }
        Failure::HalfWritten => {
            let update = NewUpdate {
                id: UpdateId::new(format!("U-{number}")).expect("good ID"),
                name: String::new(),
                description: String::new(),
                status: UpdateStatus::Active,
                entitlement_check: EntitlementCheck::None,
                start_date: Date::parse("2026-03-01").expect("a date"),
                end_date: None,
                command_line: String::new(),
                release_from: Vec::new(),
                release_to: vec![(Platform::new("ANY").expect("good name"), id)],
                languages: Vec::new(),
            };
            let release = NewRelease { update, manifest_uuids: vec![format!("uuid-{number}")] };
            tx.updates().insert(site, &release, NOW).await.map(|_| ())
        }
    }
}

/// A unit that swallows a failure and returns `Ok` is rolled back and says so, and so is one that tries to go on; its
/// neighbors are kept.
pub async fn a_failure_that_a_unit_swallows_is_never_committed(store: &Store) {
    let site = site(store, "one").await;
    let units = (0..40).map(|number| {
        store.write::<(), StoreError, _>(move |tx| {
            Box::pin(async move {
                tx.products().insert(site, &product(number), NOW).await?;
                let failure = match number % 4 {
                    0 => Failure::Refused,
                    1 => Failure::HalfWritten,
                    _ => return Ok(()),
                };
                let failed = fail(tx, site, number, failure).await;
                assert!(matches!(failed, Err(StoreError::Backend(_) | StoreError::BrokenRow { .. })), "{failed:?}");
                let further = tx.products().insert(site, &product(1000 + number), NOW).await;
                assert!(matches!(further, Err(StoreError::Poisoned)), "a write after a failure: {further:?}");
                let further = tx.products().list(site).await;
                assert!(matches!(further, Err(StoreError::Poisoned)), "a read after a failure: {further:?}");
                Ok(())
            })
        })
    });
    for (number, outcome) in join_all(units).await.into_iter().enumerate() {
        let expected =
            if number % 4 < 2 { matches!(outcome, Err(StoreError::Poisoned)) } else { matches!(outcome, Ok(())) };
        assert!(expected, "unit {number}: {outcome:?}");
    }
    let (products, packages, updates) = store
        .read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let products = tx.products().list(site).await?.len();
                Ok((products, tx.packages().list(site).await?.len(), tx.updates().list(site).await?.len()))
            })
        })
        .await
        .expect("reads");
    assert_eq!((products, packages, updates), (20, 0, 0), "something of a failed unit was kept");
}
