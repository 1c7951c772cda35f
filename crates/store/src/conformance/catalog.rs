//! Products, files, packages and updates.

use countersign_domain::catalog::package::{FileContent, PackageFile, StoredFile};
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, LanguageText, UpdateStatus};
use countersign_domain::device::Language;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{SiteId, StoredFileId};
use countersign_domain::text::{PackageId, Platform, ProductName, UpdateId};
use countersign_domain::time::Date;

use super::{NOW, site};
use crate::repositories::{NewFile, NewFileContent, NewPackage, NewPackageFile, NewRelease, Tx};
use crate::{Store, StoreError};

pub(super) fn new_file(byte: u8) -> NewFile {
    NewFile { sha256: [byte; 32], md5: [byte; 16], size: u64::from(byte) << 32, object_key: format!("key-{byte}") }
}

pub(super) fn package_id(id: &str) -> PackageId {
    PackageId::new(id).expect("the test gives a good ID")
}

pub(super) async fn file(tx: &mut dyn Tx, site: SiteId, byte: u8) -> Result<StoredFileId, StoreError> {
    Ok(tx.files().insert(site, &new_file(byte), NOW).await?.expect("the bytes are new"))
}

pub(super) async fn package(
    tx: &mut dyn Tx,
    site: SiteId,
    id: &str,
    files: &[(&str, StoredFileId, bool)],
) -> Result<bool, StoreError> {
    let name = ProductName::new("Pump").expect("good name");
    let product = match tx.products().find(site, &name).await? {
        Some(product) => product.id,
        None => tx.products().insert(site, &name, NOW).await?.expect("free"),
    };
    let files = files.iter().map(|&(name, stored, execute)| NewPackageFile {
        name: PlainFileName::of_published(name).expect("good name"),
        content: NewFileContent::Stored(stored),
        execute,
    });
    let package = NewPackage { id: package_id(id), product, description: "text".to_owned(), files: files.collect() };
    Ok(tx.packages().insert(site, &package, NOW).await?.is_some())
}

/// The same bytes are one row in a site, and another row in another site.
pub async fn files_are_deduplicated_in_a_site(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                file(tx, one, 1).await?;
                let again = NewFile { object_key: "elsewhere".to_owned(), ..new_file(1) };
                assert_eq!(tx.files().insert(one, &again, NOW).await?, None);
                let found = tx.files().find(one, &[1; 32]).await?.expect("is there");
                assert_eq!((found.size, found.object_key.as_str(), found.md5), (1 << 32, "key-1", [1; 16]));
                assert_eq!(tx.files().find(two, &[1; 32]).await?, None, "a foreign file was found");
                assert!(tx.files().insert(two, &again, NOW).await?.is_some());
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Of many object keys, those come back that a row names, whichever site it belongs to.
pub async fn object_keys_in_use_are_found_in_any_site(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let keys = ["key-9", "key-2", "", "key-1", "key-1'"].map(str::to_owned);
    let found = store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                file(tx, one, 1).await?;
                file(tx, two, 2).await?;
                file(tx, two, 3).await?;
                assert!(tx.files().find_by_object_keys(&[]).await?.is_empty());
                tx.files().find_by_object_keys(&keys).await
            })
        })
        .await
        .expect("writes");
    assert_eq!(found, ["key-2", "key-1"]);
}

/// A file whose bytes lie elsewhere from now on stays the same file, for every package that names it.
pub async fn a_file_can_be_given_another_object(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let stored = file(tx, one, 1).await?;
                assert!(package(tx, one, "pump-1", &[("a.bin", stored, false)]).await?);
                let before = tx.files().find(one, &[1; 32]).await?.expect("is there");
                assert!(!tx.files().set_object_key(two, &[1; 32], "moved").await?, "a foreign site moved it");
                assert!(!tx.files().set_object_key(one, &[2; 32], "moved").await?, "it was never there");
                assert!(tx.files().set_object_key(one, &[1; 32], "moved").await?);
                let moved = StoredFile { object_key: "moved".to_owned(), ..before };
                assert_eq!(tx.files().find(one, &[1; 32]).await?.as_ref(), Some(&moved));
                let found = tx.packages().find(one, &package_id("pump-1")).await?.expect("is there");
                assert_eq!(found.files[0].content, FileContent::Stored(moved));
                let keys = ["key-1", "moved"].map(str::to_owned);
                assert_eq!(tx.files().find_by_object_keys(&keys).await?, ["moved"], "the old object is nobody's");
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Of many IDs, those come back that the site has no package of, in the order given.
pub async fn missing_packages_are_found_at_once(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let missing = store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                package(tx, one, "here", &[]).await?;
                package(tx, one, "too", &[]).await?;
                package(tx, two, "elsewhere", &[]).await?;
                assert!(tx.packages().missing(one, &[]).await?.is_empty());
                let known = ["here", "too", "here"].map(package_id);
                assert!(tx.packages().missing(one, &known).await?.is_empty());
                // More than one statement looks for; the first and the last are among the missing ones.
                let many = (0..2500).map(|number| package_id(&format!("gone-{number}")));
                let ids: Vec<_> =
                    ["HERE", "here", "elsewhere", "it's"].map(package_id).into_iter().chain(many).collect();
                let missing = tx.packages().missing(one, &ids).await?;
                let expected: Vec<_> = ids.into_iter().filter(|id| id.as_str() != "here").collect();
                assert_eq!(missing, expected);
                Ok(missing.len())
            })
        })
        .await
        .expect("writes");
    assert_eq!(missing, 2503);
}

