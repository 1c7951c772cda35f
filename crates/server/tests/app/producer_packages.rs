//! Packages as a resource of the producer door.

use countersign_crypto::encoding::hex_encode;
use countersign_crypto::sha256;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::producer_support::{FILES, PACKAGES, Producer, UPDATES, refusal, update, with};
use crate::support::App;

const FIRMWARE: &[u8] = b"firmware 4.3";
// From: printf 'firmware 4.3' | md5sum
const FIRMWARE_MD5: &str = "a9e616a5733c0871616415baaf71897c";
const ELSEWHERE: &str = "https://files.example.com/a/pump%20fw.bin?version=4.3&part=1";

fn external() -> Value {
    json!({
        "externalUrl": ELSEWHERE,
        "sha256": hex_encode(&sha256(FIRMWARE)).to_uppercase(),
        "md5": FIRMWARE_MD5,
        "size": 12,
        "execute": true,
    })
}

fn package(id: &str, files: &Value) -> Value {
    json!({ "packageId": id, "product": "Pump", "description": "about it", "files": files })
}

#[tokio::test]
async fn the_life_of_a_package() {
    let producer = Producer::new().await;
    let digest = producer.store(FIRMWARE).await;
    let body = package("pump-4.3", &json!([{ "fileName": "pump.bin", "sha256": digest }]));
    let created = producer.post(PACKAGES, &body).await;
    let place = created.headers["location"].to_str().unwrap().to_owned();
    assert_eq!((created.status, place.as_str()), (StatusCode::CREATED, &*format!("{PACKAGES}/pump-4.3")));
    let file = &created.json()["files"][0];
    assert_eq!((&file["fileName"], &file["sha256"]), (&json!("pump.bin"), &json!(digest)));
    assert_eq!((&file["size"], &file["execute"], file.get("externalUrl")), (&json!(12), &json!(false), None));
    for spelling in [place.clone(), format!("{place}/"), place.replace("/flexnet", ""), format!("/t/demo{place}")] {
        assert_eq!(producer.get(&spelling).await.json(), created.json(), "{spelling}");
    }
    let again = producer.post(PACKAGES, &body).await;
    assert_eq!(refusal(&again), (StatusCode::CONFLICT, "package.exists".to_owned()));
    for method in [Method::PUT, Method::PATCH, Method::POST] {
        let answer = producer.send(method, &place, body.to_string()).await;
        assert_eq!(refusal(&answer), (StatusCode::METHOD_NOT_ALLOWED, "request.method".to_owned()));
    }

    let to_it = with(&update("UPD-2"), "/releaseTo/0/packageId", Some(json!("pump-4.3")));
    let from_it = with(&update("UPD-3"), "/releaseFrom", Some(json!(["pump-4.3"])));
    for body in [&to_it, &from_it] {
        assert_eq!(producer.post(UPDATES, body).await.status, StatusCode::CREATED);
        let refused = producer.delete(&place).await;
        assert_eq!(refusal(&refused), (StatusCode::CONFLICT, "package.inUse".to_owned()));
        let id = body["updateId"].as_str().unwrap();
        assert!(refused.json()["errorMessage"].as_str().unwrap().contains(id), "the update is not named");
        assert_eq!(producer.delete(&format!("{UPDATES}/{id}")).await.status, StatusCode::NO_CONTENT);
    }
    let deleted = producer.delete(&place).await;
    assert_eq!((deleted.status, deleted.body.len()), (StatusCode::NO_CONTENT, 0));
    let unknown = (StatusCode::NOT_FOUND, "package.unknown".to_owned());
    assert_eq!(refusal(&producer.get(&place).await), unknown);
    assert_eq!(refusal(&producer.delete(&place).await), unknown);
    assert_eq!(producer.get(&format!("{FILES}/{digest}")).await.status, StatusCode::OK, "stored files stay");
    assert_eq!(producer.post(PACKAGES, &body).await.status, StatusCode::CREATED, "the ID is free again");
}

