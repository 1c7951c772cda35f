//! The life of files and folders, in every product's casing and every spelling of a path.

use countersign_app::storages::{self, StorageSettings};
use countersign_domain::storage::StorageName;
use countersign_store::StoreError;
use countersign_store::repositories::Entry;
use http::StatusCode;
use serde_json::{Value, json};

use super::support::{Storages, WORDS, every_byte, refusal, text};

/// A member in the casing of a product.
fn member<'v>(value: &'v Value, product: &str, name: &str) -> &'v Value {
    let camel = format!("{}{}", name[..1].to_lowercase(), &name[1..]);
    match product {
        "words" | "pdf" | "cells" => {
            assert!(value.get(&camel).is_none(), "{value}");
            &value[name]
        }
        "imaging" | "email" | "cad" | "conversion" | "html" => {
            assert!(value.get(name).is_none(), "{value}");
            &value[&camel]
        }
        _ => {
            assert_eq!(value[name], value[&camel]);
            &value[name]
        }
    }
}

#[tokio::test]
async fn the_life_of_a_file_in_every_family() {
    let storages = Storages::new().await;
    for product in
        ["words", "pdf", "cells", "slides", "tasks", "imaging", "email", "cad", "conversion", "html", "viewer"]
    {
        let base = format!("/v3.0/{product}/storage");
        let read = |value: &Value, name: &str| member(value, product, name).clone();
        storages.done("PUT", &format!("{base}/folder/in/march")).await;
        let answer = storages.send("PUT", &format!("{base}/file/in/a%20b+c%20(1).bin"), every_byte()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(read(&answer.json(), "Uploaded"), json!(["a b+c (1).bin"]));
        assert_eq!(read(&answer.json(), "Errors"), json!([]));

        let exists = storages.get(&format!("{base}/exist/in/a%20b+c%20(1).bin")).await.json();
        assert_eq!((read(&exists, "Exists"), read(&exists, "IsFolder")), (json!(true), json!(false)));
        let exists = storages.get(&format!("{base}/exist/in")).await.json();
        assert_eq!((read(&exists, "Exists"), read(&exists, "IsFolder")), (json!(true), json!(true)));

        let list = read(&storages.get(&format!("{base}/folder/in")).await.json(), "Value");
        let shown: Vec<Vec<Value>> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                ["Name", "IsFolder", "Size", "Path", "ModifiedDate"].iter().map(|name| read(entry, name)).collect()
            })
            .collect();
        let date = json!("2026-03-01T12:00:00.000+00:00");
        let size = every_byte().len();
        assert_eq!(
            shown,
            [
                [json!("march"), json!(true), json!(0), json!("/in/march"), date.clone()],
                [json!("a b+c (1).bin"), json!(false), json!(size), json!("/in/a b+c (1).bin"), date],
            ]
        );

        let query = "destPath=in%2Fmarch%2Fcopy.bin&srcStorageName=Main";
        storages.done("PUT", &format!("{base}/file/copy/in%2Fa%20b+c%20(1).bin?{query}")).await;
        storages.done("PUT", &format!("{base}/file/move/in/march/copy.bin?destPath=/out/moved.bin")).await;
        let download = storages.get(&format!("{base}/file/out/moved.bin?storageName=Main")).await;
        assert_eq!((download.status, &download.body[..]), (StatusCode::OK, &every_byte()[..]));
        let gone = storages.get(&format!("{base}/exist/in/march/copy.bin")).await.json();
        assert_eq!((read(&gone, "Exists"), read(&gone, "IsFolder")), (json!(false), json!(false)));

        let versions = read(&storages.get(&format!("{base}/version/out/moved.bin")).await.json(), "Value");
        assert_eq!(read(&versions[0], "IsLatest"), true);
        assert_eq!((read(&versions[0], "Path"), read(&versions[0], "Size")), (json!("/out/moved.bin"), json!(size)));
        let id = read(&versions[0], "VersionId").as_str().unwrap().to_owned();
        let version = storages.get(&format!("{base}/file/out/moved.bin?versionId={id}")).await;
        assert_eq!(&version.body[..], every_byte());

        let usage = storages.get(&format!("{base}/disc")).await.json();
        let (used, total) = (read(&usage, "UsedSize").as_u64().unwrap(), read(&usage, "TotalSize").as_u64().unwrap());
        assert!(used >= 2 * size as u64 && total > used, "{usage}");
        for (name, expected) in [("Main", true), ("Other", false), ("a%2Fb", false)] {
            let found = storages.get(&format!("{base}/{name}/exist")).await;
            assert_eq!((found.status, read(&found.json(), "Exists")), (StatusCode::OK, json!(expected)), "{name}");
        }

        storages.done("PUT", &format!("{base}/folder/copy/in?destPath=both/in")).await;
        storages.done("PUT", &format!("{base}/folder/move/out?destPath=both/out")).await;
        assert_eq!(storages.names("both").await, ["in/", "out/"]);
        assert_eq!(storages.bytes("both/in/a%20b+c%20(1).bin").await, every_byte());
        storages.done("DELETE", &format!("{base}/file/both/out/moved.bin")).await;
        assert_eq!(storages.get(&format!("{base}/file/both/out/moved.bin")).await.status, StatusCode::NOT_FOUND);
        storages.done("DELETE", &format!("{base}/folder/both/out")).await;
        for folder in ["in", "both"] {
            storages.done("DELETE", &format!("{base}/folder/{folder}?recursive=True")).await;
        }
        assert_eq!(storages.names("").await, [] as [&str; 0], "{product}");
    }
}

