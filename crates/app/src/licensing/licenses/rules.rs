//! Changing what is laid down for a license beside its terms, and setting a license back.

use countersign_domain::audit::Actor;
use countersign_domain::changes::{Changes, Members};
use countersign_domain::event::{Event, Happened};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::{
    FeatureRules, License, LicenseRules, LicenseTerms, LicenseUsage, Meter, RULES_LIMIT, RulesError, Validity,
    check_rules,
};
use countersign_domain::text::{FeatureCode, LicenseKey};
use countersign_domain::time::Date;
use countersign_store::repositories::Page;
use countersign_store::{StoreError, Tx};

use crate::fault::takes_store_errors;
use crate::licensing::record_named;
use crate::{Ctx, Fault};

/// Most devices that one unit of work lets go of.
const DEVICES_PER_RESET: u32 = 10_000;

/// Why rules were not changed. None of these carries a license key.
#[derive(Debug, thiserror::Error)]
pub enum ChangeRulesError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The rules cannot be kept.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// More devices than one unit of work lets go of.
    #[error("the license is active on more than {DEVICES_PER_RESET} devices")]
    TooManyDevices,
    /// The type of a license never changes.
    #[error("the type of a license never changes; create another license")]
    Type,
    /// The product has no such feature.
    #[error("the product has no feature {0:?}; see: countersign feature list --product NAME")]
    UnknownFeature(String),
    /// No such license.
    #[error("this site has no license with this key; see: countersign license list")]
    UnknownLicense,
}

takes_store_errors!(ChangeRulesError);

/// Changes what is laid down for a license: the function gets the rules in force and changes what it wants.
///
/// # Errors
/// [`ChangeRulesError`] says why the rules are as they were.
pub async fn change_rules(
    ctx: &Ctx,
    site: SiteId,
    key: LicenseKey,
    change: impl FnOnce(&mut LicenseRules) + Send + 'static,
) -> Result<License, ChangeRulesError> {
    let actor = ctx.actor();
    record_named(ctx, site, "license.change-rules", move |tx| {
        Box::pin(async move {
            let mut license = tx.licenses().lock(site, &key).await?.ok_or(ChangeRulesError::UnknownLicense)?;
            let (laid, before) = (license.rules.clone(), license.members());
            change(&mut license.rules);
            if license.rules.license_type != laid.license_type {
                return Err(ChangeRulesError::Type);
            }
            check_rules(&license.rules)?;
            if license.usage.first_activated_at.is_some() {
                let first = first_day(&license.terms, tx.now().await?.date());
                let rules = &mut license.rules;
                let ends = last_day(rules.validity, laid.validity, license.terms.end_date, first);
                rules.maintenance_end = last_day(rules.maintenance, laid.maintenance, rules.maintenance_end, first);
                if ends != license.terms.end_date {
                    license.terms.end_date = ends;
                    tx.licenses().set_terms(license.id, &license.terms).await?;
                }
            }
            tx.licenses().set_rules(license.id, &license.rules).await?;
            tell(tx, site, &before, &license, &actor).await?;
            Ok((license.id.to_string(), license))
        })
    })
    .await
}

