//! `signed-updates`: the question, the poll, and the signed list.

use std::time::Duration;

use countersign_app::polling::POLLING_ID_LIFE;
use countersign_app::updates;
use countersign_app::{keys, sites};
use countersign_domain::catalog::update::{EntitlementCheck, UpdateStatus};
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::UpdateId;
use countersign_testkit::WorldOptions;
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{App, PRODUCER_KEY, UPDATES, new_update, question};

#[tokio::test]
async fn the_post_answers_202_with_a_url_below_its_own_path() {
    let app = App::new().await;
    let url = app.ask_for_url(UPDATES, &question()).await;
    assert!(url.len() <= 213, "the polling URL has {} characters", url.len());
}

#[tokio::test]
async fn the_poll_needs_no_token_and_repeats_the_same_bytes_until_it_expires() {
    let app = App::new().await;
    let url = app.ask_for_url(UPDATES, &question()).await;
    let first = app.get(&url).await;
    assert_eq!((first.status, &first.headers["cache-control"]), (StatusCode::OK, &"no-store".parse().unwrap()));
    app.world.clock.advance(POLLING_ID_LIFE - Duration::from_secs(1));
    assert_eq!(app.get(&url).await.body, first.body);
    app.world.clock.advance(Duration::from_secs(1));
    let late = app.get(&url).await;
    assert_eq!((late.status, late.error_key().as_str()), (StatusCode::GONE, "polling.id.expired"));
}

#[tokio::test]
async fn the_signed_list_has_three_members_and_the_exact_header() {
    let app = App::new().await;
    let answer = app.ask(UPDATES, &question()).await;
    let jws = answer.json();
    let members: Vec<_> = jws.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["payload", "protected", "signature"]);
    assert_eq!(jws["protected"], "eyJhbGciOiJSUzI1NiJ9", "the header is exactly {{\"alg\":\"RS256\"}}");
    assert!(!answer.body.contains(&b'='), "base64url without padding");
    app.payload(&answer).await;
}

#[tokio::test]
async fn an_item_has_all_twelve_members_in_their_published_types() {
    let app = App::new().await;
    let list = app.payload(&app.ask(UPDATES, &question()).await).await;
    assert_eq!(list["error"], json!({ "arguments": "", "key": "", "message": "" }));
    let item = &list["updateItems"][0];
    let manifest_url = item["manifestURL"].as_str().unwrap();
    assert_eq!(manifest_url.strip_prefix("/uai/2.0/signed-updates/manifests/").unwrap().len(), 36);
    assert_eq!(
        item,
        &json!({
            "commandLine": "--apply",
            "description": "Fixes the dosing alarm.",
            "expireDate": "12/31/2031",
            "fromPackageId": "pump-4.1",
            "languageCode": 1033,
            "manifestURL": manifest_url,
            "productName": "Pump",
            "startDate": "03/01/2026",
            "title": "Pump pump-4.2",
            "toPackageId": "pump-4.2",
            "updateId": "UPD-1",
            "updateName": "upd-1",
        })
    );
}

#[tokio::test]
async fn questions_are_read_as_tolerantly_as_promised() {
    let app = App::new().await;
    let item_count = async |question: Value| {
        app.payload(&app.ask(UPDATES, &question).await).await["updateItems"].as_array().unwrap().len()
    };
    for extra in [
        json!({}),
        json!({ "deviceClass": "client" }),
        json!({ "deviceClass": "SERVER" }),
        json!({ "deviceClass": "" }),
        json!({ "deviceClass": null }),
        json!({ "id": "PUMP-0077", "idType": "STRING", "publisherName": "acme" }),
        json!({ "id": "", "idType": "", "publisherName": "" }),
        json!({ "id": null, "somethingNew": { "a": [1] } }),
        json!({ "language": "1033" }),
        json!({ "language": null }),
        json!({ "language": 2057 }),
    ] {
        let mut question = question();
        question.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(item_count(question).await, 1, "{extra}");
    }
    for (installed, platform) in [("pump-4.1", "WIN64"), ("pump-4.2", "LINUX64")] {
        let question = json!({ "updateFromPkgId": installed, "platform": platform, "language": 1033 });
        assert_eq!(item_count(question).await, 0, "{installed} {platform}");
    }
}

