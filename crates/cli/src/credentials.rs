//! `credentials.json`: what a device and a producer need to talk to a demonstration server.
//!
//! The file is an interface: programs outside read it. Members are added freely, and none is renamed or removed; those
//! that this version does not know are kept when it writes the file again.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result};
use countersign_client::Identity;
use countersign_crypto::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::private_file;

/// The whole file.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Credentials {
    /// Where the server answered when the file was written.
    pub(crate) base_url: String,
    /// Name of the site.
    pub(crate) site: String,
    /// What the device has.
    pub(crate) device: DeviceCredentials,
    /// What the producer has.
    pub(crate) producer: ProducerCredentials,
    /// What licensed applications have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) license_api: Option<LicenseApiCredentials>,
    /// What an application has.
    pub(crate) oauth: OauthCredentials,
    /// What a back-office system has.
    pub(crate) events: EventsCredentials,
    /// Members of other versions.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// What licensed applications have.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct LicenseApiCredentials {
    /// The API key.
    pub(crate) api_key: String,
    /// The shared key that signs requests.
    #[serde(with = "secret_text", skip_serializing_if = "Option::is_none")]
    pub(crate) shared_key: Option<Secret<String>>,
    /// The key that verifies answers (PEM, SPKI).
    pub(crate) public_key: String,
    /// Code of the product that the license keys are for.
    pub(crate) product: String,
    /// Code of the bundle.
    pub(crate) bundle: String,
    /// Client ID of an application whose access tokens prove requests as well.
    pub(crate) client_id: String,
    /// Its client secret.
    #[serde(with = "secret_text", skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<Secret<String>>,
    /// Keys of licenses that no device has used.
    pub(crate) license_keys: LicenseKeys,
    /// A user with a license of the product.
    pub(crate) user: LicenseUserCredentials,
    /// Code of the product that has trials.
    pub(crate) trial_product: String,
    /// The key that verifies confirmation codes of devices behind an air gap (base64 of X and then Y, P-256).
    pub(crate) air_gap_public_key: String,
    /// Members of other versions.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Keys of licenses, by kind.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct LicenseKeys {
    /// Without end.
    #[serde(with = "secret_texts")]
    pub(crate) perpetual: Vec<Secret<String>>,
    /// For a year from the first activation on, with a grace period.
    #[serde(with = "secret_texts")]
    pub(crate) subscription: Vec<Secret<String>>,
    /// With ten units, and three beyond.
    #[serde(with = "secret_texts")]
    pub(crate) consumption: Vec<Secret<String>>,
    /// With one seat, which devices use by turns, and a feature with a seat of its own.
    #[serde(with = "secret_texts")]
    pub(crate) floating: Vec<Secret<String>>,
    /// With features.
    #[serde(with = "secret_texts")]
    pub(crate) features: Vec<Secret<String>>,
    /// Past their last day.
    #[serde(with = "secret_texts")]
    pub(crate) expired: Vec<Secret<String>>,
    /// Disabled by the producer.
    #[serde(with = "secret_texts")]
    pub(crate) disabled: Vec<Secret<String>>,
    /// For devices behind an air gap.
    #[serde(with = "secret_texts")]
    pub(crate) air_gapped: Vec<Secret<String>>,
    /// Of the bundle.
    #[serde(with = "secret_texts")]
    pub(crate) bundle: Vec<Secret<String>>,
}

/// A license user.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct LicenseUserCredentials {
    /// E-mail address.
    pub(crate) email: String,
    /// Password.
    #[serde(with = "secret_text", skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<Secret<String>>,
}

