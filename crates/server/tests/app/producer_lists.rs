//! Lists of updates and packages: summaries, whatever stands behind them.

use http::StatusCode;
use serde_json::{Value, json};

use crate::producer_support::{PACKAGES, Producer, UPDATES, update, with};

fn members(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn an_update_with_all_that_is_allowed_is_one_short_entry() {
    let producer = Producer::new().await;
    let text = "x".repeat(4000);
    let languages: Vec<Value> =
        (0..200).map(|code| json!({ "languageCode": code, "title": &text[..1000], "description": text })).collect();
    let sources: Vec<String> = (0..300).map(|number| format!("from-{number}-{}", "y".repeat(200))).collect();
    for source in &sources {
        let body = json!({ "packageId": source, "product": "Pump" });
        assert_eq!(producer.post(PACKAGES, &body).await.status, StatusCode::CREATED);
    }
    let body = with(&update("UPD-2"), "/languages", Some(json!(languages)));
    let body = with(&body, "/releaseFrom", Some(json!(sources)));
    assert_eq!(producer.post(UPDATES, &body).await.status, StatusCode::CREATED);

    let list = producer.get(&format!("{UPDATES}?q=UPD-2")).await;
    assert!(list.body.len() < 1000, "{} bytes", list.body.len());
    let entry = &list.json()["updates"][0];
    let expected = json!({
        "updateId": "UPD-2",
        "updateName": "name of UPD-2",
        "status": "Active",
        "startDate": "2026-03-01",
        "endDate": "2031-12-31",
        "entitlementCheck": "None",
        "releaseFromCount": 300,
        "releaseToCount": 1,
        "languageCount": 200,
    });
    assert_eq!(*entry, expected);
    let whole = producer.get(&format!("{UPDATES}/UPD-2")).await.json();
    assert_eq!((&whole["languages"], &whole["releaseFrom"]), (&body["languages"], &body["releaseFrom"]));
}

#[tokio::test]
async fn a_package_with_many_files_is_one_short_entry() {
    let producer = Producer::new().await;
    let digest = producer.store(b"firmware").await;
    let file = |number| json!({ "fileName": format!("{number}-{}", "z".repeat(200)), "sha256": digest });
    let files: Vec<Value> = (0..1000).map(file).collect();
    let body = json!({ "packageId": "pump-4.3", "product": "Pump", "description": "about it", "files": files });
    assert_eq!(producer.post(PACKAGES, &body).await.status, StatusCode::CREATED);

    let list = producer.get(&format!("{PACKAGES}?q=pump-4.3")).await;
    assert!(list.body.len() < 1000, "{} bytes", list.body.len());
    let entry = &list.json()["packages"][0];
    assert_eq!(members(entry), ["description", "fileCount", "packageId", "product"]);
    assert_eq!((&entry["fileCount"], &entry["description"]), (&json!(1000), &json!("about it")));
    let whole = producer.get(&format!("{PACKAGES}/pump-4.3")).await.json();
    assert_eq!(whole["files"].as_array().unwrap().len(), 1000);
}
