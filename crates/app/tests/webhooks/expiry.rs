//! Licenses that expire are told of, each one once.

use countersign_app::licensing::customers::{self, NewCustomer};
use countersign_app::licensing::licenses::{self, NewLicense};
use countersign_app::licensing::orders;
use countersign_app::{Page, sites, trails};
use countersign_domain::event::Event;
use countersign_domain::licensing::{ActivationLimit, LicenseStatus, LicenseTerms};
use countersign_domain::site::SiteSettings;
use countersign_domain::text::{CustomerName, OrderNumber, ProductName};
use countersign_domain::time::Date;

use crate::support::Stage;

#[tokio::test]
async fn a_license_whose_last_day_has_passed_is_told_once() {
    let stage = Stage::new().await;
    stage.product("Pump").await;
    let order = order(&stage).await;
    // The clock of tests begins on 2026-03-01.
    for end in ["2026-02-01", "2026-03-01", "2026-03-02", "2026-04-01"] {
        let terms = LicenseTerms {
            status: LicenseStatus::Enabled,
            start_date: None,
            end_date: Date::parse(end).ok(),
            limit: ActivationLimit::Unlimited,
        };
        let license = NewLicense { terms, ..new_license(&order) };
        licenses::create(&stage.ctx, stage.site, license).await.unwrap();
    }
    stage.hook().await;
    let expired = |stage: &Stage| stage.bodies().iter().filter(|body| body.contains("lineitem.expired")).count();
    stage.work().await;
    assert_eq!(expired(&stage), 0, "what had expired before is not told");
    for (days, count) in [(1, 1), (2, 2), (0, 2), (10, 2), (60, 3)] {
        stage.advance(days * 24 * 3600);
        stage.work().await;
        assert_eq!(expired(&stage), count, "{days} days later");
    }
}

#[tokio::test]
async fn a_license_is_told_to_expire_soon_once_for_each_notice() {
    let stage = Stage::new().await;
    stage.product("Pump").await;
    let order = order(&stage).await;
    let create = async |end: &str| {
        let terms = LicenseTerms { end_date: Date::parse(end).ok(), ..new_license(&order).terms };
        let license = NewLicense { terms, ..new_license(&order) };
        licenses::create(&stage.ctx, stage.site, license).await.unwrap().key
    };
    // The clock of tests begins on 2026-03-01.
    let renewed = create("2026-03-08").await;
    create("2026-03-05").await;
    stage.hook().await;
    // The licenses that were told of, in the order of telling.
    let told = async || -> Vec<i64> {
        let events = trails::list_events(&stage.ctx, stage.site, Page::first(100)).await.unwrap();
        let license = |event| if let Event::LicenseExpiring(license) = event { Some(license.0) } else { None };
        events.into_iter().filter_map(|row| license(row.event)).collect()
    };
    stage.work().await;
    assert_eq!(told().await, [1], "the other one has fewer than seven days left");
    create("2026-03-03").await;
    for _ in 0..3 {
        stage.advance(24 * 3600);
        stage.work().await;
    }
    assert_eq!(told().await, [1, 3, 2]);
    // A renewal, and nobody who looks for a week.
    let renew = |terms: &mut LicenseTerms| terms.end_date = Date::parse("2026-03-20").ok();
    licenses::change_terms(&stage.ctx, stage.site, renewed, renew).await.unwrap();
    stage.advance(12 * 24 * 3600);
    stage.work().await;
    assert_eq!(told().await[3..], [1]);

    let none = |settings: &mut SiteSettings| settings.expiry_notices = "none".parse().unwrap();
    let site = sites::list(&stage.ctx).await.unwrap().remove(0);
    sites::change_settings(&stage.ctx, &site, none).await.unwrap();
    stage.advance(3 * 24 * 3600);
    stage.work().await;
    assert_eq!(told().await.len(), 4);
}

async fn order(stage: &Stage) -> OrderNumber {
    let customer = CustomerName::new("ACME").unwrap();
    let new = NewCustomer { name: customer.clone(), email: String::new(), account: None };
    customers::create(&stage.ctx, stage.site, new).await.unwrap();
    let order = OrderNumber::new("SO-1").unwrap();
    orders::create(&stage.ctx, stage.site, order.clone(), customer).await.unwrap();
    order
}

fn new_license(order: &OrderNumber) -> NewLicense {
    NewLicense {
        key: None,
        order: order.clone(),
        product: ProductName::new("Pump").unwrap(),
        features: Vec::new(),
        terms: LicenseTerms {
            status: LicenseStatus::Enabled,
            start_date: None,
            end_date: None,
            limit: ActivationLimit::Unlimited,
        },
    }
}
