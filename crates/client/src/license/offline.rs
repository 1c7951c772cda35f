//! Files for machines without a connection (§8 of the contract): requests that are carried to the server, and responses that
//! are carried back, as texts. Only an API key can sign requests.

use std::collections::BTreeMap;

use countersign_crypto::{
    encoding::{base64_decode, base64_decode_ignoring_whitespace, base64_encode},
    random::random_uuid_v4,
    secret::constant_time_eq,
};
use serde_json::{Map, Value};

use super::{
    Activation, License, LicenseClient, LicenseError, Timestamp,
    bundles::is_bundle,
    entry::{Entry, Licensee, Signed},
    past::Pending,
    proof::{self, Prover},
    read,
};

/// Units that were counted without the server, told when the license is given back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfflineUnits {
    /// Of the license.
    pub license: Option<i64>,
    /// Of features, by their codes.
    pub features: BTreeMap<String, i64>,
}

impl LicenseClient {
    /// Makes an activation request file. Write the text into a file (`activate_offline.req`), have it carried to the server
    /// (`POST /api/v4/activate_offline`, or the producer's command line), and [read the response](Self::read_response), or
    /// [that of a bundle](Self::read_bundle_response). A new request takes the place of one that was made before.
    ///
    /// # Errors
    ///
    /// [`LicenseError::NotPossible`] with an OAuth client or single sign-on, which cannot sign files.
    pub fn activation_request(&self, activation: &Activation) -> Result<String, LicenseError> {
        let sso = LicenseError::NotPossible { what: "single sign-on needs a connection" };
        let licensee = activation.licensee().ok_or(sso)?;
        let mut members = self.device();
        members.extend(activation.members());
        let id = random_uuid_v4(&*self.door.rng);
        let file = self.request_file("activation", &id, licensee.text(), members)?;
        self.update_past(|past| past.pending = Some(Pending { id, licensee }))?;
        Ok(file)
    }

    /// Reads the response to the request that was made here last, verifies all its signatures, and keeps the license. The text may
    /// be in base64, as files are, or the bare JSON of an answer. It may come again.
    ///
    /// # Errors
    ///
    /// [`LicenseError::File`] when it is no response, or one to another request; [`LicenseError::BadSignature`] and
    /// [`LicenseError::NotOurs`] when it must not be used; [`LicenseError::File`] when it is older than what is kept, so that a
    /// refresh file cannot be undone, nor what the server has said since. What was kept before stays.
    pub fn read_response(&self, file: &str) -> Result<License, LicenseError> {
        let text = decoded(file)?;
        let pending = self.pending()?;
        let document = read::object(WHAT, text.as_bytes())?;
        if told(&document, "request_id").is_none_or(|id| !constant_time_eq(id.as_bytes(), pending.id.as_bytes())) {
            return Err(fault("it does not answer the last request of this machine"));
        }
        let license = self.verified_file(&text, Form::Response, &pending.licensee)?;
        self.verify_shared(&document, pending.licensee.text())?;
        self.keep_file(Signed::File { text }, &document, pending.licensee)?;
        Ok(license)
    }

    /// Reads a refresh file, which the producer makes for a license that was activated by file: new dates, new features. There are
    /// none for bundles: another request and its response do the same.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::read_response`].
    pub fn read_refresh(&self, file: &str) -> Result<License, LicenseError> {
        let entry = self.activated()?;
        if !matches!(entry.signed, Signed::File { .. }) {
            return Err(LicenseError::NotPossible { what: "only a license that came by file is refreshed by one" });
        }
        let text = decoded(file)?;
        let document = read::object(WHAT, text.as_bytes())?;
        let license = self.verified_file(&text, Form::Refresh, &entry.licensee)?;
        self.keep_file(Signed::File { text }, &document, entry.licensee)?;
        Ok(license)
    }

