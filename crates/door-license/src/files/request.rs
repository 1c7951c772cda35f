//! Request files: base64 of JSON, in two forms. In the first, members and signature stand in one object; in the second, the
//! object stands in `request`, and the signature beside it is over exactly its text, however its writer spaced it.

use std::collections::BTreeMap;

use countersign_app::license_api::RequestFile;
use countersign_app::license_proof::PresentedFile;
use countersign_crypto::encoding::{base64_decode, base64_decode_ignoring_whitespace};
use countersign_crypto::{Secret, sha256};
use countersign_domain::text::{self, FeatureCode};
use serde_json::value::RawValue;

use super::date::{self, DateForm};
use crate::codes::Code;
use crate::error::Error;
use crate::members::Members;

/// What a file asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Activation,
    Deactivation,
}

/// A request file that was read, unproved. It holds keys and passwords, so it does not print itself.
pub(crate) struct RequestText {
    members: Members,
    /// The signed text of a file of the second form.
    text: Option<Vec<u8>>,
    signature: Secret<String>,
    id: String,
    date: String,
    digest: [u8; 32],
}

/// Longest ID that a client gives a request, in bytes.
const ID_LIMIT: usize = 255;
/// Longest text of a date, in bytes.
const DATE_LIMIT: usize = 100;
/// Most features whose units a file tells.
const FEATURES: usize = 1000;

impl RequestText {
    /// Reads a file.
    ///
    /// # Errors
    /// `missing_content` when it is empty, `authorization_missing_params` when it is not in base64 or lacks what proves it,
    /// `validation_error` when it asks for something else.
    pub(crate) fn read(file: &[u8], kind: Kind) -> Result<Self, Error> {
        let file = file.trim_ascii();
        if file.is_empty() {
            return Err(Code::MissingContent.into());
        }
        let unreadable = || Error::told(Code::AuthorizationMissingParams, "The request file is not base64 of JSON.");
        let file = std::str::from_utf8(file).map_err(|_| unreadable())?;
        let json = base64_decode_ignoring_whitespace(file).map_err(|_| unreadable())?;
        let json = String::from_utf8(json).map_err(|_| unreadable())?;
        let outer: BTreeMap<String, &RawValue> = serde_json::from_str(&json).map_err(|_| unreadable())?;
        let inner = outer.get("request").map(|raw| raw.get()).filter(|raw| raw.starts_with('{'));
        let (members, text, signature) = match inner {
            Some(inner) => {
                let signature = outer.get("signature").and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
                (Members::from_body(inner.as_bytes())?, Some(inner.as_bytes().to_vec()), signature)
            }
            None => {
                let members = Members::from_body(json.as_bytes())?;
                let signature = members.text("signature")?;
                (members, None, signature)
            }
        };
        let unproved = |name: &str| Error::told(Code::AuthorizationMissingParams, format!("Missing: {name}."));
        let signature = Secret::new(signature.ok_or_else(|| unproved("signature"))?);
        let date = members.text("date")?.ok_or_else(|| unproved("date"))?;
        let id = members.text("request_id")?.ok_or_else(|| unproved("request_id"))?;
        for (what, text, limit) in [("request_id", &id, ID_LIMIT), ("date", &date, DATE_LIMIT)] {
            text::check(what, text, limit).map_err(|error| Error::told(Code::ValidationError, format!("{error}.")))?;
        }
        let read = Self { members, text, signature, id, date, digest: sha256(json.as_bytes()) };
        let word = match kind {
            Kind::Activation => "activation",
            Kind::Deactivation => "deactivation",
        };
        if read.members.text("request")?.is_none_or(|asked| asked != word) {
            return Err(Error::told(Code::ValidationError, format!("The file is no request for {word}.")));
        }
        Ok(read)
    }

    /// The members of the request.
    pub(crate) fn members(&self) -> &Members {
        &self.members
    }

    /// What the client calls it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What a repetition is known by.
    pub(crate) fn identity(&self) -> RequestFile {
        let made_at = date::read(&self.date).map(|(time, _)| time);
        let digest = |signature: &str| sha256(&base64_decode(signature).unwrap_or_default());
        let (signature, carried) = match self.text {
            None => (Some(digest(self.signature.expose())), None),
            Some(_) => (None, self.members.text("signature").ok().flatten().map(|carried| digest(&carried))),
        };
        RequestFile { id: self.id.clone(), digest: self.digest, made_at, signature, carried }
    }

    /// The form of dates that the client reads.
    pub(crate) fn date_form(&self) -> DateForm {
        date::read(&self.date).map_or(DateForm::Http, |(_, form)| form)
    }

    /// License key or user, and hardware ID, as the file writes them.
    ///
    /// # Errors
    /// When one of them is missing.
    pub(crate) fn names(&self) -> Result<(String, String), Error> {
        let licensee = self.members.first_text(&["license_key", "username"])?.ok_or(Code::LicenseKeyRequired)?;
        let hardware = self.members.text("hardware_id")?.ok_or(Code::MissingHardwareId)?;
        Ok((licensee, hardware))
    }

