//! Bodies in which devices ask something.

use countersign_app::polling::{Asked, Problem};
use countersign_domain::device::UpdateQuestion;
use countersign_domain::text::{PackageId, Platform};
use serde::Deserialize;
use utoipa::ToSchema;

use super::members::{Member, device_class, identity, language, malformed, needed};

/// A question about updates.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdatesRequest {
    /// `client` (also when not given), `server` or `served`
    #[schema(value_type = Option<String>, example = "client")]
    device_class: Option<Member>,
    /// Host ID; not given by an anonymous device
    #[schema(value_type = Option<String>, example = "PUMP-0077")]
    id: Option<Member>,
    /// Kind of the host ID
    #[schema(value_type = Option<String>, example = "STRING")]
    id_type: Option<Member>,
    /// Publisher
    #[schema(value_type = Option<String>, example = "acme")]
    publisher_name: Option<Member>,
    /// The package that is installed now
    #[schema(value_type = String, example = "pump-fw-4.1")]
    update_from_pkg_id: Option<Member>,
    /// The device's platform
    #[schema(value_type = String, example = "LINUX32")]
    platform: Option<Member>,
    /// Windows language identifier
    #[schema(value_type = Option<u32>, example = 1033)]
    language: Option<Member>,
}

/// A question about the files of an update.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ManifestRequest {
    /// Last segment of the update's `manifestURL`
    #[schema(value_type = String, example = "8d5c1f0a-52f4-4a8f-9b3c-8f8a4f6a2d10")]
    uuid: Option<Member>,
}

impl UpdatesRequest {
    pub(crate) fn read(self) -> Result<Asked, Problem> {
        let device_class = device_class(self.device_class)?;
        let identity = identity(self.id, self.id_type, self.publisher_name)?;
        let installed = needed("updateFromPkgId", self.update_from_pkg_id)?;
        let platform = needed("platform", self.platform)?;
        Ok(Asked::Updates(UpdateQuestion {
            device_class,
            identity,
            installed: PackageId::new(installed).map_err(|_| malformed("updateFromPkgId"))?,
            platform: Platform::new(platform).map_err(|_| malformed("platform"))?,
            language: language(self.language)?,
        }))
    }
}

impl ManifestRequest {
    pub(crate) fn read(self) -> Result<Asked, Problem> {
        Ok(Asked::Manifest { uuid: needed("uuid", self.uuid)? })
    }
}