    /// Makes a deactivation file, and forgets the license: the text is all that is left of it. Have it carried to the server
    /// (`POST /api/v4/deactivate_offline`; for a bundle `deactivate_bundle_offline`), so that another machine can have the license.
    ///
    /// # Errors
    ///
    /// [`LicenseError::NotPossible`] with an OAuth client, behind an air gap, and for units of a bundle: the file cannot say whose
    /// they are.
    pub fn deactivation_request(&self, units: &OfflineUnits) -> Result<String, LicenseError> {
        let entry = self.activated()?;
        if matches!(entry.signed, Signed::AirGap { .. }) {
            return Err(LicenseError::NotPossible { what: "behind an air gap, a license is given back by a code" });
        }
        if is_bundle(&entry) && *units != OfflineUnits::default() {
            return Err(LicenseError::NotPossible {
                what: "a file about a bundle cannot say whose units were counted",
            });
        }
        let mut members = self.identity(&entry.licensee, self.id_of(&entry));
        if let Some(count) = units.license {
            members.insert("consumptions".to_owned(), count.into());
        }
        if !units.features.is_empty() {
            let one = |(code, count): (&String, &i64)| serde_json::json!({ "code": code, "consumptions": count });
            members.insert("product_features".to_owned(), units.features.iter().map(one).collect());
        }
        let id = random_uuid_v4(&*self.door.rng);
        let file = self.request_file("deactivation", &id, entry.licensee.text(), members)?;
        self.forget()?;
        Ok(file)
    }

    /// A request file of the second form: base64 of the request and a signature over exactly its text, which itself holds the
    /// signature of the first form.
    fn request_file(
        &self,
        word: &str,
        id: &str,
        licensee: &str,
        mut members: Map<String, Value>,
    ) -> Result<String, LicenseError> {
        let Prover::ApiKey(key) = &self.door.prover else {
            return Err(LicenseError::NotPossible { what: "files are signed with an API key; this client has none" });
        };
        let date = proof::date(self.now());
        let signature = key.file_signature(&date, licensee, &self.hardware_id);
        for (name, value) in
            [("request", word), ("request_id", id), ("api_key", &key.name), ("date", &date), ("signature", &signature)]
        {
            members.insert(name.to_owned(), value.into());
        }
        members.insert("schema_version".to_owned(), 2.into());
        let request = Value::Object(members).to_string();
        let signature = key.sign(&request);
        let file = format!("{{\"request\":{request},\"signature\":\"{signature}\"}}");
        Ok(format!("{}\n", base64_encode(file.as_bytes())))
    }

    /// Verifies what a response says with the shared key: that it was made for this application.
    pub(crate) fn verify_shared(&self, document: &Map<String, Value>, licensee: &str) -> Result<(), LicenseError> {
        let Prover::ApiKey(key) = &self.door.prover else { return Ok(()) };
        let signature = told(document, "offline_signature").and_then(|text| base64_decode(text).ok());
        let date = told(document, "date").unwrap_or_default();
        let fits = signature.is_some_and(|tag| key.verify_file(date, licensee, &self.hardware_id, &tag));
        if fits { Ok(()) } else { Err(LicenseError::BadSignature { what: WHAT.to_owned() }) }
    }

    fn verified_file(&self, text: &str, form: Form, licensee: &Licensee) -> Result<License, LicenseError> {
        let signed = signed_part(text, form).ok_or_else(|| fault("its signatures are not where they should be"))?;
        self.door.verify(WHAT, signed.text.as_bytes(), &signed.signature)?;
        self.read_license(WHAT, text.as_bytes(), Some(licensee.text()))
    }

    /// Keeps a file, of which this is a license, unless what is kept of the same licensee was made later, or the server has said
    /// later what holds.
    pub(crate) fn keep_file(
        &self,
        signed: Signed,
        document: &Map<String, Value>,
        licensee: Licensee,
    ) -> Result<(), LicenseError> {
        let (now, made_at) = (self.now(), made_at(document)?);
        self.update(|kept| {
            if let Some(kept) = kept.as_ref().filter(|kept| kept.licensee.is_same(&licensee)) {
                let is_settled = kept.settled_at.is_some_and(|settled_at| made_at.as_millis() <= settled_at);
                if is_settled || kept_since(&kept.signed)?.is_some_and(|newest| made_at < newest) {
                    return Err(fault("it is older than the license that is kept"));
                }
            }
            // The server's date is signed here.
            let passage = self.remembered(kept.as_ref())?.at(now).told(made_at);
            Ok(Some(Entry::new(licensee, signed, passage)))
        })
    }
}

/// The license in a file that is kept, after its signatures were verified once more.
pub(crate) fn verified_license(
    client: &LicenseClient,
    text: &str,
    licensee: &Licensee,
) -> Result<License, LicenseError> {
    client
        .verified_file(text, Form::Response, licensee)
        .or_else(|_| client.verified_file(text, Form::Refresh, licensee))
}

/// Which of its two signatures a file puts inside the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The outer signature is over what stands before both.
    Response,
    /// The outer signature is over all that stands before it.
    Refresh,
}

