//! What a load says at the device door: paths, bodies, and one whole exchange to look at.

use std::net::SocketAddr;
use std::str;

use anyhow::{Context as _, Result, ensure};
use countersign_crypto::{Algorithm, Flattened, VerifyingKey};
use serde_json::{Value, json};

use crate::installation::{Installation, OPEN_PACKAGE, OPEN_UPDATE, PLATFORM, PUBLISHER};
use crate::load::{Connection, Requests, get, polling_path, post};

pub(super) const SIGNED_UPDATES: &str = "/uai/2.0/signed-updates";
pub(super) const SIGNED_MANIFESTS: &str = "/uai/2.0/signed-updates/manifests";
pub(super) const UPDATES: &str = "/uai/2.0/updates";
pub(super) const MANIFESTS: &str = "/uai/2.0/updates/manifests";
pub(super) const REGISTRATIONS: &str = "/uai/2.0/devices/registrations";
pub(super) const STATUS_LOG: &str = "/uai/2.0/updates/statusLog";
pub(super) const EVENTS: &str = "/uai/2.0/events";

/// The question of an anonymous device with the open update's package.
pub(super) fn open_question() -> String {
    question(OPEN_PACKAGE, 1033)
}

/// The question of an anonymous device.
pub(super) fn question(package: &str, language: usize) -> String {
    json!({ "updateFromPkgId": package, "platform": PLATFORM, "language": language }).to_string()
}

/// The question of a device with an identity.
pub(super) fn question_of(device: &str, package: &str) -> String {
    let mut body = identified(device);
    body["updateFromPkgId"] = package.into();
    body["platform"] = PLATFORM.into();
    body["language"] = 1033.into();
    body.to_string()
}

/// The question about the files of an update.
pub(super) fn manifest_question(uuid: &str) -> String {
    json!({ "uuid": uuid }).to_string()
}

/// A registration; with an activation ID, that license is activated.
pub(super) fn registration(device: &str, activation_id: Option<&str>) -> String {
    let mut body = identified(device);
    if let Some(activation_id) = activation_id {
        body["activationId"] = activation_id.into();
    }
    body.to_string()
}

/// A status report of a device. Reports with the same time would be kept once.
pub(super) fn status_report(device: &str, time: i64) -> String {
    let mut body = identified(device);
    body["updateId"] = OPEN_UPDATE.into();
    body["updateName"] = "pump-42-field".into();
    body["packageId"] = "pump-2.0".into();
    body["platform"] = PLATFORM.into();
    body["language"] = 1033.into();
    body["statusCode"] = 4.into();
    body["statusReason"] = "self test ok".into();
    body["timeStamp"] = time.into();
    body.to_string()
}

/// An event of a device.
pub(super) fn event(device: &str, number: u32) -> String {
    let mut body = identified(device);
    body["eventName"] = "selfTest".into();
    body["eventGroup"] = "afterUpdate".into();
    body["eventValue"] = format!("pass {number}").into();
    body["platform"] = PLATFORM.into();
    body["updateId"] = OPEN_UPDATE.into();
    body.to_string()
}

/// POSTs with bodies that are made from numbers, one after the other.
pub(super) fn numbered(
    first: u32,
    path: &'static str,
    token: String,
    body: impl Fn(u32) -> String + Send + 'static,
) -> Requests {
    let mut number = first;
    Box::new(move |out| {
        post(out, path, &token, body(number).as_bytes());
        number = number.wrapping_add(1);
    })
}

/// One whole exchange.
pub(super) struct Sample {
    /// The answer to the POST.
    pub(super) accepted: Vec<u8>,
    /// The answer to the poll.
    pub(super) answer: Vec<u8>,
}

/// Posts and polls once.
pub(super) async fn sample(address: SocketAddr, request: &[u8]) -> Result<Sample> {
    let mut connection = Connection::open(address, 1 << 20).await?;
    let answer = connection.exchange(request).await?;
    ensure!(answer.status == 202, "the POST was answered with {}: {}", answer.status, answer.body.escape_ascii());
    let accepted = answer.body.to_vec();
    let mut poll = Vec::new();
    get(&mut poll, polling_path(&accepted)?);
    let answer = connection.exchange(&poll).await?;
    ensure!(answer.status == 200, "the poll was answered with {}: {}", answer.status, answer.body.escape_ascii());
    Ok(Sample { accepted, answer: answer.body.to_vec() })
}

/// A POST of a body.
pub(super) fn request(path: &str, token: &str, body: &str) -> Vec<u8> {
    let mut out = Vec::new();
    post(&mut out, path, token, body.as_bytes());
    out
}

impl Sample {
    /// The path that was polled.
    pub(super) fn path(&self) -> Result<&[u8]> {
        polling_path(&self.accepted)
    }

    /// Checks that the answer is signed with a key and speaks of something.
    pub(super) fn check_signed(&self, key: &VerifyingKey, of: &str) -> Result<()> {
        let payload = Flattened::parse(&self.answer)?.verify(Algorithm::RS256, key)?;
        ensure!(str::from_utf8(&payload)?.contains(of), "the signed answer does not speak of {of}");
        Ok(())
    }

    /// How many updates are offered, in a signed list of the installation's site or in an unsigned one.
    pub(super) fn offers(&self, installation: &Installation) -> Result<usize> {
        let list = match Flattened::parse(&self.answer) {
            Ok(signed) => serde_json::from_slice(&signed.verify(Algorithm::RS256, &installation.signing_key()?)?)?,
            Err(_) => self.json()?,
        };
        Ok(list["updateItems"].as_array().context("the answer is no list of updates")?.len())
    }

    /// The answer as JSON.
    pub(super) fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.answer).context("the answer is no JSON")
    }
}

/// The name of the list of files of the open update, as devices learn it.
pub(super) async fn manifest_uuid(address: SocketAddr, token: &str) -> Result<String> {
    let list = sample(address, &request(UPDATES, token, &open_question())).await?.json()?;
    let url = list["updateItems"][0]["manifestURL"].as_str().context("the list offers nothing")?;
    Ok(url.rsplit('/').next().unwrap_or_default().to_owned())
}

fn identified(device: &str) -> Value {
    json!({ "deviceClass": "client", "id": device, "idType": "STRING", "publisherName": PUBLISHER })
}
