//! Storages: names, folders and files, versions and the bytes that they name, refused uploads.

use countersign_domain::storage::{BackEnd, Bucket, ListAfter, StorageName, StoragePath};
use countersign_domain::time::Timestamp;

use super::{NOW, site};
use crate::repositories::{Deleted, Entry, NewObject, NewStorage, StorageObject, StorageSettings, UploadKey};
use crate::{Store, StoreError};

fn new_storage(name: &str, back_end: BackEnd) -> NewStorage {
    NewStorage {
        name: StorageName::new(name).expect("good name"),
        back_end,
        settings: StorageSettings { versioned: true, quota: Some(10) },
    }
}

fn object(number: u8) -> NewObject {
    NewObject { sha256: [number; 32], md5: [number; 16], size: u64::from(number), object_key: format!("key {number}") }
}

/// Storages come back as they were written, by name and site; settings are replaced; what has something in it stays.
pub async fn storages_belong_to_their_site(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let bucket = Bucket {
        endpoint: "http://s3".to_owned(),
        region: "r".to_owned(),
        bucket: "b".to_owned(),
        prefix: String::new(),
    };
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let ends = [BackEnd::Managed, BackEnd::Directory("/srv".to_owned()), BackEnd::Bucket(bucket)];
                for (name, back_end) in ["a", "b", "c"].into_iter().zip(ends.clone()) {
                    let new = new_storage(name, back_end);
                    assert!(tx.storages().insert(one, &new, NOW).await?.is_some());
                    assert!(tx.storages().insert(one, &new, NOW).await?.is_none(), "a name is taken once");
                }
                let listed = tx.storages().list(one).await?;
                assert_eq!(listed.iter().map(|found| found.back_end.clone()).collect::<Vec<_>>(), ends);
                assert!(tx.storages().list(two).await?.is_empty());
                let [first, ..] = &listed[..] else { panic!("{listed:?}") };
                assert_eq!(tx.storages().find(two, &first.name).await?, None);
                assert_eq!(tx.storages().lock(first.id).await?.as_ref(), Some(first));
                assert_eq!((first.quota, first.used, first.versioned), (Some(10), 0, true));
                assert_eq!(tx.storages().credentials(first.id).await?, None);
                assert!(tx.storages().set_credentials(first.id, Some(&[1, 2, 3])).await?);
                assert_eq!(tx.storages().credentials(first.id).await?, Some(vec![1, 2, 3]));
                assert!(tx.storages().set_credentials(first.id, None).await?);
                assert_eq!(tx.storages().credentials(first.id).await?, None);
                tx.storages().set_used(first.id, 7).await?;
                assert!(tx.storages().set(first.id, StorageSettings::default()).await?);
                let changed = tx.storages().find(one, &first.name).await?.expect("is there");
                assert_eq!((changed.quota, changed.used, changed.versioned), (None, 7, false));
                let folder = tx.storage_entries().insert_folder(first.id, first.root, "f", NOW).await?;
                assert_eq!(tx.storages().delete(first.id).await?, Deleted::InUse);
                tx.storage_entries().delete(Entry::Folder(folder)).await?;
                assert_eq!(tx.storages().delete(first.id).await?, Deleted::Yes);
                assert_eq!(tx.storages().delete(first.id).await?, Deleted::Unknown);
                assert_eq!(tx.storages().lock(first.id).await?, None);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Entries are listed folders first, in the order of code points, in parts; they move with what is in them, and folders that
/// were taken out are listed to be emptied.
pub async fn folders_hold_folders_and_files(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let new = new_storage("a", BackEnd::Managed);
                let id = tx.storages().insert(site, &new, NOW).await?.expect("free");
                let root = tx.storages().lock(id).await?.expect("is there").root;
                for name in ["z", "B", "\u{e9}"] {
                    tx.storage_entries().insert_folder(id, root, name, NOW).await?;
                }
                let bytes = tx.storage_versions().insert_object(id, &object(1), NOW).await?;
                for name in ["y", "A", "\u{10ffff}", "\u{ffff}"] {
                    let file = tx.storage_entries().insert_file(id, root, name, NOW).await?;
                    tx.storage_versions().insert(id, file, bytes, None, NOW).await?;
                }
                let names = ["B/", "z/", "\u{e9}/", "A", "y", "\u{ffff}", "\u{10ffff}"];
                let (mut seen, mut after): (Vec<String>, Option<ListAfter>) = (Vec::new(), None);
                loop {
                    let part = tx.storage_entries().list(root, after.as_ref(), 2).await?;
                    let Some((_, last)) = part.last() else { break };
                    after = Some(last.place());
                    seen.extend(part.iter().map(|(_, entry)| entry.place().to_string()));
                }
                assert_eq!(seen, names);

                let Some(Entry::Folder(z)) = tx.storage_entries().find(root, "z").await? else { panic!("no z") };
                let y = tx.storage_entries().find(root, "y").await?.expect("is there");
                tx.storage_entries().set_place(y, z, "inner").await?;
                assert_eq!(tx.storage_entries().find(z, "inner").await?, Some(y));
                assert_eq!(tx.storage_entries().find(root, "y").await?, None);
                assert_eq!(tx.storage_entries().reach(z).await?, 0);
                tx.storage_entries().set_reach(z, 9).await?;
                assert_eq!(tx.storage_entries().reach(z).await?, 9);
                assert_eq!(tx.storage_entries().created_at(z).await?, Some(NOW));
                tx.storage_entries().detach(id, z).await?;
                assert_eq!(tx.storage_entries().find(root, "z").await?, None);
                assert_eq!(tx.storage_entries().list_detached(id, 9).await?, [z]);
                tx.storage_entries().insert_folder(id, root, "z", NOW).await?;
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// The latest version is the newest that is left; bytes that a version names stay.
pub async fn files_have_versions_that_name_bytes(store: &Store) {
    let site = site(store, "one").await;
    let at = Timestamp::from_seconds;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let new = new_storage("a", BackEnd::Managed);
                let id = tx.storages().insert(site, &new, NOW).await?.expect("free");
                let root = tx.storages().lock(id).await?.expect("is there").root;
                let file = tx.storage_entries().insert_file(id, root, "f", NOW).await?;
                let mut versions = Vec::new();
                for number in 1..=3 {
                    let bytes = tx.storage_versions().insert_object(id, &object(number), NOW).await?;
                    let when = at(i64::from(number));
                    versions.push((bytes, tx.storage_versions().insert(id, file, bytes, Some("a/b"), when).await?));
                }
                let [(first, v1), (_, v2), (third, v3)] = versions[..] else { panic!("{versions:?}") };
                let listed = tx.storage_versions().list(file).await?;
                let seen: Vec<_> = listed.iter().map(|version| (version.file.version, version.is_latest)).collect();
                assert_eq!(seen, [(v3, true), (v2, false), (v1, false)]);
                assert_eq!(listed[0].file.media_type.as_deref(), Some("a/b"));
                assert_eq!((listed[2].file.size, listed[2].file.modified), (1, at(1)));
                assert_eq!(tx.storage_versions().list_replaced(id, at(3), 9).await?, [(file, v1, 1)]);
                assert_eq!(tx.storage_versions().delete_unused_object(third).await?, None, "it is named");
                tx.storage_versions().delete(file, v3).await?;
                assert_eq!(tx.storage_versions().latest(file).await?.map(|file| file.version), Some(v2));
                assert_eq!(
                    tx.storage_versions().list_replaced(id, at(99), 9).await?.len(),
                    1,
                    "the latest is not replaced"
                );
                assert_eq!(tx.storage_versions().delete_unused_object(third).await?.as_deref(), Some("key 3"));
                assert_eq!(tx.storage_versions().find(file, v3).await?, None);
                let content = object(1);
                let expected = StorageObject { id: first, content: content.clone() };
                assert_eq!(tx.storage_versions().object_of(v1).await?.as_ref(), Some(&expected));
                assert_eq!(tx.storage_versions().find_object(id, &[1; 32]).await?, Some(expected));
                tx.storage_versions().set_object_key(first, "elsewhere").await?;
                let keys = ["key 1", "key 2", "elsewhere"].map(str::to_owned);
                assert_eq!(tx.storage_versions().find_by_object_keys(&keys).await?, ["key 2", "elsewhere"]);
                let listed = tx.storage_versions().list_objects(id, first, 9).await?;
                assert_eq!(listed.iter().map(|found| found.content.size).collect::<Vec<_>>(), [2]);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Units that lock a storage go on one after the other: none counts bytes that another one counts at the same time.
pub async fn a_locked_storage_belongs_to_one_unit(store: &Store) {
    let site = site(store, "one").await;
    let id = store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let new = new_storage("a", BackEnd::Managed);
                Ok(tx.storages().insert(site, &new, NOW).await?.expect("free"))
            })
        })
        .await
        .expect("writes");
    let adding = (0..20).map(|_| {
        store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let used = tx.storages().lock(id).await?.expect("is there").used;
                tx.storages().set_used(id, used + 1).await
            })
        })
    });
    for outcome in futures_util::future::join_all(adding).await {
        outcome.expect("writes");
    }
    let found = store.read::<_, StoreError, _>(move |tx| Box::pin(async move { tx.storages().list(site).await }));
    assert_eq!(found.await.expect("reads")[0].used, 20);
}

