//! Folders: lists, copies, moves and deletions of trees.

use countersign_app::storages::{self, Contents, Found, ListPage, StorageError, StorageSettings};
use countersign_domain::storage::ListAfter;

use crate::support::{Shop, at};

#[tokio::test]
async fn lists_show_folders_first_in_the_order_of_code_points() {
    let shop = Shop::new().await;
    for path in ["b", "Z", "é", "a/x", "zz/y", "_", "B/x"] {
        shop.put(path, "1").await.unwrap();
    }
    storages::create_folder(&shop.ctx, &shop.caller, &at("empty/inner")).await.unwrap();
    storages::create_folder(&shop.ctx, &shop.caller, &at("empty")).await.unwrap();
    let all = ["B/", "a/", "empty/", "zz/", "Z", "_", "b", "é"];
    assert_eq!(shop.list("").await, all);
    assert!(shop.list("empty/inner").await.is_empty());
    let mut after = None;
    let mut parts = Vec::new();
    loop {
        let page = ListPage { after: after.clone(), limit: 3 };
        let part = storages::list_folder(&shop.ctx, &shop.caller, &at(""), page).await.unwrap();
        let Some(last) = part.last() else { break };
        after = Some(ListAfter::parse(&last.place().to_string()));
        parts.extend(part.iter().map(|entry| entry.place().to_string()));
    }
    assert_eq!(parts, all);
    for missing in ["none", "b", "empty/none"] {
        let listed = storages::list_folder(&shop.ctx, &shop.caller, &at(missing), ListPage::first()).await;
        assert!(matches!(listed, Err(StorageError::NotFound(_))), "{missing}");
    }
    let root = storages::stat(&shop.ctx, &shop.caller, &at(""), None).await.unwrap();
    assert!(matches!(root, Some(Found::Folder(_))));
}

#[tokio::test]
async fn a_folder_is_deleted_with_its_contents_only_when_told_to() {
    let shop = Shop::new().await;
    for number in 0..250 {
        shop.put(&format!("tree/{}/{number}", number % 3), "12").await.unwrap();
    }
    shop.put("tree/deep/er/x", "3").await.unwrap();
    let (ctx, caller) = (&shop.ctx, &shop.caller);
    let kept = storages::delete_folder(ctx, caller, &at("tree"), Contents::Keep).await;
    assert!(matches!(kept, Err(StorageError::NotEmpty(_))));
    assert_eq!(shop.used("main").await, 501);
    storages::delete_folder(ctx, caller, &at("tree"), Contents::Delete).await.unwrap();
    assert_eq!((shop.used("main").await, shop.objects("main").await), (0, 0));
    assert!(shop.list("").await.is_empty());
    assert!(matches!(
        storages::delete_folder(ctx, caller, &at("tree"), Contents::Delete).await,
        Err(StorageError::NotFound(_))
    ));
    assert!(matches!(storages::delete_folder(ctx, caller, &at(""), Contents::Delete).await, Err(StorageError::Root)));
    storages::create_folder(ctx, caller, &at("tree")).await.unwrap();
    storages::delete_folder(ctx, caller, &at("tree"), Contents::Keep).await.unwrap();
    storages::delete(ctx, shop.site, &crate::support::name("main")).await.unwrap();
}

#[tokio::test]
async fn a_tree_is_copied_and_put_together_with_what_is_there() {
    let shop = Shop::new().await;
    for number in 0..230 {
        shop.put(&format!("from/a/{number:03}"), "12").await.unwrap();
    }
    shop.put("from/b/c/d", "new").await.unwrap();
    shop.put("to/b/c/d", "old").await.unwrap();
    shop.put("to/b/own", "own").await.unwrap();
    let (ctx, caller) = (&shop.ctx, &shop.caller);
    storages::copy_folder(ctx, caller, &at("from"), &at("to")).await.unwrap();
    assert_eq!(shop.list("to").await, ["a/", "b/"]);
    assert_eq!(shop.list("to/a").await.len(), 230);
    assert_eq!(shop.list("to/b").await, ["c/", "own"]);
    assert_eq!(shop.read("to/b/c/d").await.as_deref(), Some("new"));
    assert_eq!(shop.read("from/b/c/d").await.as_deref(), Some("new"));
    for (from, to) in [("from", "from/x"), ("from", "from"), ("from/a", "from"), ("", "x"), ("from", "")] {
        let copied = storages::copy_folder(ctx, caller, &at(from), &at(to)).await;
        assert!(matches!(copied, Err(StorageError::IntoItself(_))), "{from} to {to}: {copied:?}");
        let moved = storages::move_folder(ctx, caller, &at(from), &at(to)).await;
        assert!(matches!(moved, Err(StorageError::IntoItself(_))), "{from} to {to}: {moved:?}");
    }
    assert!(matches!(storages::copy_folder(ctx, caller, &at("none"), &at("x")).await, Err(StorageError::NotFound(_))));
}

