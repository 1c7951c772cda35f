//! Unmodified SDKs for document clouds against the real program: tokens, folders, files, and a token that ends in between.

use anyhow::{Context as _, Result, ensure};
use countersign_app::oauth;
use countersign_app::sites;
use countersign_app::storages::{self, CreateStorage, StorageSettings};
use countersign_domain::oauth::{Scopes, TokenAlgorithm};
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::storage::{BackEnd, StorageName};
use countersign_domain::text::{ApplicationName, CredentialLabel};
use countersign_interop::{Installation, Outcome, Serving, node_sdks, python_sdks};
use countersign_server::{Config, Node, Overrides};
use serde_json::json;

/// A server with a storage, and an application that may use it.
struct Cloud {
    installation: Installation,
    _server: Serving,
    setting: String,
}

impl Cloud {
    fn start() -> Result<Self> {
        let installation = Installation::new(None)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (client, secret) = runtime.block_on(provision(&installation))?;
        let server = installation.serve(&["--default-site", SITE])?;
        let setting = json!({ "base_url": server.base_url(), "client_id": client, "client_secret": secret });
        Ok(Self { installation, _server: server, setting: setting.to_string() })
    }

    fn check(&self, outcome: &Outcome) -> Result<()> {
        let (report, log) = (&outcome.report, self.installation.log());
        ensure!(outcome.succeeded, "an SDK is not content:\n{report}\nthe program says:\n{log}");
        ensure!(report.contains("every check held"), "the SDKs stopped early:\n{report}");
        Ok(())
    }
}

/// What an administrator does before the server is started. Gives client ID and secret.
async fn provision(installation: &Installation) -> Result<(String, String)> {
    let data = Some(installation.data());
    let node = Node::open(&Config::load(None, Overrides { data, ..Overrides::default() })?).await?;
    let ctx = node.ctx();
    let site = sites::create(ctx, SiteName::new(SITE)?, SiteSettings::default()).await?;
    let storage = StorageName::new("First Storage")?;
    let settings = StorageSettings::default();
    let new = CreateStorage { name: storage.clone(), back_end: BackEnd::Managed, credentials: None, settings };
    storages::create(ctx, site, new).await?;
    let name = ApplicationName::new("sdks")?;
    let made = oauth::create(ctx, site, name, Scopes::usual(), TokenAlgorithm::Rs256, Some(storage)).await?;
    let label = CredentialLabel::new("sdks")?;
    let secret = oauth::add_secret(ctx, site, made.client_id.clone(), label, None).await?.secret;
    node.close().await;
    Ok((made.client_id.to_string(), secret.expose().clone()))
}

#[test]
fn python_sdks_keep_files_here() -> Result<()> {
    let cloud = Cloud::start()?;
    cloud.check(&python_sdks("storage_sdks.py", &cloud.setting).context("the Python SDKs did not run")?)
}

#[test]
fn node_sdks_keep_files_here() -> Result<()> {
    let cloud = Cloud::start()?;
    cloud.check(&node_sdks("storage_sdks.js", &cloud.setting).context("the Node SDKs did not run")?)
}

const SITE: &str = "sdks";
