//! Releases of files that came out of a storage: what was published stays, whatever becomes of the path.

use bytes::Bytes;
use countersign_app::releases::{self, Release, ReleaseFile};
use countersign_app::storages::{self, CreateStorage, Place, StorageCaller, StorageError, StorageSettings, Upload};
use countersign_app::{packages, products};
use countersign_domain::file_name::PlainFileName;
use countersign_domain::storage::{BackEnd, StorageName, StoragePath};
use countersign_domain::text::{PackageId, ProductName};
use http::StatusCode;
use serde_json::json;

use crate::support::{App, UPDATES, new_update};

const PLACE: &str = "builds/pump.bin";

fn place() -> Place {
    Place { storage: Some(StorageName::new("main").unwrap()), path: StoragePath::new(PLACE).unwrap() }
}

async fn put(app: &App, caller: &StorageCaller, content: &'static [u8]) {
    let source = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(content))]);
    let upload =
        Upload { place: place(), requested: None, announced: None, media_type: None, limit: storages::UPLOAD_LIMIT };
    storages::upload(app.ctx(), caller, upload, source).await.unwrap();
}

#[tokio::test]
async fn a_release_keeps_the_bytes_that_its_path_had() {
    let app = App::new().await;
    let (ctx, caller) = (app.ctx(), StorageCaller::unrestricted(app.site));
    let settings = StorageSettings::default();
    let name = StorageName::new("main").unwrap();
    let new = CreateStorage { name: name.clone(), back_end: BackEnd::Managed, credentials: None, settings };
    storages::create(ctx, app.site, new).await.unwrap();
    put(&app, &caller, b"as it was built").await;

    let product = ProductName::new("Pump").unwrap();
    let _ = products::create(ctx, app.site, product.clone()).await;
    let from = PackageId::new("s-1").unwrap();
    packages::create(ctx, app.site, from, product.clone(), String::new()).await.unwrap();
    let received = releases::receive_from_storage(ctx, &caller, &place(), |_| {}).await.unwrap();
    let file = ReleaseFile { name: PlainFileName::new("pump.bin").unwrap(), received, execute: false };
    let release = Release {
        product,
        package: PackageId::new("s-2").unwrap(),
        package_description: String::new(),
        files: vec![file],
        update: new_update("UPD-S", "s-1", "s-2"),
    };
    releases::publish(ctx, app.site, release).await.unwrap();

    let download = async || {
        let question = json!({ "updateFromPkgId": "s-1", "platform": "LINUX64" });
        let list = app.payload(&app.ask(UPDATES, &question).await).await;
        let url = list["updateItems"][0]["manifestURL"].as_str().unwrap().to_owned();
        let uuid = url.rsplit('/').next().unwrap();
        let manifest = app.payload(&app.ask(crate::support::MANIFESTS, &json!({ "uuid": uuid })).await).await;
        let answer = app.get(&App::path_of(&manifest["manifestFiles"][0]["fileUrl"])).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.body
    };
    assert_eq!(&download().await[..], b"as it was built");
    put(&app, &caller, b"altered").await;
    assert_eq!(&download().await[..], b"as it was built");
    storages::delete_file(ctx, &caller, &place(), None).await.unwrap();
    storages::delete_folder(
        ctx,
        &caller,
        &Place { path: StoragePath::new("builds").unwrap(), ..place() },
        storages::Contents::Delete,
    )
    .await
    .unwrap();
    storages::delete(ctx, app.site, &name).await.unwrap();
    assert_eq!(&download().await[..], b"as it was built");
    let gone = releases::receive_from_storage(ctx, &caller, &place(), |_| {}).await;
    assert!(matches!(gone, Err(StorageError::StorageUnknown(_))));
}