#[tokio::test]
async fn faults_of_the_content_are_reported_inside_the_signed_list() {
    let app = App::new().await;
    let long = "x".repeat(256);
    for (question, key, argument) in [
        (json!({ "platform": "LINUX64" }), "request.field.missing", "updateFromPkgId"),
        (json!({ "updateFromPkgId": "pump-4.1", "platform": "  " }), "request.field.missing", "platform"),
        (json!({ "updateFromPkgId": "pump-9", "platform": "LINUX64" }), "package.unknown", "pump-9"),
        (
            json!({ "updateFromPkgId": "pump-4.1", "platform": "LINUX64", "deviceClass": "robot" }),
            "request.deviceClass.invalid",
            "robot",
        ),
        (json!({ "updateFromPkgId": 41, "platform": "LINUX64" }), "request.malformed", "updateFromPkgId"),
        (json!({ "updateFromPkgId": long, "platform": "LINUX64" }), "request.malformed", "updateFromPkgId"),
        (json!({ "updateFromPkgId": "pump-4.1", "platform": "LINUX64", "id": long }), "request.malformed", "id"),
        (
            json!({ "updateFromPkgId": "pump-4.1", "platform": "LINUX64", "language": -1 }),
            "request.malformed",
            "language",
        ),
        (
            json!({ "updateFromPkgId": "pump-4.1", "platform": "LINUX64", "language": 1e300 }),
            "request.malformed",
            "language",
        ),
    ] {
        let list = app.payload(&app.ask(UPDATES, &question).await).await;
        assert_eq!(list["updateItems"], json!([]), "{question}");
        assert_eq!(
            (list["error"]["key"].as_str(), list["error"]["arguments"].as_str()),
            (Some(key), Some(argument)),
            "{question}"
        );
        assert!(!list["error"]["message"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn updates_with_an_entitlement_check_are_offered_to_nobody_yet() {
    let app = App::new().await;
    let mut update = new_update("UPD-PAID", "pump-4.1", "pump-4.2");
    update.entitlement_check = EntitlementCheck::Account;
    updates::create(app.ctx(), app.site, update).await.unwrap();
    let list = app.payload(&app.ask(UPDATES, &question()).await).await;
    let ids: Vec<_> = list["updateItems"].as_array().unwrap().iter().map(|item| item["updateId"].clone()).collect();
    assert_eq!(ids, ["UPD-1"]);
}

#[tokio::test]
async fn a_change_between_post_and_poll_is_in_the_answer() {
    let app = App::new().await;
    let url = app.ask_for_url(UPDATES, &question()).await;
    let before = app.get(&url).await;
    updates::set_status(app.ctx(), app.site, UpdateId::new("UPD-1").unwrap(), UpdateStatus::Inactive).await.unwrap();
    let after = app.get(&url).await;
    assert_eq!(app.payload(&before).await["updateItems"].as_array().unwrap().len(), 1);
    assert_eq!(app.payload(&after).await["updateItems"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn what_another_process_published_is_never_refused() {
    let app = App::new().await;
    let other = app.world.second_process().await;
    let elsewhere = App {
        world: countersign_testkit::World::new().await,
        router: countersign_server::app(other.clone()),
        site: app.site,
    };
    // This process publishes; the other one has not looked at the store since.
    app.publish("pump-5.0", "pump-5.1", "UPD-5", &[("five.bin", b"five")]).await;
    let question = json!({ "updateFromPkgId": "pump-5.0", "platform": "LINUX64", "language": 1033 });
    let list = app.payload(&elsewhere.ask(UPDATES, &question).await).await;
    assert_eq!(list["updateItems"][0]["updateId"], "UPD-5", "{list}");
    // A question that the first process took is answered by the second on a state that is no older.
    updates::set_status(app.ctx(), app.site, UpdateId::new("UPD-5").unwrap(), UpdateStatus::Inactive).await.unwrap();
    let url = app.ask_for_url(UPDATES, &question).await;
    let list = app.payload(&elsewhere.get(&url).await).await;
    assert_eq!(list["updateItems"], json!([]), "an older state answered");
    other.close().await;
}

#[tokio::test]
async fn unknown_altered_and_foreign_polling_ids_are_gone() {
    let app = App::new().await;
    sites::create(app.ctx(), SiteName::new("other").unwrap(), SiteSettings::default()).await.unwrap();
    let url = app.ask_for_url(UPDATES, &question()).await;
    let id = crate::support::last_segment(&url);
    let mut altered = Vec::new();
    for position in 0..id.len() {
        let mut bytes = id.as_bytes().to_vec();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        altered.push(format!("{UPDATES}/{}", String::from_utf8(bytes).unwrap()));
    }
    let others = [
        format!("{UPDATES}/3f0d9c52-8a41-4d0b-9a57-0f6f5d1f7a11"),
        format!("{UPDATES}/{id}A"),
        format!("{UPDATES}/{}", &id[1..]),
        format!("{UPDATES}/%2e%2e"),
        format!("{UPDATES}/%ff%00"),
        format!("{UPDATES}/{}", "A".repeat(5000)),
        format!("{UPDATES}/manifests/{id}"),
        format!("/t/other{UPDATES}/{id}"),
    ];
    for path in altered.iter().chain(&others) {
        let answer = app.get(path).await;
        assert_eq!((answer.status, answer.error_key().as_str()), (StatusCode::GONE, "polling.id.unknown"), "{path}");
    }
    assert_eq!(app.get(&url).await.status, StatusCode::OK, "the genuine one still works");
}

#[tokio::test]
async fn before_the_producer_asked_for_a_signing_key_the_poll_is_404() {
    let app = App::bare(WorldOptions::default()).await;
    app.upload_key(&PRODUCER_KEY).await;
    let url = app.ask_for_url(UPDATES, &question()).await;
    let answer = app.get(&url).await;
    assert_eq!((answer.status, answer.error_key().as_str()), (StatusCode::NOT_FOUND, "signing.key.missing"));
    // No key pair was made as a side effect; once there is one, the same poll is answered.
    assert!(keys::list_signing_keys(app.ctx(), app.site).await.unwrap().is_empty());
    keys::find_or_create_signing_key(app.ctx(), app.site).await.unwrap();
    assert_eq!(app.get(&url).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_site_can_ask_for_the_key_id_in_the_header() {
    let app = App::bare(WorldOptions { default_site: Some("named".to_owned()), ..WorldOptions::default() }).await;
    let settings = SiteSettings { key_id_in_answers: true, ..SiteSettings::default() };
    let site = sites::create(app.ctx(), SiteName::new("named").unwrap(), settings).await.unwrap();
    let app = App { site, ..app };
    app.upload_key(&PRODUCER_KEY).await;
    let key = keys::find_or_create_signing_key(app.ctx(), site).await.unwrap();
    let answer = app.ask(UPDATES, &question()).await;
    app.payload(&answer).await;
    let header = countersign_crypto::encoding::base64url_decode(answer.json()["protected"].as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(header).unwrap(), format!(r#"{{"alg":"RS256","kid":"{}"}}"#, key.id));
}

#[tokio::test]
async fn when_the_signer_is_busy_the_device_is_told_to_come_again() {
    const POLLS: usize = 1500;
    let app = App::new().await;
    // Different questions with different answers: more of them at once than one key may have signed at once.
    let mut urls = Vec::new();
    for number in 0..POLLS {
        let question = json!({ "updateFromPkgId": format!("pump-{number}"), "platform": "LINUX64", "language": 1033 });
        urls.push(app.ask_for_url(UPDATES, &question).await);
    }
    let answers = futures_util::future::join_all(urls.iter().map(|url| app.get(url))).await;
    let answers: Vec<_> = urls.iter().zip(answers).collect();
    let (ready, busy): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, answer)| answer.status == StatusCode::OK);
    assert!(!busy.is_empty() && ready.len() >= 128, "{} ready, {} busy", ready.len(), busy.len());
    for (url, answer) in &busy {
        assert_eq!((answer.status, answer.json()), (StatusCode::ACCEPTED, json!({ "url": url })));
        assert_eq!(answer.headers["retry-after"], "1");
    }
    app.world.clock.advance(Duration::from_secs(10));
    let answers = futures_util::future::join_all(urls.iter().map(|url| app.get(url))).await;
    let busy = answers.iter().find(|answer| answer.status == StatusCode::ACCEPTED);
    assert!(busy.is_none_or(|busy| busy.headers["retry-after"] == "5"), "the device has waited for ten seconds");
    let (url, first) = &ready[0];
    assert_eq!(app.get(url).await.body, first.body, "an answer differed");
}