/// Includes a feature of the product in a license, or changes what is laid down for it there. What was counted stays.
///
/// # Errors
/// [`ChangeRulesError`] says why the license is as it was.
pub async fn set_feature(
    ctx: &Ctx,
    site: SiteId,
    key: LicenseKey,
    code: FeatureCode,
    change: impl FnOnce(&mut FeatureRules) + Send + 'static,
) -> Result<License, ChangeRulesError> {
    let actor = ctx.actor();
    record_named(ctx, site, "license.set-feature", move |tx| {
        Box::pin(async move {
            let license = tx.licenses().lock(site, &key).await?.ok_or(ChangeRulesError::UnknownLicense)?;
            let unknown = || ChangeRulesError::UnknownFeature(code.to_string());
            let (feature, mut rules, meter) = match license.features.iter().find(|feature| feature.code == code) {
                Some(feature) => (feature.id, feature.rules.clone(), feature.meter),
                None => {
                    let features = tx.features().list(license.product.id).await?;
                    let feature = features.into_iter().find(|feature| feature.code == code).ok_or_else(unknown)?;
                    (feature.id, feature.rules, Meter::default())
                }
            };
            let laid = license.features.iter().find(|feature| feature.code == code);
            let laid = laid.and_then(|feature| feature.rules.validity);
            change(&mut rules);
            if license.usage.first_activated_at.is_some() {
                let first = first_day(&license.terms, tx.now().await?.date());
                rules.end_date = last_day(rules.validity, laid, rules.end_date, first);
            }
            if rules.to_text().len() > RULES_LIMIT {
                return Err(RulesError::TooLong.into());
            }
            tx.licenses().set_feature(license.id, feature, &rules, meter).await?;
            let changed = tx.licenses().find(site, &license.key).await?.ok_or(StoreError::OutcomeUnknown)?;
            tell(tx, site, &license.members(), &changed, &actor).await?;
            Ok((format!("{code} of {}", license.id), changed))
        })
    })
    .await
}

/// The first of the days that are laid down today for a license in use.
fn first_day(terms: &LicenseTerms, today: Date) -> Date {
    terms.start_date.map_or(today, |start| start.max(today))
}

/// The last day of what is in use already, once it has a duration and no end: its days count from when they are laid down, or from
/// a start that is still to come. What was laid down before the first activation counts from there.
fn last_day(validity: Option<Validity>, laid: Option<Validity>, end: Option<Date>, first: Date) -> Option<Date> {
    end.or(validity.filter(|_| validity != laid).map(|validity| validity.last_day_from(first)))
}

/// Sets a license back to what it was before its first activation: it is active on no device, nothing is counted, and it has
/// moved nowhere. Its terms stay.
///
/// # Errors
/// [`ChangeRulesError`] says why the license is as it was.
pub async fn reset(ctx: &Ctx, site: SiteId, key: LicenseKey) -> Result<License, ChangeRulesError> {
    let actor = ctx.actor();
    record_named(ctx, site, "license.reset", move |tx| {
        Box::pin(async move {
            let license = tx.licenses().lock(site, &key).await?.ok_or(ChangeRulesError::UnknownLicense)?;
            let page = Page::first(DEVICES_PER_RESET + 1);
            let activations = tx.activations().list_of_license(license.id, page).await?;
            if u32::try_from(activations.len()).is_ok_and(|count| count > DEVICES_PER_RESET) {
                return Err(ChangeRulesError::TooManyDevices);
            }
            let now = tx.now().await?;
            let mut left = license.activations;
            for activation in activations {
                tx.activations().delete(license.id, activation.device).await?;
                let event = Event::LicenseReleased(license.id, activation.device);
                let changes = Changes::of("activations", left, left.saturating_sub(1));
                left = left.saturating_sub(1);
                tx.outbox().insert_changed(site, &Happened { event, changes }, &actor, now).await?;
            }
            let mut before = license.members();
            before.insert("activations".to_owned(), left.into());
            tx.licenses().set_usage(license.id, &LicenseUsage::default()).await?;
            for feature in &license.features {
                tx.licenses().set_feature(license.id, feature.id, &feature.rules, Meter::default()).await?;
            }
            tx.device_details().delete_variables(license.id).await?;
            let changed = tx.licenses().find(site, &license.key).await?.ok_or(StoreError::OutcomeUnknown)?;
            tell(tx, site, &before, &changed, &actor).await?;
            Ok((license.id.to_string(), changed))
        })
    })
    .await
}

/// Tells what has changed about a license. Saving what was there before is no news.
async fn tell(
    tx: &mut dyn Tx,
    site: SiteId,
    before: &Members,
    license: &License,
    actor: &Actor,
) -> Result<(), StoreError> {
    let changes = Changes::between(before, &license.members());
    if changes.is_empty() {
        return Ok(());
    }
    let now = tx.now().await?;
    let happened = Happened { event: Event::LicenseChanged(license.id), changes };
    tx.outbox().insert_changed(site, &happened, actor, now).await
}
