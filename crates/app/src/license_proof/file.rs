//! The proof of a request file, which a person carries here from a device without a connection: an HMAC under the shared key
//! of the API key that the application was built with (`docs/protocol/license.md`, "Files").
//!
//! Files of the first form sign five lines: the date, the license, the hardware and the API key. Those of the second form sign
//! the whole text of the request.

use std::net::IpAddr;
use std::sync::Arc;

use countersign_crypto::Secret;
use countersign_crypto::encoding::base64_decode;
use countersign_domain::time::Timestamp;

use super::authenticate::{ProofError, caller, limited, note_use};
use super::request::DATE_WINDOW;
use crate::Ctx;
use crate::license_api::{LicenseCaller, OpenedApiKey};
use crate::sites::SiteSnapshot;

/// What a request file says of who made it. Unverified.
pub struct PresentedFile {
    /// The public part of the API key.
    pub api_key: String,
    /// What the file calls its date, and what it may have called it when it was signed: a client looks at its clock twice.
    pub dates: Vec<String>,
    /// The time that the date means; `None`: none.
    pub at: Option<Timestamp>,
    /// License key or user name, as the file writes it.
    pub licensee: String,
    /// Hardware ID, as the file writes it.
    pub hardware_id: String,
    /// The text that a file of the second form signs.
    pub text: Option<Vec<u8>>,
    /// The signature, in base64.
    pub signature: Secret<String>,
}

/// Signs what is answered to a file, under the shared key of its API key.
pub struct FileSigner {
    api_key: String,
    key: Arc<OpenedApiKey>,
}

/// Judges a request file for a site. The state of the site that decided comes with the verdict.
///
/// # Errors
/// [`ProofError`] says why it is refused. An unknown key is certain: the store was asked.
pub async fn authenticate_file(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    file: &PresentedFile,
    from: Option<IpAddr>,
) -> Result<(LicenseCaller, FileSigner), ProofError> {
    let now = ctx.now();
    let decide = |snapshot: &Arc<SiteSnapshot>| {
        let key = snapshot.api_keys.get(&file.api_key).filter(|key| !key.revoked).ok_or(ProofError::UnknownKey)?;
        // Files are carried for as long as that takes, so there is no limit to the other side.
        if file.at.is_some_and(|at| at > now.plus(DATE_WINDOW)) {
            return Err(ProofError::Date);
        }
        if !is_signed(file, key) {
            return Err(ProofError::Signature);
        }
        Ok(key.clone())
    };
    let (snapshot, verdict) = ctx.certainly(site, decide).await?;
    let key = limited(ctx, &snapshot, verdict, from)?;
    note_use(ctx, snapshot.site().id, &key).await;
    let caller = caller(snapshot.site().id, &key);
    Ok((caller, FileSigner { api_key: file.api_key.clone(), key }))
}

impl FileSigner {
    /// The signature over the five lines of an answer.
    #[must_use]
    pub fn sign(&self, date: &str, licensee: &str, hardware_id: &str) -> [u8; 32] {
        self.key.shared_key.sign(&lines(date, licensee, hardware_id, &self.api_key))
    }
}

fn is_signed(file: &PresentedFile, key: &OpenedApiKey) -> bool {
    // What is not base64 is compared as well, so that it takes as long as a wrong signature.
    let tag = base64_decode(file.signature.expose()).unwrap_or_default();
    match &file.text {
        Some(text) => key.shared_key.verify(text, &tag),
        None => file.dates.iter().any(|date| {
            let lines = lines(date, &file.licensee, &file.hardware_id, &file.api_key);
            key.shared_key.verify(&lines, &tag)
        }),
    }
}

fn lines(date: &str, licensee: &str, hardware_id: &str, api_key: &str) -> Vec<u8> {
    format!("licenseSpring\ndate: {date}\n{licensee}\n{hardware_id}\n{api_key}").into_bytes()
}

#[cfg(test)]
mod tests {
    use countersign_crypto::HmacKey;
    use countersign_crypto::encoding::base64_encode;

    use super::*;

    #[test]
    fn the_lines_are_those_of_the_contract() {
        // `contract/license/vectors.json`, `offline_lines`.
        let lines = lines("Thu, 01 Jan 2026 00:00:00 GMT", "AAAA-BBBB-CCCC-0001", "HW-TEST-1", "stub-api-key");
        let tag = HmacKey::new(b"stub-shared-key").sign(&lines);
        assert_eq!(base64_encode(&tag), "FbuTfXnxCi2oPI7pzc3d23ooqNtrP/tyZpnQWguH5js=");
    }
}
