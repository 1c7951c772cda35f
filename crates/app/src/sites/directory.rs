//! What this process holds of all sites, and how it learns of changes.
//!
//! The store counts every committed change. A process compares its own number with the store's every 250 ms, and before
//! it gives any negative answer: what it does not know may be newer than its snapshot. `comparing.rs` says how.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_domain::ids::{Generation, SiteId};
use countersign_domain::site::Site;

use super::comparing::Comparisons;
use super::resolve::SiteRef;
use super::snapshot::SiteSnapshot;

/// The current state of all sites, and the comparisons with the store that replace it.
#[derive(Default)]
pub(crate) struct Directory {
    pub(super) current: ArcSwap<Sites>,
    pub(super) comparisons: Comparisons,
}

impl Directory {
    pub(crate) fn current(&self) -> Arc<Sites> {
        self.current.load_full()
    }
}

/// The state of all sites at one generation.
#[derive(Default)]
pub(crate) struct Sites {
    pub(super) generation: Option<Generation>,
    pub(super) by_id: HashMap<SiteId, Arc<SiteSnapshot>>,
    by_name: HashMap<String, SiteId>,
    by_host: HashMap<String, SiteId>,
    /// Sites that exist and cannot be loaded. They alone are out of order; those that were loaded before stay as they were.
    pub(super) broken: HashSet<SiteId>,
}

/// What is known about the site that a request means.
pub(super) enum Found {
    /// It is there.
    Site(Arc<SiteSnapshot>),
    /// It is there, and what is stored for it cannot be used.
    Broken,
    /// There is none.
    None,
}

impl Sites {
    /// What is known about a site.
    pub(crate) fn by_id(&self, site: SiteId) -> Option<&Arc<SiteSnapshot>> {
        self.by_id.get(&site)
    }

    /// The state of these sites. A site without a snapshot is a broken one.
    pub(super) fn new(generation: Generation, sites: &[Site], snapshots: &HashMap<SiteId, Arc<SiteSnapshot>>) -> Self {
        let mut state = Self { generation: Some(generation), ..Self::default() };
        for site in sites {
            state.by_name.insert(site.name.as_str().to_owned(), site.id);
            state.by_host.extend(site.settings.hosts.iter().map(|host| (host.clone(), site.id)));
            match snapshots.get(&site.id) {
                Some(snapshot) => {
                    state.by_id.insert(site.id, snapshot.clone());
                }
                None => {
                    state.broken.insert(site.id);
                }
            }
        }
        state
    }

    pub(super) fn find(&self, reference: SiteRef<'_>, default_site: Option<&str>) -> Found {
        let id = match reference {
            SiteRef::Name(name) => self.by_name.get(name),
            SiteRef::Host(host) => {
                let aliased = host.and_then(|host| self.by_host.get(host));
                aliased.or_else(|| self.by_name.get(default_site?))
            }
        };
        let Some(id) = id else { return Found::None };
        self.by_id.get(id).map_or(Found::Broken, |snapshot| Found::Site(snapshot.clone()))
    }
}
