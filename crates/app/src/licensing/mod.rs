//! Who may use what, as producers administer it: customers and their accounts, orders, licenses, features and devices.
//!
//! | module | what |
//! |---|---|
//! | [`accounts`], [`customers`] | who holds licenses |
//! | [`orders`] | what customers have bought |
//! | [`features`], [`licenses`] | what they may use, on how many devices, and when |
//! | [`activations`] | licenses on devices |
//! | [`seats`] | who holds seats of floating licenses, and who was refused one |
//! | [`products`], [`policies`], [`bundles`] | what holds for licenses, what they are made from, what is sold together |
//! | [`license_users`] | whom licenses are assigned to |
//! | [`versions`] | releases that applications are told about |
//! | [`devices`] | devices that the site knows |
//!
//! Every write makes one entry in the audit trail, and the events that follow from it, in its own unit of work. No snapshot
//! depends on any of this: what a device is entitled to is read when it asks. A unit that locks a license and a device
//! locks the license first.

use countersign_domain::audit::Action;
use countersign_domain::ids::{LicenseId, SiteId};
use countersign_domain::licensing::License;
use countersign_store::repositories::{LicenseFilter, Page};
use countersign_store::{BoxFuture, StoreError, Tx};

use crate::Ctx;

pub(crate) use self::activating::{activate_on, activation_event, note_change, write_activation};

mod activating;

pub mod accounts;
pub mod activations;
pub mod bundles;
pub mod customers;
pub mod devices;
pub mod features;
pub mod history;
pub mod license_users;
pub mod licenses;
pub mod orders;
pub mod policies;
pub mod products;
pub mod seats;
pub mod versions;

/// Runs an administrative unit of work like [`Ctx::record`], on something that has its name in the audit trail only when
/// the unit has found or written it: a license goes by its row id, because whoever knows its key can activate it.
async fn record_named<T, E, F>(ctx: &Ctx, site: SiteId, verb: &'static str, unit: F) -> Result<T, E>
where
    F: for<'t> FnOnce(&'t mut dyn Tx) -> BoxFuture<'t, Result<(String, T), E>> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (actor, now) = (ctx.actor(), ctx.now());
    ctx.write(site, move |tx| {
        Box::pin(async move {
            let (subject, value) = unit(&mut *tx).await?;
            tx.audit_trail().insert(site, &actor, &Action::new(verb, subject), now).await?;
            Ok(value)
        })
    })
    .await
}

/// The license of an activation: the list of all licenses that begins with it, and ends there.
async fn activated_license(tx: &mut dyn Tx, site: SiteId, id: LicenseId) -> Result<License, StoreError> {
    let page = Page { after: id.0.saturating_sub(1), limit: 1 };
    let found = tx.licenses().list(site, LicenseFilter::default(), page).await?;
    let broken = StoreError::BrokenRow { table: "activations", column: "license", row: id.0 };
    found.into_iter().find(|license| license.id == id).ok_or(broken)
}
