//! Seats as a producer sees them: who holds them, and who was refused one.

use std::time::Duration;

use countersign_domain::device::{Device, DeviceIdentity};
use countersign_domain::ids::{SeatDenialId, SeatId, SiteId};
use countersign_domain::licensing::{ClockJump, License, Seat, SeatDenial, SeatPool};
use countersign_domain::text::{FeatureCode, LicenseKey};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::Page;
use countersign_store::{StoreError, Tx};

use super::{activated_license, record_named};
use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Seats that one unit of work removes when they have ended: other writers never wait long for it.
const SEATS_PER_UNIT: u32 = 1000;
/// Most units in a sweep, so that it ends.
const UNITS_PER_SWEEP: u32 = 200;
/// How long after a jump of the clock seats are not swept that it spares.
const SPARED: Duration = Duration::from_secs(30 * 24 * 3600);

/// A seat with who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldSeat {
    /// Row id.
    pub id: SeatId,
    /// The device.
    pub device: Device,
    /// The feature that it is of; `None`: of the license itself.
    pub feature: Option<FeatureCode>,
    /// The seat.
    pub seat: Seat,
}

/// Refusals within an hour, with who was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedSeat {
    /// Row id.
    pub id: SeatDenialId,
    /// The license.
    pub license: License,
    /// The device.
    pub device: Device,
    /// The feature that it wanted a seat of; `None`: of the license itself.
    pub feature: Option<FeatureCode>,
    /// The refusals.
    pub denial: SeatDenial,
}

/// Why seats were not listed or freed. None of these carries a license key.
#[derive(Debug, thiserror::Error)]
pub enum SeatsError {
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The device holds no seat.
    #[error("the device holds no such seat; see: countersign license seats KEY")]
    NotHeld,
    /// No such device.
    #[error(
        "this site has no device of this ID, type and publisher (devices of applications: --id-type HARDWARE); see: countersign device list"
    )]
    UnknownDevice,
    /// The license does not include the feature.
    #[error("the license does not include this feature; see: countersign license show KEY")]
    UnknownFeature,
    /// No such license.
    #[error("this site has no license with this key; see: countersign license list")]
    UnknownLicense,
}

takes_store_errors!(SeatsError);

/// The seats of a license and its features that are held, by row id of the seat.
///
/// # Errors
/// [`SeatsError::UnknownLicense`] when there is no license with this key.
pub async fn list(ctx: &Ctx, site: SiteId, key: LicenseKey, page: Page) -> Result<Vec<HeldSeat>, SeatsError> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let license = tx.licenses().find(site, &key).await?.ok_or(SeatsError::UnknownLicense)?;
                let (now, jump) = (tx.now().await?, tx.clock_jump().await?);
                let rules = license.features.iter().map(|feature| feature.rules.seats);
                let ended_by = rules.chain([license.rules.seats]).map(|rules| rules.ended_by(now, jump)).min();
                let mut held = Vec::new();
                for (id, pool, mut seat) in tx.seats().list(license.id, ended_by.unwrap_or(now), page).await? {
                    // A loan that is over is none, though the device goes on to hold the seat.
                    seat.borrowed_until = seat.borrowed(now);
                    let device = device(tx, site, seat.device).await?;
                    held.push(HeldSeat { id, device, feature: feature(&license, pool), seat });
                }
                Ok(held)
            })
        })
        .await
}

