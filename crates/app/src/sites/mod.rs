//! Sites: administering them, finding the one that a request means, and what this process holds of each in memory.

mod admin;
mod comparing;
mod directory;
mod load;
mod resolve;
mod snapshot;

pub use admin::{SiteError, change_settings, create, list};
pub(crate) use directory::Directory;
pub use resolve::{NoSite, RequestedSite, SiteRef, resolve};
pub(crate) use snapshot::ActiveSigningKey;
pub use snapshot::SiteSnapshot;
