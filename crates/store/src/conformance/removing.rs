//! Catalog rows that are replaced or taken away, and files that lie elsewhere.

use countersign_domain::catalog::package::{ExternalFile, FileContent};
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, LanguageText, UpdateStatus};
use countersign_domain::device::Language;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::text::{Platform, ProductName, UpdateId};
use countersign_domain::time::Date;

use super::catalog::{file, package, package_id};
use super::{NOW, site};
use crate::repositories::{Deleted, NewFileContent, NewPackage, NewPackageFile, NewRelease};
use crate::{Store, StoreError};

/// An update from and to packages, with a text in each of some languages.
fn release(id: &str, from: &[&str], to: &[(&str, &str)], languages: &[u32]) -> NewRelease {
    let text = |&language: &u32| LanguageText {
        language: Language(language),
        title: format!("title {language}"),
        description: String::new(),
    };
    let platform = |name: &str| Platform::new(name).expect("good name");
    let update = NewUpdate {
        id: UpdateId::new(id).expect("good ID"),
        name: "field".to_owned(),
        description: "description".to_owned(),
        status: UpdateStatus::Active,
        entitlement_check: EntitlementCheck::None,
        start_date: Date::parse("2026-03-01").expect("a date"),
        end_date: None,
        command_line: String::new(),
        release_from: from.iter().map(|id| package_id(id)).collect(),
        release_to: to.iter().map(|(name, id)| (platform(name), package_id(id))).collect(),
        languages: languages.iter().map(text).collect(),
    };
    let uuids = to.iter().map(|(name, _)| format!("{id} on {name}")).collect();
    NewRelease { update, manifest_uuids: uuids }
}

