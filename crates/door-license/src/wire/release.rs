//! Releases that applications are told about.

use std::sync::Arc;

use countersign_app::Ctx;
use countersign_app::license_api::file_url;
use countersign_app::sites::SiteSnapshot;
use countersign_crypto::encoding::hex_encode;
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::ReleasedVersion;
use serde::Serialize;
use utoipa::ToSchema;

use super::Company;
use crate::time::instant;

/// A release, nested or among the members of a check.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReleaseBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    #[schema(example = "4.2")]
    version: String,
    /// Where the file is.
    #[schema(example = "https://updates.example.test/f/demo/…/pump.bin")]
    installation_file: String,
    release_date: Option<String>,
    #[schema(example = "d41d8cd98f00b204e9800998ecf8427e")]
    hash_md5: String,
    /// What it runs on.
    #[schema(example = "linux64")]
    environment: &'static str,
    eula_link: String,
    release_notes_link: String,
    /// Length in bytes, in digits.
    #[schema(example = "1024")]
    size: String,
    requires_version: String,
    channel: String,
}

/// A release as it is asked for by itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct AskedRelease {
    #[serde(flatten)]
    release: ReleaseBody,
    company: Company,
}

/// A line of the list of releases.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedRelease {
    #[schema(example = "4.2")]
    version: String,
    release_date: String,
}

/// The newest release of a product, in the form of the product's page.
#[derive(Serialize, ToSchema)]
pub(crate) struct LatestVersion {
    #[schema(example = 8)]
    id: i64,
    #[schema(example = "4.2")]
    version: String,
    full_link: String,
    filename: String,
    release_date: String,
    hash_md5: String,
    environment: &'static str,
    eula_link: String,
    release_notes_link: String,
    size: String,
    requires_version: String,
    channel: String,
    created_at: String,
    updated_at: String,
    enabled: bool,
    product_id: i64,
}

/// Says where files are; every URL is made by the site.
#[derive(Clone)]
pub(crate) struct Places {
    pub(crate) ctx: Ctx,
    pub(crate) site: Arc<SiteSnapshot>,
}

impl Places {
    /// A release in a member of its own.
    pub(crate) fn nested(&self, release: &ReleasedVersion) -> ReleaseBody {
        ReleaseBody { id: Some(release.id.0), ..self.flat(release) }
    }

    /// A release among other members, whose `id` is that of something else.
    pub(crate) fn flat(&self, release: &ReleasedVersion) -> ReleaseBody {
        ReleaseBody {
            id: None,
            version: release.version.clone(),
            installation_file: file_url(&self.ctx, &self.site, release),
            release_date: Some(instant(release.released_at)),
            hash_md5: hex_encode(&release.md5),
            environment: release.environment.as_str(),
            eula_link: release.eula_link.clone(),
            release_notes_link: release.release_notes_link.clone(),
            size: release.size.to_string(),
            requires_version: release.requires_version.clone(),
            channel: release.channel.clone(),
        }
    }

    /// The newest release of a product.
    pub(crate) fn latest(&self, release: &ReleasedVersion) -> LatestVersion {
        let body = self.flat(release);
        let released = instant(release.released_at);
        LatestVersion {
            id: release.id.0,
            version: body.version,
            full_link: body.installation_file,
            filename: release.file_name.to_string(),
            release_date: released.clone(),
            hash_md5: body.hash_md5,
            environment: body.environment,
            eula_link: body.eula_link,
            release_notes_link: body.release_notes_link,
            size: body.size,
            requires_version: body.requires_version,
            channel: body.channel,
            created_at: released.clone(),
            updated_at: released,
            enabled: true,
            product_id: release.product.0,
        }
    }

    /// A release as it is asked for by itself.
    pub(crate) fn asked(&self, site: SiteId, release: &ReleasedVersion) -> AskedRelease {
        AskedRelease { release: self.nested(release), company: site.into() }
    }
}

/// A line of the list of releases.
pub(crate) fn listed(release: &ReleasedVersion) -> ListedRelease {
    ListedRelease { version: release.version.clone(), release_date: instant(release.released_at) }
}