#[tokio::test]
async fn a_tree_moves_in_one_step() {
    let shop = Shop::new().await;
    shop.put("from/b/c/d", "new").await.unwrap();
    shop.put("to/b/c/d", "old").await.unwrap();
    shop.put("to/b/own", "own").await.unwrap();
    let (ctx, caller) = (&shop.ctx, &shop.caller);
    storages::move_folder(ctx, caller, &at("from"), &at("to")).await.unwrap();
    assert_eq!(shop.list("").await, ["to/"]);
    assert_eq!(shop.read("to/b/c/d").await.as_deref(), Some("new"));
    assert_eq!(shop.list("to/b").await, ["c/", "own"]);
    storages::move_folder(ctx, caller, &at("to/b"), &at("x/y")).await.unwrap();
    assert_eq!(shop.read("x/y/c/d").await.as_deref(), Some("new"));
    assert!(shop.list("to").await.is_empty());
    assert!(matches!(
        storages::move_folder(ctx, caller, &at("to"), &at("x/y/own")).await,
        Err(StorageError::IsFile(_))
    ));
    assert!(matches!(storages::move_folder(ctx, caller, &at("none"), &at("x")).await, Err(StorageError::NotFound(_))));
}

#[tokio::test]
async fn nothing_gets_a_path_that_is_too_long() {
    let shop = Shop::new().await;
    let deep = vec!["d".repeat(99); 9].join("/");
    shop.put(&format!("t/{deep}/x"), "1").await.unwrap();
    let (ctx, caller) = (&shop.ctx, &shop.caller);
    let long = "l".repeat(150);
    let moved = storages::move_folder(ctx, caller, &at("t"), &at(&long)).await;
    assert!(matches!(moved, Err(StorageError::Path(_))), "{moved:?}");
    let copied = storages::copy_folder(ctx, caller, &at("t"), &at(&long)).await;
    assert!(matches!(copied, Err(StorageError::Path(_))), "{copied:?}");
    storages::move_folder(ctx, caller, &at("t"), &at(&"s".repeat(100))).await.unwrap();
    let place = format!("{}/{deep}/x", "s".repeat(100));
    assert_eq!(shop.read(&place).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_tree_goes_to_another_storage() {
    let shop = Shop::new().await;
    shop.add("other", StorageSettings { versioned: true, quota: Some(500) }).await;
    for number in 0..120 {
        shop.put(&format!("from/a/{number:03}"), &format!("{number:03}")).await.unwrap();
    }
    storages::create_folder(&shop.ctx, &shop.caller, &at("from/empty")).await.unwrap();
    let (ctx, caller) = (&shop.ctx, &shop.caller);
    storages::copy_folder(ctx, caller, &at("from"), &at("other:copy")).await.unwrap();
    assert_eq!(shop.list("other:copy").await, ["a/", "empty/"]);
    assert_eq!(shop.used("other").await, 360);
    let full = storages::move_folder(ctx, caller, &at("from"), &at("other:moved")).await;
    assert!(matches!(full, Err(StorageError::QuotaExceeded { .. })), "{full:?}");
    assert_eq!(shop.list("from/a").await.len(), 120, "the source stays");
    storages::delete_folder(ctx, caller, &at("other:copy"), Contents::Delete).await.unwrap();
    storages::delete_folder(ctx, caller, &at("other:moved"), Contents::Delete).await.unwrap();
    storages::move_folder(ctx, caller, &at("from"), &at("other:moved")).await.unwrap();
    assert!(shop.list("").await.is_empty());
    assert_eq!(shop.read("other:moved/a/077").await.as_deref(), Some("077"));
    assert_eq!((shop.used("main").await, shop.objects("main").await), (0, 0));
}
