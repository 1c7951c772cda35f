//! How requests are proved: an HMAC over the date under a shared key, or an access token.

use countersign_crypto::{encoding::base64_encode, hmac::HmacKey, secret::Secret};

use super::{
    Timestamp,
    config::{Credential, LicenseConfigError},
};

/// A credential that was checked.
pub(crate) enum Prover {
    ApiKey(Box<ApiKey>),
    OAuth(OAuthClient),
}

/// An API key with its shared key.
pub(crate) struct ApiKey {
    pub(crate) name: String,
    shared: HmacKey,
}

/// An OAuth 2 client.
pub(crate) struct OAuthClient {
    pub(crate) id: String,
    pub(crate) secret: Secret<String>,
    pub(crate) token_url: Option<String>,
}

impl Prover {
    pub(crate) fn new(credential: Credential) -> Result<Self, LicenseConfigError> {
        let fault = |which| LicenseConfigError::Credential { which };
        match credential {
            Credential::ApiKey { api_key, shared_key } => {
                // The name stands between quotes in a header.
                if !is_plain(&api_key) || api_key.contains('"') {
                    return Err(fault("the API key"));
                }
                if !is_plain(shared_key.expose()) {
                    return Err(fault("the shared key"));
                }
                let shared = HmacKey::new(shared_key.expose().as_bytes());
                Ok(Self::ApiKey(Box::new(ApiKey { name: api_key, shared })))
            }
            Credential::OAuth { client_id, client_secret, token_url } => {
                if !is_plain(&client_id) {
                    return Err(fault("the client ID"));
                }
                if !is_plain(client_secret.expose()) {
                    return Err(fault("the client secret"));
                }
                Ok(Self::OAuth(OAuthClient { id: client_id, secret: client_secret, token_url }))
            }
        }
    }
}

impl ApiKey {
    /// The value of `Authorization` for a request with this `Date`.
    pub(crate) fn authorization(&self, date: &str) -> Secret<String> {
        let signature = self.sign(&format!("licenseSpring\ndate: {date}"));
        let name = &self.name;
        Secret::new(format!("algorithm=\"hmac-sha256\",headers=\"date\",signature=\"{signature}\",apiKey=\"{name}\""))
    }

    /// The signature of a file: of its date, license key or user, and hardware ID.
    pub(crate) fn file_signature(&self, date: &str, licensee: &str, hardware_id: &str) -> String {
        self.sign(&file_lines(date, licensee, hardware_id, &self.name))
    }

    /// Whether a signature of a file is this key's.
    pub(crate) fn verify_file(&self, date: &str, licensee: &str, hardware_id: &str, signature: &[u8]) -> bool {
        self.shared.verify(file_lines(date, licensee, hardware_id, &self.name).as_bytes(), signature)
    }

    /// Base64 of the tag of a text.
    pub(crate) fn sign(&self, text: &str) -> String {
        base64_encode(&self.shared.sign(text.as_bytes()))
    }
}

/// When the proof of a request is made.
pub(crate) fn date(at: Timestamp) -> String {
    at.to_http()
}

fn file_lines(date: &str, licensee: &str, hardware_id: &str, name: &str) -> String {
    format!("licenseSpring\ndate: {date}\n{licensee}\n{hardware_id}\n{name}")
}

/// What can be sent in a header.
fn is_plain(text: &str) -> bool {
    (1..=MAX_CREDENTIAL_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Longer than any key or secret of this protocol.
const MAX_CREDENTIAL_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use countersign_crypto::secret::Secret;

    use super::{Credential, Prover, Timestamp};

    fn key(name: &str, shared: &str) -> Option<Box<super::ApiKey>> {
        let credential = Credential::ApiKey { api_key: name.to_owned(), shared_key: Secret::new(shared.to_owned()) };
        match Prover::new(credential) {
            Ok(Prover::ApiKey(key)) => Some(key),
            _ => None,
        }
    }

    #[test]
    fn proofs_are_those_of_the_vectors() {
        // `contract/license/vectors.json`, made by another program.
        let key = key("stub-api-key", "stub-shared-key").unwrap();
        let date = super::date(Timestamp::parse_iso("2026-01-01T00:00:00Z").unwrap());
        assert_eq!(
            key.authorization(&date).expose(),
            "algorithm=\"hmac-sha256\",headers=\"date\",signature=\"pK9Ni6EqPU01yChM4o9trQKg7FhSssutpMmIzZZyKZs=\",\
             apiKey=\"stub-api-key\""
        );
        let file = key.file_signature(&date, "AAAA-BBBB-CCCC-0001", "HW-TEST-1");
        assert_eq!(file, "FbuTfXnxCi2oPI7pzc3d23ooqNtrP/tyZpnQWguH5js=");
        let text = r#"{"request":"activation","product":"stub","hardware_id":"HW-TEST-1","license_key":"AAAA-BBBB-CCCC-0001","schema_version":2}"#;
        assert_eq!(key.sign(text), "haiC+/t/amYv7GhI3fuAKezD/59bSKKwaINx8a/2HVs=");
    }

    #[test]
    fn credentials_that_would_break_a_header_are_refused() {
        for (name, shared) in [("", "s"), ("k", ""), ("a\"b", "s"), ("a b", "s"), ("k", "s\n"), ("k\r\nx:y", "s")] {
            assert!(key(name, shared).is_none(), "{name:?} {shared:?}");
        }
    }
}
