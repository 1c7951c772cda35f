//! Releases: receiving files, and publishing a package with its update in one step.

mod from_storage;
mod publish;
mod receive;

pub use from_storage::receive_from_storage;
pub use publish::{PublishError, Published, Release, ReleaseFile, check_before_upload, publish};
pub use receive::{FILE_LIMIT, ReceivedFile, discard, receive};
