//! Counting units: durable before the answer leaves, exact however many count at once.

use std::sync::Arc;

use countersign_domain::event::{CountedUnits, Event};
use countersign_domain::licensing::{FeatureType, License, Standing, Units};
use countersign_domain::text::FeatureCode;
use countersign_domain::time::Timestamp;

use super::LicenseCaller;
use super::find::{self, Bound, Hold};
use super::once::{self, Done, Once};
use super::question::Identity;
use super::refusal::{LicenseError, Refusal};
use super::seats::{self, Seated};
use super::view::Counted;
use crate::Ctx;

/// Units to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consumption {
    /// How many; negative to give some back.
    pub units: i64,
    /// What the client wants the overage to be; passed over unless the license lets clients set it.
    pub overage: Option<OverageWish>,
}

/// What a client wants the overage to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverageWish {
    /// Whether there is any; `None`: as it is.
    pub allowed: Option<bool>,
    /// How much; `None`: as it is.
    pub most: Option<u32>,
}

/// Counts units of a license on a device where it is active.
///
/// # Errors
/// [`Refusal`] says why not; the count is as it was then.
pub async fn add_consumption(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
    consumption: Consumption,
    once: Option<Once<Counted>>,
) -> Result<Done<Counted>, LicenseError> {
    caller.may_write()?;
    let call = Arc::new((caller.clone(), identity, ctx.actor()));
    once::run(ctx, caller.site, once, move |tx| {
        let call = call.clone();
        Box::pin(async move {
            let (caller, identity, actor) = &*call;
            let Bound { license, device, .. } = find::bound(tx, caller, identity, Hold::Lock).await?;
            let now = tx.now().await?;
            in_force(&license, now)?;
            if !license.counts_units() {
                return Err(Refusal::LicenseNotConsumption.into());
            }
            let mut rules = license.rules;
            if let (Some(wish), true) = (consumption.overage, rules.client_overage) {
                let before = rules.metering.overage;
                rules.metering.overage = wished(before, wish);
                if rules.metering.overage != before {
                    tx.licenses().set_rules(license.id, &rules).await?;
                }
            }
            let mut usage = license.usage;
            let counted = rules.metering.consume(usage.meter, consumption.units, usage.first_activated_at, now);
            usage.meter = counted.map_err(Refusal::from)?;
            tx.licenses().set_usage(license.id, &usage).await?;
            let counted = CountedUnits { feature: None, units: consumption.units, total: usage.meter.total };
            tx.outbox().insert(caller.site, Event::UnitsCounted(license.id, device.id, counted), actor, now).await?;
            let metering = rules.metering;
            Ok(Counted { license: license.id, feature: None, metering, meter: usage.meter, seats: None })
        })
    })
    .await
}

/// Counts units of a feature of a license on a device where it is active.
///
/// # Errors
/// [`Refusal`] says why not; the count is as it was then.
pub async fn add_feature_consumption(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
    code: FeatureCode,
    units: i64,
    once: Option<Once<Counted>>,
) -> Result<Done<Counted>, LicenseError> {
    caller.may_write()?;
    let call = Arc::new((caller.clone(), identity, code, ctx.actor()));
    once::run(ctx, caller.site, once, move |tx| {
        let call = call.clone();
        Box::pin(async move {
            let (caller, identity, code, actor) = &*call;
            let Bound { license, device, .. } = find::bound(tx, caller, identity, Hold::Lock).await?;
            let now = tx.now().await?;
            in_force(&license, now)?;
            let feature = license.features.iter().find(|feature| feature.code == *code);
            let feature = feature.ok_or(Refusal::FeatureUnknown)?;
            if feature.rules.feature_type != FeatureType::Consumption {
                return Err(Refusal::LicenseNotConsumption.into());
            }
            if feature.is_expired(now) {
                return Err(Refusal::LicenseExpired.into());
            }
            let metering = feature.rules.metering;
            let counted = metering.consume(feature.meter, units, license.usage.first_activated_at, now);
            let meter = counted.map_err(Refusal::from)?;
            tx.licenses().set_feature(license.id, feature.id, &feature.rules, meter).await?;
            let counted = CountedUnits { feature: Some(feature.id), units, total: meter.total };
            tx.outbox().insert(caller.site, Event::UnitsCounted(license.id, device.id, counted), actor, now).await?;
            let seen = seats::look(tx, Seated::feature(&license, feature), Some(device.id), now).await?;
            let seats = Some((feature.rules.seats.floating, seen));
            Ok(Counted { license: license.id, feature: Some(feature.id), metering, meter, seats })
        })
    })
    .await
}

/// Units are counted, and seats borrowed, while the license can be used.
pub(super) fn in_force(license: &License, now: Timestamp) -> Result<(), Refusal> {
    match license.standing(now) {
        Standing::InForce => Ok(()),
        Standing::Disabled => Err(Refusal::LicenseNotEnabled),
        Standing::Expired => Err(Refusal::LicenseExpired),
        Standing::NotStarted => Err(Refusal::LicenseNotStarted),
    }
}

fn wished(before: Option<Units>, wish: OverageWish) -> Option<Units> {
    let most = wish.most.map(|most| Units::AtMost(i64::from(most)));
    match wish.allowed {
        Some(false) => None,
        Some(true) => most.or(before).or(Some(Units::AtMost(0))),
        None => before.map(|before| most.unwrap_or(before)),
    }
}