/// What the device has, and what its producer made for it.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct DeviceCredentials {
    /// The producer's private key that makes device tokens (PEM, PKCS#8).
    #[serde(with = "secret_text", skip_serializing_if = "Option::is_none")]
    pub(crate) authorization_private_key: Option<Secret<String>>,
    /// A device token (RS256 JWT).
    #[serde(with = "secret_text", skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<Secret<String>>,
    /// The key that verifies signed answers (base64 of SPKI DER).
    pub(crate) signing_public_key: String,
    /// Host ID of the device.
    pub(crate) id: String,
    /// Kind of the host ID.
    pub(crate) id_type: String,
    /// Publisher that the ID belongs to.
    pub(crate) publisher_name: String,
    /// Activation ID to register with: the key of a license that has room.
    #[serde(with = "secret_text", skip_serializing_if = "Option::is_none")]
    pub(crate) activation_id: Option<Secret<String>>,
    /// The package that is installed.
    pub(crate) update_from_pkg_id: String,
    /// The device's platform.
    pub(crate) platform: String,
    /// Windows language identifier.
    pub(crate) language: u32,
    /// Members of other versions.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// A producer's login and token.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ProducerCredentials {
    /// Login name.
    pub(crate) username: String,
    /// Password.
    #[serde(with = "secret_text", skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<Secret<String>>,
    /// Access token (`rna_…`).
    #[serde(with = "secret_text", skip_serializing_if = "Option::is_none")]
    pub(crate) access_token: Option<Secret<String>>,
    /// Members of other versions.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// An application's ID and secret, and its storage.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct OauthCredentials {
    /// Client ID.
    pub(crate) client_id: String,
    /// Client secret.
    #[serde(with = "secret_text", skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<Secret<String>>,
    /// Name of the default storage.
    pub(crate) storage: String,
    /// Members of other versions.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The login of a back-office system.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct EventsCredentials {
    /// Login name.
    pub(crate) username: String,
    /// Password.
    #[serde(with = "secret_text", skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<Secret<String>>,
    /// Members of other versions.
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl DeviceCredentials {
    /// Who the device is; `None` when the file names no device.
    pub(crate) fn identity(&self) -> Option<Identity> {
        (!self.id.is_empty()).then(|| Identity {
            id: self.id.clone(),
            id_type: self.id_type(),
            publisher_name: self.publisher_name.clone(),
        })
    }

    /// Kind of the host ID; the usual one when the file does not say.
    pub(crate) fn id_type(&self) -> String {
        if self.id_type.is_empty() { USUAL_ID_TYPE.to_owned() } else { self.id_type.clone() }
    }

    /// The device's language; `None` when the file does not say.
    pub(crate) fn language(&self) -> Option<u32> {
        (self.language != 0).then_some(self.language)
    }
}

impl Credentials {
    /// Reads the file; `None` when it is not there.
    pub(crate) fn find(path: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => Secret::new(text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        };
        let credentials = serde_json::from_str(text.expose());
        credentials.map(Some).with_context(|| {
            format!("{} is not a credentials file; repair it, or remove it to begin anew", path.display())
        })
    }

    /// Writes the file, for its owner alone, in one step.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = Secret::new(serde_json::to_string_pretty(self)? + "\n");
        private_file::replace(path, text.expose())
    }
}

const USUAL_ID_TYPE: &str = "STRING";

/// Secrets as an array of JSON strings.
mod secret_texts {
    use countersign_crypto::Secret;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::ptr_arg, reason = "the signature that serde calls")]
    pub(super) fn serialize<S: Serializer>(secrets: &Vec<Secret<String>>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(secrets.iter().map(|secret| secret.expose().as_str()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Secret<String>>, D::Error> {
        Ok(Vec::<String>::deserialize(from)?.into_iter().map(Secret::new).collect())
    }
}

/// A secret as a JSON string.
mod secret_text {
    use countersign_crypto::Secret;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(super) fn serialize<S: Serializer>(secret: &Option<Secret<String>>, to: S) -> Result<S::Ok, S::Error> {
        match secret {
            Some(secret) => to.serialize_some(secret.expose()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Option<Secret<String>>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Secret::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_other_versions_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials.json");
        assert!(Credentials::find(&path).unwrap().is_none());
        let old = r#"{"base_url":"http://h","device":{"token":"t","serial":"A"},"relay":{"username":"e"}}"#;
        fs::write(&path, old).unwrap();
        let credentials = Credentials::find(&path).unwrap().unwrap();
        credentials.write(&path).unwrap();
        let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(written["relay"]["username"], "e");
        assert_eq!(written["device"]["serial"], "A");
        assert_eq!(written["device"]["token"], "t");
        assert!(written["producer"].get("password").is_none());
    }

    #[test]
    fn a_damaged_file_is_not_taken_for_an_absent_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials.json");
        fs::write(&path, "{").unwrap();
        assert!(Credentials::find(&path).err().unwrap().to_string().contains("is not a credentials file"));
    }
}
