//! The bodies of the protocol, and the only serde in the crate.
//!
//! Questions go out in full, with empty strings for what is not given. Answers are read with tolerance for what is
//! missing or new and without tolerance for what the client acts on: names, sizes, digests and addresses. Missing, null
//! and empty mean the same.

use countersign_crypto::encoding::hex_decode;
use serde::{Deserialize, Serialize};

mod told;

pub(crate) use self::told::{device_event, outcome, registration, status_report};
use crate::{
    error::{ClientError, Subject, quoted},
    file_url::{FileUrl, UrlFault},
    manifest::{FileDigest, Manifest, ManifestFile},
    pinned_keys::Verified,
    question::{Identity, Question},
    server_message::ServerMessage,
    updates::{ManifestId, UpdateItem, UpdateList},
};

/// The body of `POST /uai/2.0/signed-updates`.
pub(crate) fn question(question: &Question) -> Vec<u8> {
    to_json(&QuestionBody {
        device_class: question.device_class.as_str(),
        device: IdentityBody::of(question.device.as_ref()),
        update_from_pkg_id: &question.package,
        platform: &question.platform,
        language: question.language,
    })
}

/// The body of `POST /uai/2.0/signed-updates/manifests`.
pub(crate) fn manifest_request(id: &ManifestId) -> Vec<u8> {
    to_json(&ManifestRequestBody { uuid: id.as_str() })
}

/// The `url` of a 202 answer. These answers are not signed; the URL is only joined to the base URL's origin.
pub(crate) fn pending_url(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<PendingBody>(body).ok().map(|pending| pending.url)
}

/// The error object of an unsigned failure, if the body is one.
pub(crate) fn server_message(body: &[u8]) -> Option<ServerMessage> {
    serde_json::from_slice::<ErrorBody>(body).ok().and_then(ErrorBody::into_message)
}

/// Reads a verified update list.
pub(crate) fn update_list(payload: &Verified) -> Result<UpdateList, ClientError> {
    let body: UpdateListBody = from_json(Subject::UpdateList, payload)?;
    let items = body.update_items.into_iter().map(update_item).collect::<Result<_, _>>()?;
    Ok(UpdateList { items, notice: body.error.and_then(ErrorBody::into_message) })
}

/// Reads a verified manifest, and refuses it as a whole when one of its files cannot be stored safely.
pub(crate) fn manifest(payload: &Verified) -> Result<Manifest, ClientError> {
    let body: ManifestBody = from_json(Subject::Manifest, payload)?;
    let files = body.manifest_files.into_iter().map(manifest_file).collect::<Result<_, _>>()?;
    let manifest = Manifest { version: body.manifest_version.unwrap_or_default(), files };
    match manifest.repeated_name() {
        None => Ok(manifest),
        Some((name, fault)) => Err(ClientError::UnsafeFileName { name: quoted(name.as_str()), fault }),
    }
}

fn update_item(body: UpdateItemBody) -> Result<UpdateItem, ClientError> {
    let manifest = ManifestId::from_manifest_url(&body.manifest_url).ok_or_else(|| {
        malformed(Subject::UpdateList, "the manifestURL of an update does not end with an identifier")
    })?;
    Ok(UpdateItem {
        update_id: body.update_id,
        update_name: body.update_name.unwrap_or_default(),
        title: body.title.unwrap_or_default(),
        description: body.description.unwrap_or_default(),
        product_name: body.product_name.unwrap_or_default(),
        from_package: body.from_package_id,
        to_package: body.to_package_id,
        language: body.language_code.unwrap_or_default(),
        start_date: body.start_date.unwrap_or_default(),
        expire_date: body.expire_date.unwrap_or_default(),
        command_line: body.command_line.unwrap_or_default(),
        manifest,
    })
}

