//! Creating, changing and removing applications. What is made here works the moment the call returns.

use countersign_crypto::encoding::hex_encode;
use countersign_crypto::random::random_array;
use countersign_domain::audit::Action;
use countersign_domain::ids::SiteId;
use countersign_domain::oauth::{APPLICATIONS, Application, GRANTS, NewApplication, PRODUCTS, Scopes, TokenAlgorithm};
use countersign_domain::storage::StorageName;
use countersign_domain::text::{ApplicationName, ClientId, TextError};

use super::keys::{TokenKeyError, generate_first};
use crate::fault::takes_store_errors;
use crate::installation::ensure_fits;
use crate::{Ctx, Fault};

/// Longest audience, in bytes: it is in every token.
const AUDIENCE_LIMIT: usize = 255;

/// Why an application was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// The audience is no absolute URI.
    #[error(
        "an audience is an absolute URI without fragment of at most {AUDIENCE_LIMIT} characters, like https://api.example.com"
    )]
    Audience,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A made-up client ID cannot be used; this does not happen.
    #[error("no client ID could be made")]
    ClientId(#[from] TextError),
    /// Its tokens need a key that could not be made.
    #[error(transparent)]
    Key(#[from] TokenKeyError),
    /// It could do nothing.
    #[error("an application needs at least one scope")]
    NoScope,
    /// The site has as many applications as are kept in memory.
    #[error("the site has {APPLICATIONS} applications, which is the limit")]
    TooMany,
    /// Too many grants or products.
    #[error("an application has at most {GRANTS} grants and {PRODUCTS} products")]
    TooManyParts,
    /// The site has no such application.
    #[error("this site has no such application; see: countersign app list")]
    Unknown,
}

takes_store_errors!(ApplicationError);

/// Creates an application. It has no credential yet.
///
/// # Errors
/// [`ApplicationError`] says what to change.
pub async fn create(
    ctx: &Ctx,
    site: SiteId,
    name: ApplicationName,
    scopes: Scopes,
    algorithm: TokenAlgorithm,
    default_storage: Option<StorageName>,
) -> Result<Application, ApplicationError> {
    if scopes.is_empty() {
        return Err(ApplicationError::NoScope);
    }
    // 96 random bits, so that nobody learns of one application by knowing another.
    let client_id = ClientId::new(format!("app-{}", hex_encode(&random_array::<12>(ctx.rng()))))?;
    let pair = generate_first(ctx, site, algorithm).await?;
    let (vault, now) = (ctx.parts.vault.clone(), ctx.now());
    let new = NewApplication { client_id: client_id.clone(), name, scopes, algorithm, default_storage };
    ctx.change(site, Action::new("application.create", &client_id), move |tx| {
        Box::pin(async move {
            ensure_fits(tx, &vault).await?;
            if tx.applications().count(site).await? >= APPLICATIONS as u64 {
                return Err(ApplicationError::TooMany);
            }
            if let Some(pair) = pair {
                pair.insert_if_first(tx, site, now).await?;
            }
            // Taken only if randomness fails.
            tx.applications().insert(site, &new, now).await?.ok_or(ApplicationError::TooMany)?;
            tx.applications().find(site, &new.client_id).await?.ok_or(ApplicationError::Unknown)
        })
    })
    .await
}

/// Changes an application; in force everywhere within a second, and for tokens that were issued before as well. `change`
/// gets it as it is at that moment; row id, site, client ID, time and what signs its tokens stay as they are, but for the
/// `algorithm` that is given.
///
/// # Errors
/// [`ApplicationError`] says what to change.
pub async fn change(
    ctx: &Ctx,
    site: SiteId,
    client_id: ClientId,
    algorithm: Option<TokenAlgorithm>,
    change: impl FnOnce(&mut Application) + Send + 'static,
) -> Result<Application, ApplicationError> {
    let pair = match algorithm {
        Some(algorithm) => generate_first(ctx, site, algorithm).await?,
        None => None,
    };
    let (vault, now) = (ctx.parts.vault.clone(), ctx.now());
    ctx.change(site, Action::new("application.change", &client_id), move |tx| {
        Box::pin(async move {
            let old = tx.applications().find(site, &client_id).await?.ok_or(ApplicationError::Unknown)?;
            let mut new = old.clone();
            change(&mut new);
            let algorithm = algorithm.unwrap_or(old.algorithm);
            let Application { id, site, client_id, created_at, .. } = old;
            let new = Application { id, site, client_id, created_at, algorithm, ..new };
            check(&new)?;
            if let Some(pair) = pair {
                ensure_fits(tx, &vault).await?;
                pair.insert_if_first(tx, site, now).await?;
            }
            tx.applications().replace(&new).await?;
            Ok(new)
        })
    })
    .await
}

fn check(application: &Application) -> Result<(), ApplicationError> {
    if application.scopes.is_empty() {
        return Err(ApplicationError::NoScope);
    }
    if application.grants.len() > GRANTS || application.products.len() > PRODUCTS {
        return Err(ApplicationError::TooManyParts);
    }
    if application.audience.as_deref().is_some_and(|audience| !is_absolute_uri(audience)) {
        return Err(ApplicationError::Audience);
    }
    Ok(())
}

/// Whether a text is an absolute URI without fragment (RFC 8707 section 2), as far as it matters here.
fn is_absolute_uri(text: &str) -> bool {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    text.len() <= AUDIENCE_LIMIT
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '#' | '"' | '\\' | '<' | '>'))
}

