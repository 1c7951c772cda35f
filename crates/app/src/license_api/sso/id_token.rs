//! ID tokens (OpenID Connect Core 1.0 section 3.1.3.7), verified with the keys of their provider and the algorithm that was laid
//! down for it.

use std::sync::Arc;
use std::time::Duration;

use countersign_crypto::jose::{Audience, ClientAssertion, NumericDate, all_claims};
use countersign_crypto::json::JsonObject;
use countersign_crypto::{Compact, Secret};
use countersign_domain::licensing::{Person, SsoProvider};
use countersign_domain::time::Timestamp;

use super::asking::Asking;
use super::discovery::{self, Discovered};
use super::failed;
use super::published::algorithm_of;
use crate::license_api::LicenseError;

/// How far the clock of a provider may differ from ours.
const CLOCK_SKEW: Duration = Duration::from_secs(60);
/// Most values of a claim that are looked at.
const VALUES: usize = 1000;

/// What a verified ID token says.
pub(super) struct Claims {
    pub(super) subject: String,
    /// Empty when there is none, or it is no text.
    pub(super) nonce: String,
    email: Option<String>,
    email_verified: Option<bool>,
    values: Vec<String>,
}

impl Claims {
    /// Who it is about.
    pub(super) fn person(&self) -> Person<'_> {
        Person { email: self.email.as_deref(), email_verified: self.email_verified, claim: &self.values }
    }

    /// Whether something is not said that decides who is let in.
    pub(super) fn lacks_something(&self, settings: &SsoProvider) -> bool {
        self.email.is_none() || (settings.claim.is_some() && self.values.is_empty())
    }

    /// Takes what is not said from what the provider says elsewhere about the same person.
    pub(super) fn complete(&mut self, info: &JsonObject, settings: &SsoProvider) {
        if self.email.is_none() {
            (self.email, self.email_verified) = email(info);
        }
        if self.values.is_empty() {
            self.values = values(info, settings);
        }
    }
}

/// Verifies a token: signature, issuer, audience, times.
pub(super) async fn verify(
    asking: Asking<'_>,
    discovered: &Arc<Discovered>,
    token: &Secret<String>,
) -> Result<Claims, LicenseError> {
    let (settings, refused) = (asking.settings, |what| failed(what, None));
    let unverified = Compact::parse(token.expose()).map_err(|error| failed("the ID token", Some(&error)))?;
    let kid = unverified.kid().map(str::to_owned);
    let proved = |discovered: &Discovered| {
        let algorithm = algorithm_of(settings);
        discovered.keys(kid.as_deref()).find_map(|key| unverified.clone().verify(algorithm, key).ok())
    };
    let payload = match proved(discovered) {
        Some(payload) => Some(payload),
        // Its provider may have a new key.
        None => proved(&*discovery::refresh(asking, discovered).await?),
    };
    let payload = payload.ok_or_else(|| refused("the ID token is not signed by its provider"))?;
    let claims = ClientAssertion::read(&payload).map_err(|error| failed("the ID token", Some(&error)))?;
    let all = all_claims(&payload).map_err(|error| failed("the ID token", Some(&error)))?;
    if claims.issuer.as_ref() != Some(&settings.issuer) {
        return Err(refused("the ID token is of another issuer"));
    }
    let authorized = all.get("azp").map(|azp| azp.as_str() == Some(settings.client_id.as_str()));
    let is_ours = match &claims.audience {
        Audience::One(one) => *one == settings.client_id && authorized != Some(false),
        Audience::Many(many) if many.len() > 1 => many.contains(&settings.client_id) && authorized == Some(true),
        Audience::Many(many) => many.contains(&settings.client_id) && authorized != Some(false),
        Audience::Unclear => false,
    };
    if !is_ours {
        return Err(refused("the ID token is for somebody else"));
    }
    if !is_current(&claims, asking.ctx.now()) {
        return Err(refused("the ID token has expired, or is not valid yet"));
    }
    let subject = claims.subject.ok_or_else(|| refused("the ID token is about nobody"))?;
    let (email, email_verified) = email(&all);
    let nonce = all.get("nonce").and_then(|nonce| nonce.as_str()).unwrap_or_default().to_owned();
    Ok(Claims { subject, nonce, email, email_verified, values: values(&all, settings) })
}

/// Address, and whether the provider knows that it is the person's.
fn email(claims: &JsonObject) -> (Option<String>, Option<bool>) {
    let email = claims.get("email").and_then(|email| email.as_str()).map(str::to_owned);
    // Some providers write the flag as a text.
    let flag = claims.get("email_verified");
    (email, flag.map(|flag| flag.as_bool() == Some(true) || flag.as_str() == Some("true")))
}

/// Texts of the claim that is looked for.
fn values(claims: &JsonObject, settings: &SsoProvider) -> Vec<String> {
    let value = settings.claim.as_ref().and_then(|(name, _)| claims.get(name));
    value.map_or_else(Vec::new, |value| match value.as_array() {
        Some(list) => list.iter().take(VALUES).filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        None => value.as_str().map(str::to_owned).into_iter().collect(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds until the year 9999 are exact in a double")]
fn is_current(claims: &ClientAssertion, now: Timestamp) -> bool {
    let seconds = |time: Timestamp| time.as_millis() as f64 / 1000.0;
    let (earliest, latest) = (seconds(now.minus(CLOCK_SKEW)), seconds(now.plus(CLOCK_SKEW)));
    let NumericDate::At(expires) = claims.times.expires else { return false };
    let has_begun = match claims.times.not_before {
        NumericDate::Absent => true,
        NumericDate::At(begins) => begins <= latest,
        NumericDate::NotANumber => false,
    };
    earliest < expires && has_begun && claims.issued_at.is_none_or(|issued| issued <= latest)
}
