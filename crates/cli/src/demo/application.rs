//! The application of the demonstration: its secret is kept while it gives tokens.

use anyhow::Result;
use countersign_app::storages::{self, CreateStorage, StorageSettings};
use countersign_app::{Ctx, oauth};
use countersign_crypto::Secret;
use countersign_domain::ids::SiteId;
use countersign_domain::oauth::{Application, Scopes, TokenAlgorithm};
use countersign_domain::storage::{BackEnd, StorageName};
use countersign_domain::text::{ApplicationName, ClientId, CredentialLabel};

use crate::credentials::OauthCredentials;

/// Sees to an application that gets tokens, to its ID and secret in the credentials, and to its default storage.
pub(super) async fn provision(ctx: &Ctx, site: SiteId, credentials: &mut OauthCredentials) -> Result<()> {
    if credentials.storage.is_empty() {
        STORAGE.clone_into(&mut credentials.storage);
    }
    let storage = StorageName::new(credentials.storage.clone())?;
    if storages::find(ctx, site, &storage).await?.is_none() {
        let (name, settings) = (storage.clone(), StorageSettings::default());
        let new = CreateStorage { name, back_end: BackEnd::Managed, credentials: None, settings };
        storages::create(ctx, site, new).await?;
    }
    let id = provision_application(ctx, site, credentials).await?;
    let set = move |application: &mut Application| application.default_storage = Some(storage);
    oauth::change(ctx, site, id, None, set).await?;
    Ok(())
}

async fn provision_application(ctx: &Ctx, site: SiteId, credentials: &mut OauthCredentials) -> Result<ClientId> {
    let known = match ClientId::new(credentials.client_id.clone()) {
        Ok(id) => oauth::find(ctx, site, id).await?.filter(|application| !application.disabled),
        Err(_) => None,
    };
    if let (Some(application), Some(secret)) = (&known, &credentials.client_secret)
        && oauth::secret_is_valid(ctx, site, &application.client_id, secret).await?
    {
        return Ok(application.client_id.clone());
    }
    let application = match known {
        Some(application) => application,
        None => {
            let name = ApplicationName::new("Demonstration")?;
            oauth::create(ctx, site, name, Scopes::usual(), TokenAlgorithm::default(), None).await?
        }
    };
    let label = CredentialLabel::new("demonstration")?;
    let issued = oauth::add_secret(ctx, site, application.client_id.clone(), label, None).await?;
    application.client_id.as_str().clone_into(&mut credentials.client_id);
    credentials.client_secret = Some(Secret::new(issued.secret.expose().clone()));
    Ok(application.client_id)
}

/// Name of the storage.
const STORAGE: &str = "Main";
