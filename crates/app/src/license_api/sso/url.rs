//! Where people of an account log in.

use countersign_crypto::encoding::hex_encode;
use countersign_crypto::random::random_array;
use countersign_domain::licensing::{LoginState, SsoProvider};
use countersign_domain::text::{AccountName, ProductCode};

use super::asking::Asking;
use super::binding::{Binding, challenge};
use super::{discovery, form, provider};
use crate::Ctx;
use crate::license_api::{LicenseCaller, LicenseError, Refusal, find};

/// What the application wants to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseType {
    /// A code.
    Code,
    /// An ID token.
    Token,
}

/// A login that is to begin.
pub struct SsoQuestion {
    /// Code of the product, or of a bundle.
    pub product: ProductCode,
    /// The account.
    pub account: AccountName,
    /// What is to come back.
    pub wanted: ResponseType,
    /// Where the provider is to send the person back to; `None`: to where the producer has laid down.
    pub redirect_uri: Option<String>,
    /// What the application will bring back, if it ties the outcome to this login.
    pub state: Option<LoginState>,
}

/// Where a person logs in.
pub struct SsoUrl {
    /// The provider's authorization endpoint, with all parameters.
    pub url: String,
    /// The provider's configuration: a JSON object as it published it.
    pub configuration: String,
}

/// Where a person of an account logs in (OpenID Connect Core 1.0 sections 3.1.2.1 and 3.2.2.1).
///
/// # Errors
/// [`Refusal::SsoFailed`] when the account has no provider, [`Refusal::SsoUnavailable`] when it cannot be asked,
/// [`Refusal::SsoRedirect`] when people are not to be sent where the application wants.
pub async fn sso_url(ctx: &Ctx, caller: &LicenseCaller, question: SsoQuestion) -> Result<SsoUrl, LicenseError> {
    let SsoQuestion { product, account, wanted, redirect_uri, state } = question;
    has_product(ctx, caller, product).await?;
    let known = provider::load(ctx, caller.site, &account).await?.ok_or(Refusal::SsoFailed)?;
    caller.clone().within_account(known.account)?;
    let settings = &*known.settings;
    let redirect_uri = settings.redirect(redirect_uri).map_err(|_| Refusal::SsoRedirect)?;
    let discovered = discovery::discover(Asking { ctx, site: caller.site, settings }).await?;
    let metadata = &discovered.metadata;
    let binding = Binding { site: caller.site, account: known.account, state: state.as_ref() };
    let carried = state.as_ref().map(|state| state.as_str().to_owned());
    let mut parameters = vec![
        ("response_type", if wanted == ResponseType::Code { "code" } else { "id_token" }.to_owned()),
        ("client_id", settings.client_id.clone()),
        ("scope", scope(settings)),
        ("nonce", binding.nonce(ctx)),
        ("state", carried.unwrap_or_else(|| hex_encode(&random_array::<16>(ctx.rng())))),
    ];
    if wanted == ResponseType::Code && metadata.takes_challenges {
        let verifier = binding.verifier(ctx, &settings.client_id, redirect_uri.as_deref());
        parameters.push(("code_challenge", challenge(&verifier)));
        parameters.push(("code_challenge_method", "S256".to_owned()));
    }
    parameters.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
    let joint = if metadata.authorization_endpoint.contains('?') { '&' } else { '?' };
    let url = format!("{}{joint}{}", metadata.authorization_endpoint, form(&parameters));
    Ok(SsoUrl { url, configuration: metadata.configuration.clone() })
}

async fn has_product(ctx: &Ctx, caller: &LicenseCaller, code: ProductCode) -> Result<(), LicenseError> {
    let caller = caller.clone();
    ctx.store()
        .read::<_, LicenseError, _>(move |tx| {
            Box::pin(async move {
                match find::product(tx, &caller, &code).await {
                    // A bundle is asked for by its own code.
                    Err(LicenseError::Refused(Refusal::UnknownProduct)) => {
                        let bundle = tx.bundles().find(caller.site, &code).await?.ok_or(Refusal::UnknownProduct)?;
                        for product in &bundle.products {
                            caller.may_ask_about(product.product.id)?;
                        }
                        Ok(())
                    }
                    found => found.map(drop),
                }
            })
        })
        .await
}

/// What is asked for: who somebody is, the address, and what the producer has laid down.
fn scope(settings: &SsoProvider) -> String {
    let own = ["openid", "email"];
    own.into_iter().chain(settings.scopes.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}
