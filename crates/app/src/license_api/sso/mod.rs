//! Single sign-on: people of an account prove themselves at its OpenID provider, and with what it says here
//! (`docs/protocol/license.md`, "Single sign-on").

mod discovery;
mod id_token;
mod provider;

use std::net::IpAddr;
use std::sync::Arc;

use countersign_crypto::encoding::{base64url_decode, base64url_encode, hex_encode};
use countersign_crypto::random::random_array;
use countersign_crypto::{Secret, constant_time_eq, json, sha256};
use countersign_domain::ids::{AccountId, SiteId};
use countersign_domain::text::{AccountName, ProductCode, UserEmail};
use countersign_domain::time::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub(crate) use self::discovery::Discoveries;
pub use self::discovery::{ProviderHttp, ProviderHttpError, ProviderRequest};
pub(crate) use self::provider::sso_label;
pub use self::provider::{SsoError, find_provider, remove_provider, set_provider};
use super::LicenseCaller;
use super::find::{self};
use super::refusal::{LicenseError, Refusal};
use crate::{Ctx, Fault};

/// How long after its URL was given out an ID token can be used that carries its nonce.
const NONCE_LIFE: std::time::Duration = std::time::Duration::from_secs(3600);

/// What a person of an account brings from the provider.
pub struct SsoLogin {
    /// The account.
    pub account: AccountName,
    /// What proves the person.
    pub proof: SsoProof,
}

/// What the provider has given.
pub enum SsoProof {
    /// An ID token.
    IdToken(Secret<String>),
    /// A code, which is exchanged for one.
    Code {
        /// The code.
        code: Secret<String>,
        /// Where the provider has sent it to.
        redirect_uri: Option<String>,
    },
}

/// What the application wants to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseType {
    /// A code.
    Code,
    /// An ID token.
    Token,
}

/// Where a person logs in.
pub struct SsoUrl {
    /// The provider's authorization endpoint, with all parameters.
    pub url: String,
    /// The provider's configuration: a JSON object as it published it.
    pub configuration: String,
}

/// Where a person of an account logs in.
///
/// # Errors
/// [`Refusal::SsoFailed`] when the account has no provider, or it cannot be asked.
pub async fn sso_url(
    ctx: &Ctx,
    caller: &LicenseCaller,
    product: ProductCode,
    account: AccountName,
    wanted: ResponseType,
    redirect_uri: Option<String>,
) -> Result<SsoUrl, LicenseError> {
    let asked = (caller.clone(), product);
    ctx.store()
        .read::<_, LicenseError, _>(move |tx| {
            Box::pin(async move {
                let (caller, product) = asked;
                match find::product(tx, &caller, &product).await {
                    // A bundle is asked for by its own code.
                    Err(LicenseError::Refused(Refusal::UnknownProduct)) => {
                        tx.bundles().find(caller.site, &product).await?.ok_or(Refusal::UnknownProduct)?;
                        Ok(())
                    }
                    found => found.map(drop),
                }
            })
        })
        .await?;
    let known = provider::load(ctx, caller.site, &account).await?.ok_or(Refusal::SsoFailed)?;
    let discovered = discovery::discover(ctx, caller.site, &known.settings).await?;
    let response_type = match wanted {
        ResponseType::Code => "code",
        ResponseType::Token => "id_token",
    };
    let nonce = nonce(ctx, caller.site, known.account, ctx.now());
    let mut parameters = vec![
        ("response_type", response_type.to_owned()),
        ("client_id", known.settings.client_id.clone()),
        ("scope", "openid email".to_owned()),
        ("nonce", nonce),
        ("state", hex_encode(&random_array::<16>(ctx.rng()))),
    ];
    if let Some(uri) = redirect_uri {
        parameters.push(("redirect_uri", uri));
    }
    let joint = if discovered.authorization_endpoint.contains('?') { '&' } else { '?' };
    let url = format!("{}{joint}{}", discovered.authorization_endpoint, form(&parameters));
    Ok(SsoUrl { url, configuration: discovered.configuration.clone() })
}

/// The user whom a login proves, and the caller where it sees no more than the account holds.
///
/// Failures of one address are counted like wrong passwords. A code is not exchanged while there were too many; an ID token that
/// holds is never held back.
pub(super) async fn prove(
    ctx: &Ctx,
    caller: &LicenseCaller,
    login: SsoLogin,
    from: Option<IpAddr>,
) -> Result<(UserEmail, LicenseCaller), LicenseError> {
    let who = from.map(|from| (caller.site, sha256(format!("single sign-on {}", login.account).as_bytes()), from));
    let wait = || who.as_ref().and_then(|who| ctx.rates.failed_logins.wait(who, ctx.now()));
    if let (SsoProof::Code { .. }, Some(seconds)) = (&login.proof, wait()) {
        return Err(Refusal::TooMany(seconds).into());
    }
    let proved = judge(ctx, caller, login).await;
    if let (Err(LicenseError::Refused(Refusal::SsoFailed)), Some(who)) = (&proved, &who) {
        if let Some(seconds) = wait() {
            return Err(Refusal::TooMany(seconds).into());
        }
        ctx.rates.failed_logins.note(who, ctx.now());
    }
    proved
}

