//! Updates as a resource of the producer door.

use countersign_app::Page;
use countersign_domain::audit::Channel;
use countersign_store::StoreError;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::producer_support::{PACKAGES, Producer, UPDATES, refusal, update, with};
use crate::support::{accepted, good_token};

#[tokio::test]
async fn the_life_of_an_update() {
    let producer = Producer::new().await;
    let body = update("UPD-2");
    let created = producer.post(UPDATES, &body).await;
    assert_eq!((created.status, created.json()), (StatusCode::CREATED, body.clone()));
    let place = created.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(place, format!("{UPDATES}/UPD-2"));
    assert_eq!(producer.manifest_uuids().await.len(), 2, "the update of the release, and this one");

    let again = producer.post(UPDATES, &body).await;
    assert_eq!(refusal(&again), (StatusCode::CONFLICT, "update.exists".to_owned()));
    for spelling in [place.clone(), format!("{place}/"), place.replace("/flexnet", ""), format!("/t/demo{place}")] {
        let found = producer.get(&spelling).await;
        assert_eq!((found.status, found.json()), (StatusCode::OK, body.clone()), "{spelling}");
    }

    let changed = with(&with(&body, "/updateName", Some(json!("other"))), "/endDate", None);
    let replaced = producer.put(&place, &changed).await;
    let expected = with(&changed, "/endDate", Some(json!("")));
    assert_eq!((replaced.status, replaced.json()), (StatusCode::OK, expected.clone()));
    assert_eq!(producer.get(&place).await.json(), expected);

    for (verb, status, offered) in [("deactivate", "Inactive", 1), ("activate", "Active", 2)] {
        let answer = producer.send(Method::POST, &format!("{place}/{verb}"), "").await;
        assert_eq!((answer.status, &answer.json()["status"]), (StatusCode::OK, &json!(status)));
        assert_eq!(producer.manifest_uuids().await.len(), offered, "after {verb}");
    }

    let deleted = producer.delete(&place).await;
    assert_eq!((deleted.status, deleted.body.len()), (StatusCode::NO_CONTENT, 0));
    let unknown = (StatusCode::NOT_FOUND, "update.unknown".to_owned());
    assert_eq!(refusal(&producer.get(&place).await), unknown);
    assert_eq!(refusal(&producer.delete(&place).await), unknown);
    assert_eq!(refusal(&producer.put(&place, &body).await), unknown);
    assert_eq!(refusal(&producer.send(Method::POST, &format!("{place}/activate"), "").await), unknown);
    assert_eq!(producer.manifest_uuids().await.len(), 1);
    assert_eq!(
        audited(&producer).await,
        [
            "update.create UPD-2",
            "update.replace UPD-2",
            "update.withdraw UPD-2",
            "update.activate UPD-2",
            "update.delete UPD-2",
        ]
    );
}

/// What the audit trail says that `ada` has done through the producer door.
async fn audited(producer: &Producer) -> Vec<String> {
    let site = producer.app.site;
    let trail = producer.app.world.store.read::<_, StoreError, _>(move |tx| {
        Box::pin(async move { tx.audit_trail().list(site, Page::first(1000)).await })
    });
    let entries = trail.await.unwrap().into_iter();
    let of_ada = entries.filter(|entry| entry.actor.channel == Channel::ProducerDoor && entry.actor.name == "ada");
    of_ada.map(|entry| format!("{} {}", entry.verb, entry.subject)).collect()
}

#[tokio::test]
async fn every_id_is_found_where_location_says() {
    let producer = Producer::new().await;
    for id in ["UPD 1/ä?#%", "a+b&c=d", "%2F", "update-signing-keys2", "x/activate", "\u{1f980}", "../files"] {
        let created = producer.post(UPDATES, &update(id)).await;
        assert_eq!(created.status, StatusCode::CREATED, "{id}");
        let place = created.headers["location"].to_str().unwrap().to_owned();
        let found = producer.get(&place).await;
        assert_eq!((found.status, &found.json()["updateId"]), (StatusCode::OK, &json!(id)), "{place}");
        let active = producer.send(Method::POST, &format!("{place}/activate"), "").await;
        assert_eq!(active.status, StatusCode::OK, "{place}");
        assert_eq!(producer.delete(&place).await.status, StatusCode::NO_CONTENT, "{place}");
    }
    // What is the path of another call cannot be the ID of an update: its DELETE would end all keys.
    for id in ["update-authorization-key", "update-signing-key", "update-signing-keys", ".", ".."] {
        let refused = producer.post(UPDATES, &update(id)).await;
        assert_eq!(refusal(&refused), (StatusCode::BAD_REQUEST, "update.invalid".to_owned()), "{id}");
        assert!(refused.headers.get("location").is_none());
    }
    for none in ["%ff", "%0a", "%20", &"x".repeat(256)] {
        let answer = producer.get(&format!("{UPDATES}/{none}")).await;
        assert_eq!(refusal(&answer), (StatusCode::NOT_FOUND, "update.unknown".to_owned()), "{none}");
    }
}