/// Refused uploads are told apart by site, client, storage and path, and end.
pub async fn refused_uploads_are_remembered_until_they_end(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let at = Timestamp::from_seconds;
    let key = |client: &str, storage: Option<&str>, path: &str| UploadKey {
        client: client.to_owned(),
        storage: storage.map(|name| StorageName::new(name).expect("good name")),
        path: StoragePath::new(path).expect("good path"),
    };
    let (noted, others) = (key("c", None, "p"), [key("d", None, "p"), key("c", Some("s"), "p"), key("c", None, "q")]);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                tx.refused_uploads().insert(one, &noted, at(5)).await?;
                tx.refused_uploads().insert(one, &noted, at(3)).await?;
                assert_eq!(tx.refused_uploads().find(one, &noted).await?, Some(at(5)), "the later end stands");
                assert_eq!(tx.refused_uploads().find(two, &noted).await?, None);
                for other in &others {
                    assert_eq!(tx.refused_uploads().find(one, other).await?, None);
                    tx.refused_uploads().insert(one, other, at(9)).await?;
                }
                assert_eq!(tx.refused_uploads().count(one, &noted.client, at(4)).await?, 3);
                assert_eq!(tx.refused_uploads().count(one, &noted.client, at(5)).await?, 2);
                assert_eq!(tx.refused_uploads().count(one, &noted.client, at(9)).await?, 0, "they have ended");
                assert_eq!(tx.refused_uploads().count(two, &noted.client, at(4)).await?, 0);
                assert_eq!(tx.refused_uploads().delete_before(one, at(6), 9).await?, 1);
                assert_eq!(tx.refused_uploads().delete_before(one, at(99), 2).await?, 2);
                tx.refused_uploads().insert(one, &noted, at(5)).await?;
                tx.refused_uploads().delete(one, &noted).await?;
                assert_eq!(tx.refused_uploads().find(one, &noted).await?, None);
                Ok(())
            })
        })
        .await
        .expect("writes");
}
