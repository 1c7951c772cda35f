//! Sites and the change counter.

use async_trait::async_trait;
use countersign_domain::ids::{Generation, SiteId};
use countersign_domain::site::{Site, SiteName, SiteSettings};
use countersign_domain::time::Timestamp;

use crate::StoreError;

/// What became of new settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsOutcome {
    /// One of the hosts belongs to another site; nothing was changed.
    HostTaken,
    /// They are in force.
    Replaced,
    /// There is no such site.
    UnknownSite,
}

/// Sites and the change counter.
#[async_trait]
pub trait Sites: Send {
    /// Writes a site. `None`: the name or one of the hosts is taken.
    async fn insert(
        &mut self,
        name: &SiteName,
        settings: &SiteSettings,
        now: Timestamp,
    ) -> Result<Option<SiteId>, StoreError>;

    /// A site by name.
    async fn find(&mut self, name: &SiteName) -> Result<Option<Site>, StoreError>;

    /// All sites, by name.
    async fn list(&mut self) -> Result<Vec<Site>, StoreError>;

    /// Replaces the settings of a site.
    async fn set_settings(&mut self, site: SiteId, settings: &SiteSettings) -> Result<SettingsOutcome, StoreError>;

    /// The value of the change counter.
    async fn generation(&mut self) -> Result<Generation, StoreError>;

    /// Counts a change of a site: the counter grows by one and the site takes its value. Belongs into the unit that
    /// makes the change.
    ///
    /// On a store with row locks this also takes the site's lock for the rest of the unit, so it is called first: what
    /// the unit reads afterwards stays true until it commits, and "insert if absent" inserts once.
    async fn touch(&mut self, site: SiteId) -> Result<Generation, StoreError>;
}