    /// What proves it.
    ///
    /// # Errors
    /// When something of that is missing. Files that applications with an access token make are not proved: this server keeps
    /// no secret of theirs that it could check a signature with.
    pub(crate) fn presented(&self) -> Result<PresentedFile, Error> {
        let (licensee, hardware_id) = self.names()?;
        let Some(api_key) = self.members.text("api_key")? else {
            return Err(match self.members.text("client_id")? {
                Some(_) => Error::told(Code::InvalidApiKey, "Request files are signed with an API key."),
                None => Error::told(Code::AuthorizationMissingParams, "Missing: api_key."),
            });
        };
        Ok(PresentedFile {
            api_key,
            dates: DateForm::near(&self.date),
            at: date::read(&self.date).map(|(time, _)| time),
            licensee,
            hardware_id,
            text: self.text.clone(),
            signature: Secret::new(self.signature.expose().clone()),
        })
    }

    /// Whether the client checks signatures over its own rendering of the response, in which everything beyond ASCII is
    /// escaped.
    pub(crate) fn wants_ascii(&self) -> bool {
        self.members.text("sdk_ver").ok().flatten().is_some_and(|sdk| is_ascii_client(&sdk))
    }

    /// Units of features that the device has counted. What is not in the known form says nothing.
    ///
    /// # Errors
    /// When it tells of too many.
    pub(crate) fn feature_units(&self) -> Result<Vec<(FeatureCode, i64)>, Error> {
        let told = self.members.objects("product_features");
        if told.len() > FEATURES {
            return Err(Error::told(Code::ValidationError, "product_features tells of too many features."));
        }
        let one = |feature: Members| {
            let code = feature.first_text(&["code", "feature", "product_feature"]).ok().flatten()?;
            let units = feature.integer("consumptions").ok().flatten()?;
            Some((FeatureCode::new(code).ok()?, units))
        };
        Ok(told.into_iter().filter_map(one).collect())
    }
}

/// Whether a client of this version renders JSON in ASCII before it checks a signature: the Python SDK before 3.8.
pub(crate) fn is_ascii_client(sdk: &str) -> bool {
    let Some(version) = sdk.strip_prefix("PythonSDK ") else { return false };
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), minor) => (major, minor.unwrap_or(0)) < (3, 8),
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use countersign_crypto::encoding::base64_encode;

    use super::*;

    fn read(json: &str, kind: Kind) -> Result<RequestText, Code> {
        RequestText::read(format!("{}\n", base64_encode(json.as_bytes())).as_bytes(), kind)
            .map_err(|error| error.code())
    }

    const NAMED: &str = r#""hardware_id":"HW","license_key":"K","api_key":"k","date":"d","request_id":"r""#;

    #[test]
    fn both_forms_are_read_and_the_second_is_signed_as_it_was_written() {
        let first = read(&format!("{{\"request\":\"activation\",\"signature\":\"s\",{NAMED}}}"), Kind::Activation);
        let first = first.unwrap_or_else(|code| panic!("{}", code.word())).presented().unwrap();
        assert_eq!((first.text, first.signature.expose().as_str()), (None, "s"));
        let inner = format!("{{ \"request\":\"deactivation\" ,\"x\":\"\\u010c\",{NAMED} }}");
        let second = read(&format!("{{\"request\": {inner} , \"signature\": \"t\"}}"), Kind::Deactivation);
        let second = second.unwrap_or_else(|code| panic!("{}", code.word())).presented().unwrap();
        assert_eq!((second.text, second.signature.expose().as_str()), (Some(inner.into_bytes()), "t"));
        assert_eq!((second.licensee.as_str(), second.hardware_id.as_str(), second.api_key.as_str()), ("K", "HW", "k"));
    }

    #[test]
    fn what_is_no_request_file_is_refused() {
        let file = |bytes: &[u8]| RequestText::read(bytes, Kind::Activation).map(drop).map_err(|error| error.code());
        assert_eq!(file(b" \n"), Err(Code::MissingContent));
        for bytes in [&b"{}"[..], b"\xff", b"e30", b"bm8=", b"W10="] {
            assert_eq!(file(bytes), Err(Code::AuthorizationMissingParams), "{bytes:?}");
        }
        let other = format!("{{\"request\":\"deactivation\",\"signature\":\"s\",{NAMED}}}");
        assert_eq!(read(&other, Kind::Activation).map(drop), Err(Code::ValidationError));
        for lacking in ["signature", "date", "request_id"] {
            let json = format!("{{\"request\":\"activation\",\"signature\":\"s\",{NAMED}}}");
            let json = json.replace(&format!("\"{lacking}\""), "\"other\"");
            assert_eq!(read(&json, Kind::Activation).map(drop), Err(Code::AuthorizationMissingParams), "{lacking}");
        }
    }

    #[test]
    fn old_clients_of_one_kind_escape_what_they_sign() {
        for (sdk, ascii) in [
            ("PythonSDK 3.1.7", true),
            ("PythonSDK 3.7", true),
            ("PythonSDK 3.8.0", false),
            ("PythonSDK 3.12.1", false),
            ("PythonSDK 4", false),
            ("PythonSDK x", false),
            ("NodeSDK 1.4", false),
            ("", false),
        ] {
            assert_eq!(is_ascii_client(sdk), ascii, "{sdk}");
        }
    }
}
