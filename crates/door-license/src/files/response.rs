//! Files for devices without a connection, as they are signed and written.

use std::sync::Arc;

use bytes::Bytes;
use countersign_app::Ctx;
use countersign_app::license_api::LicenseView;
use countersign_app::license_proof::{self, Place};
use countersign_app::sites::SiteSnapshot;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;
use crate::reply::{Licensed, written};
use crate::wire::license::{Activation, licensed};
use crate::wire::release::Places;

/// What a file says beside its license.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct Answered {
    /// ID of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    /// When it was made.
    #[schema(example = "Thu, 01 Jan 2026 00:00:00 GMT")]
    pub(crate) date: String,
    /// HMAC under the shared key, over the date, license key or user, hardware ID and API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) offline_signature: Option<String>,
}

/// A license on a device without a connection.
#[derive(Serialize, ToSchema)]
pub(crate) struct OfflineLicense {
    #[serde(flatten)]
    activation: Activation,
    #[serde(flatten)]
    answered: Answered,
}

/// Where files are signed.
pub(crate) struct Desk<'d> {
    pub(crate) ctx: &'d Ctx,
    pub(crate) site: &'d Arc<SiteSnapshot>,
    pub(crate) place: Option<&'d Place<'d>>,
    pub(crate) places: &'d Places,
    /// Whether everything beyond ASCII is escaped, because the client signs it so.
    pub(crate) is_ascii: bool,
}

impl Desk<'_> {
    /// The response to a request. `license_signature_v2` is over what stands before the two signatures.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub(crate) async fn response(&self, view: &LicenseView, answered: Answered) -> Result<String, Error> {
        let object = self.object(view, answered)?;
        let outer = self.sign(&object).await?;
        let object = self.with_inner(object, &licensed(view)).await?;
        Ok(with(&object, "license_signature_v2", &outer))
    }

    /// The same without a request. `license_signature_v2` is over all that stands before it.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub(crate) async fn refresh(&self, view: &LicenseView, answered: Answered) -> Result<String, Error> {
        let object = self.with_inner(self.object(view, answered)?, &licensed(view)).await?;
        let outer = self.sign(&object).await?;
        Ok(with(&object, "license_signature_v2", &outer))
    }

    /// The licenses of a bundle. `bundle_signature_v2` is over all that stands before it.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub(crate) async fn bundle(&self, views: &[LicenseView], answered: &Answered) -> Result<String, Error> {
        let mut objects = Vec::with_capacity(views.len());
        for view in views {
            objects.push(self.with_inner(self.object(view, answered.clone())?, &licensed(view)).await?);
        }
        let bundle = format!("{{\"licenses\":[{}]}}", objects.join(","));
        let outer = self.sign(&bundle).await?;
        Ok(with(&bundle, "bundle_signature_v2", &outer))
    }

    fn object(&self, view: &LicenseView, answered: Answered) -> Result<String, Error> {
        let json = written(&OfflineLicense { activation: Activation::new(view, self.places), answered })?;
        Ok(if self.is_ascii { escaped(&json) } else { json })
    }

    async fn with_inner(&self, object: String, licensed: &Licensed) -> Result<String, Error> {
        let signed = licensed.signed();
        let signature = license_proof::license_signature(self.ctx, self.site, self.place, signed).await?;
        Ok(with(&object, "license_signature", &signature))
    }

    async fn sign(&self, text: &str) -> Result<String, Error> {
        let text = Bytes::from(text.to_owned());
        Ok(license_proof::sign_answer(self.ctx, self.site, self.place, &text).await?)
    }
}

/// An object with one more member at its end: a signature, in which nothing is to be escaped.
fn with(object: &str, name: &str, signature: &str) -> String {
    let open = object.strip_suffix('}').unwrap_or(object);
    format!("{open},\"{name}\":\"{signature}\"}}")
}

/// JSON with everything beyond printable ASCII escaped: only texts hold such characters.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character < '\x7f' {
            out.push(character);
            continue;
        }
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use countersign_crypto::encoding::hex_encode;
    use countersign_crypto::sha256;

    use super::*;

    #[test]
    fn the_signed_texts_are_those_of_the_contract() {
        // `contract/license/vectors.json`, `offline_text`.
        let json = r#"{"id":7001,"license_type":"perpetual","customer":{"company_name":"Čavao d.o.o."},"hardware_id":"HW-TEST-1"}"#;
        let digest = |text: &str| hex_encode(&sha256(text.as_bytes()));
        assert_eq!(digest(json), "7a47517a95c5801a1e601748331a59eeccaab63f9fd91897d66933086bd98563");
        assert_eq!(digest(&escaped(json)), "e4fcd04873de5e6c0565fa76cbb0db2abbbe11b4ae7121bc6c34c26093008989");
        assert_eq!(escaped("\"a\\n😀\x7f\""), "\"a\\n\\ud83d\\ude00\\u007f\"");
        assert_eq!(with("{\"a\":1}", "s", "x="), "{\"a\":1,\"s\":\"x=\"}");
    }
}
