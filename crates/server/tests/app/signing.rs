//! When signatures are made: before they are needed where that is known, and never so many for one that others wait.

use std::time::Duration;

use countersign_crypto::ProtectedHeader;
use countersign_crypto::jose::sign_compact;
use countersign_testkit::WorldOptions;
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::{Value, json};

use crate::support::{App, MANIFESTS, OTHER_KEY, UPDATES, accepted, good_token, last_segment, question};

#[tokio::test]
async fn a_manifest_of_the_next_hour_is_signed_before_it_comes() {
    let app = App::with(WorldOptions { memos: true, ..WorldOptions::default() }).await;
    let list = app.payload(&app.ask(UPDATES, &question()).await).await;
    let asked = json!({ "uuid": last_segment(list["updateItems"][0]["manifestURL"].as_str().unwrap()) });
    let made = || app.ctx().work().signing.made;
    let mut last = app.ask(MANIFESTS, &asked).await.body;
    let mut changes = 0;
    for _ in 0..180 {
        app.world.clock.advance(Duration::from_secs(60));
        let before = made();
        let next = app.ask(MANIFESTS, &asked).await.body;
        if next != last {
            assert_eq!(made(), before, "the first device of the hour waited for a signature");
            changes += 1;
        }
        last = next;
        // What is signed ahead is signed beside the requests.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        while app.ctx().work().signing.waiting > 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(changes, 3);
    assert!(made() <= 6, "{} signatures: what is signed ahead is signed once", made());
}

#[tokio::test]
async fn a_flood_of_new_questions_by_one_key_leaves_the_signer_to_others() {
    let app = App::new().await;
    // Each is answered with another error, which is signed.
    let about = |number: u32| json!({ "updateFromPkgId": format!("pump-{number}"), "platform": "LINUX64" });
    let other = sign_compact(&OTHER_KEY, &ProtectedHeader::jwt(), br#"{"exp":4102444800}"#).unwrap();
    app.upload_key(&OTHER_KEY).await;
    let url =
        async |token: &str, number| accepted(UPDATES, &app.post(UPDATES, Some(token), about(number).to_string()).await);
    let mut urls = Vec::new();
    for number in 0..300 {
        urls.push(url(&good_token(), number).await);
    }
    urls.push(url(&other, 5000).await);

    let answers = futures_util::future::join_all(urls.iter().map(|url| app.get(url))).await;
    assert_eq!(answers[300].status, StatusCode::OK, "a device of another key was turned away");
    let later: Vec<usize> = (0..300).filter(|number| answers[*number].status != StatusCode::OK).collect();
    assert!((1..=300 - 128).contains(&later.len()), "{} were told to come again", later.len());
    assert_eq!(app.ctx().work().limited_signatures, later.len() as u64);
    for number in later {
        assert_eq!(answers[number].status, StatusCode::ACCEPTED);
        assert_eq!(answers[number].headers[RETRY_AFTER], "1");
        let url: Value = answers[number].json();
        assert_eq!(url["url"], urls[number]);
        assert_eq!(app.get(&urls[number]).await.status, StatusCode::OK);
    }
}
