//! Items 1 to 13: questions, tokens, polls, lists and manifests.

use std::time::Duration;

use countersign_app::polling::POLLING_ID_LIFE;
use countersign_app::{packages, sites, updates};
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, LanguageText};
use countersign_domain::device::{DeviceClass, Language};
use countersign_domain::site::{AuthFailure, SiteSettings};
use countersign_domain::text::{PackageId, Platform, ProductName};
use countersign_testkit::WorldOptions;
use http::StatusCode;
use serde_json::{Value, json};

use crate::documents::{posts_with_token, routes};
use crate::licensing::{PLAIN_MANIFESTS, PLAIN_UPDATES, ids, question_of, terms};
use crate::support::{
    App, FIRST_FILE, MANIFESTS, OTHER_KEY, PRODUCER_KEY, UPDATES, accepted, good_token, last_segment, new_update,
    question, token,
};

/// All seven POSTs of the door.
fn posts() -> Vec<String> {
    let posts = posts_with_token("device");
    assert_eq!(posts.len(), 7, "{posts:?}");
    posts
}

#[tokio::test]
async fn item_01_every_post_answers_202_with_only_a_url_below_its_own_path() {
    let app = App::new().await;
    for path in posts() {
        // `accepted` checks status, members and prefix.
        accepted(&path, &app.post(&path, Some(&good_token()), "{}").await);
        let prefixed = format!("/t/demo{path}");
        accepted(&prefixed, &app.post(&prefixed, Some(&good_token()), "{}").await);
    }
}

#[tokio::test]
async fn item_02_no_poll_needs_a_token_of_its_own() {
    let app = App::new().await;
    for path in posts() {
        let answer = app.ask(&path, &question()).await;
        // A question about updates is none about a manifest: that is said with the status of a manifest that is not there.
        let expected = match path.as_str() {
            MANIFESTS => StatusCode::NOT_FOUND,
            PLAIN_MANIFESTS => StatusCode::GONE,
            _ => StatusCode::OK,
        };
        assert_eq!(answer.status, expected, "{path}");
    }
}

#[tokio::test]
async fn item_03_without_a_token_the_poll_is_401_or_the_post_where_the_site_wants_it() {
    let app = App::new().await;
    for path in posts() {
        let url = accepted(&path, &app.post(&path, None, "{}").await);
        let poll = app.get(&url).await;
        assert_eq!(
            (poll.status, poll.error_key().as_str()),
            (StatusCode::UNAUTHORIZED, "auth.token.missing"),
            "{path}"
        );
    }
    let immediate = |settings: &mut SiteSettings| settings.auth_failure = AuthFailure::Immediate;
    sites::change_settings(app.ctx(), &app.record().await, immediate).await.unwrap();
    for path in posts() {
        let post = app.post(&path, None, "{}").await;
        assert_eq!(
            (post.status, post.error_key().as_str()),
            (StatusCode::UNAUTHORIZED, "auth.token.missing"),
            "{path}"
        );
        assert!(post.headers.contains_key("www-authenticate"));
        accepted(&path, &app.post(&path, Some(&good_token()), "{}").await);
    }
}

#[tokio::test]
async fn item_04_without_an_authorization_key_every_poll_is_401() {
    let app = App::bare(WorldOptions::default()).await;
    for path in posts() {
        let poll = app.ask(&path, &question()).await;
        assert_eq!((poll.status, poll.error_key().as_str()), (StatusCode::UNAUTHORIZED, "auth.key.missing"), "{path}");
    }
}

