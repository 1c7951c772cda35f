//! Nothing of the worker's tasks holds up the others: not much that is new, and nothing that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_app::licensing::customers::{self, NewCustomer};
use countersign_app::licensing::licenses::{self, NewLicense};
use countersign_app::licensing::orders;
use countersign_app::{products, sites};
use countersign_domain::licensing::{ActivationLimit, LicenseStatus, LicenseTerms};
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::{CustomerName, OrderNumber, ProductName};
use countersign_domain::time::Date;
use countersign_domain::webhook::EndpointSettings;
use countersign_testkit::Answer;

use crate::support::{HOOK, Stage};

/// Events that are written while a retry is waited for.
const EVENTS: usize = 1500;
/// Writers that write them.
const WRITERS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_due_is_sent_while_events_come_without_a_pause() {
    let stage = Stage::new().await;
    stage.hook().await;
    stage.receivers.behave(HOOK, |_| Answer::Status(500, None));
    stage.product("Pump").await;
    stage.work().await;
    let again = Arc::new(AtomicBool::new(false));
    let seen = again.clone();
    stage.receivers.behave(HOOK, move |got| {
        seen.fetch_or(got.header("x-event-attempt") == Some("2"), Ordering::SeqCst);
        Answer::Status(200, None)
    });
    stage.advance(60);
    let engine = stage.engine();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (ctx, site, again) = (stage.ctx.clone(), stage.site, again.clone());
        writers.spawn(async move {
            for number in 0..EVENTS / WRITERS {
                if again.load(Ordering::SeqCst) {
                    break;
                }
                products::create(&ctx, site, ProductName::new(format!("P{writer}-{number}")).unwrap()).await.unwrap();
            }
        });
    }
    let written = async { while writers.join_next().await.is_some() {} };
    engine.run(written).await;
    assert!(again.load(Ordering::SeqCst), "the retry waited until no more events came");
}

#[tokio::test]
async fn a_license_that_cannot_be_read_holds_up_its_own_site_alone() {
    let stage = Stage::new().await;
    let other = sites::create(&stage.ctx, SiteName::new("beta").unwrap(), SiteSettings::default()).await.unwrap();
    for site in [stage.site, other] {
        products::create(&stage.ctx, site, ProductName::new("Pump").unwrap()).await.unwrap();
        let customer = CustomerName::new("ACME").unwrap();
        let new = NewCustomer { name: customer.clone(), email: String::new(), account: None };
        customers::create(&stage.ctx, site, new).await.unwrap();
        let order = OrderNumber::new("SO-1").unwrap();
        orders::create(&stage.ctx, site, order.clone(), customer).await.unwrap();
        let terms = LicenseTerms {
            status: LicenseStatus::Enabled,
            start_date: None,
            end_date: Date::parse("2026-03-02").ok(),
            limit: ActivationLimit::Unlimited,
        };
        let product = ProductName::new("Pump").unwrap();
        let license = NewLicense { key: None, order, product, features: Vec::new(), terms };
        licenses::create(&stage.ctx, site, license).await.unwrap();
    }
    stage.work().await;
    stage.world.run_statements("update licenses set end_date = '2026-03-0' where id = 1").await;
    stage.hook().await;
    let far = "https://far.example.com/";
    let name = countersign_domain::text::EndpointName::new("far").unwrap();
    let settings = EndpointSettings::new(far);
    countersign_app::webhooks::endpoints::create(&stage.ctx, other, name, settings, None).await.unwrap();
    stage.product("Late").await;
    stage.receivers.behave(HOOK, |_| Answer::Status(500, None));
    stage.work().await;
    stage.receivers.behave(HOOK, |_| Answer::Status(200, None));
    stage.advance(3 * 24 * 3600);
    stage.work().await;
    assert_eq!(stage.bodies().len(), 2, "what was due in the site itself is sent");
    let told = stage.receivers.received_at(far);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(String::from_utf8_lossy(&told[0].body).contains("lineitem.expired"));
}