async fn judge(ctx: &Ctx, caller: &LicenseCaller, login: SsoLogin) -> Result<(UserEmail, LicenseCaller), LicenseError> {
    let known = provider::load(ctx, caller.site, &login.account).await?.ok_or(Refusal::SsoFailed)?;
    let caller = caller.clone().within_account(known.account)?;
    let discovered = discovery::discover(ctx, caller.site, &known.settings).await?;
    let token = match login.proof {
        SsoProof::IdToken(token) => token,
        SsoProof::Code { code, redirect_uri } => {
            let mut parameters = vec![
                ("grant_type", "authorization_code".to_owned()),
                ("code", code.expose().clone()),
                ("client_id", known.settings.client_id.clone()),
            ];
            if let Some(uri) = redirect_uri {
                parameters.push(("redirect_uri", uri));
            }
            if let Some(secret) = &known.secret {
                parameters.push(("client_secret", secret.expose().clone()));
            }
            let form = Secret::new(form(&parameters));
            discovery::exchange(ctx, caller.site, &known.settings, &discovered, &form).await?
        }
    };
    let claims = id_token::verify(ctx, caller.site, &known.settings, &discovered, &token).await?;
    if let Some(nonce) = &claims.nonce
        && !is_nonce(ctx, caller.site, known.account, nonce)
    {
        return Err(Refusal::SsoFailed.into());
    }
    let email = known.settings.admits(&claims.person()).ok_or(Refusal::SsoFailed)?;
    if is_shut_out(ctx, caller.site, &email).await? {
        return Err(failed("the license user is disabled", None));
    }
    Ok((email, caller))
}

/// Whether the producer has disabled a license user. A person who is none yet is not.
async fn is_shut_out(ctx: &Ctx, site: SiteId, email: &UserEmail) -> Result<bool, Fault> {
    let email = email.clone();
    let found = ctx
        .store()
        .read::<_, Fault, _>(move |tx| Box::pin(async move { Ok(tx.license_users().find(site, &email).await?) }));
    Ok(found.await?.is_some_and(|(user, _)| !user.enabled))
}

/// A nonce that proves itself, so that none is stored: a time, something random, and a keyed digest of both.
fn nonce(ctx: &Ctx, site: SiteId, account: AccountId, at: Timestamp) -> String {
    let open = format!("{}.{}", at.as_millis(), hex_encode(&random_array::<16>(ctx.rng())));
    let tag = nonce_tag(ctx, site, account, &open);
    format!("{open}.{}", base64url_encode(&tag))
}

fn is_nonce(ctx: &Ctx, site: SiteId, account: AccountId, nonce: &str) -> bool {
    let Some((open, tag)) = nonce.rsplit_once('.') else { return false };
    let made = open.split_once('.').and_then(|(millis, _)| millis.parse().ok()).map(Timestamp::from_millis);
    let is_recent = made.is_some_and(|made| made <= ctx.now() && ctx.now() < made.plus(NONCE_LIFE));
    let tag = base64url_decode(tag).unwrap_or_default();
    constant_time_eq(&nonce_tag(ctx, site, account, open), &tag) && is_recent
}

fn nonce_tag(ctx: &Ctx, site: SiteId, account: AccountId, open: &str) -> [u8; 32] {
    ctx.parts.digests.digest(&Secret::new(format!("nonce of single sign-on\n{site}\n{account}\n{open}")))
}

/// Parameters as forms and queries are written.
fn form(parameters: &[(&str, String)]) -> String {
    let encoded = parameters.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ENCODED)));
    encoded.collect::<Vec<_>>().join("&")
}

/// Everything but unreserved characters (RFC 3986 section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Limits of documents of providers.
const LIMITS: json::JsonLimits = json::JsonLimits { max_bytes: discovery::DOCUMENT_LIMIT, max_depth: 16 };

/// A failure of a provider: refused like a wrong login, and told to the operator.
fn failed(what: &str, error: Option<&(dyn std::error::Error + 'static)>) -> LicenseError {
    tracing::warn!(error, what, "single sign-on failed");
    Refusal::SsoFailed.into()
}

/// A provider with what is needed of it at once.
struct Known {
    account: AccountId,
    settings: Arc<countersign_domain::licensing::SsoProvider>,
    secret: Option<Secret<String>>,
}
