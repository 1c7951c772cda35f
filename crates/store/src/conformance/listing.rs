//! Lists that are put together from several tables.

use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, LanguageText, UpdateStatus};
use countersign_domain::device::Language;
use countersign_domain::ids::SiteId;
use countersign_domain::text::{Platform, UpdateId};
use countersign_domain::time::Date;

use super::catalog::{file, package, package_id};
use super::{NOW, site};
use crate::repositories::{NewRelease, Tx};
use crate::{Store, StoreError};

/// An update with as many sources, targets and texts as its number says, none for the first.
fn release(site: SiteId, number: u8) -> NewRelease {
    let count = number % 4;
    let update = NewUpdate {
        id: UpdateId::new(format!("U-{number}")).expect("good ID"),
        name: format!("name {number}"),
        description: String::new(),
        status: UpdateStatus::Active,
        entitlement_check: EntitlementCheck::None,
        start_date: Date::parse("2026-03-01").expect("a date"),
        end_date: None,
        command_line: String::new(),
        release_from: (0..count).rev().map(|part| package_id(&format!("p-{part}"))).collect(),
        release_to: (0..count)
            .rev()
            .map(|part| (Platform::new(format!("OS {part}")).expect("good name"), package_id(&format!("p-{part}"))))
            .collect(),
        languages: (0..count)
            .rev()
            .map(|part| LanguageText {
                language: Language(1030 + u32::from(part)),
                title: format!("{number} in {part}"),
                description: String::new(),
            })
            .collect(),
    };
    let uuids = (0..count).map(|part| format!("uuid-{site}-{number}-{part}"));
    NewRelease { update, manifest_uuids: uuids.collect() }
}

async fn fill(tx: &mut dyn Tx, site: SiteId) -> Result<(), StoreError> {
    let stored = file(tx, site, u8::try_from(site.0).expect("few sites")).await?;
    for number in 0..8_u8 {
        let files: Vec<_> = ["c", "a", "b"].into_iter().take(usize::from(number % 4)).collect();
        let files: Vec<_> = files.into_iter().map(|name| (name, stored, number % 2 == 0)).collect();
        assert!(package(tx, site, &format!("p-{number}"), &files).await?);
    }
    for number in 0..8 {
        assert!(tx.updates().insert(site, &release(site, number), NOW).await?.is_some());
    }
    Ok(())
}

/// Every package and update is listed once, in the order of the IDs, with exactly its own parts, and for its site only.
pub async fn a_list_is_what_finding_each_one_gives(store: &Store) {
    let sites = [site(store, "one").await, site(store, "two").await];
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for site in sites {
                    fill(tx, site).await?;
                }
                Ok(())
            })
        })
        .await
        .expect("writes");
    store
        .read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for site in sites {
                    let (mut packages, mut updates) = (Vec::new(), Vec::new());
                    for number in 0..8_u8 {
                        let package = tx.packages().find(site, &package_id(&format!("p-{number}"))).await?;
                        let package = package.expect("is there");
                        assert_eq!(package.files.len(), usize::from(number % 4));
                        packages.push(package);
                        let update = tx.updates().find(site, &release(site, number).update.id).await?;
                        updates.push(update.expect("is there"));
                        assert_eq!(updates.last().map(|u| u.languages.len()), Some(usize::from(number % 4)));
                    }
                    assert_eq!(tx.packages().list(site).await?, packages);
                    assert_eq!(tx.updates().list(site).await?, updates);
                }
                Ok(())
            })
        })
        .await
        .expect("reads");
}
