//! Seats of floating licenses and features: taken and renewed by checks, given back, borrowed.
//!
//! A seat is taken in a unit of work that has locked its license and its pool: never more are held than there are. A holder
//! that goes on moves the end of its seat alone, and within a second it writes nothing, because a seat lasts a second longer
//! than its holder was told. A refusal is rolled back, and then noted for the producer.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_domain::ids::{DeviceId, FeatureId, LicenseId, SiteId};
use countersign_domain::licensing::{
    License, LicenseFeature, Seat, SeatPool, SeatRefusal, SeatStep, SeatWish, Seats, Standing,
};
use countersign_domain::text::{CustomerName, FeatureCode};
use countersign_domain::time::Timestamp;
use countersign_store::{StoreError, Tx};

use super::LicenseCaller;
use super::consume::in_force;
use super::find::{self, Bound, Hold};
use super::question::Identity;
use super::refusal::{LicenseError, Refusal};
use super::view::FeatureView;
use crate::{Ctx, Fault};

/// Seats that have ended and are removed with those that must be, when a pool is full: some, so that most units find room.
const SWEPT_BESIDE: u32 = 64;

/// The seats of a license or feature, at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeatsView {
    /// How many are held.
    pub in_use: u32,
    /// The one that the device holds which asks.
    pub held: Option<Seat>,
}

/// The seats of a license and its features, at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LicenseSeats {
    /// Of the license itself.
    pub own: SeatsView,
    /// Of those features that have some.
    pub features: BTreeMap<FeatureId, SeatsView>,
}

impl LicenseSeats {
    /// The seats of a feature.
    #[must_use]
    pub fn of(&self, feature: FeatureId) -> SeatsView {
        self.features.get(&feature).copied().unwrap_or_default()
    }
}

/// A device that got no seat, with what it is told about it: not who holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Of what.
    pub pool: SeatPool,
    /// Who.
    pub device: DeviceId,
    /// Why.
    pub reason: SeatRefusal,
    /// How many seats there are.
    pub seats: u32,
    /// When the first of them ends, if its holder is not heard of again.
    pub free_at: Option<Timestamp>,
    /// The customer who holds the license: who can ask for a seat to be given back.
    pub customer: CustomerName,
}

/// A seat to borrow.
pub struct Borrow {
    /// For which license, on which device.
    pub identity: Identity,
    /// Of the feature with this code; `None`: of the license.
    pub feature: Option<FeatureCode>,
    /// Until when; `None`: for as long as the rules allow.
    pub until: Option<Timestamp>,
}

/// A seat that was borrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Borrowed {
    /// The license.
    pub license: LicenseId,
    /// The device.
    pub device: DeviceId,
    /// Until when.
    pub until: Timestamp,
    /// For how many hours a seat may be borrowed.
    pub hours: u32,
    /// The feature, when its seat was borrowed.
    pub feature: Option<FeatureView>,
}

/// What has seats, and how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seated {
    pub(super) pool: SeatPool,
    pub(super) rules: Seats,
}

/// What a check has to do about a seat.
pub(super) enum Need {
    /// The device holds one for long enough, or none is needed.
    Nothing,
    /// Its end is to be moved.
    Renew,
    /// One is to be taken.
    Take,
}

impl Seated {
    /// A license.
    pub(super) fn license(license: &License) -> Self {
        Self { pool: SeatPool::of(license.id), rules: license.rules.seats }
    }

    /// A feature of a license.
    pub(super) fn feature(license: &License, feature: &LicenseFeature) -> Self {
        let pool = SeatPool { license: license.id, feature: Some(feature.id) };
        Self { pool, rules: feature.rules.seats }
    }

    /// A license, or the feature of it with a code.
    fn named(license: &License, code: Option<&FeatureCode>) -> Result<Self, Refusal> {
        let Some(code) = code else { return Ok(Self::license(license)) };
        let feature = license.features.iter().find(|feature| feature.code == *code);
        feature.map(|feature| Self::feature(license, feature)).ok_or(Refusal::FeatureUnknown)
    }
}

