//! Updates: administering them, answering which apply to a device, and listing the files of one.

mod admin;
mod answer;
mod manifest;
mod search;

pub use admin::{CreateUpdateError, ReplaceUpdateError, UnknownUpdate, create, delete, replace, set_status};
pub use answer::{UpdateAnswer, UpdateList, answer};
pub use manifest::{ManifestAnswer, ManifestFile, ManifestFiles, answer as answer_manifest};
pub use search::{UpdateFilter, find, list, search};