/// What the outer signature of a file is over.
pub(crate) struct SignedPart {
    pub(crate) text: String,
    pub(crate) signature: String,
}

/// Takes the signatures off the end of a file's text. They must stand there, in this order, and nowhere else: a text that was
/// written otherwise was signed otherwise.
pub(crate) fn signed_part(text: &str, form: Form) -> Option<SignedPart> {
    let (before, signature) = text.strip_suffix("\"}")?.rsplit_once(",\"license_signature_v2\":\"")?;
    let open = match form {
        Form::Refresh => before,
        Form::Response => {
            let (before, inner) = before.strip_suffix('"')?.rsplit_once(",\"license_signature\":\"")?;
            is_base64(inner).then_some(before)?
        }
    };
    is_base64(signature).then(|| SignedPart { text: format!("{open}}}"), signature: signature.to_owned() })
}

pub(crate) fn is_base64(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

/// The JSON of a file, in base64 or bare.
pub(crate) fn decoded(file: &str) -> Result<String, LicenseError> {
    let file = file.trim();
    if file.len() > MAX_FILE_BYTES {
        return Err(fault("it is larger than any license"));
    }
    if file.starts_with('{') {
        return Ok(file.to_owned());
    }
    let bytes = base64_decode_ignoring_whitespace(file).map_err(|_| fault("it is not base64"))?;
    let text = String::from_utf8(bytes).map_err(|_| fault("it is not UTF-8"))?;
    Ok(text.trim_end().to_owned())
}

/// When a kept file was made; nothing for what did not come by file.
fn kept_since(signed: &Signed) -> Result<Option<Timestamp>, LicenseError> {
    let document = match signed {
        Signed::File { text } => read::object(WHAT, text.as_bytes())?,
        Signed::BundleFile { text } => {
            let licenses = read::object(WHAT, text.as_bytes())?.remove("licenses");
            let first = licenses.and_then(|licenses| licenses.get(0).and_then(Value::as_object).cloned());
            first.ok_or_else(|| fault("it holds no license"))?
        }
        Signed::Answer { .. } | Signed::AirGap { .. } => return Ok(None),
    };
    made_at(&document).map(Some)
}

fn made_at(document: &Map<String, Value>) -> Result<Timestamp, LicenseError> {
    told(document, "date").and_then(Timestamp::parse_http).ok_or_else(|| fault("its date cannot be read"))
}

pub(crate) fn told<'d>(document: &'d Map<String, Value>, name: &str) -> Option<&'d str> {
    document.get(name).and_then(Value::as_str)
}

pub(crate) fn fault(why: &str) -> LicenseError {
    LicenseError::File { why: why.to_owned() }
}

pub(crate) const WHAT: &str = "the license file";
/// As for answers.
const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::{Form, decoded, signed_part};

    #[test]
    fn signatures_are_taken_off_the_end_alone() {
        let text = r#"{"a":{"b":"x"},"license_signature":"aa=","license_signature_v2":"bb="}"#;
        let part = |form| signed_part(text, form).map(|part| (part.text, part.signature));
        assert_eq!(part(Form::Response), Some((r#"{"a":{"b":"x"}}"#.to_owned(), "bb=".to_owned())));
        let refresh = r#"{"a":{"b":"x"},"license_signature":"aa="}"#;
        assert_eq!(part(Form::Refresh), Some((refresh.to_owned(), "bb=".to_owned())));
        for other in [
            "",
            "{}",
            r#"{"license_signature_v2":"bb="}"#,
            r#"{"a":1,"license_signature_v2":"bb=","license_signature":"aa="}"#,
            r#"{"a":1,"license_signature":"aa=","license_signature_v2":"bb=" }"#,
            r#"{"a":1,"license_signature":"aa=","b":2,"license_signature_v2":"bb="}"#,
            r#"{"a":1,"license_signature":"a\"","license_signature_v2":"bb="}"#,
        ] {
            assert!(signed_part(other, Form::Response).is_none(), "{other}");
        }
    }

    #[test]
    fn files_are_read_in_base64_and_bare() {
        assert_eq!(decoded(" eyJh\nIjox fQ== \n").unwrap(), "{\"a\":1}");
        assert_eq!(decoded("{\"a\":1}\n").unwrap(), "{\"a\":1}");
        for file in ["%%", "/w=="] {
            assert!(decoded(file).is_err(), "{file}");
        }
    }
}
