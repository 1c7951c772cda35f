//! Answering a sealed question about the files of an update.

use std::sync::Arc;

use countersign_domain::catalog::matching::{self, ManifestRefusal};
use countersign_domain::catalog::package::{FileContent, Package, PackageFile};
use countersign_domain::catalog::update::EntitlementCheck;
use countersign_domain::ids::AuthorizationKeyId;
use countersign_domain::time::Timestamp;

use crate::Ctx;
use crate::ahead::AHEAD;
use crate::answers::{Polled, Subject};
use crate::downloads::{self, UrlExpiry};
use crate::polling::{Asked, Endpoint, PollError, Problem, open};
use crate::sites::SiteSnapshot;

/// What a poll about a manifest ends with.
pub enum ManifestAnswer {
    /// The files to download.
    Files(Polled<ManifestFiles>),
    /// The question cannot be answered as it is.
    Problem(Problem),
    /// There is no such manifest, or not any more.
    Refused(ManifestRefusal, String),
}

/// The files of an update.
pub struct ManifestFiles {
    snapshot: Arc<SiteSnapshot>,
    uuid: String,
    package: Arc<Package>,
    check: EntitlementCheck,
    expiry: UrlExpiry,
}

/// A file to download. Not printable: who knows the URL gets the file.
#[derive(Clone, PartialEq, Eq)]
pub struct ManifestFile {
    /// Absolute URL. One of this server is valid for 24 to 25 hours from the question; where the update has an
    /// entitlement check, for one to two.
    pub url: String,
    /// Length in bytes.
    pub size: u64,
    /// MD5 of the bytes.
    pub md5: [u8; 16],
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// Whether the device is told to run it.
    pub execute: bool,
}

impl ManifestFiles {
    /// The files for a device that asked then.
    fn polled(
        snapshot: Arc<SiteSnapshot>,
        uuid: String,
        (check, package): (EntitlementCheck, Arc<Package>),
        asked_at: Timestamp,
        credential: AuthorizationKeyId,
    ) -> Polled<Self> {
        let expiry = UrlExpiry::of(&package, check, asked_at);
        let secret = snapshot.url_keys.id_in_force(asked_at);
        let subject = Subject::Manifest { uuid: uuid.clone(), expiry: expiry.as_seconds(), secret };
        let answer = Self { snapshot: snapshot.clone(), uuid, package, check, expiry };
        Polled { answer, asked_at, snapshot, subject, credential }
    }

    /// The same files for a device that asks some minutes later, if they are not the same for it.
    #[must_use]
    pub fn soon(polled: &Polled<Self>) -> Option<Polled<Self>> {
        let files = &polled.answer;
        let later = polled.asked_at.plus(AHEAD);
        if UrlExpiry::of(&files.package, files.check, later).as_seconds() == files.expiry.as_seconds() {
            return None;
        }
        let (snapshot, package) = (files.snapshot.clone(), (files.check, files.package.clone()));
        Some(Self::polled(snapshot, files.uuid.clone(), package, later, polled.credential))
    }

    /// The files, in order.
    #[must_use]
    pub fn list(&self, ctx: &Ctx) -> Vec<ManifestFile> {
        let file = |file: &PackageFile| ManifestFile {
            url: match &file.content {
                FileContent::External(external) => external.url.clone(),
                FileContent::Stored(stored) => {
                    downloads::url(ctx, &self.snapshot, &file.name, &stored.sha256, self.expiry)
                }
            },
            size: file.content.size(),
            md5: *file.content.md5(),
            sha256: *file.content.sha256(),
            execute: file.execute,
        };
        self.package.files.iter().map(file).collect()
    }
}

/// Opens a polling ID of the manifest endpoint and lists the files as of the time at which it was asked.
///
/// # Errors
/// [`PollError`] when the polling ID is not valid or the credential behind it was refused.
pub async fn answer(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    endpoint: Endpoint,
    polling_id: &str,
) -> Result<ManifestAnswer, PollError> {
    let opened = open(ctx, site, endpoint, polling_id).await?;
    let (asked_at, credential) = (opened.asked_at, opened.credential);
    let uuid = match opened.asked {
        Asked::Manifest { uuid } => uuid,
        Asked::Invalid(problem) => return Ok(ManifestAnswer::Problem(problem)),
        Asked::Kept | Asked::Updates(_) => return Err(PollError::Unknown),
    };
    let package = |snapshot: &Arc<SiteSnapshot>| {
        matching::manifest(snapshot.catalog(), &uuid, asked_at.date())
            .map(|(update, package)| (update.entitlement_check, package.clone()))
    };
    let (snapshot, decision) = ctx.certainly(&opened.snapshot, package).await?;
    Ok(match decision {
        Ok(package) => ManifestAnswer::Files(ManifestFiles::polled(snapshot, uuid, package, asked_at, credential)),
        Err(refusal) => ManifestAnswer::Refused(refusal, uuid),
    })
}
