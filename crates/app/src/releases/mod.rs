//! Releases: receiving files, and publishing a package with its update in one step.

mod publish;
mod receive;

pub use publish::{PublishError, Published, Release, ReleaseFile, check_before_upload, publish};
pub use receive::{FILE_LIMIT, ReceivedFile, discard, receive};