#[tokio::test]
async fn a_file_elsewhere_is_in_the_manifest_with_its_own_url() {
    let producer = Producer::new().await;
    let digest = producer.store(b"notes on 4.3").await;
    let stored = json!({ "fileName": "notes.txt", "sha256": digest });
    let created = producer.post(PACKAGES, &package("pump-4.3", &json!([external(), stored]))).await;
    assert_eq!(created.status, StatusCode::CREATED);
    let shown = &created.json()["files"][0];
    assert_eq!(shown["fileName"], "pump fw.bin", "the end of the URL");
    assert_eq!((&shown["externalUrl"], &shown["md5"]), (&json!(ELSEWHERE), &json!(FIRMWARE_MD5)));

    let body = with(&update("UPD-1"), "/releaseTo/0/packageId", Some(json!("pump-4.3")));
    assert_eq!(producer.put(&format!("{UPDATES}/UPD-1"), &body).await.status, StatusCode::OK);
    let manifest = producer.app.first_manifest().await;
    let sha256 = hex_encode(&sha256(FIRMWARE));
    assert_eq!(
        manifest["manifestFiles"][0],
        json!({ "fileUrl": ELSEWHERE, "fileSize": "12", "md5Hash": FIRMWARE_MD5, "sha256Hash": sha256, "execute": "yes" })
    );
    let url = App::path_of(&manifest["manifestFiles"][1]["fileUrl"]);
    assert_eq!(&producer.app.get(&url).await.body[..], b"notes on 4.3");
}

