//! An installation to measure: a data directory with one site, a catalog, and as many devices as a row asks for.

mod catalog;
mod events;
mod fleet;
mod growth;
mod licenses;
mod seats;
mod storage;

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use countersign_app::{Ctx, keys, sites};
use countersign_crypto::encoding::base64_encode;
use countersign_crypto::jose::sign_compact;
use countersign_crypto::{ProtectedHeader, RsaBits, RsaPrivateKey, RsaPublicKey, VerifyingKey};
use countersign_domain::ids::SiteId;
use countersign_domain::oauth::TokenAlgorithm;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_server::{Config, Node, Overrides};
use countersign_store::Store;
use countersign_store_postgres::PostgresStore;
use countersign_store_sqlite::SqliteStore;

use crate::stopwatch::SystemClock;

pub(crate) use catalog::{
    COLD_ANSWERS, FILES, LICENSED_PACKAGE, LICENSED_UPDATE, OPEN_PACKAGE, OPEN_UPDATE, PLATFORM, cold_question, pieces,
};
pub(crate) use fleet::{FREE_ACTIVATIONS, device_id, free_license, spread_id};
pub(crate) use growth::{package_of_step, site_name};
pub(crate) use licenses::{ApiKey, LICENSED_PRODUCT_CODE, application_key, hardware_id};
pub(crate) use seats::{SEAT_KEY, seat_hardware_id};
pub(crate) use storage::Client;

/// The site that answers when a request names none.
pub(crate) const SITE: &str = "bench";
/// The publisher of all devices.
pub(crate) const PUBLISHER: &str = "acme";

/// A data directory, and what is known about its content.
pub(crate) struct Installation {
    /// The data directory.
    pub(crate) data: PathBuf,
    site: SiteId,
    /// The producer's key: it makes device tokens.
    tokens: RsaPrivateKey,
    /// The public half of the key that signs answers, as DER.
    signing_key: Vec<u8>,
    devices: Cell<u32>,
    /// Licenses of applications.
    licenses: Cell<u32>,
    /// The connection string of its database, if it is not on the embedded store.
    database: Option<String>,
    /// The application that may use the storage, once there is one.
    storage_client: OnceCell<Client>,
}

