//! The unsigned calls: the same answers, without a signature and without a signing key.

use countersign_app::updates;
use countersign_domain::catalog::update::UpdateStatus;
use countersign_domain::text::UpdateId;
use countersign_testkit::WorldOptions;
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{App, FIRST_FILE, MANIFESTS, PRODUCER_KEY, UPDATES, accepted, last_segment, question};

const PLAIN_UPDATES: &str = "/uai/2.0/updates";
const PLAIN_MANIFESTS: &str = "/uai/2.0/updates/manifests";

#[tokio::test]
async fn the_signed_payload_equals_the_unsigned_answer() {
    let app = App::new().await;
    let signed = app.payload(&app.ask(UPDATES, &question()).await).await;
    let plain = app.ask(PLAIN_UPDATES, &question()).await;
    assert_eq!((plain.status, &plain.headers["content-type"]), (StatusCode::OK, &"application/json".parse().unwrap()));
    let mut plain: Value = plain.json();
    let url = plain["updateItems"][0]["manifestURL"].as_str().unwrap().to_owned();
    assert!(url.starts_with("/uai/2.0/updates/manifests/"), "each list points to the manifests of its own kind: {url}");
    plain["updateItems"][0]["manifestURL"] = signed["updateItems"][0]["manifestURL"].clone();
    assert_eq!(plain, signed);

    // The UUID is the same in both, and works at both.
    let question = json!({ "uuid": last_segment(&url) });
    let plain = app.ask(PLAIN_MANIFESTS, &question).await.json();
    assert_eq!(plain, app.payload(&app.ask(MANIFESTS, &question).await).await);
    let file = app.get(&App::path_of(&plain["manifestFiles"][0]["fileUrl"])).await;
    assert_eq!(&file.body[..], FIRST_FILE);
}

#[tokio::test]
async fn unsigned_answers_need_no_signing_key() {
    let app = App::bare(WorldOptions::default()).await;
    app.upload_key(&PRODUCER_KEY).await;
    app.publish("pump-4.1", "pump-4.2", "UPD-1", &[("a.bin", b"a")]).await;
    let list = app.ask(PLAIN_UPDATES, &question()).await;
    assert_eq!(list.status, StatusCode::OK);
    assert_eq!(list.json()["updateItems"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn business_errors_travel_inside_the_200_of_a_list() {
    let app = App::new().await;
    let unknown = json!({ "updateFromPkgId": "pump-9", "platform": "LINUX64" });
    let answer = app.ask(PLAIN_UPDATES, &unknown).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        (&answer.json()["updateItems"], &answer.json()["error"]["key"]),
        (&json!([]), &json!("package.unknown"))
    );
}

#[tokio::test]
async fn unknown_and_withdrawn_manifests_end_with_410() {
    let app = App::new().await;
    let list = app.ask(PLAIN_UPDATES, &question()).await.json();
    let uuid = last_segment(list["updateItems"][0]["manifestURL"].as_str().unwrap()).to_owned();
    for (question, key) in [
        (json!({ "uuid": "8d5c1f0a-52f4-4a8f-9b3c-8f8a4f6a2d10" }), "manifest.uuid.unknown"),
        (json!({}), "request.field.missing"),
    ] {
        let answer = app.ask(PLAIN_MANIFESTS, &question).await;
        assert_eq!((answer.status, answer.error_key().as_str()), (StatusCode::GONE, key), "{question}");
    }
    updates::set_status(app.ctx(), app.site, UpdateId::new("UPD-1").unwrap(), UpdateStatus::Inactive).await.unwrap();
    let answer = app.ask(PLAIN_MANIFESTS, &json!({ "uuid": uuid })).await;
    assert_eq!((answer.status, answer.error_key().as_str()), (StatusCode::GONE, "update.withdrawn"));
}

#[tokio::test]
async fn a_polling_id_is_valid_on_its_own_call_only() {
    let app = App::new().await;
    let uuid = last_segment(
        app.payload(&app.ask(UPDATES, &question()).await).await["updateItems"][0]["manifestURL"].as_str().unwrap(),
    )
    .to_owned();
    let calls = [(UPDATES, question()), (PLAIN_UPDATES, question())];
    let manifests = [MANIFESTS, PLAIN_MANIFESTS].map(|path| (path, json!({ "uuid": uuid })));
    let all: Vec<_> = calls.into_iter().chain(manifests).collect();
    for (path, body) in &all {
        let answer = app.post(path, Some(&crate::support::good_token()), body.to_string()).await;
        let id = last_segment(&accepted(path, &answer)).to_owned();
        for (other, _) in &all {
            let status = app.get(&format!("{other}/{id}")).await.status;
            let expected = if other == path { StatusCode::OK } else { StatusCode::GONE };
            assert_eq!(status, expected, "an ID of {path} at {other}");
        }
    }
}