#[tokio::test]
async fn a_package_that_devices_have_already_needs_no_files() {
    let producer = Producer::new().await;
    let created = producer.post(PACKAGES, &json!({ "packageId": "pump-3.9", "product": "Pump" })).await;
    let expected = json!({ "packageId": "pump-3.9", "product": "Pump", "description": "", "files": [] });
    assert_eq!((created.status, created.json()), (StatusCode::CREATED, expected));
    let body = with(&update("UPD-2"), "/releaseFrom", Some(json!(["pump-3.9"])));
    assert_eq!(producer.post(UPDATES, &body).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_by_its_member() {
    let producer = Producer::new().await;
    let digest = producer.store(FIRMWARE).await;
    let stored = json!({ "fileName": "notes.txt", "sha256": digest });
    let good = package("pump-4.3", &json!([external(), stored]));
    let nested: Vec<Value> = (0..1001).map(|n| json!({ "fileName": format!("{n}"), "sha256": digest })).collect();
    let url = |text: &str| Some(json!(text));
    let cases = [
        ("/packageId", None, "request.field.missing", "packageId"),
        ("/packageId", Some(json!(" x")), "request.field.invalid", "packageId"),
        ("/product", None, "request.field.missing", "product"),
        ("/product", Some(json!({})), "request.field.invalid", "product"),
        ("/product", Some(json!("Fan")), "product.unknown", "Fan"),
        ("/description", Some(json!(true)), "request.field.invalid", "description"),
        ("/description", Some(json!("x".repeat(4001))), "package.invalid", "4000"),
        ("/files", Some(json!({})), "request.field.invalid", "files"),
        ("/files", Some(json!([[]])), "request.field.invalid", "files[0]"),
        ("/files", Some(json!(nested)), "package.invalid", "1000"),
        ("/files/1/fileName", None, "request.field.missing", "files[1].fileName"),
        ("/files/1/fileName", Some(json!("a/b")), "request.field.invalid", "files[1].fileName"),
        ("/files/1/fileName", Some(json!("pump fw.bin")), "package.invalid", "twice"),
        ("/files/1/sha256", None, "request.field.missing", "files[1].sha256"),
        ("/files/1/sha256", Some(json!("00")), "request.field.invalid", "files[1].sha256"),
        ("/files/1/sha256", Some(json!("0".repeat(64))), "file.unknown", "notes.txt"),
        ("/files/1/execute", Some(json!("yes")), "request.field.invalid", "files[1].execute"),
        ("/files/0/md5", None, "request.field.missing", "files[0].md5"),
        ("/files/0/md5", Some(json!("0".repeat(31))), "request.field.invalid", "files[0].md5"),
        ("/files/0/size", None, "request.field.missing", "files[0].size"),
        ("/files/0/size", Some(json!(-1)), "request.field.invalid", "files[0].size"),
        ("/files/0/size", Some(json!(1.5)), "request.field.invalid", "files[0].size"),
        ("/files/0/size", Some(json!((1_u64 << 40) + 1)), "package.invalid", "pump fw.bin"),
        ("/files/0/externalUrl", Some(json!(7)), "request.field.invalid", "files[0].externalUrl"),
        ("/packageId", Some(json!("..")), "package.invalid", "in a path"),
        ("/files/1/fileName", Some(json!("PUMP FW.bin")), "package.invalid", "twice"),
        ("/files/1/fileName", Some(json!("notes.part")), "request.field.invalid", "files[1].fileName"),
        ("/files/1/fileName", Some(json!("re\u{301}sume.txt")), "request.field.invalid", "files[1].fileName"),
        ("/files/0/fileName", Some(json!("other.bin")), "request.field.invalid", "files[0].fileName"),
        ("/files/0/fileName", Some(json!("Pump fw.bin")), "request.field.invalid", "files[0].fileName"),
        ("/files/0/externalUrl", url("https://h/"), "request.field.invalid", "files[0].externalUrl"),
        ("/files/0/externalUrl", url("https://h/?file=a.bin"), "request.field.invalid", "files[0].externalUrl"),
        ("/files/0/externalUrl", url("https://h/%2e%2e"), "request.field.invalid", "files[0].externalUrl"),
        ("/files/0/externalUrl", url("https://h/a.part"), "request.field.invalid", "files[0].externalUrl"),
        ("/files/0/externalUrl", url("https://h/%ff"), "request.field.invalid", "files[0].externalUrl"),
        ("/files/0/externalUrl", url("ftp://h/x"), "package.invalid", "https://"),
        ("/files/0/externalUrl", url("https://ada:secret@h/x"), "package.invalid", "user name"),
        ("/files/0/externalUrl", url("https://h/a b"), "package.invalid", "' '"),
        ("/files/0/externalUrl", url("https://h/a\r\nb"), "request.field.invalid", "externalUrl"),
        ("/files/0/externalUrl", url("file:///etc/passwd"), "package.invalid", "https://"),
        ("/files/0/externalUrl", Some(json!(format!("https://h/x?{}", "x".repeat(2048)))), "package.invalid", "2048"),
    ];
    for (pointer, value, key, told) in cases {
        let body = with(&good, pointer, value);
        let answer = producer.post(PACKAGES, &body).await;
        let message = answer.json()["errorMessage"].to_string();
        assert_eq!(refusal(&answer), (StatusCode::BAD_REQUEST, key.to_owned()), "{pointer}: {message}");
        assert!(message.contains(told), "{message:?} does not tell {told}");
    }
    assert_eq!(producer.get(&format!("{PACKAGES}/pump-4.3")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(producer.post(PACKAGES, &good).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn lists_are_searched_and_paged() {
    let producer = Producer::new().await;
    for id in ["fan-1", "fan-2", "FAN-3"] {
        let body = json!({ "packageId": id, "product": "Pump", "description": format!("Text of {id}") });
        assert_eq!(producer.post(PACKAGES, &body).await.status, StatusCode::CREATED);
    }
    for (query, ids, total) in [
        ("", &["FAN-3", "fan-1", "fan-2", "pump-4.1", "pump-4.2"][..], 5),
        ("?q=fan-", &["FAN-3", "fan-1", "fan-2"], 3),
        ("?q=TEXT+of+fan-1", &["fan-1"], 1),
        ("?q=pump", &["FAN-3", "fan-1", "fan-2", "pump-4.1", "pump-4.2"], 5),
        ("?size=2&page=2", &["fan-2", "pump-4.1"], 5),
        ("?size=2&page=9", &[], 5),
    ] {
        let list = producer.get(&format!("{PACKAGES}{query}")).await.json();
        let found: Vec<_> = list["packages"].as_array().unwrap().iter().map(|body| body["packageId"].clone()).collect();
        assert_eq!((found, &list["total"]), (ids.iter().map(|id| json!(id)).collect(), &json!(total)), "{query}");
    }
    let refused = producer.get(&format!("{PACKAGES}?page=0")).await;
    assert_eq!(refusal(&refused), (StatusCode::BAD_REQUEST, "request.parameter.invalid".to_owned()));
}

#[tokio::test]
async fn of_twenty_equal_packages_at_once_one_is_created() {
    let producer = Producer::new().await;
    let body = package("pump-4.3", &json!([external()]));
    let answers = futures_util::future::join_all((0..20).map(|_| producer.post(PACKAGES, &body))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(StatusCode::CREATED), count(StatusCode::CONFLICT)), (1, 19));
}
