//! Licenses on devices: activated once, never more often than the limit says, and what follows for the account.

use std::collections::HashSet;

use countersign_domain::device::Device;
use countersign_domain::ids::{CustomerId, DeviceId, LicenseId, ProductId, SiteId};
use countersign_domain::licensing::{ActivationLimit, HeldTerms, LicenseStatus, LicenseTerms};
use countersign_domain::time::{Date, Timestamp};
use futures_util::future::join_all;

use super::purchases::{MISSING, TERMS, account, customer, device, key, license, order, product};
use super::{NOW, site};
use crate::repositories::{Page, Tx};
use crate::{Store, StoreError};

/// An activation is there once, is listed from both sides, and counts for its license until it is removed.
pub async fn a_license_is_activated_once_on_a_device(store: &Store) {
    let site = site(store, "one").await;
    let (first, later) = (Timestamp::from_seconds(1), Timestamp::from_seconds(2));
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let buyer = customer(tx, site, "Buyer", None).await?;
                let order = order(tx, site, "SO-1", buyer).await?;
                let pump = product(tx, site, "Pump").await?;
                let a = license(tx, site, "A", order, pump, TERMS).await?;
                let b = license(tx, site, "B", order, pump, TERMS).await?;
                let (x, y) = (device(tx, site, "x", None).await?, device(tx, site, "y", Some(buyer)).await?);
                for (license, device) in [(b, x), (a, y), (a, x)] {
                    assert!(tx.activations().insert(license, device, first).await?);
                }
                assert!(!tx.activations().insert(a, x, later).await?, "it was activated twice");
                let found = tx.activations().find(a, x).await?.expect("is there");
                assert_eq!((found.license, found.device, found.activated_at), (a, x, first));
                assert_eq!(tx.activations().find(b, y).await?, None);
                let on_device = tx.activations().list_on_device(x).await?;
                assert_eq!(on_device.iter().map(|row| row.license).collect::<Vec<_>>(), [a, b]);
                assert_eq!(on_device.first(), Some(&found));
                let of_license = tx.activations().list_of_license(a, Page::first(9)).await?;
                assert_eq!(of_license.iter().map(|row| row.device).collect::<Vec<_>>(), [x, y]);
                let rest = tx.activations().list_of_license(a, Page { after: x.0, limit: 1 }).await?;
                assert_eq!(rest.iter().map(|row| row.device).collect::<Vec<_>>(), [y]);
                let part = tx.activations().list_of_license(a, Page::first(1)).await?;
                assert_eq!(part, [found]);
                assert_eq!(tx.licenses().find(site, &key("A")).await?.map(|found| found.activations), Some(2));
                assert!(tx.activations().delete(a, x).await?);
                assert!(!tx.activations().delete(a, x).await?, "it was removed twice");
                assert!(!tx.activations().delete(LicenseId(MISSING), x).await?);
                assert_eq!(tx.activations().find(a, x).await?, None);
                assert_eq!(tx.licenses().lock(site, &key("A")).await?.map(|found| found.activations), Some(1));
                assert_eq!(tx.activations().list_on_device(x).await?.len(), 1);
                assert!(tx.activations().insert(a, x, later).await?, "a place that was given back stays taken");
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Units that lock a license, look whether there is room, and then activate it: the limit is reached and never exceeded.
pub async fn a_locked_license_is_never_activated_beyond_its_limit(store: &Store) {
    let site = site(store, "one").await;
    let terms = LicenseTerms { limit: ActivationLimit::AtMost(7), ..TERMS };
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let buyer = customer(tx, site, "Buyer", None).await?;
                let order = order(tx, site, "SO-1", buyer).await?;
                let pump = product(tx, site, "Pump").await?;
                license(tx, site, "A", order, pump, terms).await
            })
        })
        .await
        .expect("writes");
    let units = (0..40).map(|number| {
        store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let license = tx.licenses().lock(site, &key("A")).await?.expect("is there");
                if !license.terms.limit.has_room(license.activations) {
                    return Ok(false);
                }
                let device = device(tx, site, &format!("device {number}"), None).await?;
                tx.activations().insert(license.id, device, NOW).await
            })
        })
    });
    let outcomes: Vec<_> = join_all(units).await.into_iter().map(|outcome| outcome.expect("writes")).collect();
    assert_eq!(outcomes.iter().filter(|&&activated| activated).count(), 7);
    let (license, listed) = store
        .read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let license = tx.licenses().find(site, &key("A")).await?.expect("is there");
                let listed = tx.activations().list_of_license(license.id, Page::first(99)).await?;
                Ok((license, listed))
            })
        })
        .await
        .expect("reads");
    assert_eq!((license.activations, listed.len()), (7, 7));
}

/// Two customers of one account, one without, one of another account; each has a device and holds something.
struct Holders {
    branch: CustomerId,
    sister: CustomerId,
    alone: CustomerId,
    stranger: CustomerId,
}