/// A file on another server comes back as it was written, between files that are stored here.
pub async fn external_files_come_back_as_they_were_written(store: &Store) {
    let site = site(store, "one").await;
    let external = ExternalFile {
        url: "https://files.example.com/pump.bin?v=2".to_owned(),
        sha256: [0xa5; 32],
        md5: [0x5a; 16],
        size: (1 << 40) + 1,
    };
    let empty = ExternalFile { url: "http://e/".to_owned(), sha256: [0; 32], md5: [0; 16], size: 0 };
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let stored = file(tx, site, 1).await?;
                let name = ProductName::new("Pump").expect("good name");
                let product = tx.products().insert(site, &name, NOW).await?.expect("free");
                let contents = [
                    NewFileContent::External(external.clone()),
                    NewFileContent::Stored(stored),
                    NewFileContent::External(empty.clone()),
                ];
                let files = contents.iter().enumerate().map(|(number, content)| NewPackageFile {
                    name: PlainFileName::new(format!("{number}.bin")).expect("good name"),
                    content: content.clone(),
                    execute: number == 0,
                });
                let files: Vec<_> = files.collect();
                let id = package_id("pump-2");
                let new = NewPackage { id: id.clone(), product, description: String::new(), files };
                assert!(tx.packages().insert(site, &new, NOW).await?.is_some());
                let found = tx.packages().find(site, &id).await?.expect("is there");
                let bytes = tx.files().find(site, &[1; 32]).await?.expect("is there");
                let expected =
                    [FileContent::External(external), FileContent::Stored(bytes), FileContent::External(empty)];
                assert_eq!(found.files.iter().map(|file| file.content.clone()).collect::<Vec<_>>(), expected);
                assert_eq!(found.files.iter().map(|file| file.execute).collect::<Vec<_>>(), [true, false, false]);
                assert_eq!(tx.packages().list(site).await?, [found]);
                assert_eq!(tx.packages().delete(site, &id).await?, Deleted::Yes);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// A replaced update keeps its row; everything else is that of the new one, and the other updates are untouched.
pub async fn a_replaced_update_keeps_its_row(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for id in ["a", "b", "c", "d"] {
                    package(tx, one, id, &[]).await?;
                }
                let first = release("U-1", &["a", "b"], &[("WIN64", "c"), ("ANY", "d")], &[1033, 1041]);
                let row = tx.updates().insert(one, &first, NOW).await?.expect("free");
                let neighbor = release("U-2", &["a"], &[("WIN64", "b")], &[1033]);
                assert!(tx.updates().insert(one, &neighbor, NOW).await?.is_some());
                let kept = tx.updates().find(one, &neighbor.update.id).await?;
                // One platform keeps its manifest, another one is new.
                let mut second = release("U-1", &["c"], &[("LINUX64", "b"), ("ANY", "a")], &[1031, 1033, 1036]);
                second.update = NewUpdate {
                    name: "new".to_owned(),
                    description: "other".to_owned(),
                    status: UpdateStatus::Inactive,
                    entitlement_check: EntitlementCheck::Account,
                    start_date: Date::parse("2027-01-01").expect("a date"),
                    end_date: Some(Date::parse("2027-12-31").expect("a date")),
                    command_line: "--apply".to_owned(),
                    ..second.update
                };
                assert!(!tx.updates().replace(two, &second).await?, "a foreign site replaced it");
                assert!(!tx.updates().replace(one, &release("U-3", &["a"], &[], &[])).await?, "it was never there");
                assert!(tx.updates().replace(one, &second).await?);
                let found = tx.updates().find(one, &second.update.id).await?.expect("is there");
                let (new, uuids) = (&second.update, &second.manifest_uuids);
                assert_eq!((found.row, &found.name, &found.description), (row, &new.name, &new.description));
                assert_eq!((found.status, found.entitlement_check), (new.status, new.entitlement_check));
                assert_eq!((found.start_date, found.end_date), (new.start_date, new.end_date));
                assert_eq!((&found.command_line, &found.release_from), (&new.command_line, &new.release_from));
                let targets: Vec<_> =
                    found.release_to.iter().map(|t| (t.platform.clone(), t.package.clone())).collect();
                assert_eq!((&targets, &found.languages), (&new.release_to, &new.languages));
                assert_eq!(&found.release_to.iter().map(|t| t.manifest_uuid.clone()).collect::<Vec<_>>(), uuids);
                assert_eq!(tx.updates().find(one, &neighbor.update.id).await?, kept, "another update changed");
                assert_eq!(tx.updates().list(one).await?.len(), 2);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// An update, then its packages, then their files: nothing goes while something refers to it.
pub async fn what_is_in_use_is_not_removed(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let stored = file(tx, one, 1).await?;
                for id in ["from", "to", "free"] {
                    package(tx, one, id, &[("a.bin", stored, false), ("b.bin", stored, true)]).await?;
                }
                let release = release("U-1", &["from"], &[("ANY", "to")], &[1033]);
                assert!(tx.updates().insert(one, &release, NOW).await?.is_some());
                for (package, update) in [("from", Some("U-1")), ("to", Some("U-1")), ("free", None), ("none", None)] {
                    let found = tx.updates().find_with_package(one, &package_id(package)).await?;
                    assert_eq!(found.as_ref().map(UpdateId::as_str), update, "{package}");
                    assert_eq!(tx.updates().find_with_package(two, &package_id(package)).await?, None, "foreign");
                }
                for (id, outcome) in [("from", Deleted::InUse), ("to", Deleted::InUse), ("free", Deleted::Yes)] {
                    assert_eq!(tx.packages().delete(two, &package_id(id)).await?, Deleted::Unknown, "foreign: {id}");
                    assert_eq!(tx.packages().delete(one, &package_id(id)).await?, outcome, "{id}");
                }
                assert_eq!(tx.packages().delete(one, &package_id("free")).await?, Deleted::Unknown);
                assert_eq!(tx.files().delete(one, &[1; 32]).await?, Deleted::InUse);
                let listed = tx.packages().list(one).await?;
                let counts: Vec<_> = listed.iter().map(|p| (p.id.as_str(), p.files.len())).collect();
                assert_eq!(counts, [("from", 2), ("to", 2)]);

                assert!(!tx.updates().delete(two, &release.update.id).await?, "a foreign site removed it");
                assert!(tx.updates().delete(one, &release.update.id).await?);
                assert!(!tx.updates().delete(one, &release.update.id).await?, "it was removed twice");
                assert_eq!(tx.updates().find(one, &release.update.id).await?, None);
                for id in ["from", "to"] {
                    assert_eq!(tx.files().delete(one, &[1; 32]).await?, Deleted::InUse, "before {id}");
                    assert_eq!(tx.packages().delete(one, &package_id(id)).await?, Deleted::Yes, "{id}");
                }
                assert_eq!(tx.files().delete(two, &[1; 32]).await?, Deleted::Unknown, "a foreign site removed it");
                assert_eq!(tx.files().delete(one, &[1; 32]).await?, Deleted::Yes);
                assert_eq!(tx.files().delete(one, &[1; 32]).await?, Deleted::Unknown);
                assert_eq!(tx.files().find(one, &[1; 32]).await?, None);

                // All names are free again, and no row comes back under its old number.
                assert!(file(tx, one, 1).await? > stored, "a row id was given twice");
                assert!(package(tx, one, "from", &[]).await? && package(tx, one, "to", &[]).await?);
                assert!(tx.updates().insert(one, &release, NOW).await?.is_some());
                Ok(())
            })
        })
        .await
        .expect("writes");
}
