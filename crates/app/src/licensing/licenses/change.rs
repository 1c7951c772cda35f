//! Changing the terms of a license.

use countersign_domain::changes::Changes;
use countersign_domain::event::{Event, Happened};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::{ActivationLimit, License, LicenseTerms};
use countersign_domain::text::LicenseKey;
use countersign_domain::time::Date;

use crate::fault::takes_store_errors;
use crate::licensing::record_named;
use crate::{Ctx, Fault};

/// A license with new terms.
#[derive(Clone, PartialEq, Eq)]
pub struct ChangedTerms {
    /// The license as it is now.
    pub license: License,
    /// How many more activations it has than its terms allow now. They stay; there are no new ones until there is room.
    pub excess: u32,
}

/// Why terms were not changed. None of these carries a license key.
#[derive(Debug, thiserror::Error)]
pub enum ChangeTermsError {
    /// The last day is before the first one.
    #[error("the license would end ({end}) before it starts ({start})")]
    EndsBeforeStart {
        /// First day.
        start: Date,
        /// Last day.
        end: Date,
    },
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No such license.
    #[error("this site has no license with this key; see: countersign license list")]
    UnknownLicense,
}

takes_store_errors!(ChangeTermsError);

/// Changes the terms of a license: the function gets those in force and changes what it wants. Nobody else changes them at
/// the same time. What is activated stays activated, also beyond a lower limit.
///
/// # Errors
/// [`ChangeTermsError`] says why the terms are as they were.
pub async fn change_terms(
    ctx: &Ctx,
    site: SiteId,
    key: LicenseKey,
    change: impl FnOnce(&mut LicenseTerms) + Send + 'static,
) -> Result<ChangedTerms, ChangeTermsError> {
    let (actor, now) = (ctx.actor(), ctx.now());
    record_named(ctx, site, "license.change", move |tx| {
        Box::pin(async move {
            let mut license = tx.licenses().lock(site, &key).await?.ok_or(ChangeTermsError::UnknownLicense)?;
            let before = license.members();
            change(&mut license.terms);
            check_dates(&license.terms).map_err(|(start, end)| ChangeTermsError::EndsBeforeStart { start, end })?;
            tx.licenses().set_terms(license.id, &license.terms).await?;
            let changes = Changes::between(&before, &license.members());
            // Saving what was there before is no news.
            if !changes.is_empty() {
                let happened = Happened { event: Event::LicenseChanged(license.id), changes };
                tx.outbox().insert_changed(site, &happened, &actor, now).await?;
            }
            let excess = match license.terms.limit {
                ActivationLimit::AtMost(limit) => license.activations.saturating_sub(limit),
                ActivationLimit::Unlimited => 0,
            };
            Ok((license.id.to_string(), ChangedTerms { license, excess }))
        })
    })
    .await
}

/// A license must not end before it starts.
///
/// # Errors
/// First and last day, when they are the wrong way round.
pub(super) fn check_dates(terms: &LicenseTerms) -> Result<(), (Date, Date)> {
    match (terms.start_date, terms.end_date) {
        (Some(start), Some(end)) if end < start => Err((start, end)),
        _ => Ok(()),
    }
}
