//! Devices without a connection: request files that were used, and licenses that came by one.

use countersign_domain::ids::DeviceId;
use countersign_domain::text::HardwareId;

use super::purchases::{MISSING, TERMS, customer, device, license, order, product};
use super::{NOW, site};
use crate::repositories::{OfflineRequest, Tx};
use crate::{Store, StoreError};

/// A request file is used once in its site, whatever it says; how a device came by its license is remembered.
pub async fn request_files_are_used_once(store: &Store) {
    let (one, other) = (site(store, "one").await, site(store, "other").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let buyer = customer(tx, one, "Buyer", None).await?;
                let sold = order(tx, one, "SO-1", buyer).await?;
                let pump = product(tx, one, "Pump").await?;
                let license = license(tx, one, "A", sold, pump, TERMS).await?;
                let (here, there) = (device(tx, one, "x", Some(buyer)).await?, device(tx, other, "x", None).await?);
                let used = |id: &str, digest: u8, device: DeviceId| OfflineRequest {
                    id: id.to_owned(),
                    digest: [digest; 32],
                    device,
                    done_at: NOW,
                };
                assert_eq!(tx.offline_requests().find(one, "r").await?, None);
                assert!(tx.offline_requests().insert(one, &used("r", 1, here)).await?);
                assert!(!tx.offline_requests().insert(one, &used("r", 2, here)).await?);
                assert!(tx.offline_requests().insert(one, &used("R", 2, here)).await?);
                assert!(tx.offline_requests().insert(other, &used("r", 3, there)).await?);
                assert_eq!(tx.offline_requests().find(one, "r").await?, Some(used("r", 1, here)));
                assert_eq!(tx.offline_requests().find(other, "r").await?, Some(used("r", 3, there)));
                let later = NOW.plus(std::time::Duration::from_millis(1));
                assert_eq!(tx.offline_requests().count_since(here, NOW).await?, 2);
                assert_eq!(tx.offline_requests().count_since(here, later).await?, 0);
                assert!(
                    tx.offline_requests().insert(one, &OfflineRequest { done_at: later, ..used("s", 1, here) }).await?
                );
                assert_eq!(tx.offline_requests().count_since(here, later).await?, 1);
                assert_eq!(tx.offline_requests().count_since(DeviceId(MISSING), NOW).await?, 0);

                assert!(!tx.activations().set_offline(license, here, true, None).await?, "it is not active there");
                assert!(tx.activations().insert(license, here, NOW).await?);
                assert!(!by_file(tx, one, license, here).await?);
                assert!(tx.activations().set_offline(license, here, true, Some(later)).await?);
                assert!(by_file(tx, one, license, here).await?);
                let found = tx.activations().find(license, here).await?.expect("it is active there");
                assert_eq!(found.asked_at, Some(later));
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Whether the activation says that it came by a file, in every way of finding it.
async fn by_file(
    tx: &mut dyn Tx,
    site: countersign_domain::ids::SiteId,
    license: countersign_domain::ids::LicenseId,
    device: DeviceId,
) -> Result<bool, StoreError> {
    let found = tx.activations().find(license, device).await?.expect("it is active").offline;
    let on_device = tx.activations().list_on_device(device).await?;
    assert!(on_device.iter().all(|activation| activation.offline == found));
    let hardware = HardwareId::new("x").expect("the test gives a good ID");
    let (_, activation) = tx.activations().find_by_hardware(site, license, &hardware).await?.expect("it is active");
    assert_eq!((activation.offline, activation.activated_at), (found, NOW));
    Ok(found)
}

/// One-time keys belong to their license, are listed from a time on, and can be removed once.
pub async fn one_time_keys_are_removed_once(store: &Store) {
    let one = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let buyer = customer(tx, one, "Buyer", None).await?;
                let sold = order(tx, one, "SO-1", buyer).await?;
                let pump = product(tx, one, "Pump").await?;
                let (a, b) =
                    (license(tx, one, "A", sold, pump, TERMS).await?, license(tx, one, "B", sold, pump, TERMS).await?);
                let later = NOW.plus(std::time::Duration::from_secs(1));
                tx.air_gap_codes().insert(a, &[1; 64], later).await?;
                tx.air_gap_codes().insert(a, &[2; 64], NOW).await?;
                tx.air_gap_codes().insert(b, &[3; 64], NOW).await?;
                let found = tx.air_gap_codes().list(a, NOW).await?;
                let keys: Vec<_> = found.iter().map(|code| code.public_key).collect();
                assert_eq!(keys, [[2; 64], [1; 64]]);
                assert_eq!(tx.air_gap_codes().list(a, later).await?.len(), 1);
                let first = found.first().expect("there are two").id;
                assert!(!tx.air_gap_codes().delete(b, first).await?);
                assert!(tx.air_gap_codes().delete(a, first).await?);
                assert!(!tx.air_gap_codes().delete(a, first).await?);
                assert_eq!(tx.air_gap_codes().delete_before(a, later).await?, 0);
                assert_eq!(tx.air_gap_codes().delete_before(b, later).await?, 1);
                assert_eq!(tx.air_gap_codes().list(a, NOW).await?.len(), 1);
                Ok(())
            })
        })
        .await
        .expect("writes");
}
