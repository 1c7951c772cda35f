//! Who may do what where.

use countersign_app::storages::{self, Contents, StorageCaller, StorageError, StorageSettings};
use countersign_app::{sites, trails};
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::storage::{StorageAccess, StorageGrant, StoragePath};

use crate::support::{Shop, at, name, put};

fn grant(path: &str, access: StorageAccess) -> StorageGrant {
    StorageGrant { storage: name("main"), path: StoragePath::new(path).unwrap(), access }
}

#[tokio::test]
async fn grants_hold_for_every_call() {
    let shop = Shop::new().await;
    shop.add("other", StorageSettings::default()).await;
    for path in ["in/a", "out/b", "secret/c", "other:d"] {
        shop.put(path, "1").await.unwrap();
    }
    let grants = vec![grant("in", StorageAccess::Write), grant("out", StorageAccess::Read)];
    let app = StorageCaller { grants: Some(grants), ..shop.caller.clone() };
    let ctx = &shop.ctx;
    let refused = |outcome: Result<(), StorageError>| matches!(outcome, Err(StorageError::NotGranted(_)));

    put(ctx, &app, "in/new", "2").await.unwrap();
    storages::open(ctx, &app, &at("out/b"), None).await.unwrap();
    storages::copy_file(ctx, &app, &at("out/b"), &at("in/b"), None).await.unwrap();
    for path in ["out/b", "secret/c", "x", "other:d"] {
        assert!(refused(put(ctx, &app, path, "2").await.map(|_| ())), "{path}");
        assert!(refused(storages::delete_file(ctx, &app, &at(path), None).await), "{path}");
        assert!(refused(storages::copy_file(ctx, &app, &at("in/a"), &at(path), None).await), "{path}");
        assert!(refused(storages::move_file(ctx, &app, &at(path), &at("in/x"), None).await), "{path}");
        assert!(refused(storages::create_folder(ctx, &app, &at(path)).await), "{path}");
        assert!(refused(storages::delete_folder(ctx, &app, &at(path), Contents::Delete).await), "{path}");
        assert!(refused(storages::move_folder(ctx, &app, &at("in"), &at(path)).await), "{path}");
    }
    for path in ["secret/c", "", "other:d"] {
        assert!(refused(storages::open(ctx, &app, &at(path), None).await.map(|_| ())), "{path}");
        assert!(refused(storages::stat(ctx, &app, &at(path), None).await.map(|_| ())), "{path}");
        assert!(refused(storages::versions(ctx, &app, &at(path)).await.map(|_| ())), "{path}");
        assert!(refused(storages::copy_folder(ctx, &app, &at(path), &at("in/x")).await), "{path}");
        let page = storages::ListPage::first();
        assert!(refused(storages::list_folder(ctx, &app, &at(path), page).await.map(|_| ())), "{path}");
    }
    assert!(storages::storage_exists(ctx, &app, &name("main")).await.unwrap());
    assert!(!storages::storage_exists(ctx, &app, &name("other")).await.unwrap());
    assert!(!storages::storage_exists(ctx, &shop.caller, &name("none")).await.unwrap());
    assert!(storages::usage(ctx, &app, Some(&name("other"))).await.is_err());
    assert!(storages::usage(ctx, &app, None).await.is_ok());
}

#[tokio::test]
async fn storages_of_other_sites_are_not_there() {
    let shop = Shop::new().await;
    shop.put("a", "1").await.unwrap();
    let other = sites::create(&shop.ctx, SiteName::new("beta").unwrap(), SiteSettings::default()).await.unwrap();
    let stranger = StorageCaller { site: other, ..shop.caller.clone() };
    let read = storages::open(&shop.ctx, &stranger, &at("a"), None).await;
    assert!(matches!(read, Err(StorageError::StorageUnknown(_))));
    assert!(!storages::storage_exists(&shop.ctx, &stranger, &name("main")).await.unwrap());
    let nobody = StorageCaller::unrestricted(shop.site);
    let unnamed = storages::open(&shop.ctx, &nobody, &at("a"), None).await;
    assert!(matches!(unnamed, Err(StorageError::NoDefault)));
}

#[tokio::test]
async fn writes_are_in_the_audit_trail() {
    let shop = Shop::new().await;
    shop.put("in/a", "1").await.unwrap();
    storages::move_file(&shop.ctx, &shop.caller, &at("in/a"), &at("b"), None).await.unwrap();
    storages::delete_file(&shop.ctx, &shop.caller, &at("b"), None).await.unwrap();
    assert!(shop.put("", "refused").await.is_err());
    let entries = trails::list_audit(&shop.ctx, shop.site, countersign_app::Page::first(99)).await.unwrap();
    let entries: Vec<_> = entries.iter().map(|entry| (entry.verb.as_str(), entry.subject.as_str())).collect();
    let expected = [
        ("storage.create", "main"),
        ("storage.upload", "main:/in/a"),
        ("storage.move", "main:/in/a to /b"),
        ("storage.delete", "main:/b"),
    ];
    assert_eq!(entries[entries.len() - 4..], expected);
}