/// Disables an application, so that its credentials and tokens are refused, or enables it again.
///
/// # Errors
/// [`ApplicationError::Unknown`] when the site has no such application.
pub async fn set_disabled(
    ctx: &Ctx,
    site: SiteId,
    client_id: ClientId,
    disabled: bool,
) -> Result<Application, ApplicationError> {
    change(ctx, site, client_id, None, move |application| application.disabled = disabled).await
}

/// Ends all tokens of an application that were issued before. Its credentials go on to give new ones.
///
/// # Errors
/// [`ApplicationError::Unknown`] when the site has no such application.
pub async fn revoke_tokens(ctx: &Ctx, site: SiteId, client_id: ClientId) -> Result<Application, ApplicationError> {
    let count_up = |application: &mut Application| {
        application.token_generation = application.token_generation.saturating_add(1);
    };
    change(ctx, site, client_id, None, count_up).await
}

/// Removes an application with its credentials. Its tokens are refused from now on, and its client ID is never used again.
///
/// # Errors
/// [`ApplicationError::Unknown`] when the site has no such application.
pub async fn delete(ctx: &Ctx, site: SiteId, client_id: ClientId) -> Result<(), ApplicationError> {
    ctx.change(site, Action::new("application.delete", &client_id), move |tx| {
        Box::pin(async move {
            let found = tx.applications().find(site, &client_id).await?.ok_or(ApplicationError::Unknown)?;
            let deleted = tx.applications().delete(site, found.id).await?;
            if deleted { Ok(()) } else { Err(ApplicationError::Unknown) }
        })
    })
    .await
}

/// An application by its client ID.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn find(ctx: &Ctx, site: SiteId, client_id: ClientId) -> Result<Option<Application>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.applications().find(site, &client_id).await?) })).await
}

/// All applications of a site, oldest first.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId) -> Result<Vec<Application>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.applications().list(site).await?) })).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_are_absolute_uris() {
        for good in ["https://api.example.com/v1?x=1", "urn:example:api"] {
            assert!(is_absolute_uri(good), "{good}");
        }
        for bad in ["", "api", "/x", ":x", "1a:b", "https://a#b", "https://a b", &format!("a:{}", "x".repeat(255))] {
            assert!(!is_absolute_uri(bad), "{bad}");
        }
    }
}
