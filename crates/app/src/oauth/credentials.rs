//! Secrets and public keys of applications: adding one beside the others, watching the old one, retiring it.

use std::time::Duration;

use countersign_crypto::encoding::base64url_encode;
use countersign_crypto::random::random_array;
use countersign_crypto::{Jwk, JwkError, Secret, constant_time_eq};
use countersign_domain::audit::Action;
use countersign_domain::ids::{ApplicationId, CredentialId, SiteId};
use countersign_domain::oauth::{CREDENTIALS, Credential, CredentialProof, NewCredential, TokenLife};
use countersign_domain::text::{ClientId, CredentialLabel};
use countersign_domain::time::Timestamp;
use countersign_store::Tx;

use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Why a credential was not added or retired.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The text is no public key that can check assertions.
    #[error("the public key cannot be used")]
    Key(#[from] JwkError),
    /// The application has as many credentials as are compared.
    #[error("the application has {CREDENTIALS} credentials, which is the limit; retire one first")]
    TooMany,
    /// The site has no such application.
    #[error("this site has no such application; see: countersign app list")]
    UnknownApplication,
    /// The application has no such credential.
    #[error("the application has no credential {0}; see: countersign app show")]
    UnknownCredential(CredentialId),
}

takes_store_errors!(CredentialError);

/// A secret that was just made. It is shown once and kept nowhere.
pub struct IssuedSecret {
    /// Row id of the credential.
    pub id: CredentialId,
    /// 43 characters that need no escaping anywhere, with 256 random bits.
    pub secret: Secret<String>,
}

/// How long an ended credential is kept: tokens that it has given may name it.
const KEPT: Duration = TokenLife::LONGEST.saturating_add(Duration::from_secs(3600));

/// Makes a secret beside those that the application has.
///
/// # Errors
/// [`CredentialError`] says what to change.
pub async fn add_secret(
    ctx: &Ctx,
    site: SiteId,
    client_id: ClientId,
    label: CredentialLabel,
    ends_at: Option<Timestamp>,
) -> Result<IssuedSecret, CredentialError> {
    let secret = Secret::new(base64url_encode(&random_array::<32>(ctx.rng())));
    let proof = CredentialProof::Secret(ctx.parts.digests.digest(&secret));
    let id = add(ctx, site, client_id, NewCredential { label, proof, ends_at }).await?;
    Ok(IssuedSecret { id, secret })
}

/// Takes a public key whose private half signs assertions (RFC 7523): a JWK, or PEM of RSA, P-256 or Ed25519.
///
/// # Errors
/// [`CredentialError`] says what to change.
pub async fn add_key(
    ctx: &Ctx,
    site: SiteId,
    client_id: ClientId,
    label: CredentialLabel,
    text: &str,
    ends_at: Option<Timestamp>,
) -> Result<CredentialId, CredentialError> {
    let key = Jwk::parse_upload(text)?;
    let algorithm = key.algorithm();
    // Tried here, because a key that is too small would be refused later.
    key.verifying_key(algorithm)?;
    let jwk = key.to_public_json(algorithm).ok_or(JwkError::Unsupported)?;
    add(ctx, site, client_id, NewCredential { label, proof: CredentialProof::PublicKey(jwk), ends_at }).await
}

async fn add(
    ctx: &Ctx,
    site: SiteId,
    client_id: ClientId,
    new: NewCredential,
) -> Result<CredentialId, CredentialError> {
    let now = ctx.now();
    ctx.change(site, Action::new("application.credential.add", &client_id), move |tx| {
        Box::pin(async move {
            let application = find_application(tx, site, &client_id).await?;
            let own = tx.credentials().list_of(application).await?;
            for ended in own.iter().filter(|one| one.ends_at.is_some_and(|end| end.plus(KEPT) < now)) {
                tx.credentials().delete(application, ended.id).await?;
            }
            if own.iter().filter(|credential| credential.is_active(now)).count() >= CREDENTIALS {
                return Err(CredentialError::TooMany);
            }
            Ok(tx.credentials().insert(application, &new, now).await?)
        })
    })
    .await
}

/// Ends a credential, at once or at a time to come. Tokens that it has given go on until they expire, unless they are
/// revoked with it.
///
/// # Errors
/// [`CredentialError`] when there is no such credential.
pub async fn retire(
    ctx: &Ctx,
    site: SiteId,
    client_id: ClientId,
    credential: CredentialId,
    ends_at: Timestamp,
    tokens: RetiredTokens,
) -> Result<(), CredentialError> {
    let subject = format!("{client_id} {credential}");
    ctx.change(site, Action::new("application.credential.retire", subject), move |tx| {
        Box::pin(async move {
            let application = find_application(tx, site, &client_id).await?;
            let all = tx.credentials().list_of(application).await?;
            let found = all.iter().find(|one| one.id == credential);
            let found = found.ok_or(CredentialError::UnknownCredential(credential))?;
            let revoked = found.tokens_revoked || tokens == RetiredTokens::Revoke;
            tx.credentials().set_end(application, credential, Some(ends_at), revoked).await?;
            Ok(())
        })
    })
    .await
}

/// What becomes of the tokens of a retired credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetiredTokens {
    /// They live on until they expire.
    Keep,
    /// They are refused from now on.
    Revoke,
}

async fn find_application(
    tx: &mut dyn Tx,
    site: SiteId,
    client_id: &ClientId,
) -> Result<ApplicationId, CredentialError> {
    let found = tx.applications().find(site, client_id).await?;
    found.map(|application| application.id).ok_or(CredentialError::UnknownApplication)
}

/// Whether a secret of an application would give a token now.
///
/// # Errors
/// [`CredentialError::UnknownApplication`] when the site has no such application.
pub async fn secret_is_valid(
    ctx: &Ctx,
    site: SiteId,
    client_id: &ClientId,
    secret: &Secret<String>,
) -> Result<bool, CredentialError> {
    let digest = ctx.parts.digests.digest(secret);
    let all = list_credentials(ctx, site, client_id.clone()).await?;
    let fits = |credential: &Credential| match &credential.proof {
        CredentialProof::Secret(kept) => constant_time_eq(kept, &digest),
        CredentialProof::PublicKey(_) => false,
    };
    Ok(all.iter().any(|credential| credential.is_active(ctx.now()) && fits(credential)))
}

/// The credentials of an application, oldest first.
///
/// # Errors
/// [`CredentialError::UnknownApplication`] when the site has no such application.
pub async fn list_credentials(
    ctx: &Ctx,
    site: SiteId,
    client_id: ClientId,
) -> Result<Vec<Credential>, CredentialError> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let application = find_application(tx, site, &client_id).await?;
                Ok(tx.credentials().list_of(application).await?)
            })
        })
        .await
}
