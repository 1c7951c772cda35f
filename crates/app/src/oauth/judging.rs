//! Judging an access token (RFC 9068 section 4).
//!
//! The key comes from the site, and its algorithm with it; the token's word for a key only chooses among those.

use std::sync::Arc;
use std::time::Duration;

use countersign_crypto::jose::AccessTokenClaims;
use countersign_crypto::{Compact, Secret, sha256};
use countersign_domain::ids::{CredentialId, TokenKeyId};
use countersign_domain::oauth::Scopes;
use countersign_domain::time::Timestamp;

use super::published::api_identifier;
use super::state::{Client, OauthState};
use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// How far the clock of the node that issued a token may be ahead. Its end is kept exactly: only we issue tokens, and whoever
/// is told a moment too early fetches the next one.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Why a token is not good. Callers learn no more than that it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    /// It is meant for somebody else.
    #[error("it is meant for another audience")]
    Audience,
    /// Its application is disabled.
    #[error("its application is disabled")]
    Disabled,
    /// It comes from another issuer.
    #[error("it comes from another issuer")]
    Issuer,
    /// It is no access token in the form of a JWT.
    #[error("it is malformed")]
    Malformed,
    /// Its time has not come.
    #[error("it is not valid yet")]
    NotYetValid,
    /// No key of the site verifies it.
    #[error("its signature does not verify")]
    Signature,
    /// Its application is gone.
    #[error("its application is gone")]
    UnknownApplication,
}

/// For which use a token is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// For calls of this server: it must be meant for them.
    Here,
    /// To tell about it or to end it: it may be meant for others.
    Anywhere,
}

/// What is known of a token whose signature was verified. Whether it still holds is looked at each time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TokenFacts {
    key: TokenKeyId,
    /// The issuer that it was compared with.
    issuer: Arc<str>,
    pub(super) client_id: String,
    pub(super) audience: Vec<String>,
    /// Whether this server is among the audience.
    is_for_us: bool,
    pub(super) jti: String,
    pub(super) credential: CredentialId,
    generation: i64,
    /// Seconds since 1970.
    pub(super) issued_at: i64,
    /// Seconds since 1970.
    pub(super) expires_at: i64,
    pub(super) scopes: Scopes,
}

/// A token that is good now, and whose it is.
pub(super) struct GoodToken {
    pub(super) client: Arc<Client>,
    pub(super) facts: Arc<TokenFacts>,
}

/// A token that is not good now.
pub(super) enum Refusal {
    /// It was good, and is this application's.
    Expired(Arc<Client>),
    /// It was good until it was revoked, and is this application's.
    Revoked(Arc<Client>),
    /// It is not, and nothing that it says is believed.
    Bad(TokenProblem),
}

/// Judges a token. A refusal is certain: it was compared with the store.
pub(super) async fn judge(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    token: &Secret<String>,
    wanted: Use,
) -> Result<Result<GoodToken, Refusal>, Fault> {
    let now = ctx.now();
    let memo = (site.site.id, sha256(token.expose().as_bytes()));
    let known = ctx.memos.bearers.get(&memo);
    let decide = |snapshot: &Arc<SiteSnapshot>| {
        let state = &snapshot.oauth;
        let facts = match known.as_ref().filter(|facts| facts.issuer == state.issuer && state.accepts(facts.key, now)) {
            Some(facts) => facts.clone(),
            None => Arc::new(verify(state, token.expose(), now).map_err(Refusal::Bad)?),
        };
        if wanted == Use::Here && !facts.is_for_us {
            return Err(Refusal::Bad(TokenProblem::Audience));
        }
        check(state, facts, now)
    };
    let (_, decision) = ctx.certainly(site, decide).await?;
    if known.is_none()
        && let Ok(good) = &decision
    {
        ctx.memos.bearers.insert(memo, good.facts.clone());
    }
    Ok(decision)
}

/// What does not change in the life of a token: its form, signature and issuer.
fn verify(state: &OauthState, token: &str, now: Timestamp) -> Result<TokenFacts, TokenProblem> {
    let unverified = Compact::parse(token).map_err(|_| TokenProblem::Malformed)?;
    // RFC 9068 section 4: no other kind of token is taken for an access token.
    let is_access_token =
        unverified.typ().is_some_and(|typ| matches!(&*typ.to_ascii_lowercase(), "at+jwt" | "application/at+jwt"));
    if !is_access_token {
        return Err(TokenProblem::Malformed);
    }
    let key = unverified.kid().and_then(|kid| state.accepted_key(kid, now)).ok_or(TokenProblem::Signature)?;
    let payload = unverified.verify(key.algorithm, &key.verifying).map_err(|_| TokenProblem::Signature)?;
    let claims = AccessTokenClaims::read(&payload).ok().flatten().ok_or(TokenProblem::Malformed)?;
    if *claims.issuer != *state.issuer {
        return Err(TokenProblem::Issuer);
    }
    let ours = api_identifier(&state.issuer);
    Ok(TokenFacts {
        key: key.id,
        issuer: state.issuer.clone(),
        client_id: claims.client_id,
        is_for_us: claims.audience.iter().any(|audience| *audience == ours || *audience == *state.issuer),
        audience: claims.audience,
        jti: claims.id,
        credential: CredentialId(claims.credential),
        generation: claims.generation,
        issued_at: claims.issued_at,
        expires_at: claims.expires_at,
        scopes: Scopes::known_in(claims.scopes.iter().map(String::as_str)),
    })
}

/// What may have changed since the token was issued, and the time.
fn check(state: &OauthState, facts: Arc<TokenFacts>, now: Timestamp) -> Result<GoodToken, Refusal> {
    let client = state.client(&facts.client_id).ok_or(Refusal::Bad(TokenProblem::UnknownApplication))?.clone();
    if Timestamp::from_seconds(facts.expires_at) <= now {
        return Err(Refusal::Expired(client));
    }
    let problem = if client.application.disabled {
        Some(TokenProblem::Disabled)
    } else if Timestamp::from_seconds(facts.issued_at) > now.plus(CLOCK_SKEW) {
        Some(TokenProblem::NotYetValid)
    } else {
        let credential = client.credential(facts.credential);
        let revoked = credential.is_none_or(|credential| credential.tokens_revoked)
            || facts.generation != client.application.token_generation
            || client.revoked.contains(&facts.jti);
        if revoked {
            return Err(Refusal::Revoked(client));
        }
        None
    };
    match problem {
        Some(problem) => Err(Refusal::Bad(problem)),
        None => Ok(GoodToken { client, facts }),
    }
}