#[tokio::test]
async fn one_file_in_every_spelling() {
    let storages = Storages::new().await;
    storages.done("PUT", "//v4.0/words/storage/folder//a//caf%C3%A9/").await;
    for path in [
        "/v4.0/words/storage/file/a/caf%C3%A9/x.txt",
        "//v4.0/words/storage/file/a/caf%C3%A9/x.txt",
        "/v4.0/words/storage/file/a%2Fcaf%C3%A9%2Fx.txt",
        "/v4.0/words/storage/file//a/./caf%C3%A9//x.txt",
        "/v4.0/words/storage/file/%2Fa/caf%E9/x.txt",
        "/v9.1/slides/storage/file/a/cafe%CC%81/x.txt",
        "/v3.0/slides/async/storage/file/a/caf%C3%A9/x.txt",
        "/t/demo/v4.0/words/storage/file/a/caf%C3%A9/x.txt",
        "/t/demo//v4.0/words/storage/file/a/caf%C3%A9/x.txt",
    ] {
        let body = format!("through {path}");
        let answer = storages.send("PUT", path, body.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", text(&answer));
        assert_eq!(storages.bytes("a/caf%C3%A9/x.txt").await, body.into_bytes());
        assert_eq!(storages.get(path).await.status, StatusCode::OK, "{path}");
        assert_eq!(storages.names("a/caf%C3%A9").await, ["x.txt"], "{path}");
    }
    for root in ["folder", "folder/", "folder//", "folder/%2F"] {
        let list = storages.get(&format!("{WORDS}/{root}")).await.json();
        assert_eq!(list["Value"][0]["Path"], "/a", "{root}");
    }
    // A plus sign is one, a percent sign that escapes nothing too, and in a query a plus sign is a blank.
    storages.put("a%.txt", "1").await;
    storages.done("PUT", &format!("{WORDS}/file/copy/a%.txt?DESTPATH=b+c%2Bd.txt")).await;
    assert_eq!(storages.names("").await, ["a/", "a%.txt", "b c+d.txt"]);
    assert_eq!(storages.bytes("b%20c+d.txt").await, b"1");
    let exists = storages.get(&format!("{WORDS}/exist/")).await.json();
    assert_eq!(exists, json!({ "Exists": true, "IsFolder": true }), "the root");
}

#[tokio::test]
async fn names_that_are_words_of_paths() {
    let storages = Storages::new().await;
    storages.put("copy/x", "a file in a folder called copy").await;
    storages.put("exist", "a file called exist").await;
    assert_eq!(storages.bytes("copy/x").await, b"a file in a folder called copy");
    let both = storages.send("PUT", &format!("{WORDS}/file/copy/x?destPath=y"), "a body is not looked at").await;
    assert_eq!(refusal(&both), (404, "errorItemNotFound".to_owned()), "a copy of x, which is not there");
    let missing = storages.send("PUT", &format!("{WORDS}/file/move/exist"), "").await;
    assert_eq!(refusal(&missing), (400, "errorParameterMissing".to_owned()));
    let exists = storages.get(&format!("{WORDS}/exist/exist")).await.json();
    assert_eq!(exists["Exists"], true);
    assert_eq!(storages.get(&format!("{WORDS}/file/exist")).await.body, "a file called exist");
    storages.done("DELETE", &format!("{WORDS}/file/copy/x")).await;
    assert_eq!(storages.names("copy").await, [] as [&str; 0]);
}

#[tokio::test]
async fn versions_and_several_storages() {
    let storages = Storages::with(StorageSettings { versioned: true, quota: None }).await;
    storages.add("Other", StorageSettings::default()).await;
    for bytes in ["one", "two22", "three"] {
        storages.put("a.txt", bytes).await;
    }
    let list = storages.get(&format!("{WORDS}/version/a.txt")).await.json()["Value"].clone();
    let latest: Vec<_> = list.as_array().unwrap().iter().map(|version| version["IsLatest"] == true).collect();
    assert_eq!(latest, [true, false, false]);
    let oldest = list[2]["VersionId"].as_str().unwrap().to_owned();
    let old = format!("{WORDS}/file/a.txt?versionId={oldest}");
    assert_eq!(storages.get(&old).await.body, "one");
    let query = format!("destPath=b/a.txt&srcStorageName=Main&destStorageName=Other&versionId={oldest}");
    storages.done("PUT", &format!("{WORDS}/file/copy/a.txt?{query}")).await;
    assert_eq!(storages.get(&format!("{WORDS}/file/b/a.txt?storageName=Other")).await.body, "one");
    assert_eq!(storages.get(&format!("{WORDS}/file/b/a.txt?storage=Other")).await.body, "one");
    assert_eq!(storages.get(&format!("{WORDS}/file/b/a.txt")).await.status, StatusCode::NOT_FOUND);
    storages.done("DELETE", &old).await;
    assert_eq!(refusal(&storages.get(&old).await), (404, "errorVersionNotFound".to_owned()));
    assert_eq!(storages.bytes("a.txt").await, b"three");
    storages.done("PUT", &format!("{WORDS}/folder/move/b?destPath=c&srcStorageName=Other&destStorageName=Main")).await;
    assert_eq!(storages.bytes("c/a.txt").await, b"one");
}

#[tokio::test]
async fn long_folders_come_whole_or_in_parts() {
    let storages = Storages::new().await;
    for number in 0..12 {
        storages.done("PUT", &format!("{WORDS}/folder/many/f{number:02}")).await;
    }
    storages.put("many/a", "").await;
    assert_eq!(storages.names("many").await.len(), 13);
    let part = |query: &str| format!("many?{query}");
    assert_eq!(storages.names(&part("limit=2")).await, ["f00/", "f01/"]);
    assert_eq!(storages.names(&part("limit=2&after=f10/")).await, ["f11/", "a"]);
    assert_eq!(storages.names(&part("after=a")).await, [] as [&str; 0]);
    let bad = storages.get(&format!("{WORDS}/folder/many?limit=0")).await;
    assert_eq!(refusal(&bad), (400, "errorParameterInvalid".to_owned()));
}

#[tokio::test]
async fn a_list_of_long_names_is_asked_for_in_parts() {
    let storages = Storages::new().await;
    let parent = ["p".repeat(250), "p".repeat(250), "p".repeat(250)].join("/");
    storages.done("PUT", &format!("{WORDS}/folder/{parent}")).await;
    let name = StorageName::new("Main").unwrap();
    let main = storages::find(storages.app.ctx(), storages.app.site, &name).await.unwrap().unwrap();
    let now = storages.app.ctx().now();
    // Some 1.2 KB each with its path and name in both casings.
    let unit = storages.app.world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let mut folder = main.root;
            while let Some((Entry::Folder(inner), _)) = tx.storage_entries().list(folder, None, 1).await?.pop() {
                folder = inner;
            }
            for number in 0..13_500 {
                tx.storage_entries().insert_folder(main.id, folder, &format!("{number:0>255}"), now).await?;
            }
            Ok(())
        })
    });
    unit.await.unwrap();
    let path = format!("{WORDS}/folder/{parent}");
    assert_eq!(refusal(&storages.get(&path).await), (400, "errorTooManyItems".to_owned()));
    let part = storages.get(&format!("{path}?limit=10000")).await;
    assert_eq!(part.json()["Value"].as_array().unwrap().len(), 10_000);
}
