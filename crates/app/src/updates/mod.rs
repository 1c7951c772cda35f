//! Updates: administering them, answering which apply to a device, and listing the files of one.

mod admin;
mod answer;
mod manifest;

pub use admin::{CreateUpdateError, UnknownUpdate, create, list, set_status};
pub use answer::{UpdateAnswer, UpdateList, answer};
pub use manifest::{ManifestAnswer, ManifestFile, answer as answer_manifest};
