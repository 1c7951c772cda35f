//! Publishing a step of the sample, and what devices must get of it.

use anyhow::{Context as _, Result};
use countersign_app::releases::{self, Release, ReleaseFile};
use countersign_app::{Ctx, packages, updates};
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, LanguageText, UpdateStatus};
use countersign_domain::device::Language;
use countersign_domain::ids::SiteId;
use countersign_domain::text::{PackageId, Platform, ProductName, UpdateId};
use countersign_domain::time::Date;

/// An update that a device can be offered, and what it delivers.
pub(super) struct Offered {
    /// The update.
    pub(super) update: UpdateId,
    /// The package that it leads to.
    pub(super) to: PackageId,
    /// The files of that package, in order.
    pub(super) files: Vec<PublishedFile>,
}

/// A file as it was published.
pub(super) struct PublishedFile {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) sha256: [u8; 32],
}

/// A step from one package to the next, and who may take it.
pub(super) struct Step<'s> {
    pub(super) product: &'s ProductName,
    pub(super) platform: &'s Platform,
    pub(super) from: &'s PackageId,
    pub(super) to: &'s PackageId,
    pub(super) check: EntitlementCheck,
    pub(super) start_date: Date,
}

impl Step<'_> {
    /// Publishes the step. What is published already stays as it is.
    pub(super) async fn publish(self, ctx: &Ctx, site: SiteId, title: String, files: Vec<ReleaseFile>) -> Result<()> {
        let release = Release {
            product: self.product.clone(),
            package: self.to.clone(),
            package_description: DESCRIPTION.to_owned(),
            files,
            update: self.update(title)?,
        };
        releases::publish(ctx, site, release).await?;
        Ok(())
    }

    /// Sees to the update between packages that are there already: somebody may have deleted it.
    pub(super) async fn offer_again(self, ctx: &Ctx, site: SiteId, title: String) -> Result<()> {
        let update = self.update(title)?;
        if updates::find(ctx, site, update.id.clone()).await?.is_none() {
            updates::create(ctx, site, update).await?;
        }
        Ok(())
    }

    fn update(&self, title: String) -> Result<NewUpdate> {
        let Self { platform, from, to, check, start_date, .. } = self;
        Ok(NewUpdate {
            id: update_id(to)?,
            name: format!("{from} to {to}"),
            description: DESCRIPTION.to_owned(),
            status: UpdateStatus::Active,
            entitlement_check: *check,
            start_date: *start_date,
            end_date: None,
            command_line: String::new(),
            release_from: vec![(*from).clone()],
            release_to: vec![((*platform).clone(), (*to).clone())],
            languages: vec![LanguageText { language: Language(1033), title, description: DESCRIPTION.to_owned() }],
        })
    }
}

/// The update to a package as the store has it now; it is offered from here on, if it was not.
pub(super) async fn offer(ctx: &Ctx, site: SiteId, to: PackageId) -> Result<Offered> {
    let package = packages::find(ctx, site, to.clone()).await?;
    let package = package.with_context(|| format!("package {to} is not in the store"))?;
    let files = package.files.into_iter().map(|file| PublishedFile {
        name: file.name.to_string(),
        size: file.content.size(),
        sha256: *file.content.sha256(),
    });
    let update = update_id(&to)?;
    updates::set_status(ctx, site, update.clone(), UpdateStatus::Active).await?;
    Ok(Offered { update, files: files.collect(), to })
}

/// The ID of the update that leads to a package.
pub(super) fn update_id(to: &PackageId) -> Result<UpdateId> {
    Ok(UpdateId::new(format!("update-{to}"))?)
}

const DESCRIPTION: &str = "A sample release, published by the demonstration.";
