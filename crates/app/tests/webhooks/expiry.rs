//! Licenses that expire are told of, each one once.

use countersign_app::licensing::customers::{self, NewCustomer};
use countersign_app::licensing::licenses::{self, NewLicense};
use countersign_app::licensing::orders;
use countersign_domain::licensing::{ActivationLimit, LicenseStatus, LicenseTerms};
use countersign_domain::text::{CustomerName, OrderNumber, ProductName};
use countersign_domain::time::Date;

use crate::support::Stage;

#[tokio::test]
async fn a_license_whose_last_day_has_passed_is_told_once() {
    let stage = Stage::new().await;
    stage.product("Pump").await;
    let customer = CustomerName::new("ACME").unwrap();
    let new = NewCustomer { name: customer.clone(), email: String::new(), account: None };
    customers::create(&stage.ctx, stage.site, new).await.unwrap();
    let order = OrderNumber::new("SO-1").unwrap();
    orders::create(&stage.ctx, stage.site, order.clone(), customer).await.unwrap();
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
