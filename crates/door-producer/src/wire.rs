//! JSON bodies, and the way from them to typed values and back.

mod files;
mod keys;
mod lists;
mod members;
mod packages;
mod updates;

use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use files::{FileBody, FileBytes, FileList, digest};
pub(crate) use keys::{KeyAnswer, KeyUpload, SigningKeyList};
pub(crate) use lists::{PackageList, UpdateList};
pub use members::BodyProblem;
pub(crate) use packages::PackageBody;
pub use packages::read_package;
pub use updates::read_update;
pub(crate) use updates::{UpdateBody, status};

/// Why a call about updates, packages or files has no good answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody {
    /// Machine-readable code; does not change
    #[schema(example = "update.unknown")]
    pub(crate) key: &'static str,
    /// Text for people; may change
    #[schema(example = "This site has no update of that ID.")]
    pub(crate) error_message: String,
}
