//! Licenses on devices: activated once, never more often than the limit says, and what follows for the account.

use countersign_domain::device::{Device, KnownDevice};
use countersign_domain::ids::{CustomerId, DeviceId, LicenseId, ProductId, SiteId};
use countersign_domain::licensing::{ActivationLimit, LicenseStatus, LicenseTerms, LicenseUsage, Standing};
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
                assert!(tx.activations().delete(a, x).await?);
                let usage =
                    LicenseUsage { first_activated_at: Some(later), last_device: Some(x), ..LicenseUsage::default() };
                tx.activations().insert_with_usage((a, x), &usage, later).await?;
                assert_eq!(tx.activations().find(a, x).await?.map(|found| found.activated_at), Some(later));
                let noted = tx.licenses().find(site, &key("A")).await?.expect("is there");
                assert_eq!((noted.activations, noted.usage), (2, usage));
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
    let found = tx.devices().find_by_id(site, device).await?.expect("the test has written it");
    let known = tx.devices().find_known(site, &found.identity).await?;
    assert_eq!(known.map(|known| KnownDevice { license: None, ..known }), Some(found.known()));
    assert_eq!(tx.devices().lock_known(site, &found.identity).await?, known);
    Ok(found)
}

/// What the account of a device holds of two products on a day.
async fn held(
    tx: &mut dyn Tx,
    site: SiteId,
    device: DeviceId,
    products: [ProductId; 2],
    today: &str,
) -> Result<[Option<bool>; 2], StoreError> {
    let device = found(tx, site, device).await?;
    let today = Date::parse(today).expect("a date");
    let known = tx.devices().find_known(site, &device.identity).await?.expect("it is there");
    let listed = tx.licenses().held_by_account_of(known, &products, today).await?;
    assert_eq!(tx.licenses().held_by_account_of(device.known(), &products, today).await?, listed);
    assert!(tx.licenses().held_by_account_of(known, &[], today).await?.is_empty());
    let holding = |product| listed.iter().find(|held| held.product == product).map(|held| held.on_device);
    assert_eq!(listed.len(), products.iter().filter(|product| holding(**product).is_some()).count(), "{listed:?}");
    Ok(products.map(holding))
}

