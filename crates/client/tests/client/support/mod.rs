//! A server that follows a script, a key that signs, and a client that does not wait.

mod answer;
mod server;
mod signer;

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use countersign_client::{
    ClientConfig, DeviceClass, DeviceClient, FileDigest, FileUrl, Identity, ManifestFile, NoProgress, Pause, Progress,
    ProxyUse, Question, UpdateItem, UpdateList,
};
use countersign_crypto::{
    digest::{Md5, sha256},
    encoding::hex_encode,
    secret::Secret,
};
use serde_json::{Value, json};

pub(crate) use self::{
    answer::{Answer, error_object, json_answer},
    server::{Request, Running, Server, Step, step},
    signer::{bare_signature, other_public_key, public_key, sign, sign_with_other_key},
};

/// A token that looks like one; nobody here verifies it.
pub(crate) const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2VjcmV0LXNpZ25hdHVyZQ";
pub(crate) const LIST_PATH: &str = "POST /uai/2.0/signed-updates ";
pub(crate) const MANIFEST_PATH: &str = "POST /uai/2.0/signed-updates/manifests ";

/// A pause that returns at once and remembers how long it should have been.
#[derive(Clone, Default)]
pub(crate) struct Recorded(Arc<Mutex<Vec<Duration>>>);

impl Recorded {
    pub(crate) fn seconds(&self) -> Vec<u64> {
        self.0.lock().unwrap().iter().map(Duration::as_secs).collect()
    }
}

impl Pause for Recorded {
    fn pause(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration);
    }
}

/// Everything that a download reported, as words.
#[derive(Default)]
pub(crate) struct Heard(pub(crate) Vec<String>);

impl Progress for Heard {
    fn started(&mut self, total: u64) {
        self.0.push(format!("started {total}"));
    }

    fn advanced(&mut self, bytes: u64) {
        self.0.push(format!("advanced {bytes}"));
    }

    fn finished(&mut self) {
        self.0.push("finished".to_owned());
    }
}

pub(crate) fn config(base_url: &str) -> ClientConfig {
    let mut config = ClientConfig::new(base_url, Secret::new(TOKEN.to_owned()), vec![public_key()]);
    config.proxy = ProxyUse::Direct;
    config.timeouts.read = Duration::from_secs(10);
    config
}

pub(crate) fn client(base_url: &str) -> (DeviceClient, Recorded) {
    let pauses = Recorded::default();
    (DeviceClient::with_pause(config(base_url), Box::new(pauses.clone())).unwrap(), pauses)
}

pub(crate) fn question() -> Question {
    Question {
        device: Some(Identity {
            id: "PUMP-0077".to_owned(),
            id_type: "STRING".to_owned(),
            publisher_name: "acme".to_owned(),
        }),
        device_class: DeviceClass::Client,
        package: "pump-fw-4.1".to_owned(),
        platform: "LINUX32".to_owned(),
        language: 1033,
    }
}

pub(crate) fn list_payload() -> Value {
    json!({
        "updateItems": [{
            "commandLine": "--apply",
            "description": "Fixes the dosing alarm.",
            "expireDate": "12/31/2031",
            "fromPackageId": "pump-fw-4.1",
            "languageCode": 1033,
            "manifestURL": "/uai/2.0/signed-updates/manifests/8d5c1f0a-52f4",
            "productName": "",
            "startDate": "03/01/2026",
            "title": "Pump firmware 4.2.1",
            "toPackageId": "pump-fw-4.2.1",
            "updateId": "UPD-PUMP-421",
            "updateName": "pump-421-field",
        }],
        "error": { "arguments": "", "key": "", "message": "" },
    })
}

pub(crate) fn manifest_payload(files: &[(String, &[u8])]) -> Value {
    let files = files.iter().map(|(url, bytes)| {
        json!({
            "fileUrl": url,
            "fileSize": bytes.len().to_string(),
            "md5Hash": md5_hex(bytes),
            "sha256Hash": hex_encode(&sha256(bytes)),
            "execute": "no",
        })
    });
    json!({ "manifestVersion": "1.0", "manifestFiles": files.collect::<Vec<_>>() })
}

/// The two steps of a question that is answered at the first poll.
pub(crate) fn asked_and_answered(path: &str, body: &str) -> Vec<Step> {
    let poll = format!("{}/poll-1", path.trim_start_matches("POST ").trim_end());
    vec![
        step(path, json_answer(202, &json!({ "url": poll }).to_string())),
        step(&format!("GET {poll} "), json_answer(200, body)),
    ]
}

/// What a check yields when the server answers with exactly `body`.
pub(crate) fn check_answered_with(body: &str) -> Result<UpdateList, countersign_client::ClientError> {
    let server = Server::bind();
    let (client, _) = client(&server.url(""));
    let running = server.serve(asked_and_answered(LIST_PATH, body));
    let outcome = client.check(&question());
    running.finish();
    outcome
}

/// What asking for a manifest yields when the server answers with exactly `body`.
pub(crate) fn manifest_answered_with(
    body: &str,
) -> Result<countersign_client::Manifest, countersign_client::ClientError> {
    let server = Server::bind();
    let (client, _) = client(&server.url(""));
    let running = server.serve(asked_and_answered(MANIFEST_PATH, body));
    let outcome = client.manifest(&update_item());
    running.finish();
    outcome
}

pub(crate) fn update_item() -> UpdateItem {
    check_answered_with(&sign(&list_payload().to_string())).unwrap().items.remove(0)
}

pub(crate) fn file_at(url: &str, bytes: &[u8]) -> ManifestFile {
    let url = FileUrl::parse(url).unwrap();
    let name = url.file_name().unwrap();
    let size = u64::try_from(bytes.len()).unwrap();
    ManifestFile { url, name, size, digest: FileDigest::Sha256(sha256(bytes)), execute: false }
}

/// Downloads one file, whose right bytes are `bytes`, from a server that follows `steps`.
pub(crate) fn download(
    bytes: &[u8],
    folder: &Path,
    steps: Vec<Step>,
) -> (Result<std::path::PathBuf, countersign_client::ClientError>, Vec<Request>) {
    let server = Server::bind();
    let (client, _) = client("http://127.0.0.1:9");
    let file = file_at(&server.url("/f/fw.bin"), bytes);
    let running = server.serve(steps);
    let outcome = client.download(&file, folder, &mut NoProgress);
    (outcome, running.finish())
}

pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Bytes that differ at every position from their neighbors, so that a shifted range cannot look right.
pub(crate) fn sample(length: usize) -> Vec<u8> {
    (0..length).map(|position| u8::try_from(position % 251).unwrap()).collect()
}

pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    let mut digest = Md5::new();
    digest.update(bytes);
    hex_encode(&digest.finish())
}
