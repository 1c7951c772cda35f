//! What an honest server and a device do together.

use std::fs;

use countersign_client::{DeviceClass, FileDigest, NoProgress};
use countersign_crypto::digest::sha256;
use serde_json::{Value, json};

use crate::support::{
    Answer, Heard, LIST_PATH, MANIFEST_PATH, Server, TOKEN, asked_and_answered, check_answered_with, client,
    list_payload, manifest_answered_with, manifest_payload, md5_hex, names_in, question, sample, sign, step,
};

#[test]
fn a_device_finds_chooses_and_downloads_an_update() {
    let folder = tempfile::tempdir().unwrap();
    let (firmware, notes) = (sample(300_000), b"What is new".to_vec());
    let (api, files) = (Server::bind(), Server::bind());
    let (client, pauses) = client(&api.url(""));

    let manifest = manifest_payload(&[
        (files.url("/f/acme/9c1e/17-mac/pump-fw-4.2.1.bin"), &firmware),
        (files.url("/f/acme/77aa/17-mac/release%20notes.txt?ext=.txt"), &notes),
    ]);
    let mut script = asked_and_answered(LIST_PATH, &sign(&list_payload().to_string()));
    script.extend(asked_and_answered(MANIFEST_PATH, &sign(&manifest.to_string())));
    let api = api.serve(script);
    let files = files.serve(vec![
        step("GET /f/acme/9c1e/17-mac/pump-fw-4.2.1.bin ", Answer::new(200, &["ETag: \"1\""], &firmware)),
        step("GET /f/acme/77aa/17-mac/release%20notes.txt?ext=.txt ", Answer::chunked(200, &[], &notes)),
    ]);

    let list = client.check(&question()).unwrap();
    assert_eq!(list.notice, None);
    let [update] = list.items.as_slice() else { panic!("one update") };
    assert_eq!((update.update_id.as_str(), update.to_package.as_str()), ("UPD-PUMP-421", "pump-fw-4.2.1"));
    assert_eq!((update.start_date.as_str(), update.language), ("03/01/2026", 1033));
    assert_eq!(update.manifest.as_str(), "8d5c1f0a-52f4");

    let manifest = client.manifest(update).unwrap();
    assert_eq!((manifest.version.as_str(), manifest.files.len()), ("1.0", 2));
    let mut heard = Heard::default();
    let paths: Vec<_> =
        manifest.files.iter().map(|file| client.download(file, folder.path(), &mut heard).unwrap()).collect();
    assert_eq!(paths, [folder.path().join("pump-fw-4.2.1.bin"), folder.path().join("release notes.txt")]);
    assert_eq!(fs::read(&paths[0]).unwrap(), firmware);
    assert_eq!(fs::read(&paths[1]).unwrap(), notes);
    assert_eq!(names_in(folder.path()), ["pump-fw-4.2.1.bin", "release notes.txt"], "nothing else is left");
    assert_eq!(heard.0.first().map(String::as_str), Some("started 300000"));
    assert_eq!(heard.0.iter().filter(|word| *word == "finished").count(), 2);

    let asked = api.finish();
    assert_eq!(
        serde_json::from_str::<Value>(&asked[0].body).unwrap(),
        json!({
            "deviceClass": "client", "id": "PUMP-0077", "idType": "STRING", "publisherName": "acme",
            "updateFromPkgId": "pump-fw-4.1", "platform": "LINUX32", "language": 1033,
        })
    );
    assert_eq!(serde_json::from_str::<Value>(&asked[2].body).unwrap(), json!({ "uuid": "8d5c1f0a-52f4" }));
    let bearer = format!("Bearer {TOKEN}");
    let sent_token: Vec<_> = asked.iter().map(|request| request.header("authorization")).collect();
    assert_eq!(sent_token, [Some(bearer.as_str()), None, Some(bearer.as_str()), None], "polls need no token");
    assert_eq!(asked[0].header("content-type"), Some("application/json"));
    for request in files.finish() {
        assert!(!format!("{request:?}").contains(TOKEN), "the token is not for the file host");
        assert_eq!(request.header("accept-encoding"), Some("identity"));
    }
    assert_eq!(pauses.seconds(), [] as [u64; 0]);
}