impl Installation {
    /// Makes one with keys and a small catalog, and without devices.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn create(data: PathBuf, database: Option<String>) -> Result<Self> {
        if let Some(database) = &database {
            std::fs::create_dir(&data)?;
            std::fs::write(settings(&data), format!("database = '{database}'\n"))?;
        }
        let tokens = RsaPrivateKey::generate(RsaBits::B2048)?;
        let node = open(&data).await?;
        let provisioned = provision(node.ctx(), &tokens).await;
        node.close().await;
        let (site, signing_key) = provisioned?;
        let (devices, licenses) = (Cell::new(0), Cell::new(0));
        Ok(Self { data, site, tokens, signing_key, devices, licenses, database, storage_client: OnceCell::new() })
    }

    /// The public half of the key that makes device tokens, as DER.
    pub(crate) fn token_key(&self) -> Vec<u8> {
        self.tokens.public_key_spki()
    }

    /// The key that verifies answers.
    ///
    /// # Errors
    /// When the server has made a key that cannot be used.
    pub(crate) fn signing_key(&self) -> Result<VerifyingKey> {
        Ok(VerifyingKey::from_rsa(&RsaPublicKey::from_spki_der(&self.signing_key)?)?)
    }

    /// A token that is good for a day. `number` makes it different from others.
    ///
    /// # Errors
    /// When the library fails.
    pub(crate) fn token(&self, number: u32) -> Result<String> {
        let now = countersign_store::Clock::now(&SystemClock).as_seconds();
        let claims = format!(
            r#"{{"iss":"https://devices.acme.example","sub":"device-{number:08}","iat":{now},"exp":{}}}"#,
            now + DAY
        );
        Ok(sign_compact(&self.tokens, &ProtectedHeader::jwt(), claims.as_bytes())?)
    }

    /// An application that may use a storage in which the files of the catalog are.
    ///
    /// # Errors
    /// When the storage cannot be made.
    pub(crate) async fn storage_client(&self) -> Result<Client> {
        if let Some(client) = self.storage_client.get() {
            return Ok(client.clone());
        }
        let node = open(&self.data).await?;
        let provisioned = storage::provision(node.ctx(), self.site).await;
        node.close().await;
        let client = provisioned?;
        Ok(self.storage_client.get_or_init(|| client).clone())
    }

    /// An application of a name that is not taken yet, which gets tokens signed in one way.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) async fn application(&self, name: &str, algorithm: TokenAlgorithm) -> Result<Client> {
        let node = open(&self.data).await?;
        let made = storage::application(node.ctx(), self.site, name, algorithm, None).await;
        node.close().await;
        made
    }

    /// How many devices there are.
    pub(crate) fn devices(&self) -> u32 {
        self.devices.get()
    }

    /// Adds devices, each with an activated license, until there are this many.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) async fn grow(&self, devices: u32) -> Result<()> {
        if self.devices() < devices {
            let store = self.store().await?;
            let grown = fleet::add(&store, self.site, fleet::DEVICES, self.devices(), devices).await;
            store.close().await;
            grown?;
            self.devices.set(devices);
        }
        Ok(())
    }

    /// How many licenses of applications there are.
    pub(crate) fn licenses(&self) -> u32 {
        self.licenses.get()
    }

    /// Adds licenses of applications, each active on a device of its own, until there are this many.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) async fn grow_licenses(&self, licenses: u32) -> Result<()> {
        if self.licenses() < licenses {
            let store = self.store().await?;
            let grown = fleet::add(&store, self.site, licenses::APPLICATIONS, self.licenses(), licenses).await;
            store.close().await;
            grown?;
            self.licenses.set(licenses);
        }
        Ok(())
    }

    /// Adds a floating license with so many seats, each held by a device.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) async fn add_seats(&self, seats: u32) -> Result<()> {
        let store = self.store().await?;
        let added = seats::add(&store, self.site, seats).await;
        store.close().await;
        added
    }

    /// How many seats of that license are held now.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub(crate) async fn held_seats(&self) -> Result<u32> {
        let store = self.store().await?;
        let held = seats::held(&store, self.site).await;
        store.close().await;
        held
    }

    /// An application of the license door, and the key that verifies what it is answered.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) async fn licensed_application(&self) -> Result<(ApiKey, VerifyingKey)> {
        let node = open(&self.data).await?;
        let made = licenses::application(node.ctx(), self.site).await;
        node.close().await;
        made
    }

    /// Adds licenses that can still be activated on many devices, see [`free_license`].
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) async fn add_free_licenses(&self) -> Result<()> {
        let store = self.store().await?;
        let added = fleet::add_free_licenses(&store, self.site).await;
        store.close().await;
        added
    }

    /// Adds events of devices that nobody was told of yet.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) async fn add_events(&self, events: u32) -> Result<()> {
        let store = self.store().await?;
        let added = events::add(&store, self.site, events, self.devices()).await;
        store.close().await;
        added
    }

    /// The variables with which a program finds the store, beside the data directory.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        self.database.iter().map(|database| ("COUNTERSIGN_DATABASE_URL", database.clone())).collect()
    }

    /// Adds an update whose answers differ for 200,000 questions, see [`cold_question`].
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn add_cold_answers(&self) -> Result<()> {
        let store = self.store().await?;
        let added = catalog::add_cold_answers(&store, self.site).await;
        store.close().await;
        added
    }

    /// Adds updates, each from a package of its own, with the numbers of a range.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) async fn add_updates(&self, numbers: std::ops::Range<u32>) -> Result<()> {
        let store = self.store().await?;
        let added = growth::add_updates(&store, self.site, numbers).await;
        store.close().await;
        added
    }

    /// Adds sites with a catalog of their own and the same token key, with the numbers of a range.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) async fn add_sites(&self, numbers: std::ops::Range<u32>) -> Result<()> {
        let node = open(&self.data).await?;
        let added = growth::add_sites(node.ctx(), &self.public_key(), numbers).await;
        node.close().await;
        added
    }

    fn public_key(&self) -> String {
        base64_encode(&self.tokens.public_key_spki())
    }

    /// The store itself, for many rows at once: the use cases write one thing after the other.
    async fn store(&self) -> Result<Store> {
        if let Some(database) = &self.database {
            let now = countersign_store::Clock::now(&SystemClock);
            return Ok(Store::new(PostgresStore::open(database, now).await?));
        }
        let store = SqliteStore::open(&self.data.join("countersign.db"), std::sync::Arc::new(SystemClock));
        Ok(Store::new(store.context("the store cannot be opened")?))
    }
}

/// Opens a data directory as the server does.
///
/// # Errors
/// When it cannot be opened.
pub(crate) async fn open(data: &Path) -> Result<Node> {
    let settings = Some(settings(data)).filter(|path| path.exists());
    let overrides = Overrides { data: Some(data.to_owned()), ..Overrides::default() };
    Node::open(&Config::load(settings.as_deref(), overrides)?).await
}

/// The file with the settings of a data directory that is not on the embedded store.
fn settings(data: &Path) -> PathBuf {
    data.join("countersign.toml")
}

/// The site, and the public half of the key that signs its answers.
async fn provision(ctx: &Ctx, tokens: &RsaPrivateKey) -> Result<(SiteId, Vec<u8>)> {
    let id = sites::create(ctx, SiteName::new(SITE)?, SiteSettings::default()).await?;
    let all = sites::list(ctx).await?;
    let site = all.iter().find(|site| site.id == id).context("the site is not listed")?;
    keys::upload(ctx, site, &base64_encode(&tokens.public_key_spki())).await?;
    let signing_key = keys::find_or_create_signing_key(ctx, id).await?;
    catalog::publish(ctx, id).await?;
    Ok((id, signing_key.spki))
}

const DAY: i64 = 24 * 3600;
