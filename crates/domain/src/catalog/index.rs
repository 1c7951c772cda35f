//! A site's catalog as an immutable index: what answers questions without asking the store.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::package::{FileContent, Package, StoredFile};
use super::update::{ReleaseTo, Update};
use crate::text::{PackageId, UpdateId};

/// All packages and updates of a site, indexed for the questions that devices ask.
#[derive(Debug, Default)]
pub struct Catalog {
    packages: BTreeMap<PackageId, Arc<Package>>,
    updates: BTreeMap<UpdateId, Arc<Update>>,
    by_source: HashMap<PackageId, Vec<Arc<Update>>>,
    by_manifest: HashMap<String, (Arc<Update>, usize)>,
    files: HashMap<[u8; 32], StoredFile>,
}

impl Catalog {
    /// Builds the index. Updates of one source are kept newest first (start date, then ID), the order of answers.
    #[must_use]
    pub fn new(packages: Vec<Package>, updates: Vec<Update>) -> Self {
        let mut catalog = Self::default();
        for package in packages {
            for file in &package.files {
                if let FileContent::Stored(stored) = &file.content {
                    catalog.files.insert(stored.sha256, stored.clone());
                }
            }
            catalog.packages.insert(package.id.clone(), Arc::new(package));
        }
        let mut updates: Vec<Arc<Update>> = updates.into_iter().map(Arc::new).collect();
        updates.sort_by(|a, b| b.start_date.cmp(&a.start_date).then_with(|| a.id.cmp(&b.id)));
        for update in updates {
            for source in &update.release_from {
                catalog.by_source.entry(source.clone()).or_default().push(update.clone());
            }
            for (position, target) in update.release_to.iter().enumerate() {
                catalog.by_manifest.insert(target.manifest_uuid.clone(), (update.clone(), position));
            }
            catalog.updates.insert(update.id.clone(), update);
        }
        catalog
    }

    /// A package by the ID that devices use.
    #[must_use]
    pub fn package(&self, id: &PackageId) -> Option<&Arc<Package>> {
        self.packages.get(id)
    }

    /// All packages, by ID.
    pub fn packages(&self) -> impl Iterator<Item = &Arc<Package>> {
        self.packages.values()
    }

    /// An update by the ID that devices see.
    #[must_use]
    pub fn update(&self, id: &UpdateId) -> Option<&Arc<Update>> {
        self.updates.get(id)
    }

    /// All updates, by ID.
    pub fn updates(&self) -> impl Iterator<Item = &Arc<Update>> {
        self.updates.values()
    }

    /// The updates that start from a package, in the order of answers.
    #[must_use]
    pub fn updates_from(&self, installed: &PackageId) -> &[Arc<Update>] {
        self.by_source.get(installed).map_or(&[], Vec::as_slice)
    }

    /// The update and its target behind a manifest UUID.
    #[must_use]
    pub fn manifest(&self, uuid: &str) -> Option<(&Update, &ReleaseTo)> {
        let (update, position) = self.by_manifest.get(uuid)?;
        Some((update, update.release_to.get(*position)?))
    }

    /// The stored file with these bytes, if a package refers to it.
    #[must_use]
    pub fn file(&self, sha256: &[u8; 32]) -> Option<&StoredFile> {
        self.files.get(sha256)
    }
}
