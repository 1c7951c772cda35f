//! Licenses on devices that have no connection: a person carries a request file here, and a file in response back.
//!
//! A request file is used once. Whoever brings the same file again gets the same answer for as long as what it was used for
//! is still so; a file from before a deactivation never activates again. Files of the first form do not prove which request
//! they are, so their signatures are used once, too, and those of the answers, which are alike.
//!
//! | file | what |
//! |---|---|
//! | `activation.rs` | licenses and bundles are activated |
//! | `deactivation.rs` | they are given back, with the units that the device has counted |
//! | `refresh.rs` | the producer makes a new file |
//! | `uses.rs` | which files were used for what |

mod activation;
mod deactivation;
mod refresh;
mod uses;

use std::sync::Arc;

use countersign_domain::audit::{Action, Actor, Channel};
use countersign_domain::ids::{LicenseId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_store::Tx;

pub use self::activation::{activate_bundle_offline, activate_offline};
pub use self::deactivation::{OfflineDeactivation, deactivate_bundle_offline, deactivate_offline};
pub use self::refresh::refresh_offline;
use super::refusal::LicenseError;

/// A request file whose proof holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFile {
    /// What the device calls it.
    pub id: String,
    /// Digest of what it says.
    pub digest: [u8; 32],
    /// When the device made it; `None`: it says so in a form that nobody can read.
    pub made_at: Option<Timestamp>,
    /// Digest of the signature, where that is over names and date alone: whoever sees it can write other files around it.
    /// `None`: all is proved that the file says.
    pub signature: Option<[u8; 32]>,
    /// Digest of such a signature that a file carries which is proved by another one.
    pub carried: Option<[u8; 32]>,
}

/// Makes the signature over names and date that an answer carries, of the time at which a file was used.
pub type AnswerSignature = Arc<dyn Fn(Timestamp) -> [u8; 32] + Send + Sync>;

/// What an administrator does for a device stands in the audit trail; devices have histories of their own.
pub(super) async fn audit(
    tx: &mut dyn Tx,
    site: SiteId,
    actor: &Actor,
    verb: &'static str,
    license: Option<LicenseId>,
) -> Result<(), LicenseError> {
    if actor.channel == Channel::LicenseDoor {
        return Ok(());
    }
    let subject = license.map_or_else(String::new, |license| license.to_string());
    let now = tx.now().await?;
    Ok(tx.audit_trail().insert(site, actor, &Action::new(verb, subject), now).await?)
}
