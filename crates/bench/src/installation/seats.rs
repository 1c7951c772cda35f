//! A floating license with many seats, each held by a device.

use anyhow::{Context as _, Result};
use countersign_domain::device::{DeviceClass, DeviceIdentity};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::{ActivationLimit, Floating, LicenseRules, SeatPool, SeatStep, SeatWish, Seats};
use countersign_domain::text::LicenseKey;
use countersign_store::Store;
use countersign_store::repositories::{NewDevice, NewLicense};

use super::fleet::{SPREAD, TAKEN, add_customer, licensed_product, new_license};

/// The license key.
pub(crate) const SEAT_KEY: &str = "SEATS-00000001";
/// Devices in one unit of work.
const UNIT: u32 = 5000;

/// The hardware that holds a seat.
pub(crate) fn seat_hardware_id(number: u32) -> String {
    format!("{:08x}-seat", number.wrapping_mul(SPREAD))
}

/// Adds the license, its devices and their seats.
pub(super) async fn add(store: &Store, site: SiteId, count: u32) -> Result<()> {
    let seats = Seats { floating: Floating::Cloud, users: count, timeout: 120, borrow: None };
    let made = store.write::<_, anyhow::Error, _>(move |tx| {
        Box::pin(async move {
            let (product, now) = (licensed_product(tx, site).await?, tx.now().await?);
            let (_, order) = add_customer(tx, site, "seats", now).await?;
            let license = new_license(SEAT_KEY.to_owned(), order, product, ActivationLimit::Unlimited)?;
            let license = NewLicense { rules: LicenseRules { seats, ..LicenseRules::default() }, ..license };
            tx.licenses().insert(site, &license, now).await?.context(TAKEN)
        })
    });
    let pool = SeatPool::of(made.await?);
    for begin in (0..count).step_by(UNIT as usize) {
        let end = count.min(begin + UNIT);
        let unit = store.write::<_, anyhow::Error, _>(move |tx| {
            Box::pin(async move {
                let now = tx.now().await?;
                let key = LicenseKey::new(SEAT_KEY)?;
                tx.licenses().lock(site, &key).await?.context("the license is gone")?;
                tx.seats().lock(pool).await?;
                for number in begin..end {
                    let device = tx.devices().insert(site, &device(number), now).await?.context(TAKEN)?;
                    tx.activations().insert(pool.license, device, now).await?;
                    let step = seats.decide(device, SeatWish::Use, None, number, now)?;
                    let SeatStep::Take(seat) = step else { continue };
                    tx.seats().put(pool, &seat).await?;
                }
                Ok(())
            })
        });
        unit.await?;
    }
    Ok(())
}

/// How many seats of the license are held.
pub(super) async fn held(store: &Store, site: SiteId) -> Result<u32> {
    let counted = store.read::<_, anyhow::Error, _>(move |tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            let license =
                tx.licenses().find(site, &LicenseKey::new(SEAT_KEY)?).await?.context("the license is gone")?;
            Ok(tx.seats().count_held(SeatPool::of(license.id), now).await?)
        })
    });
    counted.await
}

fn device(number: u32) -> NewDevice {
    let (id, id_type) = (seat_hardware_id(number), DeviceIdentity::HARDWARE.to_owned());
    let identity = DeviceIdentity { id, id_type, publisher_name: String::new() };
    NewDevice { identity, identity_name: String::new(), class: DeviceClass::Client, customer: None }
}