#[tokio::test]
async fn lists_are_filtered_searched_and_paged() {
    let producer = Producer::new().await;
    for number in 2..=7 {
        let body = with(&update(&format!("UPD-{number}")), "/updateName", Some(json!(format!("Name {number} Ä"))));
        let status = if number % 2 == 0 { "inactive" } else { "ACTIVE" };
        assert_eq!(producer.post(UPDATES, &with(&body, "/status", Some(json!(status)))).await.status, 201);
    }
    for (query, ids, total) in [
        ("", &[1, 3, 5, 7][..], 4),
        ("?status=&q=&page=", &[1, 3, 5, 7], 4),
        ("?status=active", &[1, 3, 5, 7], 4),
        ("?status=Inactive", &[2, 4, 6], 3),
        ("?status=all", &[1, 2, 3, 4, 5, 6, 7], 7),
        ("?status=all&size=3", &[1, 2, 3], 7),
        ("?status=all&size=3&page=3", &[7], 7),
        ("?status=all&size=3&page=4", &[], 7),
        ("?q=upd-5", &[5], 1),
        ("?q=name+3+%C3%A4", &[3], 1),
        ("?q=nothing", &[], 0),
        ("?status=all&q=name&unknown=1", &[2, 3, 4, 5, 6, 7], 6),
    ] {
        let list = producer.get(&format!("{UPDATES}{query}")).await.json();
        let found: Vec<_> = list["updates"].as_array().unwrap().iter().map(|body| body["updateId"].clone()).collect();
        let expected: Vec<Value> = ids.iter().map(|number| json!(format!("UPD-{number}"))).collect();
        assert_eq!((found, &list["total"]), (expected, &json!(total)), "{query}");
    }
    let list = producer.get(&format!("{UPDATES}?size=2&page=2")).await.json();
    assert_eq!((&list["page"], &list["size"]), (&json!(2), &json!(2)));
    for query in ["?page=0", "?size=501", "?size=x", "?status=on", "?page=1&page=2", "?q=%ff"] {
        let answer = producer.get(&format!("{UPDATES}{query}")).await;
        assert_eq!(refusal(&answer), (StatusCode::BAD_REQUEST, "request.parameter.invalid".to_owned()), "{query}");
    }
    let seen = producer.get(&format!("{UPDATES}?status=all")).await.body;
    for uuid in producer.manifest_uuids().await {
        assert!(!String::from_utf8_lossy(&seen).contains(&uuid), "whoever knows a manifest's UUID gets the files");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_by_its_member() {
    let producer = Producer::new().await;
    let good = update("UPD-2");
    let cases = [
        ("/updateId", None, "request.field.missing", "updateId"),
        ("/updateId", Some(json!("")), "request.field.missing", "updateId"),
        ("/updateId", Some(json!(7)), "request.field.invalid", "updateId"),
        ("/updateId", Some(json!("x".repeat(256))), "request.field.invalid", "updateId"),
        ("/updateName", Some(json!([])), "request.field.invalid", "updateName"),
        ("/status", None, "request.field.missing", "status"),
        ("/status", Some(json!("maybe")), "request.field.invalid", "status"),
        ("/startDate", None, "request.field.missing", "startDate"),
        ("/startDate", Some(json!("03/01/2026")), "request.field.invalid", "startDate"),
        ("/endDate", Some(json!("2026-02-30")), "request.field.invalid", "endDate"),
        ("/entitlementCheck", None, "request.field.missing", "entitlementCheck"),
        ("/entitlementCheck", Some(json!("line-item")), "request.field.invalid", "entitlementCheck"),
        ("/releaseFrom", Some(json!("pump-4.1")), "request.field.invalid", "releaseFrom"),
        ("/releaseFrom", Some(json!([null])), "request.field.invalid", "releaseFrom[0]"),
        ("/releaseFrom", Some(json!(["pump-4.1", " "])), "request.field.invalid", "releaseFrom[1]"),
        ("/releaseTo", Some(json!([7])), "request.field.invalid", "releaseTo[0]"),
        ("/releaseTo/0/platform", None, "request.field.missing", "releaseTo[0].platform"),
        ("/releaseTo/0/packageId", Some(json!(1)), "request.field.invalid", "releaseTo[0].packageId"),
        ("/languages/0/languageCode", Some(json!("1033")), "request.field.invalid", "languages[0].languageCode"),
        ("/languages/0/languageCode", Some(json!(-1)), "request.field.invalid", "languages[0].languageCode"),
        ("/languages/0/languageCode", Some(json!(4_294_967_296_u64)), "request.field.invalid", "languageCode"),
        ("/languages/0/title", None, "request.field.missing", "languages[0].title"),
        ("/endDate", Some(json!("2020-01-01")), "update.invalid", "ends"),
        ("/releaseFrom", Some(json!([])), "update.invalid", "ackages to update from"),
        ("/releaseFrom", Some(json!(["pump-4.1", "pump-4.1"])), "update.invalid", "twice"),
        ("/releaseFrom", Some(json!(["pump-4.2"])), "update.invalid", "itself"),
        ("/releaseTo", None, "update.invalid", "latforms"),
        ("/languages", None, "update.invalid", "anguages"),
        ("/description", Some(json!("\0")), "update.invalid", "NUL"),
        ("/commandLine", Some(json!("x".repeat(4001))), "update.invalid", "4000"),
        ("/releaseFrom", Some(json!(["pump-9"])), "package.unknown", "pump-9"),
        ("/releaseTo/0/packageId", Some(json!("pump-9")), "package.unknown", "pump-9"),
    ];
    for (pointer, value, key, told) in cases {
        let mut answers = vec![producer.post(UPDATES, &with(&good, pointer, value.clone())).await];
        if pointer != "/updateId" {
            let body = with(&update("UPD-1"), pointer, value);
            answers.push(producer.put(&format!("{UPDATES}/UPD-1"), &body).await);
        }
        for answer in answers {
            let message = answer.json()["errorMessage"].to_string();
            assert_eq!(refusal(&answer), (StatusCode::BAD_REQUEST, key.to_owned()), "{pointer}: {message}");
            assert!(message.contains(told), "{message} does not tell {told}");
        }
    }
    for text in ["", "[]", "null", "{\"updateId\": \"a\", \"updateId\": \"b\"}", "{} {}"] {
        let answer = producer.send(Method::POST, UPDATES, text).await;
        assert_eq!(refusal(&answer), (StatusCode::BAD_REQUEST, "request.malformed".to_owned()), "{text}");
    }
    let long = producer.post(UPDATES, &with(&good, "/startDate", Some(json!("x".repeat(1_000_000))))).await;
    assert!(long.status == StatusCode::BAD_REQUEST && long.body.len() < 500, "a long value came back");
    let long = with(&good, "/description", Some(json!("x".repeat(4 * 1024 * 1024))));
    let answer = producer.post(UPDATES, &long).await;
    assert_eq!(refusal(&answer), (StatusCode::PAYLOAD_TOO_LARGE, "request.tooLarge".to_owned()));
    assert_eq!(producer.get(&format!("{UPDATES}?status=all")).await.json()["total"], 1, "nothing was created");
}

#[tokio::test]
async fn the_id_in_the_path_is_the_id() {
    let producer = Producer::new().await;
    let place = format!("{UPDATES}/UPD-1");
    let other = producer.put(&place, &update("UPD-2")).await;
    assert_eq!(refusal(&other), (StatusCode::BAD_REQUEST, "request.field.invalid".to_owned()));
    let without = producer.put(&place, &with(&update("UPD-1"), "/updateId", None)).await;
    assert_eq!((without.status, &without.json()["updateId"]), (StatusCode::OK, &json!("UPD-1")));
}

#[tokio::test]
async fn a_manifest_keeps_its_uuid_only_while_it_says_the_same_to_the_same_devices() {
    let producer = Producer::new().await;
    let place = format!("{UPDATES}/UPD-1");
    let body = update("UPD-1");
    let [first] = &producer.manifest_uuids().await[..] else { panic!("one update") };

    let texts = with(&with(&body, "/updateName", Some(json!("new"))), "/endDate", None);
    assert_eq!(producer.put(&place, &texts).await.status, 200);
    assert_eq!(producer.manifest_uuids().await, std::slice::from_ref(first), "other texts and dates");

    // A platform more: the file list of the other stays what it was.
    let second = json!({ "platform": "WIN64", "packageId": "pump-4.2" });
    let both = with(&body, "/releaseTo", Some(json!([second, body["releaseTo"][0]])));
    assert_eq!(producer.put(&place, &both).await.status, 200);
    assert_eq!(producer.manifest_uuids().await, std::slice::from_ref(first), "another platform before it");

    // Another package: whoever asks for the old list must not get files that it does not name.
    assert_eq!(producer.post(PACKAGES, &json!({ "packageId": "pump-4.3", "product": "Pump" })).await.status, 201);
    let other = with(&body, "/releaseTo/0/packageId", Some(json!("pump-4.3")));
    assert_eq!(producer.put(&place, &other).await.status, 200);
    let [moved] = &producer.manifest_uuids().await[..] else { panic!("one update") };
    assert_ne!(moved, first);
    assert_eq!(producer.put(&place, &body).await.status, 200);
    let [back] = &producer.manifest_uuids().await[..] else { panic!("one update") };
    assert!(back != first && back != moved);

    // A stricter check: whoever learned the UUID without one does not get the files by it.
    let checked = with(&body, "/entitlementCheck", Some(json!("account")));
    assert_eq!(producer.manifest(back).await.status, StatusCode::OK);
    let answer = producer.put(&place, &checked).await;
    assert_eq!((answer.status, &answer.json()["entitlementCheck"]), (StatusCode::OK, &json!("Account")));
    for uuid in [first, moved, back] {
        let answer = producer.manifest(uuid).await;
        let expected = (StatusCode::NOT_FOUND, "manifest.uuid.unknown".to_owned());
        assert_eq!((answer.status, answer.error_key()), expected);
    }
    assert!(producer.manifest_uuids().await.is_empty(), "an anonymous device is entitled to nothing");
    assert_eq!(producer.put(&place, &body).await.status, 200);
    let [last] = &producer.manifest_uuids().await[..] else { panic!("one update") };
    assert!(last != back, "the check was another in between");
}

#[tokio::test]
async fn a_withdrawn_or_deleted_update_gives_no_more_files() {
    let producer = Producer::new().await;
    let place = format!("{UPDATES}/UPD-1");
    let uuid = producer.manifest_uuids().await.remove(0);
    let url = producer.app.ask_for_url(crate::support::MANIFESTS, &json!({ "uuid": uuid })).await;
    let unsigned = "/uai/2.0/updates/manifests";
    let polled = async |url: &str| {
        let answer = producer.app.get(url).await;
        (answer.status.as_u16(), answer.error_key())
    };
    let plain = producer.app.post(unsigned, Some(&good_token()), json!({ "uuid": uuid }).to_string()).await;
    let plain_url = accepted(unsigned, &plain);
    assert_eq!(producer.app.get(&url).await.status, StatusCode::OK);

    assert_eq!(producer.send(Method::POST, &format!("{place}/deactivate"), "").await.status, 200);
    assert_eq!(polled(&url).await, (404, "update.withdrawn".to_owned()), "asked before, polled after");
    assert_eq!(polled(&plain_url).await, (410, "update.withdrawn".to_owned()));
    assert_eq!(producer.delete(&place).await.status, 204);
    assert_eq!(polled(&url).await, (404, "manifest.uuid.unknown".to_owned()));
    assert_eq!(polled(&plain_url).await, (410, "manifest.uuid.unknown".to_owned()));
}

#[tokio::test]
async fn of_forty_equal_creations_at_once_one_succeeds() {
    let producer = Producer::new().await;
    let body = update("UPD-2");
    let calls = (0..40).map(|_| producer.post(UPDATES, &body));
    let answers = futures_util::future::join_all(calls).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(StatusCode::CREATED), count(StatusCode::CONFLICT)), (1, 39));
    assert_eq!(producer.get(UPDATES).await.json()["total"], 2);
    assert_eq!(audited(&producer).await, ["update.create UPD-2"], "what was refused is not in the trail");
}

#[tokio::test]
async fn another_process_shows_a_change_at_once() {
    let producer = Producer::new().await;
    let other = countersign_server::app(producer.app.world.second_process().await);
    assert_eq!(producer.post(UPDATES, &update("UPD-2")).await.status, 201);
    let elsewhere = producer.through(other);
    assert_eq!(elsewhere.get(UPDATES).await.json()["total"], 2);
    assert_eq!(elsewhere.get(&format!("{UPDATES}/UPD-2")).await.status, StatusCode::OK);
}
