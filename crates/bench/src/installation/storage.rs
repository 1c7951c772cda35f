//! A storage with the files of the catalog, and an application that may use it.

use anyhow::Result;
use countersign_app::Ctx;
use countersign_app::oauth;
use countersign_app::storages::{self, CreateStorage, Place, StorageCaller, StorageSettings, UPLOAD_LIMIT, Upload};
use countersign_domain::ids::SiteId;
use countersign_domain::oauth::{Scopes, TokenAlgorithm};
use countersign_domain::storage::{BackEnd, StorageName, StoragePath};
use countersign_domain::text::{ApplicationName, CredentialLabel};
use futures_util::stream;

use super::{FILES, pieces};

/// What an application proves itself with.
#[derive(Clone)]
pub(crate) struct Client {
    /// Client ID.
    pub(crate) id: String,
    /// Secret.
    pub(crate) secret: String,
}

/// Creates both, and puts the files there.
pub(super) async fn provision(ctx: &Ctx, site: SiteId) -> Result<Client> {
    let storage = StorageName::new("Main")?;
    let settings = StorageSettings::default();
    let new = CreateStorage { name: storage.clone(), back_end: BackEnd::Managed, credentials: None, settings };
    storages::create(ctx, site, new).await?;
    for (name, length) in FILES {
        let place = Place { storage: Some(storage.clone()), path: StoragePath::new(name)? };
        let upload =
            Upload { place, requested: None, announced: Some(length as u64), media_type: None, limit: UPLOAD_LIMIT };
        let source = stream::iter(pieces(length).map(Ok::<_, std::io::Error>));
        storages::upload(ctx, &StorageCaller::unrestricted(site), upload, source).await?;
    }
    application(ctx, site, "bench", TokenAlgorithm::Es256, Some(storage)).await
}

/// Creates an application with a secret.
pub(super) async fn application(
    ctx: &Ctx,
    site: SiteId,
    name: &str,
    algorithm: TokenAlgorithm,
    storage: Option<StorageName>,
) -> Result<Client> {
    let made = oauth::create(ctx, site, ApplicationName::new(name)?, Scopes::usual(), algorithm, storage).await?;
    let label = CredentialLabel::new("bench")?;
    let secret = oauth::add_secret(ctx, site, made.client_id.clone(), label, None).await?.secret;
    Ok(Client { id: made.client_id.to_string(), secret: secret.expose().clone() })
}
