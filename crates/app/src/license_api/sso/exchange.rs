//! What a provider gives for a code (OpenID Connect Core 1.0 sections 3.1.3 and 5.3).

use countersign_crypto::Secret;
use countersign_crypto::encoding::base64_encode;
use countersign_crypto::json::JsonObject;

use super::asking::{Asking, ProviderHttpError};
use super::discovery::{Discovered, exchanging};
use super::published::{SecretPlace, read_object};
use super::{encoded, failed, form, unavailable};
use crate::license_api::LicenseError;

/// A code, and what it was asked for with.
pub(super) struct Exchange<'a> {
    pub(super) code: &'a Secret<String>,
    pub(super) redirect_uri: Option<String>,
    pub(super) client_secret: Option<&'a Secret<String>>,
    /// What the challenge was made from, if there was one.
    pub(super) verifier: Option<Secret<String>>,
}

/// What was given for a code.
pub(super) struct Tokens {
    pub(super) id_token: Secret<String>,
    pub(super) access_token: Option<Secret<String>>,
}

/// Exchanges a code.
pub(super) async fn exchange(
    asking: Asking<'_>,
    discovered: &Discovered,
    wanted: Exchange<'_>,
) -> Result<Tokens, LicenseError> {
    let metadata = &discovered.metadata;
    let endpoint = metadata.token_endpoint.as_deref().ok_or_else(|| unavailable("it exchanges no codes", None))?;
    let client_id = &asking.settings.client_id;
    let mut parameters = vec![("grant_type", "authorization_code".to_owned()), ("code", wanted.code.expose().clone())];
    parameters.extend(wanted.redirect_uri.map(|uri| ("redirect_uri", uri)));
    parameters.extend(wanted.verifier.map(|verifier| ("code_verifier", verifier.expose().clone())));
    let mut authorization = None;
    match (wanted.client_secret, metadata.secret_place) {
        (Some(secret), SecretPlace::Header) => {
            // RFC 6749 section 2.3.1: both are encoded as in forms.
            let pair = Secret::new(format!("{}:{}", encoded(client_id), encoded(secret.expose())));
            authorization = Some(Secret::new(format!("Basic {}", base64_encode(pair.expose().as_bytes()))));
        }
        (Some(secret), SecretPlace::Form) => {
            parameters.push(("client_id", client_id.clone()));
            parameters.push(("client_secret", secret.expose().clone()));
        }
        (None, _) => parameters.push(("client_id", client_id.clone())),
    }
    let posted = async {
        asking.post(endpoint, authorization, Secret::new(form(&parameters))).await.map_err(|error| match error {
            // RFC 6749 section 5.2: the code is at fault. Everything else is a matter between the provider and the producer.
            ProviderHttpError::Status(400) => failed("the provider refused the code", Some(&error)),
            ProviderHttpError::NoAnswer(_) | ProviderHttpError::Status(_) => {
                unavailable("the provider exchanged no code", Some(&error))
            }
        })
    };
    let bytes = exchanging(asking, posted).await?;
    let document = read_object(&bytes).map_err(|error| unavailable("the provider's tokens", Some(&error)))?;
    let token = |name| Some(Secret::new(document.get(name)?.as_str()?.to_owned()));
    let id_token = token("id_token").ok_or_else(|| unavailable("the provider gave no ID token", None))?;
    Ok(Tokens { id_token, access_token: token("access_token") })
}

/// What the provider says about the person whom a verified ID token is about. Beside an access token many providers leave out of
/// the ID token what is said here (section 5.4).
pub(super) async fn user_info(
    asking: Asking<'_>,
    discovered: &Discovered,
    access_token: &Secret<String>,
    subject: &str,
) -> Result<JsonObject, LicenseError> {
    let Some(endpoint) = discovered.metadata.userinfo_endpoint.as_deref() else { return Ok(JsonObject::new()) };
    let authorization = Secret::new(format!("Bearer {}", access_token.expose()));
    let bytes = asking.get(endpoint, Some(authorization)).await;
    let bytes = bytes.map_err(|error| unavailable("the provider's user info", Some(&error)))?;
    let document = read_object(&bytes).map_err(|error| unavailable("the provider's user info", Some(&error)))?;
    // Section 5.3.2: otherwise it may be about somebody else.
    if document.get("sub").and_then(|sub| sub.as_str()) != Some(subject) {
        return Err(failed("the provider's user info is about somebody else", None));
    }
    Ok(document)
}
