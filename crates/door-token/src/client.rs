//! What a client proves itself with, out of the header and the form of a request (RFC 6749 section 2.3).

use countersign_app::oauth::ClientProof;
use countersign_crypto::Secret;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::basic;
use crate::error::{Error, Scheme};
use crate::form::Form;

/// The one kind of assertion that is taken (RFC 7523 section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The proof, and how it came. A bearer token beside it is no client credential and is ignored: some SDKs send a stale or an
/// empty one.
///
/// # Errors
/// [`Error`] when there is none, more than one, or one that cannot be read. `missing` is how a client without any is told.
pub(crate) fn proof(headers: &HeaderMap, form: &Form, missing: Scheme) -> Result<(ClientProof, Scheme), Error> {
    let basic = basic_header(headers)?;
    let client_id = form.get("client_id").map(str::to_owned);
    let secret = form.secret("client_secret");
    let assertion = form.secret("client_assertion");
    match (basic, secret, assertion) {
        (Some(basic), None, None) => {
            let unreadable = || Error::Client(countersign_app::oauth::ClientError::Refused, Scheme::Basic);
            let (named, secret) = basic::read(basic.expose()).ok_or_else(unreadable)?;
            // Naming oneself in the body as well is no second proof.
            if client_id.is_some_and(|client_id| client_id != named) {
                return Err(Error::TwoCredentials);
            }
            Ok((ClientProof::Secret { client_id: named, secret }, Scheme::Basic))
        }
        (None, Some(secret), None) => {
            let client_id = client_id.ok_or(Error::NoCredentials(missing))?;
            Ok((ClientProof::Secret { client_id, secret }, missing))
        }
        (None, None, Some(assertion)) => {
            if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
                return Err(Error::MissingParameter("client_assertion_type"));
            }
            Ok((ClientProof::Assertion { client_id, assertion }, missing))
        }
        (None, None, None) => Err(Error::NoCredentials(missing)),
        (Some(_), _, _) | (None, Some(_), Some(_)) => Err(Error::TwoCredentials),
    }
}

/// The value behind `Basic`, if there is one.
fn basic_header(headers: &HeaderMap) -> Result<Option<Secret<String>>, Error> {
    let mut found = None;
    for line in headers.get_all(AUTHORIZATION) {
        let Some((scheme, value)) = line.to_str().ok().and_then(|line| line.trim().split_once(' ')) else { continue };
        if scheme.eq_ignore_ascii_case("basic") && found.replace(Secret::new(value.to_owned())).is_some() {
            return Err(Error::TwoCredentials);
        }
    }
    Ok(found)
}
