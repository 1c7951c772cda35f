//! Bytes that a row promises and a damaged file storage has lost: whoever brings the same bytes again heals them.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use countersign_app::packages::{self, DraftFile, FileSource, PackageDraft};
use countersign_app::releases;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::text::{PackageId, ProductName};
use http::{Method, StatusCode};

use crate::producer_support::{FILES, Producer};
use crate::support::{App, FIRST_FILE};

/// The objects of the file storage.
fn objects(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { objects(&path) } else { vec![path] }).collect()
}

fn remove(object: &Path) {
    fs::remove_file(object).unwrap();
}

fn cut_off(object: &Path) {
    let bytes = fs::read(object).unwrap();
    fs::write(object, &bytes[..bytes.len() - 1]).unwrap();
}

/// A producer whose file storage has lost everything, and the path under which a device would download the first file.
async fn damaged(damage: fn(&Path)) -> (Producer, String) {
    let producer = Producer::new().await;
    let url = App::path_of(&producer.app.first_manifest().await["manifestFiles"][0]["fileUrl"]);
    assert_eq!(&producer.app.get(&url).await.body[..], FIRST_FILE);
    objects(&producer.app.world.folder().join("files")).iter().for_each(|object| damage(object));
    (producer, url)
}

async fn assert_downloads(producer: &Producer, url: &str) {
    let answer = producer.app.get(url).await;
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, FIRST_FILE));
}

#[tokio::test]
async fn an_upload_of_the_same_bytes_heals_them() {
    for damage in [remove, cut_off] {
        let (producer, url) = damaged(damage).await;
        let answer = producer.send(Method::POST, FILES, FIRST_FILE).await;
        assert_eq!(answer.status, StatusCode::OK, "the site has the file already");
        assert_downloads(&producer, &url).await;
        let before = objects(&producer.app.world.folder().join("files")).len();
        assert_eq!(producer.send(Method::POST, FILES, FIRST_FILE).await.status, StatusCode::OK);
        assert_eq!(
            objects(&producer.app.world.folder().join("files")).len(),
            before,
            "whole bytes stay where they are"
        );
        assert_downloads(&producer, &url).await;
    }
}

#[tokio::test]
async fn publishing_the_same_release_heals_its_bytes() {
    for damage in [remove, cut_off] {
        let (producer, url) = damaged(damage).await;
        let files = [("pump.bin", FIRST_FILE), ("notes.txt", b"notes")];
        producer.app.publish("pump-4.1", "pump-4.2", "UPD-1", &files).await;
        assert_downloads(&producer, &url).await;
    }
}

#[tokio::test]
async fn another_package_with_the_same_bytes_heals_them() {
    let (producer, url) = damaged(remove).await;
    let source = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(FIRST_FILE))]);
    let received = releases::receive(producer.app.ctx(), source, |_| {}).await.unwrap();
    let file = |name| DraftFile {
        name: PlainFileName::new(name).unwrap(),
        source: FileSource::Received(received),
        execute: false,
    };
    let draft = PackageDraft {
        id: PackageId::new("pump-4.3").unwrap(),
        product: ProductName::new("Pump").unwrap(),
        description: String::new(),
        files: vec![file("pump.bin"), file("copy.bin")],
    };
    packages::create_with_files(producer.app.ctx(), producer.app.site, draft).await.unwrap();
    assert_downloads(&producer, &url).await;
}