impl Holders {
    async fn write(tx: &mut dyn Tx, site: SiteId) -> Result<Self, StoreError> {
        let (group, rivals) = (account(tx, site, "Group").await?, account(tx, site, "Rivals").await?);
        Ok(Self {
            branch: customer(tx, site, "Branch", Some(group)).await?,
            sister: customer(tx, site, "Sister", Some(group)).await?,
            alone: customer(tx, site, "Alone", None).await?,
            stranger: customer(tx, site, "Stranger", Some(rivals)).await?,
        })
    }
}

async fn found(tx: &mut dyn Tx, site: SiteId, device: DeviceId) -> Result<Device, StoreError> {
    Ok(tx.devices().find_by_id(site, device).await?.expect("the test has written it"))
}

/// What the account of a device holds, each once.
async fn held(tx: &mut dyn Tx, site: SiteId, device: DeviceId) -> Result<HashSet<HeldTerms>, StoreError> {
    let device = found(tx, site, device).await?;
    let listed = tx.licenses().held_by_account_of(&device).await?;
    let held: HashSet<_> = listed.iter().copied().collect();
    assert_eq!(held.len(), listed.len(), "the same terms came twice: {listed:?}");
    Ok(held)
}

/// A device is told the terms under which its account holds products: as they are, each once, marked where the license
/// is activated on the device itself. What others hold is not among them.
pub async fn an_account_holds_what_its_customers_have_bought(store: &Store) {
    let site = site(store, "one").await;
    let date = |text| Some(Date::parse(text).expect("a date"));
    let off = LicenseTerms { status: LicenseStatus::Disabled, ..TERMS };
    let dated = LicenseTerms { start_date: date("2030-01-01"), end_date: date("2031-12-31"), ..TERMS };
    let endless = LicenseTerms { limit: ActivationLimit::Unlimited, ..TERMS };
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let holders = Holders::write(tx, site).await?;
                let (pump, valve) = (product(tx, site, "Pump").await?, product(tx, site, "Valve").await?);
                let mut licenses = Vec::new();
                for (number, (buyer, product, terms)) in [
                    (holders.branch, pump, TERMS),
                    (holders.sister, pump, TERMS),
                    (holders.sister, pump, off),
                    (holders.sister, valve, dated),
                    (holders.alone, pump, endless),
                    (holders.stranger, valve, TERMS),
                ]
                .into_iter()
                .enumerate()
                {
                    let order = order(tx, site, &format!("SO-{number}"), buyer).await?;
                    licenses.push(license(tx, site, &format!("ACT-{number}"), order, product, terms).await?);
                }
                let branch = device(tx, site, "branch", Some(holders.branch)).await?;
                let sister = device(tx, site, "sister", Some(holders.sister)).await?;
                let alone = device(tx, site, "alone", Some(holders.alone)).await?;
                let stranger = device(tx, site, "stranger", Some(holders.stranger)).await?;
                let nobody = device(tx, site, "nobody", None).await?;

                let row = |product: ProductId, terms, activated| HeldTerms { product, terms, activated };
                let group = HashSet::from([row(pump, TERMS, false), row(pump, off, false), row(valve, dated, false)]);
                assert_eq!(held(tx, site, branch).await?, group);
                assert_eq!(held(tx, site, sister).await?, group);
                assert_eq!(held(tx, site, alone).await?, HashSet::from([row(pump, endless, false)]));
                assert_eq!(held(tx, site, stranger).await?, HashSet::from([row(valve, TERMS, false)]));
                assert!(held(tx, site, nobody).await?.is_empty());

                for device in [branch, nobody] {
                    assert!(tx.activations().insert(licenses[1], device, NOW).await?);
                }
                assert!(tx.activations().insert(licenses[2], sister, NOW).await?);
                let marked = group.iter().copied().chain([row(pump, TERMS, true)]).collect::<HashSet<_>>();
                assert_eq!(held(tx, site, branch).await?, marked, "one of two equal licenses is activated");
                assert!(tx.activations().insert(licenses[0], branch, NOW).await?);
                let both = HashSet::from([row(pump, TERMS, true), row(pump, off, false), row(valve, dated, false)]);
                assert_eq!(held(tx, site, branch).await?, both, "both are activated");
                let other = HashSet::from([row(pump, TERMS, false), row(pump, off, true), row(valve, dated, false)]);
                assert_eq!(
                    held(tx, site, sister).await?,
                    other,
                    "only what is activated on the device itself is marked"
                );
                assert!(held(tx, site, nobody).await?.is_empty(), "a device of nobody holds nothing");

                assert!(tx.devices().set_customer(branch, Some(holders.alone)).await?);
                assert_eq!(held(tx, site, branch).await?, HashSet::from([row(pump, endless, false)]));
                Ok(())
            })
        })
        .await
        .expect("writes");
}
