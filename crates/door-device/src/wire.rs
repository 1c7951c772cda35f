//! Every JSON body of this door. The only place that knows the names of the protocol's members.
//!
//! Requests are read tolerantly where old clients differ: unknown members are ignored, and a member that is missing, empty
//! or `null` is not given. Answers are written exactly: all members, in one order, numbers and strings as published.

mod members;
mod requests;
mod told;

use countersign_app::polling::Endpoint;
use countersign_app::updates::{ManifestFile, UpdateAnswer};
use countersign_crypto::encoding::hex_encode;
use countersign_domain::catalog::matching::Offer;
use countersign_domain::time::Date;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use requests::{ManifestRequest, UpdatesRequest};
pub(crate) use told::{EventRequest, RegistrationRequest, StatusRequest};

/// Where to poll for the answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// Path from the root of the host
    #[schema(example = "/uai/2.0/signed-updates/UVc1zZ…")]
    pub(crate) url: String,
}

/// An error; all three members are empty when there is none.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct ErrorObject {
    /// What the message speaks about
    #[schema(example = "pump-fw-9.9")]
    arguments: String,
    /// Code for programs
    #[schema(example = "package.unknown")]
    key: &'static str,
    /// Text for people
    #[schema(example = "The installed package is not known.")]
    message: &'static str,
}

impl ErrorObject {
    pub(crate) fn new(key: &'static str, message: &'static str) -> Self {
        Self { arguments: String::new(), key, message }
    }

    pub(crate) fn with(self, arguments: String) -> Self {
        Self { arguments, ..self }
    }

    pub(crate) fn key(&self) -> &'static str {
        self.key
    }
}

/// A JWS in the flattened JSON form (RFC 7515 section 7.2.2). Verify the strings as they were sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedAnswer {
    /// base64url of the signed JSON
    payload: String,
    /// base64url of the header, `{"alg":"RS256"}` unless the site adds `kid`
    #[schema(example = "eyJhbGciOiJSUzI1NiJ9")]
    protected: String,
    /// base64url of the RSA signature over `protected` + "." + `payload`
    signature: String,
}

/// The updates that apply, newest first; payload of a signed answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateList {
    /// Possibly none
    update_items: Vec<UpdateItem>,
    /// What is wrong with the question
    error: ErrorObject,
}

/// One update.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UpdateItem {
    /// Command line for the installer
    #[schema(example = "--apply --no-reboot")]
    command_line: String,
    /// Description in the language
    description: String,
    /// Last day, MM/DD/YYYY in UTC; empty when there is none
    #[schema(example = "12/31/2031")]
    expire_date: String,
    /// Package that the update starts from
    #[schema(example = "pump-fw-4.1")]
    from_package_id: String,
    /// Language of title and description, a Windows language identifier
    #[schema(example = 1033)]
    language_code: u32,
    /// Its last segment is the `uuid` of the manifest request. Not to be fetched with GET.
    #[serde(rename = "manifestURL")]
    #[schema(example = "/uai/2.0/signed-updates/manifests/8d5c1f0a-52f4-4a8f-9b3c-8f8a4f6a2d10")]
    manifest_url: String,
    /// Product of the delivered package
    #[schema(example = "Pump")]
    product_name: String,
    /// First day, MM/DD/YYYY in UTC
    #[schema(example = "03/01/2026")]
    start_date: String,
    /// Title in the language
    #[schema(example = "Pump firmware 4.2.1")]
    title: String,
    /// Package that the update delivers
    #[schema(example = "pump-fw-4.2.1")]
    to_package_id: String,
    /// ID of the update
    #[schema(example = "UPD-PUMP-421")]
    update_id: String,
    /// The producer's name for it
    #[schema(example = "pump-421-field")]
    update_name: String,
}

impl UpdateList {
    /// The answer of one of the two calls; each points to the manifests of its own kind.
    pub(crate) fn new(answer: &UpdateAnswer, endpoint: Endpoint) -> Self {
        let items = |list: &countersign_app::updates::UpdateList| {
            let installed = list.question().installed.as_str();
            list.offers().iter().map(|offer: &Offer<'_>| UpdateItem::new(offer, installed, endpoint)).collect()
        };
        Self {
            update_items: answer.list.as_ref().map(items).unwrap_or_default(),
            error: answer.problem.as_ref().map(ErrorObject::from).unwrap_or_default(),
        }
    }
}

impl UpdateItem {
    fn new(offer: &Offer<'_>, installed: &str, endpoint: Endpoint) -> Self {
        let update = offer.update;
        let family = if endpoint.is_signed() { "signed-updates" } else { "updates" };
        let description = if offer.text.description.is_empty() { &update.description } else { &offer.text.description };
        Self {
            command_line: update.command_line.clone(),
            description: description.clone(),
            expire_date: update.end_date.map(Date::month_day_year).unwrap_or_default(),
            from_package_id: installed.to_owned(),
            language_code: offer.text.language.0,
            manifest_url: format!("/uai/2.0/{family}/manifests/{}", offer.target.manifest_uuid),
            product_name: offer.package.product.name.to_string(),
            start_date: update.start_date.month_day_year(),
            title: offer.text.title.clone(),
            to_package_id: offer.target.package.to_string(),
            update_id: update.id.to_string(),
            update_name: update.name.clone(),
        }
    }
}

/// The files of an update, in the order in which to use them; payload of a signed answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    /// Always `1.0`
    #[schema(example = "1.0")]
    manifest_version: &'static str,
    /// Every file
    manifest_files: Vec<FileEntry>,
}

/// One file.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FileEntry {
    /// Absolute URL
    #[schema(example = "https://updates.example.com/f/acme/30e1…/1772409600-Zm9v…/pump-fw-4.2.1.bin")]
    file_url: String,
    /// Length in bytes, as decimal digits in a string
    #[schema(example = "1048576")]
    file_size: String,
    /// MD5, lower-case hexadecimal. Does not prove anything
    #[schema(example = "b6d81b360a5672d80c27430f39153e2c")]
    md5_hash: String,
    /// SHA-256, lower-case hexadecimal
    #[schema(example = "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58")]
    sha256_hash: String,
    /// `yes` or `no`, as a string: whether to run the file after the download
    #[schema(example = "no")]
    execute: &'static str,
}

impl From<&[ManifestFile]> for Manifest {
    fn from(files: &[ManifestFile]) -> Self {
        let entry = |file: &ManifestFile| FileEntry {
            file_url: file.url.clone(),
            file_size: file.size.to_string(),
            md5_hash: hex_encode(&file.md5),
            sha256_hash: hex_encode(&file.sha256),
            execute: if file.execute { "yes" } else { "no" },
        };
        Self { manifest_version: "1.0", manifest_files: files.iter().map(entry).collect() }
    }
}