/// A device holds what its account has bought, and knows what is activated on itself. What others hold is not among it.
pub async fn an_account_holds_what_its_customers_have_bought(store: &Store) {
    const DAY: &str = "2030-06-01";
    let site = site(store, "one").await;
    let off = LicenseTerms { status: LicenseStatus::Disabled, ..TERMS };
    let endless = LicenseTerms { limit: ActivationLimit::Unlimited, ..TERMS };
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let holders = Holders::write(tx, site).await?;
                let products = [product(tx, site, "Pump").await?, product(tx, site, "Valve").await?];
                let [pump, valve] = products;
                let mut licenses = Vec::new();
                for (number, (buyer, product, terms)) in [
                    (holders.branch, pump, off),
                    (holders.sister, pump, TERMS),
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
                for (device, expected) in [
                    (branch, [Some(false), None]),
                    (sister, [Some(false), None]),
                    (alone, [Some(false), None]),
                    (stranger, [None, Some(false)]),
                    (nobody, [None, None]),
                ] {
                    assert_eq!(held(tx, site, device, products, DAY).await?, expected, "{device:?}");
                }
                for device in [branch, nobody] {
                    assert!(tx.activations().insert(licenses[1], device, NOW).await?);
                }
                assert!(tx.activations().insert(licenses[0], sister, NOW).await?);
                for (device, expected) in [
                    (branch, [Some(true), None]),
                    // A license that is not in force does not count, even when it is activated.
                    (sister, [Some(false), None]),
                    (nobody, [None, None]),
                ] {
                    assert_eq!(held(tx, site, device, products, DAY).await?, expected, "{device:?}");
                }
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Whichever licenses are activated on a device, and in whatever order they come and go: it holds the product on itself for as
/// long as one of them is in force.
pub async fn any_license_on_a_device_is_found(store: &Store) {
    const DAY: &str = "2030-06-01";
    let site = site(store, "one").await;
    let off = LicenseTerms { status: LicenseStatus::Disabled, ..TERMS };
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let buyer = customer(tx, site, "Buyer", None).await?;
                let order = order(tx, site, "SO-1", buyer).await?;
                let products = [product(tx, site, "Pump").await?, product(tx, site, "Valve").await?];
                let mut licenses = Vec::new();
                for (key, product, terms) in [("A", 0, off), ("B", 0, TERMS), ("C", 0, TERMS), ("D", 1, TERMS)] {
                    licenses.push((license(tx, site, key, order, products[product], terms).await?, product, terms));
                }
                let device = device(tx, site, "x", Some(buyer)).await?;
                let mut there = [false; 4];
                // Each number adds that license, or takes it away when it is there.
                for number in [0, 1, 2, 1, 3, 2, 0, 3, 3, 1, 3, 0, 1, 0, 2, 1, 2] {
                    let id = licenses[number].0;
                    if there[number] {
                        assert!(tx.activations().delete(id, device).await?);
                    } else {
                        assert!(tx.activations().insert(id, device, NOW).await?);
                    }
                    there[number] = !there[number];
                    let expected = [0, 1].map(|product| {
                        Some((0..4).any(|n| there[n] && licenses[n].1 == product && licenses[n].2 == TERMS))
                    });
                    assert_eq!(held(tx, site, device, products, DAY).await?, expected, "{there:?}");
                }
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// What the store takes for a license in force is what the rule takes for one.
pub async fn a_license_is_held_on_the_days_on_which_it_is_in_force(store: &Store) {
    const DAYS: [Option<&str>; 4] = [None, Some("2030-05-31"), Some("2030-06-01"), Some("2030-06-02")];
    let site = site(store, "one").await;
    let date = |text| Date::parse(text).expect("a date");
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let (mut number, valve) = (0, product(tx, site, "Valve").await?);
                for status in [LicenseStatus::Enabled, LicenseStatus::Disabled] {
                    for (start, end) in DAYS.into_iter().flat_map(|start| DAYS.map(|end| (start, end))) {
                        number += 1;
                        let terms =
                            LicenseTerms { status, start_date: start.map(date), end_date: end.map(date), ..TERMS };
                        let buyer = customer(tx, site, &format!("Buyer {number}"), None).await?;
                        let order = order(tx, site, &format!("SO-{number}"), buyer).await?;
                        let pump = product(tx, site, &format!("Pump {number}")).await?;
                        license(tx, site, &format!("ACT-{number}"), order, pump, terms).await?;
                        let device = device(tx, site, &format!("device {number}"), Some(buyer)).await?;
                        for today in DAYS.into_iter().flatten() {
                            let in_force = terms.standing(date(today)) == Standing::InForce;
                            let found = held(tx, site, device, [pump, valve], today).await?;
                            assert_eq!(found, [in_force.then_some(false), None], "{terms:?} on {today}");
                        }
                    }
                }
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// One unit may write as much as an import of a thousand devices, each of them activated.
pub async fn a_unit_activates_a_thousand_devices(store: &Store) {
    const DEVICES: usize = 1000;
    let site = site(store, "one").await;
    let last = store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let buyer = customer(tx, site, "Buyer", None).await?;
                let order = order(tx, site, "SO-1", buyer).await?;
                let pump = product(tx, site, "Pump").await?;
                let mut last = None;
                for number in 1..=DEVICES {
                    let license = license(tx, site, &format!("L-{number}"), order, pump, TERMS).await?;
                    let device = device(tx, site, &format!("device {number}"), Some(buyer)).await?;
                    assert!(tx.activations().insert(license, device, NOW).await?);
                    last = Some((license, device));
                }
                Ok(last.expect("there are some"))
            })
        })
        .await
        .expect("a large unit is written");
    let (found, devices) = store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let found = tx.activations().find(last.0, last.1).await?;
                Ok((found.is_some(), tx.devices().list(site, None, Page::first(2000)).await?.len()))
            })
        })
        .await
        .expect("reads");
    assert_eq!((found, devices), (true, DEVICES));
}