#[tokio::test]
async fn item_05_expired_foreign_none_and_hs256_tokens_are_401() {
    use countersign_crypto::encoding::base64url_encode;
    use countersign_crypto::jose::sign_compact;
    use countersign_crypto::{HmacKey, ProtectedHeader};
    let app = App::new().await;
    let claims = br#"{"exp":4102444800}"#;
    let input = |header: &[u8]| format!("{}.{}", base64url_encode(header), base64url_encode(claims));
    let hs256 = input(br#"{"alg":"HS256"}"#);
    let mac = |key: &[u8]| base64url_encode(&HmacKey::new(key).sign(hs256.as_bytes()));
    let tokens = [
        token(&json!({ "exp": 1_000_000_000 })),
        sign_compact(&OTHER_KEY, &ProtectedHeader::jwt(), claims).unwrap(),
        format!("{}.", input(br#"{"alg":"none"}"#)),
        format!("{hs256}.{}", mac(&PRODUCER_KEY.public_key_spki())),
        format!("{hs256}.{}", mac(PRODUCER_KEY.public_key().spki_base64().as_bytes())),
    ];
    for path in posts() {
        for token in &tokens {
            let url = accepted(&path, &app.post(&path, Some(token), "{}").await);
            let poll = app.get(&url).await;
            assert_eq!(poll.status, StatusCode::UNAUTHORIZED, "{path} {token}");
            assert!(poll.error_key().starts_with("auth.token."));
        }
    }
}

#[tokio::test]
async fn item_06_a_device_class_is_client_when_absent_and_an_unknown_one_is_an_error_in_the_200() {
    let app = App::new().await;
    let asked = async |class: Value| {
        let mut question = question();
        question["deviceClass"] = class;
        let answer = app.ask(PLAIN_UPDATES, &question).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer
    };
    let absent = app.ask(PLAIN_UPDATES, &question()).await;
    for class in [json!("client"), json!("SERVER"), json!(""), json!(null)] {
        assert_eq!(asked(class.clone()).await.body, absent.body, "{class}");
    }
    let robot = asked(json!("robot")).await.json();
    assert_eq!((&robot["updateItems"], &robot["error"]["key"]), (&json!([]), &json!("request.deviceClass.invalid")));
}

#[tokio::test]
async fn item_07_anonymous_devices_get_none_and_served_ones_none_and_account() {
    let app = App::with_checked_updates().await;
    app.license("Nordwind", None, "ACT-1", terms(5)).await;
    app.add_device("panel", DeviceClass::Served, Some("Nordwind")).await;
    let blank = json!({
        "id": "", "idType": null, "updateFromPkgId": "pump-4.1", "platform": "LINUX64", "language": 1033
    });
    for anonymous in [question(), blank] {
        assert_eq!(ids(&app.ask(PLAIN_UPDATES, &anonymous).await.json()), ["UPD-1"], "{anonymous}");
    }
    let mut served = question_of("panel");
    served["deviceClass"] = json!("served");
    assert_eq!(ids(&app.ask(PLAIN_UPDATES, &served).await.json()), ["UPD-1", "UPD-ACCOUNT"]);
}

#[tokio::test]
async fn item_08_one_item_for_each_matching_combination() {
    let app = App::new().await;
    let (site, product) = (app.site, || ProductName::new("Pump").unwrap());
    for id in ["from-a", "from-b", "to-x", "to-y", "to-z"] {
        packages::create(app.ctx(), site, PackageId::new(id).unwrap(), product(), String::new()).await.unwrap();
    }
    let to = |platform: &str, id: &str| (Platform::new(platform).unwrap(), PackageId::new(id).unwrap());
    let title = |language, title: &str| LanguageText {
        language: Language(language),
        title: title.to_owned(),
        description: String::new(),
    };
    let update = NewUpdate {
        release_from: vec![PackageId::new("from-a").unwrap(), PackageId::new("from-b").unwrap()],
        release_to: vec![to("WIN64", "to-x"), to("LINUX32", "to-y"), to("My Board", "to-z")],
        languages: vec![title(1033, "English"), title(1031, "Deutsch")],
        entitlement_check: EntitlementCheck::None,
        ..new_update("UPD-8", "from-a", "to-x")
    };
    updates::create(app.ctx(), site, update).await.unwrap();
    for from in ["from-a", "from-b"] {
        for (platform, target) in [("WIN64", "to-x"), ("LINUX32", "to-y"), ("My Board", "to-z")] {
            for (language, title) in [(1033, "English"), (1031, "Deutsch")] {
                let question = json!({ "updateFromPkgId": from, "platform": platform, "language": language });
                let list = app.ask(PLAIN_UPDATES, &question).await.json();
                let [item] = &list["updateItems"].as_array().unwrap()[..] else { panic!("one item: {list}") };
                let found = (&item["fromPackageId"], &item["toPackageId"], &item["languageCode"], &item["title"]);
                assert_eq!(found, (&json!(from), &json!(target), &json!(language), &json!(title)));
            }
        }
    }
    for (from, platform) in [("from-c", "WIN64"), ("to-x", "WIN64"), ("from-a", "win64"), ("from-a", "LINUX64")] {
        let question = json!({ "updateFromPkgId": from, "platform": platform, "language": 1033 });
        assert_eq!(app.ask(PLAIN_UPDATES, &question).await.json()["updateItems"], json!([]), "{from} {platform}");
    }
}

#[tokio::test]
async fn item_09_an_item_has_twelve_members_in_their_types() {
    let app = App::new().await;
    let list = app.ask(PLAIN_UPDATES, &question()).await.json();
    assert_eq!(list["error"], json!({ "arguments": "", "key": "", "message": "" }));
    let item = list["updateItems"][0].as_object().unwrap();
    let members = [
        "commandLine",
        "description",
        "expireDate",
        "fromPackageId",
        "languageCode",
        "manifestURL",
        "productName",
        "startDate",
        "title",
        "toPackageId",
        "updateId",
        "updateName",
    ];
    assert_eq!(item.keys().collect::<Vec<_>>(), members);
    for (member, value) in item {
        assert_eq!(value.is_number(), member == "languageCode", "{member}");
        assert_eq!(value.is_string(), member != "languageCode", "{member}");
    }
    assert_eq!((&item["startDate"], &item["expireDate"]), (&json!("03/01/2026"), &json!("12/31/2031")));
}

#[tokio::test]
async fn item_10_the_last_segment_of_the_manifest_url_works_at_both_manifest_calls() {
    let app = App::new().await;
    let plain = app.ask(PLAIN_UPDATES, &question()).await.json();
    let signed = app.payload(&app.ask(UPDATES, &question()).await).await;
    for list in [plain, signed] {
        let uuid = json!({ "uuid": last_segment(list["updateItems"][0]["manifestURL"].as_str().unwrap()) });
        let plain = app.ask(PLAIN_MANIFESTS, &uuid).await;
        assert_eq!((plain.status, plain.json()["manifestVersion"].clone()), (StatusCode::OK, json!("1.0")));
        assert_eq!(app.payload(&app.ask(MANIFESTS, &uuid).await).await["manifestVersion"], "1.0");
    }
}

#[tokio::test]
async fn item_11_sizes_and_execute_are_strings_and_sha256_is_never_empty() {
    let app = App::bare(WorldOptions::default()).await;
    app.upload_key(&PRODUCER_KEY).await;
    app.publish("pump-4.1", "pump-4.2", "UPD-1", &[("pump.bin", FIRST_FILE), ("empty", b""), ("run.sh", b"#!")]).await;
    let list = app.ask(PLAIN_UPDATES, &question()).await.json();
    let uuid = json!({ "uuid": last_segment(list["updateItems"][0]["manifestURL"].as_str().unwrap()) });
    let manifest = app.ask(PLAIN_MANIFESTS, &uuid).await.json();
    let files = manifest["manifestFiles"].as_array().unwrap();
    let sizes: Vec<_> = files.iter().map(|file| file["fileSize"].as_str().unwrap()).collect();
    assert_eq!(sizes, [FIRST_FILE.len().to_string().as_str(), "0", "2"]);
    let execute: Vec<_> = files.iter().map(|file| file["execute"].as_str().unwrap()).collect();
    assert_eq!(execute, ["no", "no", "yes"]);
    for file in files {
        for (member, length) in [("sha256Hash", 64), ("md5Hash", 32)] {
            let hash = file[member].as_str().unwrap();
            assert!(hash.len() == length && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{hash}");
        }
    }
}

#[tokio::test]
async fn item_12_unknown_polling_ids_are_410_on_all_seven_polls() {
    let app = App::new().await;
    let polls: Vec<String> =
        routes("device").into_iter().map(|(_, path)| path).filter(|path| path.contains("{pollingId}")).collect();
    assert_eq!(polls.len(), 7, "{polls:?}");
    let foreign: Vec<String> = {
        let mut urls = Vec::new();
        for path in posts() {
            urls.push(app.ask_for_url(&path, &question()).await);
        }
        urls
    };
    for poll in &polls {
        let unknown = ["00000000-0000-4000-8000-000000000000", "x", "%00", "AAAA"].map(str::to_owned);
        // An ID of one endpoint is valid on that endpoint alone.
        let elsewhere =
            foreign.iter().filter(|url| url.rsplit_once('/').unwrap().0 != poll.rsplit_once('/').unwrap().0);
        for id in unknown.iter().map(String::as_str).chain(elsewhere.map(|url| last_segment(url))) {
            let answer = app.get(&poll.replace("{pollingId}", id)).await;
            assert_eq!(
                (answer.status, answer.error_key().as_str()),
                (StatusCode::GONE, "polling.id.unknown"),
                "{poll} {id}"
            );
        }
    }
    let unknown = json!({ "uuid": "00000000-0000-4000-8000-000000000000" });
    for (path, status) in [(PLAIN_MANIFESTS, StatusCode::GONE), (MANIFESTS, StatusCode::NOT_FOUND)] {
        let answer = app.ask(path, &unknown).await;
        assert_eq!((answer.status, answer.error_key().as_str()), (status, "manifest.uuid.unknown"));
    }
}

#[tokio::test]
async fn item_13_a_poll_repeats_its_bytes_until_it_expires() {
    let app = App::new().await;
    for path in posts() {
        let url = app.ask_for_url(&path, &question()).await;
        let first = app.get(&url).await;
        app.world.clock.advance(POLLING_ID_LIFE - Duration::from_secs(1));
        let again = app.get(&url).await;
        assert_eq!((again.status, again.body), (first.status, first.body), "{path}");
        app.world.clock.advance(Duration::from_secs(1));
        let late = app.get(&url).await;
        assert_eq!((late.status, late.error_key().as_str()), (StatusCode::GONE, "polling.id.expired"), "{path}");
    }
}