/// The seats of a license and its features, as a device sees them.
pub(super) async fn look_all(
    tx: &mut dyn Tx,
    license: &License,
    device: Option<DeviceId>,
    now: Timestamp,
) -> Result<LicenseSeats, StoreError> {
    let own = look(tx, Seated::license(license), device, now).await?;
    let mut features = BTreeMap::new();
    for feature in license.features.iter().filter(|feature| feature.rules.seats.are_counted()) {
        features.insert(feature.id, look(tx, Seated::feature(license, feature), device, now).await?);
    }
    Ok(LicenseSeats { own, features })
}

/// The seats of one pool, as a device sees them.
pub(super) async fn look(
    tx: &mut dyn Tx,
    Seated { pool, rules }: Seated,
    device: Option<DeviceId>,
    now: Timestamp,
) -> Result<SeatsView, StoreError> {
    if !rules.are_counted() {
        return Ok(SeatsView::default());
    }
    let ended_by = rules.ended_by(now, tx.clock_jump().await?);
    let held = match device {
        Some(device) => tx.seats().find(pool, device).await?.filter(|seat| seat.is_held(ended_by)),
        None => None,
    };
    Ok(SeatsView { in_use: tx.seats().count_held(pool, ended_by).await?, held })
}

/// What a check has to do about a seat, from what was seen of the pool. A refusal that was noted a moment ago is repeated
/// without another look.
pub(super) async fn need(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    license: &License,
    (seated, seen): (Seated, SeatsView),
    device: DeviceId,
    now: Timestamp,
) -> Result<Need, LicenseError> {
    let Seated { pool, rules } = seated;
    if !rules.are_counted() || license.standing(now) != Standing::InForce {
        return Ok(Need::Nothing);
    }
    caller.may_write()?;
    if let Some(seat) = seen.held {
        return Ok(if matches!(rules.renew(seat, now), SeatStep::Keep(_)) { Need::Nothing } else { Need::Renew });
    }
    if seen.in_use >= rules.users {
        let reason = SeatRefusal::NoneFree;
        let last = tx.seat_denials().find_last(pool, device, reason).await?;
        if last.is_some_and(|last| last.covers(now)) {
            return Err(denied(tx, license, seated, device, reason, now).await?);
        }
    }
    Ok(Need::Take)
}

/// Moves the ends of seats that devices hold, given in the order of their pools, and notes that a device was heard of.
/// `false`: one of them is not held; those before it were moved.
pub(super) async fn renew(
    ctx: &Ctx,
    site: SiteId,
    held: Vec<(Seated, DeviceId)>,
    unheard: Option<DeviceId>,
) -> Result<bool, Fault> {
    let held: Arc<[_]> = held.into();
    let unit = ctx.write::<_, StoreError, _>(site, move |tx| {
        let held = held.clone();
        Box::pin(async move {
            let now = tx.now().await?;
            for (Seated { pool, rules }, device) in held.iter().copied() {
                let ended_by = rules.ended_by(now, tx.clock_jump().await?);
                if !tx.seats().extend(pool, device, ended_by, (now, rules.end(now))).await? {
                    return Ok(false);
                }
            }
            // Behind the seats, as where a device gives everything back: neither waits for what the other holds.
            if let Some(device) = unheard {
                tx.devices().set_last_seen(device, now).await?;
            }
            Ok(true)
        })
    });
    Ok(unit.await?)
}

/// Gives a device a seat of a license that is locked, or of its feature, unless the rules refuse it.
pub(super) async fn take(
    tx: &mut dyn Tx,
    license: &License,
    seated: Seated,
    device: DeviceId,
    wish: SeatWish,
) -> Result<Seat, LicenseError> {
    let Seated { pool, rules } = seated;
    if !rules.are_counted() {
        return Err(Refusal::NoSeats.into());
    }
    let rows = tx.seats().lock(pool).await?;
    // Now that nobody is waited for any more: an earlier time would not know who was first.
    let now = tx.now().await?;
    let ended_by = rules.ended_by(now, tx.clock_jump().await?);
    let held = tx.seats().find(pool, device).await?.filter(|seat| seat.is_held(ended_by));
    let ended = match held {
        None if rows >= rules.users => {
            let most = rows.saturating_sub(rules.users).saturating_add(SWEPT_BESIDE);
            tx.seats().delete_ended(pool, ended_by, most).await?
        }
        _ => 0,
    };
    match rules.decide(device, wish, held, rows.saturating_sub(ended), now) {
        Ok(SeatStep::Keep(seat)) => Ok(seat),
        Ok(SeatStep::Renew(seat) | SeatStep::Take(seat)) => {
            tx.seats().put(pool, &seat).await?;
            Ok(seat)
        }
        Err(SeatRefusal::NoSeats) => Err(Refusal::NoSeats.into()),
        Err(reason) => Err(denied(tx, license, seated, device, reason, now).await?),
    }
}