/// Takes a seat away from a device, borrowed or not: of a license, or of its feature with a code.
///
/// # Errors
/// [`SeatsError`] says what is not as the caller thinks.
pub async fn free(
    ctx: &Ctx,
    site: SiteId,
    key: LicenseKey,
    identity: DeviceIdentity,
    code: Option<FeatureCode>,
) -> Result<(), SeatsError> {
    record_named(ctx, site, "license.free-seat", move |tx| {
        Box::pin(async move {
            let license = tx.licenses().lock(site, &key).await?.ok_or(SeatsError::UnknownLicense)?;
            let device = tx.devices().find(site, &identity).await?.ok_or(SeatsError::UnknownDevice)?.id;
            let found = |code| license.features.iter().find(|feature| feature.code == code);
            let feature = code.map(|code| found(code).ok_or(SeatsError::UnknownFeature)).transpose()?;
            let pool = SeatPool { license: license.id, feature: feature.map(|feature| feature.id) };
            if !tx.seats().delete(pool, device).await? {
                return Err(SeatsError::NotHeld);
            }
            Ok((format!("{} on device {device}", license.id), ()))
        })
    })
    .await
}

/// Who was refused a seat, of a site or of one license, by row id.
///
/// # Errors
/// [`SeatsError::UnknownLicense`] when there is no license with this key.
pub async fn list_denials(
    ctx: &Ctx,
    site: SiteId,
    key: Option<LicenseKey>,
    page: Page,
) -> Result<Vec<RefusedSeat>, SeatsError> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let of = match key {
                    Some(key) => Some(tx.licenses().find(site, &key).await?.ok_or(SeatsError::UnknownLicense)?.id),
                    None => None,
                };
                let mut refused = Vec::new();
                for (id, denial) in tx.seat_denials().list(site, of, page).await? {
                    let license = activated_license(tx, site, denial.pool.license).await?;
                    let device = device(tx, site, denial.device).await?;
                    let feature = feature(&license, denial.pool);
                    refused.push(RefusedSeat { id, license, device, feature, denial });
                }
                Ok(refused)
            })
        })
        .await
}

/// What a sweep has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Seats that were removed.
    pub removed: u64,
    /// Behind which pool the next one goes on; `None`: it begins anew.
    pub last: Option<SeatPool>,
}

/// Removes seats that have ended and that nobody has asked for since, of pools behind another. They were free already.
///
/// # Errors
/// [`Fault`] when the store fails. What was removed before stays removed.
pub async fn sweep(ctx: &Ctx, after: Option<SeatPool>) -> Result<Sweep, Fault> {
    let (mut removed, mut swept) = (0, after);
    for _ in 0..UNITS_PER_SWEEP {
        // Looked for beside the writers: there may be many pools without such a seat before one that has some.
        let found = ctx.store().read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let ended_by = surely_ended_by(tx.now().await?, tx.clock_jump().await?);
                tx.seats().find_ended(ended_by, swept).await
            })
        });
        let Some(pool) = found.await? else { return Ok(Sweep { removed, last: None }) };
        let unit = ctx.store().write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                tx.seats().lock(pool).await?;
                // Now that nobody is waited for any more: an earlier time would not know of a jump of the clock since.
                let ended_by = surely_ended_by(tx.now().await?, tx.clock_jump().await?);
                tx.seats().delete_ended(pool, ended_by, SEATS_PER_UNIT).await
            })
        });
        let seats = unit.await?;
        removed += u64::from(seats);
        if seats < SEATS_PER_UNIT {
            swept = Some(pool);
        }
    }
    Ok(Sweep { removed, last: swept })
}

/// Seats that end by this time have ended, whatever the timeout of their pool.
fn surely_ended_by(now: Timestamp, jump: Option<ClockJump>) -> Timestamp {
    match jump {
        Some(ClockJump { before, after }) if after <= now && now < after.plus(SPARED) => before,
        _ => now,
    }
}

async fn device(tx: &mut dyn Tx, site: SiteId, id: countersign_domain::ids::DeviceId) -> Result<Device, StoreError> {
    let broken = StoreError::BrokenRow { table: "seats", column: "device", row: id.0 };
    tx.devices().find_by_id(site, id).await?.ok_or(broken)
}

fn feature(license: &License, pool: SeatPool) -> Option<FeatureCode> {
    let found = license.features.iter().find(|feature| Some(feature.id) == pool.feature);
    found.map(|feature| feature.code.clone())
}
