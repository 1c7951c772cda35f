//! Files for bundles (§8.5 of the contract): the request is that of a license, and the response holds all licenses of the
//! bundle, each signed for this machine, under one signature over all of them.

use countersign_crypto::secret::constant_time_eq;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    License, LicenseClient, LicenseError,
    entry::{Licensee, Signed},
    offline::{WHAT, decoded, fault, is_base64, told},
    read,
};

/// The members of a response that are read here.
#[derive(Deserialize)]
struct Response<'t> {
    #[serde(borrow)]
    licenses: &'t RawValue,
}

impl LicenseClient {
    /// Reads the response to a request for a bundle, verifies all its signatures, and keeps the licenses: all of them or none. The
    /// client's product is the code of the bundle, the request is made by [`LicenseClient::activation_request`], and its way is
    /// `POST /api/v4/activate_bundle_offline`. Licenses in such a file name the bundle as their product.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::read_response`].
    pub fn read_bundle_response(&self, file: &str) -> Result<Vec<License>, LicenseError> {
        let text = decoded(file)?;
        let pending = self.pending()?;
        let licenses = self.verified_bundle_file(&text, &pending.licensee)?;
        for license in &licenses {
            let id = told(&license.document, "request_id");
            if id.is_none_or(|id| !constant_time_eq(id.as_bytes(), pending.id.as_bytes())) {
                return Err(fault("it does not answer the last request of this machine"));
            }
            self.verify_shared(&license.document, pending.licensee.text())?;
        }
        let first = licenses.first().ok_or_else(|| fault("it holds no license"))?;
        self.keep_file(Signed::BundleFile { text }, &first.document, pending.licensee)?;
        Ok(licenses)
    }

    /// The licenses in a file, after the signature over all and that of each were verified.
    pub(crate) fn verified_bundle_file(&self, text: &str, licensee: &Licensee) -> Result<Vec<License>, LicenseError> {
        let (signed, signature) = bundle_part(text).ok_or_else(|| fault("its signature is not where it should be"))?;
        self.door.verify(WHAT, signed.as_bytes(), &signature)?;
        // Read once as a whole, so that no member stands twice, and once for the texts that were signed.
        read::object(WHAT, text.as_bytes())?;
        let malformed =
            |error: serde_json::Error| LicenseError::Malformed { what: WHAT.to_owned(), why: error.to_string() };
        let response: Response<'_> = serde_json::from_str(text).map_err(malformed)?;
        let licenses = read::objects(WHAT, response.licenses.get().as_bytes())?.into_iter();
        licenses.map(|license| self.read_license(WHAT, license, Some(licensee.text()))).collect()
    }
}

/// Takes the signature off the end of a file, and gives what it is over, and itself.
pub(crate) fn bundle_part(text: &str) -> Option<(String, String)> {
    let (open, signature) = text.strip_suffix("\"}")?.rsplit_once(",\"bundle_signature_v2\":\"")?;
    is_base64(signature).then(|| (format!("{open}}}"), signature.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::bundle_part;

    #[test]
    fn the_signature_is_taken_off_the_end_alone() {
        let text = r#"{"licenses":[{"a":1}],"bundle_signature_v2":"bb="}"#;
        assert_eq!(bundle_part(text), Some((r#"{"licenses":[{"a":1}]}"#.to_owned(), "bb=".to_owned())));
        for other in [
            "",
            "{}",
            r#"{"bundle_signature_v2":"bb="}"#,
            r#"{"licenses":[],"bundle_signature_v2":"bb=" }"#,
            r#"{"licenses":[],"bundle_signature_v2":"b\"b"}"#,
            r#"{"bundle_signature_v2":"bb=","licenses":[]}"#,
        ] {
            assert!(bundle_part(other).is_none(), "{other}");
        }
    }
}