fn stored_id(file: &PackageFile) -> StoredFileId {
    match &file.content {
        FileContent::Stored(stored) => stored.id,
        FileContent::External(external) => panic!("nobody put a file at {}", external.url),
    }
}

/// A package comes back with its files in the order in which they were given.
pub async fn packages_keep_their_files_in_order(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let (a, b) = (file(tx, one, 1).await?, file(tx, one, 2).await?);
                assert!(
                    package(tx, one, "pump-1", &[("z.bin", a, false), ("a.sh", b, true), ("copy.bin", a, false)])
                        .await?
                );
                assert!(!package(tx, one, "pump-1", &[("other", a, false)]).await?, "an ID was given twice");
                assert!(package(tx, one, "pump-0", &[]).await?);
                let found = tx.packages().find(one, &package_id("pump-1")).await?.expect("is there");
                let files: Vec<_> = found.files.iter().map(|f| (f.name.as_str(), f.execute, stored_id(f))).collect();
                assert_eq!(files, [("z.bin", false, a), ("a.sh", true, b), ("copy.bin", false, a)]);
                assert_eq!((found.product.name.as_str(), found.description.as_str()), ("Pump", "text"));
                let listed = tx.packages().list(one).await?;
                assert_eq!(listed.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["pump-0", "pump-1"]);
                assert_eq!(tx.packages().find(two, &package_id("pump-1")).await?, None);
                // A name that is not given any more, because devices refuse it, stays readable.
                assert!(
                    PlainFileName::new("old.part").is_err()
                        && package(tx, one, "old", &[("old.part", a, true)]).await?
                );
                let old = tx.packages().find(one, &package_id("old")).await?.expect("is there");
                assert_eq!(old.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["old.part"]);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// An update comes back with sources, targets and languages in order; its status can be changed.
pub async fn updates_keep_all_their_parts(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let text = |language, title: &str| LanguageText {
        language: Language(language),
        title: title.to_owned(),
        description: "d".to_owned(),
    };
    let platform = |name: &str| Platform::new(name).expect("good name");
    let update = NewUpdate {
        id: UpdateId::new("U-1").expect("good ID"),
        name: "field".to_owned(),
        description: "description".to_owned(),
        status: UpdateStatus::Active,
        entitlement_check: EntitlementCheck::LineItem,
        start_date: Date::parse("2026-03-01").expect("a date"),
        end_date: Some(Date::parse("2031-12-31").expect("a date")),
        command_line: "--apply".to_owned(),
        release_from: vec![package_id("b"), package_id("a")],
        release_to: vec![(platform("WIN64"), package_id("d")), (platform("LINUX 64"), package_id("c"))],
        languages: vec![text(1041, "更新"), text(1033, "Update")],
    };
    let release = NewRelease { update, manifest_uuids: vec!["uuid-win".to_owned(), "uuid-linux".to_owned()] };
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for id in ["a", "b", "c", "d"] {
                    package(tx, one, id, &[]).await?;
                }
                assert!(tx.updates().insert(one, &release, NOW).await?.is_some());
                assert_eq!(tx.updates().insert(one, &release, NOW).await?, None, "an ID was given twice");
                let id = &release.update.id;
                let found = tx.updates().find(one, id).await?.expect("is there");
                let targets: Vec<_> =
                    found.release_to.iter().map(|t| (t.platform.clone(), t.package.clone())).collect();
                let uuids: Vec<_> = found.release_to.iter().map(|t| t.manifest_uuid.clone()).collect();
                assert_eq!((&targets, &uuids), (&release.update.release_to, &release.manifest_uuids));
                assert_eq!(found.release_from, release.update.release_from);
                assert_eq!(found.languages, release.update.languages);
                assert_eq!((found.start_date, found.end_date), (release.update.start_date, release.update.end_date));
                assert_eq!(found.entitlement_check, EntitlementCheck::LineItem);
                assert!(!tx.updates().set_status(two, id, UpdateStatus::Inactive).await?, "a foreign site changed it");
                assert!(tx.updates().set_status(one, id, UpdateStatus::Inactive).await?);
                let listed = tx.updates().list(one).await?;
                assert_eq!(listed.iter().map(|u| u.status).collect::<Vec<_>>(), [UpdateStatus::Inactive]);
                Ok(())
            })
        })
        .await
        .expect("writes");
}
