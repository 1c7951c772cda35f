//! Releases that applications are told about.

use countersign_domain::ids::ProductId;
use countersign_domain::licensing::{Environment, License, ReleasedVersion};
use countersign_domain::time::{Date, Timestamp};
use countersign_store::{StoreError, Tx};

use super::LicenseCaller;
use super::find::{self, Bound, Hold};
use super::question::{Identity, ReleaseFilter};
use super::refusal::{LicenseError, Refusal};
use crate::Ctx;
use crate::downloads::short_lived_url;
use crate::sites::SiteSnapshot;

/// Most releases of a product that are told about: the newest ones.
const RELEASES: u32 = 200;
/// So many are read first where one is looked for: a release for each environment is seldom more, and every check reads them.
const FIRST: u32 = 8;

/// The releases that a license on a device includes, newest first.
///
/// # Errors
/// [`Refusal::ActiveLicenseRequired`] when the license is not active there, and what else finding it says.
pub async fn versions(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
    filter: ReleaseFilter,
) -> Result<Vec<ReleasedVersion>, LicenseError> {
    let caller = caller.clone();
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let Bound { license, .. } = match find::bound(tx, &caller, &identity, Hold::Look).await {
                    Err(LicenseError::Refused(Refusal::DeviceNotFound | Refusal::LicenseNotActive)) => {
                        return Err(Refusal::ActiveLicenseRequired.into());
                    }
                    bound => bound?,
                };
                let releases = tx.versions().list(license.product.id, maintained(&license), RELEASES).await?;
                Ok(releases.into_iter().filter(|release| matches(release, &filter)).collect())
            })
        })
        .await
}

/// One of these releases: the one of the version that is asked for, else the newest.
///
/// # Errors
/// [`Refusal::VersionNotFound`] when there is none, and what [`versions`] says.
pub async fn installation_file(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
    filter: ReleaseFilter,
) -> Result<ReleasedVersion, LicenseError> {
    let found = versions(ctx, caller, identity, filter).await?;
    Ok(found.into_iter().next().ok_or(Refusal::VersionNotFound)?)
}

/// The absolute URL of a release's file. One in the site's own storage ends after an hour or two.
#[must_use]
pub fn file_url(ctx: &Ctx, site: &SiteSnapshot, release: &ReleasedVersion) -> String {
    match &release.url {
        Some(url) => url.clone(),
        None => short_lived_url(ctx, site, &release.file_name, &release.sha256, ctx.now()),
    }
}

/// The newest release that a license includes.
pub(super) async fn newest(
    tx: &mut dyn Tx,
    license: &License,
    filter: &ReleaseFilter,
) -> Result<Option<ReleasedVersion>, StoreError> {
    find_newest(tx, license.product.id, maintained(license), filter).await
}

/// The newest release of a product.
pub(super) async fn first_matching(
    tx: &mut dyn Tx,
    product: ProductId,
    filter: &ReleaseFilter,
) -> Result<Option<ReleasedVersion>, StoreError> {
    find_newest(tx, product, None, filter).await
}

async fn find_newest(
    tx: &mut dyn Tx,
    product: ProductId,
    until: Option<Timestamp>,
    filter: &ReleaseFilter,
) -> Result<Option<ReleasedVersion>, StoreError> {
    let first = tx.versions().list(product, until, FIRST).await?;
    let is_all = first.len() < FIRST as usize;
    let found = first.into_iter().find(|release| matches(release, filter));
    if found.is_some() || is_all {
        return Ok(found);
    }
    let releases = tx.versions().list(product, until, RELEASES).await?;
    Ok(releases.into_iter().find(|release| matches(release, filter)))
}

/// Until when releases are included in a license: until the end of its maintenance.
fn maintained(license: &License) -> Option<Timestamp> {
    license.rules.maintenance_end.map(Date::end)
}

fn matches(release: &ReleasedVersion, filter: &ReleaseFilter) -> bool {
    let environment = filter.environment.as_deref().is_none_or(|wanted| runs_on(release.environment, wanted));
    let channel = filter.channel.as_deref().is_none_or(|channel| channel == release.channel);
    let version = filter.version.as_deref().is_none_or(|version| version == release.version);
    environment && channel && version
}

/// Whether what is for one environment runs on another: what is for Linux runs on Linux of 64 bits.
fn runs_on(release: Environment, wanted: &str) -> bool {
    let family = |word: &str| word.trim_end_matches(['2', '3', '4', '6']).to_owned();
    let release = release.as_str();
    release == wanted || (family(wanted) == release && Environment::parse(wanted).is_some())
}
