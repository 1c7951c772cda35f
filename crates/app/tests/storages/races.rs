//! Several callers at once.

use countersign_app::storages::{self, Contents, StorageError};
use futures_util::{StreamExt, stream};

use crate::support::{Shop, at, put};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_see_whole_files_and_the_last_writer_wins() {
    let shop = Shop::new().await;
    let whole = |number: usize| number.to_string().repeat(50_000);
    shop.put("a", &whole(1)).await.unwrap();
    let other = shop.world.second_process().await;
    let writers = (1..=9_usize).map(|number| {
        let (shop, other) = (&shop, &other);
        async move {
            let ctx = if number % 2 == 0 { other } else { &shop.ctx };
            put(ctx, &shop.caller, "a", &whole(number)).await.unwrap();
        }
    });
    let writing = stream::iter(writers).buffer_unordered(9).collect::<Vec<_>>();
    let reading = async {
        for _ in 0..20 {
            let seen = shop.read("a").await.unwrap();
            assert_eq!(seen, whole(seen[..1].parse().unwrap()), "a reader saw a mixture");
        }
    };
    tokio::join!(writing, reading);
    let versions = storages::versions(&shop.ctx, &shop.caller, &at("a")).await.unwrap();
    assert_eq!((versions.len(), versions.iter().filter(|version| version.is_latest).count()), (10, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_never_end_up_in_each_other() {
    let shop = Shop::new().await;
    for round in 0..10 {
        let (a, b) = (format!("{round}/a"), format!("{round}/b"));
        shop.put(&format!("{a}/x"), "1").await.unwrap();
        shop.put(&format!("{b}/y"), "2").await.unwrap();
        let (into_b, into_a) = (at(&format!("{b}/a")), at(&format!("{a}/b")));
        let (a, b) = (at(&a), at(&b));
        let one = storages::move_folder(&shop.ctx, &shop.caller, &a, &into_b);
        let two = storages::move_folder(&shop.ctx, &shop.caller, &b, &into_a);
        let (one, two) = tokio::join!(one, two);
        // Whoever comes second finds no source, or makes a new parent; both files can be found in the tree.
        assert!(one.is_ok() || two.is_ok(), "{one:?} {two:?}");
        let found = ["a/x", "b/a/x", "a/b/y", "b/y", "a/b/a/x", "b/a/b/y"].map(|path| format!("{round}/{path}"));
        let mut there = 0;
        for path in found {
            there += usize::from(shop.read(&path).await.is_some());
        }
        assert_eq!(there, 2, "round {round}: {one:?} {two:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_into_a_folder_that_is_deleted_are_there_or_refused() {
    let shop = Shop::new().await;
    let uploads = (0..30).map(|number| {
        let shop = &shop;
        async move {
            if number % 10 == 5 {
                let deleted = storages::delete_folder(&shop.ctx, &shop.caller, &at("f"), Contents::Delete).await;
                assert!(matches!(deleted, Ok(()) | Err(StorageError::NotFound(_))), "{deleted:?}");
            }
            shop.put(&format!("f/g/{number}"), "12").await.unwrap();
        }
    });
    stream::iter(uploads).buffer_unordered(10).collect::<Vec<_>>().await;
    storages::collect(&shop.ctx).await.unwrap();
    let left = shop.list("f/g").await.len();
    assert_eq!(shop.used("main").await, 2 * left as u64, "what is counted is what is there");
    assert_eq!(shop.objects("main").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_moved_away_is_copied_whole_or_not_at_all() {
    /// More than are copied in one unit of work.
    const FILES: usize = 250;
    let shop = Shop::new().await;
    for number in 0..FILES {
        shop.put(&format!("a/{number}"), "1").await.unwrap();
    }
    let (a, away) = (at("a"), at("away"));
    let mut cut_off = 0;
    for round in 0..10 {
        let to = at(&format!("copy-{round}"));
        let copying = storages::copy_folder(&shop.ctx, &shop.caller, &a, &to);
        let moving = storages::move_folder(&shop.ctx, &shop.caller, &a, &away);
        let (copied, moved) = tokio::join!(copying, moving);
        moved.unwrap();
        match copied {
            Ok(()) => assert_eq!(shop.list(&format!("copy-{round}")).await.len(), FILES, "round {round}"),
            Err(StorageError::Changed(_) | StorageError::NotFound(_)) => cut_off += 1,
            Err(error) => panic!("round {round}: {error}"),
        }
        storages::move_folder(&shop.ctx, &shop.caller, &away, &a).await.unwrap();
    }
    assert!(cut_off > 0, "no folder was moved while it was being copied");
}
