//! Sites: creating them, finding the one that a request means, and what this process holds of each in memory.

mod comparing;
mod create;
mod directory;
mod load;
mod resolve;
mod snapshot;

pub use create::{CreateSiteError, create, list};
pub(crate) use directory::Directory;
pub use resolve::{NoSite, RequestedSite, SiteRef, resolve};
pub use snapshot::SiteSnapshot;
