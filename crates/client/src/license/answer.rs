//! The second proof: a license inside an answer is signed once more, over this device's hardware ID, the key or user, and its
//! end (§3.2 of the contract). The first proof says who has signed the bytes; this one says for whom.

use serde_json::{Map, Value};

use super::{LicenseError, door::Door, read, view::License};

/// Who a license must be for.
pub(crate) struct Whose<'a> {
    pub(crate) hardware_id: &'a str,
    /// License key or user; `None` when only the answer can tell: after single sign-on.
    pub(crate) licensee: Option<&'a str>,
    /// Code of the product; `None` for the licenses of a bundle.
    pub(crate) product: Option<&'a str>,
}

/// Reads a license whose bytes were verified, and verifies that it is this device's.
pub(crate) fn license(door: &Door, what: &str, bytes: &[u8], whose: &Whose<'_>) -> Result<License, LicenseError> {
    let document = read::object(what, bytes)?;
    let not_ours = |about| LicenseError::NotOurs { what: what.to_owned(), about };
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let signature = text("license_signature").ok_or_else(|| LicenseError::Malformed {
        what: what.to_owned(),
        why: "it has no license_signature".to_owned(),
    })?;
    let named = named_licensee(&document);
    let licensee = match (whose.licensee, &named) {
        (Some(asked), _) => asked,
        (None, Some(named)) => named,
        (None, None) => return Err(not_ours("license")),
    };
    // Users are signed up to a bar, behind which some servers keep a note.
    let licensee =
        if named_user(&document).is_some() { licensee.split('|').next().unwrap_or(licensee) } else { licensee };
    let end = text("validity_period").unwrap_or_default();
    let signed = format!("{}#{licensee}#{end}", whose.hardware_id).to_lowercase();
    door.verify(what, signed.as_bytes(), signature).map_err(|_| not_ours("device or license"))?;
    // The signed text has no letter case, and neither says how long its parts are.
    let is_device = text("hardware_id").is_none_or(|id| id == whose.hardware_id);
    let is_licensee = named.as_deref().is_none_or(|named| named.to_lowercase() == licensee.to_lowercase());
    if !is_device || !is_licensee {
        return Err(not_ours("device or license"));
    }
    let license = read::license(what, document)?;
    if whose.product.is_some_and(|product| product != license.product) {
        return Err(not_ours("product"));
    }
    Ok(license)
}

/// The key or user that an answer names.
fn named_licensee(document: &Map<String, Value>) -> Option<String> {
    named_user(document).or_else(|| document.get("license_key").and_then(Value::as_str).map(str::to_owned))
}

fn named_user(document: &Map<String, Value>) -> Option<String> {
    let email = document.get("user").and_then(|user| user.get("email")).or_else(|| document.get("username"));
    email.and_then(Value::as_str).map(|email| email.split('|').next().unwrap_or(email).to_owned())
}
