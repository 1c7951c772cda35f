//! Many at once: never more than is allowed, and never counted twice.

use countersign_app::license_api::{
    Consumption, Counted, Done, LicenseError, Once, Refusal, TrialRequest, add_consumption, device_licenses, trial,
};
use countersign_app::licensing::{licenses, products};
use countersign_domain::licensing::{ActivationLimit, Contact, LicenseRules, LicenseTerms};
use futures_util::future::join_all;

use crate::support::{Shop, TERMS, code, counting, hardware, identity, product};

const AT_ONCE: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_activations_exactly_as_many_succeed_as_there_is_room_for() {
    let shop = Shop::new().await;
    let terms = LicenseTerms { limit: ActivationLimit::AtMost(37), ..TERMS };
    let license = shop.license(terms, LicenseRules::default()).await;
    let names: Vec<String> = (0..AT_ONCE).map(|number| format!("HW-{number}")).collect();
    let outcomes = join_all(names.iter().map(|name| shop.activate(&license.key, name))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 37);
    let full = |outcome: &Result<_, _>| {
        matches!(outcome, Err(LicenseError::Refused(Refusal::LicenseActivatedMaxTimes))) || outcome.is_ok()
    };
    assert!(outcomes.iter().all(full));
    let found = licenses::find(&shop.ctx, shop.site, license.key).await.unwrap().unwrap();
    assert_eq!(found.activations, 37);
    let mut active = 0;
    for name in &names {
        active += device_licenses(&shop.ctx, &shop.caller, hardware(name)).await.unwrap().len();
    }
    assert_eq!(active, 37, "a refused activation left something behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_consumptions_the_balance_is_the_sum_of_those_accepted() {
    let shop = Shop::new().await;
    let license = shop.license(TERMS, counting(700)).await;
    shop.activate(&license.key, "HW-1").await.unwrap();
    let outcomes = join_all((0..AT_ONCE).map(|number| shop.consume(&license.key, "HW-1", 1 + number as i64 % 3))).await;
    let units = |number: usize| 1 + number as i64 % 3;
    let sum: i64 = (0..).zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(number, _)| units(number)).sum();
    assert_eq!(sum, 700, "room was left though single units were refused, or too much was taken");
    let found = licenses::find(&shop.ctx, shop.site, license.key).await.unwrap().unwrap();
    assert_eq!(found.usage.meter.total, sum);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_repeated_at_once_counts_once() {
    let shop = Shop::new().await;
    let license = shop.license(TERMS, counting(700)).await;
    shop.activate(&license.key, "HW-1").await.unwrap();
    let calls = (0..60).map(|number: usize| {
        let key = format!("key-{}", number / 6);
        let render = |outcome: Result<&Counted, Refusal>| outcome.unwrap().meter.total.to_be_bytes().to_vec();
        let once = Once::new(&shop.caller, "add_consumption", &key, b"body", render);
        let consumption = Consumption { units: 1, overage: None };
        add_consumption(&shop.ctx, &shop.caller, identity(&license.key, "HW-1"), consumption, Some(once))
    });
    let outcomes = join_all(calls).await;
    for same in outcomes.chunks(6) {
        let totals: Vec<i64> = same
            .iter()
            .map(|outcome| match outcome.as_ref().unwrap_or_else(|error| panic!("{error:?}")) {
                Done::Now(counted) => counted.meter.total,
                Done::Before(bytes) => i64::from_be_bytes(bytes.as_slice().try_into().unwrap()),
            })
            .collect();
        assert!(totals.iter().all(|total| *total == totals[0]), "{totals:?}");
        let done = same.iter().filter(|outcome| matches!(outcome, Ok(Done::Now(_)))).count();
        assert_eq!(done, 1);
    }
    let found = licenses::find(&shop.ctx, shop.site, license.key).await.unwrap().unwrap();
    assert_eq!(found.usage.meter.total, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_asks_for_a_trial_many_times_gets_one() {
    let shop = Shop::new().await;
    products::change(&shop.ctx, shop.site, product(), |product| product.rules.trial_days = Some(14)).await.unwrap();
    let ask = |_| {
        let request = TrialRequest {
            product: code(),
            hardware: hardware("HW-1"),
            email: None,
            password: None,
            policy: None,
            contact: Contact::default(),
            from: None,
        };
        trial(&shop.ctx, &shop.caller, request)
    };
    let trials = join_all((0..20).map(ask)).await;
    assert!(trials.iter().all(Result::is_ok));
    let filter = licenses::LicenseFilter::default();
    let all = licenses::list(&shop.ctx, shop.site, filter, countersign_app::Page::first(99)).await.unwrap();
    assert_eq!(all.len(), 1);
}
