//! Sites: administering them, finding the one that a request means, and what this process holds of each in memory.

mod admin;
mod comparing;
mod directory;
mod health;
mod license_signer;
mod load;
mod resolve;
mod snapshot;
mod timed;

pub(crate) use admin::secret_label;
pub use admin::{SiteError, change_settings, create, find_name, list};
pub(crate) use directory::Directory;
pub use health::{SiteHealth, ensure_answers, examine};
pub(crate) use license_signer::LicenseSigner;
pub use resolve::{NoSite, RequestedSite, SiteRef, resolve};
pub(crate) use snapshot::ActiveSigningKey;
pub use snapshot::SiteSnapshot;
pub(crate) use timed::end_of_one_before;
