//! What calls of licensed applications name: found at once, it is what the single operations find.

use countersign_domain::device::{DeviceClass, DeviceIdentity};
use countersign_domain::ids::{LicenseId, SiteId};
use countersign_domain::text::{FeatureCode, HardwareId, ProductCode};

use super::purchases::{TERMS, account, customer, device, key, license, order, product};
use super::{NOW, site};
use crate::repositories::{CalledLicense, NewDevice, NewLicense, Tx, WholeLicense};
use crate::{Store, StoreError};

/// One that is active on the device, with a feature, of a customer with an account; and each part that may be missing.
pub async fn a_call_finds_what_the_single_operations_find(store: &Store) {
    let (site, other) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let account = account(tx, site, "Group").await?;
                let buyer = customer(tx, site, "Buyer", Some(account)).await?;
                let order = order(tx, site, "SO-1", buyer).await?;
                let (pump, valve) = (product(tx, site, "Pump").await?, product(tx, site, "Valve").await?);
                let code = FeatureCode::new("fast").expect("the test gives a good code");
                let feature = tx.features().insert(pump, &code, "Fast", NOW).await?.expect("the code is free");
                let plain = license(tx, site, "A", order, pump, TERMS).await?;
                let of_bundle = NewLicense {
                    key: key("B"),
                    order,
                    product: pump,
                    bundle_key: Some(key("BUNDLE")),
                    features: vec![feature],
                    terms: TERMS,
                    rules: Default::default(),
                };
                let featured = tx.licenses().insert(site, &of_bundle, NOW).await?.expect("the key is free");
                license(tx, site, "C", order, valve, TERMS).await?;
                let (x, _) = (device(tx, site, "x", Some(buyer)).await?, device(tx, site, "y", None).await?);
                tx.activations().insert(featured, x, NOW).await?;
                // Of several with one hardware, the one where the license is active, and else the first.
                let twin = |kind: &str| NewDevice {
                    identity: DeviceIdentity {
                        id: "z".to_owned(),
                        id_type: kind.to_owned(),
                        publisher_name: String::new(),
                    },
                    identity_name: String::new(),
                    class: DeviceClass::Client,
                    customer: None,
                };
                tx.devices().insert(site, &twin("A"), NOW).await?.expect("is new");
                let second = tx.devices().insert(site, &twin("B"), NOW).await?.expect("is new");
                tx.activations().insert(plain, second, NOW).await?;

                is_found(tx, site, ("Pump", "A", "x"), plain, false).await?;
                is_found(tx, site, ("Pump", "B", "x"), featured, true).await?;
                is_found(tx, site, ("Pump", "B", "y"), featured, false).await?;
                is_found(tx, site, ("Pump", "B", "unknown"), featured, false).await?;
                is_found(tx, site, ("Pump", "A", "z"), plain, true).await?;
                is_found(tx, site, ("Pump", "B", "z"), featured, false).await?;
                for (its, product, key, why) in [
                    (site, "Valve", "A", "the license is for another product"),
                    (site, "Fan", "A", "there is no such product"),
                    (site, "Pump", "Z", "there is no such key"),
                    (site, "Pump", "BUNDLE", "this is the key of a bundle"),
                    (other, "Pump", "A", "another site has it"),
                ] {
                    assert_eq!(find(tx, its, (product, key, "x")).await?, None, "{why}");
                }
                Ok(())
            })
        })
        .await
        .expect("writes");
}

async fn is_found(
    tx: &mut dyn Tx,
    site: SiteId,
    called: (&str, &str, &str),
    id: LicenseId,
    is_bound: bool,
) -> Result<(), StoreError> {
    let whole = find(tx, site, called).await?.expect("is there");
    let license = tx.licenses().find_by_id(site, id).await?.expect("is there");
    let customer = tx.customers().find_by_id(site, license.holder.customer).await?.expect("is there");
    let product = tx.licensed_products().find_by_id(site, license.product.id).await?.expect("is there");
    let bound = tx.activations().find_by_hardware(site, id, &hardware(called.2)).await?;
    assert_eq!(bound.is_some(), is_bound, "{called:?}");
    let has_releases = !tx.versions().list(license.product.id, None, 1).await?.is_empty();
    let revisions = whole.revisions;
    let known = tx.devices().list_by_hardware(site, &hardware(called.2)).await?.into_iter().next();
    let unbound = known.filter(|_| !is_bound);
    assert_eq!(whole, WholeLicense { license, product, customer, has_releases, bound, unbound, revisions });
    Ok(())
}

/// What is found; it is the same when the license is locked.
async fn find(
    tx: &mut dyn Tx,
    site: SiteId,
    (product, license, device): (&str, &str, &str),
) -> Result<Option<WholeLicense>, StoreError> {
    let product = ProductCode::new(product).expect("the test gives a good code");
    let (key, hardware) = (key(license), hardware(device));
    let called = CalledLicense { product: &product, key: &key, hardware: &hardware };
    let found = tx.licenses().find_called(site, called).await?;
    assert_eq!(tx.licenses().lock_called(site, called).await?, found);
    Ok(found)
}

fn hardware(id: &str) -> HardwareId {
    HardwareId::new(id).expect("the test gives a good ID")
}