fn manifest_file(body: ManifestFileBody) -> Result<ManifestFile, ClientError> {
    let url = FileUrl::parse(&body.file_url)
        .map_err(|fault: UrlFault| malformed(Subject::Manifest, &format!("the address of a file: {fault}")))?;
    let name = url.file_name().map_err(|fault| ClientError::UnsafeFileName {
        name: quoted(url.uri().path().rsplit('/').next().unwrap_or_default()),
        fault,
    })?;
    let size = decimal(&body.file_size)
        .ok_or_else(|| malformed(Subject::Manifest, "a fileSize is not a decimal number of bytes"))?;
    let execute = match body.execute.unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "no" => false,
        "yes" => true,
        _ => return Err(malformed(Subject::Manifest, "an execute member is neither yes nor no")),
    };
    let digest = digest(&body.sha256_hash.unwrap_or_default(), &body.md5_hash.unwrap_or_default())?;
    Ok(ManifestFile { url, name, size, digest, execute })
}

/// SHA-256 when it is given; else MD5; a file without either could be anything.
fn digest(sha256: &str, md5: &str) -> Result<FileDigest, ClientError> {
    let wrong = |why| malformed(Subject::Manifest, why);
    if !sha256.is_empty() {
        return hex_array(sha256).map(FileDigest::Sha256).ok_or_else(|| wrong("a sha256Hash is not 64 hex digits"));
    }
    if !md5.is_empty() {
        return hex_array(md5).map(FileDigest::Md5).ok_or_else(|| wrong("an md5Hash is not 32 hex digits"));
    }
    Err(wrong("a file has neither a SHA-256 nor an MD5 digest"))
}

fn hex_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex_decode(&text.to_ascii_lowercase()).ok()?.try_into().ok()
}

/// Digits only: a sign, a space or a fraction is no size.
fn decimal(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn from_json<T: for<'a> Deserialize<'a>>(subject: Subject, payload: &Verified) -> Result<T, ClientError> {
    serde_json::from_slice(payload.bytes()).map_err(|error| malformed(subject, &error.to_string()))
}

fn to_json<T: Serialize>(body: &T) -> Vec<u8> {
    serde_json::to_vec(body).expect("strings and integers always have a JSON form")
}

fn malformed(subject: Subject, why: &str) -> ClientError {
    ClientError::Malformed { subject, why: why.to_owned() }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QuestionBody<'a> {
    device_class: &'a str,
    #[serde(flatten)]
    device: IdentityBody<'a>,
    update_from_pkg_id: &'a str,
    platform: &'a str,
    language: u32,
}

/// Who a device is, as members of a body. An anonymous device leaves them blank.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IdentityBody<'a> {
    id: &'a str,
    id_type: &'a str,
    publisher_name: &'a str,
}

impl<'a> IdentityBody<'a> {
    fn of(device: Option<&'a Identity>) -> Self {
        Self {
            id: device.map_or("", |device| &device.id),
            id_type: device.map_or("", |device| &device.id_type),
            publisher_name: device.map_or("", |device| &device.publisher_name),
        }
    }
}

#[derive(Serialize)]
struct ManifestRequestBody<'a> {
    uuid: &'a str,
}

#[derive(Deserialize)]
struct PendingBody {
    url: String,
}

#[derive(Deserialize)]
struct ErrorBody {
    key: Option<String>,
    message: Option<String>,
    arguments: Option<String>,
}

impl ErrorBody {
    /// Three empty strings are how "no error" is written.
    fn into_message(self) -> Option<ServerMessage> {
        let key = self.key.filter(|key| !key.is_empty())?;
        Some(ServerMessage::clean(&key, &self.message.unwrap_or_default(), &self.arguments.unwrap_or_default()))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateListBody {
    update_items: Vec<UpdateItemBody>,
    error: Option<ErrorBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateItemBody {
    update_id: String,
    update_name: Option<String>,
    title: Option<String>,
    description: Option<String>,
    product_name: Option<String>,
    from_package_id: String,
    to_package_id: String,
    language_code: Option<u32>,
    start_date: Option<String>,
    expire_date: Option<String>,
    command_line: Option<String>,
    #[serde(rename = "manifestURL")]
    manifest_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManifestBody {
    manifest_version: Option<String>,
    manifest_files: Vec<ManifestFileBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManifestFileBody {
    file_url: String,
    file_size: String,
    #[serde(rename = "md5Hash")]
    md5_hash: Option<String>,
    #[serde(rename = "sha256Hash")]
    sha256_hash: Option<String>,
    execute: Option<String>,
}
