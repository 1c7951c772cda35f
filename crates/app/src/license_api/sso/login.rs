//! Who somebody is who comes back from a provider.

use std::net::IpAddr;

use countersign_crypto::{Secret, sha256};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::LoginState;
use countersign_domain::text::{AccountName, UserEmail};

use super::asking::Asking;
use super::binding::Binding;
use super::exchange::{Exchange, exchange, user_info};
use super::{discovery, failed, id_token, provider};
use crate::license_api::{LicenseCaller, LicenseError, Refusal};
use crate::{Ctx, Fault};

/// What a person of an account brings from the provider.
pub struct SsoLogin {
    /// The account.
    pub account: AccountName,
    /// What proves the person.
    pub proof: SsoProof,
    /// The state that the application has given the login as it began, if it did.
    pub state: Option<LoginState>,
}

/// What the provider has given.
pub enum SsoProof {
    /// An ID token.
    IdToken(Secret<String>),
    /// A code, which is exchanged for one.
    Code {
        /// The code.
        code: Secret<String>,
        /// Where the provider has sent it to; `None`: to where the producer has laid down.
        redirect_uri: Option<String>,
    },
}

/// The user whom a login proves, and the caller where it sees no more than the account holds.
///
/// Failures of one address are counted like wrong passwords. A code is not exchanged while there were too many; an ID token that
/// holds is never held back. A provider that cannot be asked is nobody's failure.
pub(in crate::license_api) async fn prove(
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
    let SsoLogin { account, proof, state } = login;
    let known = provider::load(ctx, caller.site, &account).await?.ok_or(Refusal::SsoFailed)?;
    let caller = caller.clone().within_account(known.account)?;
    let settings = &*known.settings;
    let asking = Asking { ctx, site: caller.site, settings };
    let binding = Binding { site: caller.site, account: known.account, state: state.as_ref() };
    let discovered = discovery::discover(asking).await?;
    let (token, access_token) = match proof {
        SsoProof::IdToken(token) => (token, None),
        SsoProof::Code { code, redirect_uri } => {
            let redirect_uri = settings.redirect(redirect_uri).map_err(|_| Refusal::SsoRedirect)?;
            let verifier = binding.verifier(ctx, &settings.client_id, redirect_uri.as_deref());
            let verifier = Some(verifier).filter(|_| discovered.metadata.takes_challenges);
            let wanted = Exchange { code: &code, redirect_uri, client_secret: known.secret.as_ref(), verifier };
            let tokens = exchange(asking, &discovered, wanted).await?;
            (tokens.id_token, tokens.access_token)
        }
    };
    let mut claims = id_token::verify(asking, &discovered, &token).await?;
    if !binding.is_nonce(ctx, &claims.nonce) {
        return Err(failed("the ID token is not the outcome of a login that began here", None));
    }
    if let Some(access_token) = access_token.filter(|_| claims.lacks_something(settings)) {
        claims.complete(&user_info(asking, &discovered, &access_token, &claims.subject).await?, settings);
    }
    let email = settings.admits(&claims.person());
    let email = email.ok_or_else(|| failed("the provider does not let this person in", None))?;
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