async fn denied(
    tx: &mut dyn Tx,
    license: &License,
    Seated { pool, rules }: Seated,
    device: DeviceId,
    reason: SeatRefusal,
    now: Timestamp,
) -> Result<LicenseError, StoreError> {
    let ended_by = rules.ended_by(now, tx.clock_jump().await?);
    let free_at = tx.seats().first_end(pool, ended_by).await?;
    let customer = license.customer.clone();
    let denied = Denied { pool, device, reason, seats: rules.users, free_at, customer };
    Ok(LicenseError::Denied(Box::new(denied)))
}

/// Notes a refusal for the producer, and passes the outcome on. The unit that refused was rolled back.
pub(super) async fn noted<T>(ctx: &Ctx, site: SiteId, outcome: Result<T, LicenseError>) -> Result<T, LicenseError> {
    if let Err(LicenseError::Denied(denied)) = &outcome {
        let denied = denied.clone();
        let noted =
            ctx.write::<_, Fault, _>(site, move |tx| Box::pin(async move { Ok(note(tx, site, &denied).await?) }));
        if let Err(error) = noted.await {
            // The refusal holds without it.
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "a refused seat was not noted");
        }
    }
    outcome
}

/// Notes a refusal for the producer, unless one was noted a moment ago.
pub(super) async fn note(tx: &mut dyn Tx, site: SiteId, denied: &Denied) -> Result<(), StoreError> {
    let Denied { pool, device, reason, .. } = *denied;
    let now = tx.now().await?;
    let last = tx.seat_denials().find_last(pool, device, reason).await?;
    if !last.is_some_and(|last| last.covers(now)) {
        tx.seat_denials().note(site, pool, device, reason, now).await?;
    }
    Ok(())
}

/// Gives the seat of a device back, of a license or of the feature with a code. Nothing happens when it holds none.
///
/// # Errors
/// [`Refusal::NoSeats`] when there are none, and what finding the license says.
pub async fn release_seat(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
    feature: Option<FeatureCode>,
) -> Result<(), LicenseError> {
    caller.may_write()?;
    let (site, caller) = (caller.site, caller.clone());
    ctx.write(site, move |tx| {
        Box::pin(async move {
            let Bound { license, device, .. } = find::bound(tx, &caller, &identity, Hold::Look).await?;
            let Seated { pool, rules } = Seated::named(&license, feature.as_ref())?;
            if !rules.are_counted() {
                return Err(Refusal::NoSeats.into());
            }
            tx.seats().delete(pool, device.id).await?;
            Ok(())
        })
    })
    .await
}

/// Keeps a seat for a device while it is away. The device need not hold one before.
///
/// # Errors
/// [`LicenseError::Denied`] when it gets none, and what finding the license says; nothing was changed then.
pub async fn borrow_seat(ctx: &Ctx, caller: &LicenseCaller, borrow: Borrow) -> Result<Borrowed, LicenseError> {
    caller.may_write()?;
    let Borrow { identity, feature, until } = borrow;
    let (site, caller) = (caller.site, caller.clone());
    let borrowed = ctx.write(site, move |tx| {
        Box::pin(async move {
            let Bound { license, device, .. } = find::bound(tx, &caller, &identity, Hold::Lock).await?;
            let now = tx.now().await?;
            in_force(&license, now)?;
            let seated = Seated::named(&license, feature.as_ref())?;
            if license.features.iter().any(|one| feature.as_ref() == Some(&one.code) && one.is_expired(now)) {
                return Err(Refusal::LicenseExpired.into());
            }
            let seat = take(tx, &license, seated, device.id, SeatWish::Borrow(until)).await?;
            let feature = match feature {
                None => None,
                Some(code) => Some(super::check::feature_view(tx, license.clone(), &code, device.id, now).await?),
            };
            Ok(Borrowed {
                license: license.id,
                device: device.id,
                until: seat.borrowed_until.unwrap_or(seat.ends_at),
                hours: seated.rules.borrow.unwrap_or(0),
                feature,
            })
        })
    });
    noted(ctx, site, borrowed.await).await
}
