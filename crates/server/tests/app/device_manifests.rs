//! `signed-updates/manifests`: the files of an update.

use countersign_app::updates;
use countersign_domain::catalog::update::UpdateStatus;
use countersign_domain::text::UpdateId;
use http::StatusCode;
use serde_json::json;

use crate::support::{App, FIRST_FILE, MANIFESTS, UPDATES, last_segment, question};

#[tokio::test]
async fn the_manifest_lists_every_file_with_strings_where_strings_are_published() {
    let app = App::new().await;
    let manifest = app.first_manifest().await;
    assert_eq!(manifest["manifestVersion"], "1.0");
    let files = manifest["manifestFiles"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    let digest = countersign_crypto::encoding::hex_encode(&countersign_crypto::sha256(FIRST_FILE));
    let url = files[0]["fileUrl"].as_str().unwrap();
    assert!(url.starts_with(&format!("http://server.test/f/demo/{digest}/")) && url.ends_with("/pump.bin"), "{url}");
    // MD5 from: printf 'the bytes of the pump firmware' | md5sum
    assert_eq!(
        files[0],
        json!({ "fileUrl": url, "fileSize": "30", "md5Hash": "4cb718dc17f5480c31273edcdb85c4b1", "sha256Hash": digest, "execute": "no" })
    );
    assert_eq!(files[1]["fileSize"], "5");
}

#[tokio::test]
async fn the_manifest_uuid_is_not_a_polling_id_and_stays_the_same() {
    let app = App::new().await;
    let uuid = async || {
        let list = app.payload(&app.ask(UPDATES, &question()).await).await;
        last_segment(list["updateItems"][0]["manifestURL"].as_str().unwrap()).to_owned()
    };
    let first = uuid().await;
    assert_eq!(uuid().await, first);
    let answer = app.get(&format!("{MANIFESTS}/{first}")).await;
    assert_eq!((answer.status, answer.error_key().as_str()), (StatusCode::GONE, "polling.id.unknown"));
}

#[tokio::test]
async fn unknown_and_withdrawn_manifests_end_with_404() {
    let app = App::new().await;
    let list = app.payload(&app.ask(UPDATES, &question()).await).await;
    let uuid = last_segment(list["updateItems"][0]["manifestURL"].as_str().unwrap()).to_owned();
    for (question, key) in [
        (json!({ "uuid": "8d5c1f0a-52f4-4a8f-9b3c-8f8a4f6a2d10" }), "manifest.uuid.unknown"),
        (json!({ "uuid": "../../etc/passwd" }), "manifest.uuid.unknown"),
        (json!({ "uuid": "" }), "request.field.missing"),
        (json!({}), "request.field.missing"),
        (json!({ "uuid": 7 }), "request.malformed"),
    ] {
        let answer = app.ask(MANIFESTS, &question).await;
        assert_eq!((answer.status, answer.error_key().as_str()), (StatusCode::NOT_FOUND, key), "{question}");
    }
    updates::set_status(app.ctx(), app.site, UpdateId::new("UPD-1").unwrap(), UpdateStatus::Inactive).await.unwrap();
    let answer = app.ask(MANIFESTS, &json!({ "uuid": uuid })).await;
    assert_eq!((answer.status, answer.error_key().as_str()), (StatusCode::NOT_FOUND, "update.withdrawn"));
}

#[tokio::test]
async fn a_manifest_poll_repeats_the_same_bytes() {
    let app = App::new().await;
    let list = app.payload(&app.ask(UPDATES, &question()).await).await;
    let uuid = last_segment(list["updateItems"][0]["manifestURL"].as_str().unwrap()).to_owned();
    let url = app.ask_for_url(MANIFESTS, &json!({ "uuid": uuid })).await;
    let first = app.get(&url).await;
    app.world.clock.advance(std::time::Duration::from_secs(3000));
    assert_eq!(app.get(&url).await.body, first.body, "URLs in the manifest are made as of the question");
}
