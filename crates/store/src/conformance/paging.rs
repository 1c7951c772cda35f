//! Long lists that are read in parts.

use countersign_domain::audit::{Action, Actor, Channel};
use countersign_domain::event::Event;
use countersign_domain::ids::{ProductId, SiteId};
use countersign_domain::report::{KeptDeviceEvent, KeptStatusReport};

use super::catalog::new_file;
use super::purchases::{TERMS, account, customer, device, license, order, product};
use super::reports::{device_event, report};
use super::{NOW, site};
use crate::repositories::{LicenseFilter, Page, StatusReportFilter, Tx};
use crate::{Store, StoreError};

/// Rows of each kind in a site: the last part of a list in twos is not full.
const ROWS: u8 = 5;

/// The names of all rows of a list that is read two at a time. The row ids grow, and no row comes twice.
macro_rules! in_parts {
    (|$page:ident| $list:expr, |$row:ident| $name:expr) => {{
        let mut names: Vec<String> = Vec::new();
        let mut $page = Page::first(2);
        loop {
            let part = $list.await?;
            assert!(part.len() <= 2, "a part was too long");
            for $row in &part {
                assert!($row.id.0 > $page.after, "{:?} came after row {}", $row, $page.after);
                $page.after = $row.id.0;
                names.push($name);
            }
            if part.is_empty() {
                break names;
            }
        }
    }};
}

fn reason(row: &KeptStatusReport) -> String {
    row.report.reason.clone()
}

fn event_name(row: &KeptDeviceEvent) -> String {
    row.event.name.clone()
}

/// Writes one row of each kind, with a name that tells site and number.
async fn fill(tx: &mut dyn Tx, site: SiteId, product: ProductId, number: u8) -> Result<(), StoreError> {
    let name = format!("{site}-{number}");
    account(tx, site, &name).await?;
    let buyer = customer(tx, site, &name, None).await?;
    let order = order(tx, site, &name, buyer).await?;
    license(tx, site, &name, order, product, TERMS).await?;
    let owner = device(tx, site, &name, Some(buyer)).await?;
    for device in [Some(owner), None] {
        let mut report = report(device, Some(&name), i64::from(number));
        report.report.reason.clone_from(&name);
        assert!(tx.status_reports().insert(site, &report, NOW).await?);
    }
    tx.device_events().insert(site, owner, &device_event(&name), NOW).await?;
    let actor = Actor { channel: Channel::System, name: name.clone() };
    tx.outbox().insert(site, Event::ProductCreated(product), &actor, NOW).await?;
    tx.audit_trail().insert(site, &actor, &Action::new("a.b", &name), NOW).await?;
    let mut file = new_file(number);
    file.object_key = name;
    assert!(tx.files().insert(site, &file, NOW).await?.is_some());
    Ok(())
}

/// Each part begins behind the row that the last one ended with: together they give every row of the site once.
pub async fn parts_of_a_list_give_every_row_once(store: &Store) {
    let sites = [site(store, "one").await, site(store, "two").await];
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let products = [product(tx, sites[0], "Pump").await?, product(tx, sites[1], "Pump").await?];
                for number in 0..ROWS {
                    for (site, product) in sites.into_iter().zip(products) {
                        fill(tx, site, product, number).await?;
                    }
                }
                Ok(())
            })
        })
        .await
        .expect("writes");
    for site in sites {
        let lists = store
            .read::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    let all = StatusReportFilter::All;
                    let unregistered = StatusReportFilter::Unregistered;
                    let filter = LicenseFilter::default();
                    Ok([
                        in_parts!(|page| tx.accounts().list(site, page), |row| row.name.to_string()),
                        in_parts!(|page| tx.customers().list(site, page), |row| row.name.to_string()),
                        in_parts!(|page| tx.orders().list(site, None, page), |row| row.number.to_string()),
                        in_parts!(|page| tx.licenses().list(site, filter, page), |row| row.key.as_str().to_owned()),
                        in_parts!(|page| tx.devices().list(site, None, page), |row| row.identity.id.clone()),
                        in_parts!(|page| tx.status_reports().list(site, unregistered, page), |row| reason(row)),
                        in_parts!(|page| tx.device_events().list(site, None, page), |row| event_name(row)),
                        in_parts!(|page| tx.outbox().list(site, page), |row| row.actor.name.clone()),
                        in_parts!(|page| tx.audit_trail().list(site, page), |row| row.subject.clone()),
                        in_parts!(|page| tx.files().list(site, page), |row| row.object_key.clone()),
                        {
                            let mut names =
                                in_parts!(|page| tx.status_reports().list(site, all, page), |row| reason(row));
                            // Each was reported twice, by the known device and by an unknown one.
                            names.dedup();
                            names
                        },
                    ])
                })
            })
            .await
            .expect("reads");
        let expected: Vec<_> = (0..ROWS).map(|number| format!("{site}-{number}")).collect();
        for (number, names) in lists.iter().enumerate() {
            assert_eq!(names, &expected, "list {number}");
        }
    }
}

/// The lists of one customer and of one device are read in parts as well.
pub async fn parts_of_a_filtered_list_give_every_row_once(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let buyers = [customer(tx, site, "Ada", None).await?, customer(tx, site, "Bob", None).await?];
                let mut owners = Vec::new();
                for buyer in buyers {
                    owners.push(device(tx, site, &format!("of {buyer}"), Some(buyer)).await?);
                }
                for number in 0..ROWS {
                    for (buyer, owner) in buyers.into_iter().zip(owners.iter().copied()) {
                        let name = format!("{buyer}-{number}");
                        order(tx, site, &name, buyer).await?;
                        device(tx, site, &name, Some(buyer)).await?;
                        let mut report = report(Some(owner), Some(&name), 0);
                        report.report.reason.clone_from(&name);
                        assert!(tx.status_reports().insert(site, &report, NOW).await?);
                        tx.device_events().insert(site, owner, &device_event(&name), NOW).await?;
                    }
                }
                for (buyer, owner) in buyers.into_iter().zip(owners) {
                    let expected: Vec<_> = (0..ROWS).map(|number| format!("{buyer}-{number}")).collect();
                    let of = StatusReportFilter::Of(owner);
                    let orders =
                        in_parts!(|page| tx.orders().list(site, Some(buyer), page), |row| row.number.to_string());
                    let devices =
                        in_parts!(|page| tx.devices().list(site, Some(buyer), page), |row| row.identity.id.clone());
                    let reports = in_parts!(|page| tx.status_reports().list(site, of, page), |row| reason(row));
                    let events =
                        in_parts!(|page| tx.device_events().list(site, Some(owner), page), |row| event_name(row));
                    assert_eq!((orders, &devices[1..]), (expected.clone(), &expected[..]));
                    assert_eq!((reports, events), (expected.clone(), expected));
                }
                Ok(())
            })
        })
        .await
        .expect("writes");
}