#[test]
fn an_anonymous_device_leaves_its_identity_blank() {
    let server = Server::bind();
    let (client, _) = client(&server.url("/t/acme/"));
    let poll = "/t/acme/uai/2.0/signed-updates/poll-1";
    let script = vec![
        step(
            "POST /t/acme/uai/2.0/signed-updates ",
            Answer::new(202, &[], json!({ "url": poll }).to_string().as_bytes()),
        ),
        step(&format!("GET {poll} "), Answer::new(200, &[], sign(r#"{"updateItems":[],"new":1}"#).as_bytes())),
    ];
    let running = server.serve(script);
    let mut asked = question();
    (asked.device, asked.device_class) = (None, DeviceClass::Served);
    let list = client.check(&asked).unwrap();
    assert_eq!((list.items.len(), list.notice), (0, None));
    let body: Value = serde_json::from_str(&running.finish()[0].body).unwrap();
    assert_eq!(body["deviceClass"], "served");
    assert_eq!((&body["id"], &body["idType"], &body["publisherName"]), (&json!(""), &json!(""), &json!("")));
}

#[test]
fn a_notice_comes_beside_the_items() {
    let mut payload = list_payload();
    payload["error"] = json!({ "arguments": "PUMP-0077", "key": "device.unknown", "message": "Not\u{1b}[2J known." });
    let list = check_answered_with(&sign(&payload.to_string())).unwrap();
    assert_eq!(list.items.len(), 1);
    let notice = list.notice.unwrap();
    assert_eq!((notice.key.as_str(), notice.arguments.as_str()), ("device.unknown", "PUMP-0077"));
    assert_eq!(notice.to_string(), "device.unknown: Not [2J known.", "no escape sequence reaches a terminal");
}

#[test]
fn md5_counts_only_where_there_is_nothing_else() {
    let bytes = b"old server";
    let mut payload = manifest_payload(&[("https://dl.example.net/a.bin".to_owned(), bytes)]);
    let digest_of = |payload: &Value| manifest_answered_with(&sign(&payload.to_string())).unwrap().files[0].digest;
    assert_eq!(digest_of(&payload), FileDigest::Sha256(sha256(bytes)));
    assert!(digest_of(&payload).resists_forgery());
    payload["manifestFiles"][0]["sha256Hash"] = json!("");
    payload["manifestFiles"][0]["md5Hash"] = json!(md5_hex(bytes).to_uppercase());
    assert_eq!(digest_of(&payload).to_hex(), md5_hex(bytes));
    assert_eq!(digest_of(&payload).algorithm(), "MD5");
    assert!(!digest_of(&payload).resists_forgery(), "the caller is told");
}

#[test]
fn a_file_that_is_already_there_costs_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(5000);
    fs::write(folder.path().join("fw.bin"), &bytes).unwrap();
    let files = Server::bind();
    let (client, _) = client("http://127.0.0.1:9");
    let file = crate::support::file_at(&files.url("/f/fw.bin"), &bytes);
    let running = files.serve(vec![]);
    let mut heard = Heard::default();
    assert_eq!(client.download(&file, folder.path(), &mut heard).unwrap(), folder.path().join("fw.bin"));
    assert_eq!(heard.0, ["started 5000", "advanced 5000", "finished"]);
    running.finish();
}

#[test]
fn an_empty_file_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let files = Server::bind();
    let (client, _) = client("http://127.0.0.1:9");
    let file = crate::support::file_at(&files.url("/f/empty"), b"");
    let running = files.serve(vec![]);
    let path = client.download(&file, folder.path(), &mut NoProgress).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"");
    assert_eq!(names_in(folder.path()), ["empty"]);
    running.finish();
}
