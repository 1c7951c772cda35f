//! Licenses: creating, finding, changing terms.

use countersign_app::Page;
use countersign_app::licensing::licenses::{
    self, ChangeTermsError, CreateLicenseError, LicenseFilter, ListLicensesError, NewLicense,
};
use countersign_app::licensing::{customers, features, orders};
use countersign_domain::device::DeviceClass;
use countersign_domain::event::Event;
use countersign_domain::licensing::{ActivationLimit, License, LicenseStatus, LicenseTerms};
use countersign_domain::text::FeatureCode;

use crate::support::{Producer, customer, date, license_key, new_license, order, product, terms};

fn code(text: &str) -> FeatureCode {
    FeatureCode::new(text).unwrap()
}

#[tokio::test]
async fn a_license_is_created_with_its_features_and_terms() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    producer.create_customer("Nordwind", None).await;
    producer.create_order("SO-1", "Nordwind").await;
    for text in ["PRO", "ALARM"] {
        features::create(ctx, site, product("Pump"), code(text), String::new()).await.unwrap();
    }
    let dated = LicenseTerms { start_date: Some(date("2026-03-01")), end_date: Some(date("2026-12-31")), ..terms(3) };
    let before = producer.trails().await;
    let features = vec![code("PRO"), code("ALARM"), code("PRO")];
    let new = NewLicense { key: Some(license_key("ACT-1")), features, terms: dated, ..new_license("SO-1", 3) };
    let license = producer.try_license(new.clone()).await.unwrap();
    producer.demand(&before, "license.create", &license.id.to_string(), &[Event::LicenseCreated(license.id)]).await;

    let nordwind = customers::find(ctx, site, customer("Nordwind")).await.unwrap().unwrap();
    assert_eq!((license.holder, license.customer.as_str()), (nordwind.holder(), "Nordwind"));
    assert_eq!((license.product.name.as_str(), license.order.as_str()), ("Pump", "SO-1"));
    let codes: Vec<_> = license.features.iter().map(|feature| feature.code.clone()).collect();
    assert_eq!(codes, [code("ALARM"), code("PRO")]);
    assert_eq!((license.terms, license.activations), (dated, 0));
    assert!(licenses::find(ctx, site, license_key("ACT-1")).await.unwrap() == Some(license));

    let before = producer.trails().await;
    let base = || NewLicense { key: Some(license_key("ACT-2")), ..new.clone() };
    let backward = LicenseTerms { end_date: Some(date("2026-02-28")), ..dated };
    for (new, text) in [
        (new.clone(), "choose another key"),
        (NewLicense { order: order("SO-9"), ..base() }, "countersign order create \"SO-9\""),
        (NewLicense { product: product("Fan"), ..base() }, "countersign product create \"Fan\""),
        (NewLicense { features: vec![code("PRO"), code("MAX")], ..base() }, "countersign feature create \"MAX\""),
        (NewLicense { terms: backward, ..base() }, "would end (2026-02-28) before it starts (2026-03-01)"),
    ] {
        let error = producer.try_license(new).await.err().unwrap();
        assert!(!matches!(error, CreateLicenseError::Fault(_)), "{error:?}");
        assert!(error.to_string().contains(text), "{error}");
        assert!(!format!("{error:?} {error}").contains("ACT-"), "an error carries a key: {error:?}");
    }
    assert_eq!(producer.trails().await, before, "a refusal left something");
    assert!(licenses::find(ctx, site, license_key("ACT-2")).await.unwrap().is_none());
}

#[tokio::test]
async fn keys_are_made_for_those_who_have_none() {
    let producer = Producer::new().await;
    producer.create_customer("Nordwind", None).await;
    producer.create_order("SO-1", "Nordwind").await;
    let mut keys = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let key = producer.try_license(new_license("SO-1", 1)).await.unwrap().key.as_str().to_owned();
        let groups: Vec<&str> = key.split('-').collect();
        assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [3, 5, 5, 5, 5], "{key}");
        assert!(key.starts_with("ACT-") && !key[4..].contains(['I', 'L', 'O', 'U']), "{key}");
        assert!(keys.insert(key));
    }
    // Nobody finds a key in the audit trail.
    for entry in producer.audit().await {
        assert!(!keys.iter().any(|key| format!("{entry:?}").contains(key)), "{entry:?}");
    }
}

#[tokio::test]
async fn terms_are_changed_and_nothing_is_released() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    let license = producer.license("ACT-1", "Nordwind", 3).await;
    for id in ["a", "b", "c"] {
        let device = producer.add_device(id, DeviceClass::Client, None).await;
        producer.activate(&license, device).await;
    }
    let change =
        async |change: fn(&mut LicenseTerms)| licenses::change_terms(ctx, site, license_key("ACT-1"), change).await;
    let before = producer.trails().await;
    let changed = change(|terms| {
        terms.status = LicenseStatus::Disabled;
        terms.limit = ActivationLimit::AtMost(1);
        terms.start_date = Some(date("2026-01-01"));
        terms.end_date = Some(date("2026-06-30"));
    })
    .await;
    let changed = changed.unwrap();
    let subject = license.id.to_string();
    producer.demand(&before, "license.change", &subject, &[Event::LicenseChanged(license.id)]).await;
    assert_eq!((changed.excess, producer.activations("ACT-1").await), (2, 3));
    let expected = License { terms: changed.license.terms, activations: 3, ..license.clone() };
    let stored = licenses::find(ctx, site, license_key("ACT-1")).await.unwrap().unwrap();
    assert!(stored == expected && changed.license == expected);
    assert_eq!(stored.terms.status, LicenseStatus::Disabled);
    assert_eq!(stored.terms.end_date, Some(date("2026-06-30")));

    // Only what the change names is changed; an end can be taken away.
    assert_eq!(change(|terms| terms.end_date = None).await.unwrap().license.terms.end_date, None);
    let unlimited = change(|terms| terms.limit = ActivationLimit::Unlimited).await.unwrap();
    assert_eq!((unlimited.excess, unlimited.license.terms.start_date), (0, Some(date("2026-01-01"))));

    let before = producer.trails().await;
    let error = change(|terms| terms.end_date = Some(date("2025-12-31"))).await.err().unwrap();
    assert!(matches!(error, ChangeTermsError::EndsBeforeStart { .. }), "{error:?}");
    let error = licenses::change_terms(ctx, site, license_key("ACT-9"), |_| {}).await.err().unwrap();
    assert!(matches!(error, ChangeTermsError::UnknownLicense), "{error:?}");
    let other = producer.other_site().await;
    let error = licenses::change_terms(ctx, other, license_key("ACT-1"), |_| {}).await.err().unwrap();
    assert!(matches!(error, ChangeTermsError::UnknownLicense), "{error:?}");
    assert_eq!(producer.trails().await, before, "a refusal left something");
    assert!(licenses::find(ctx, site, license_key("ACT-1")).await.unwrap().unwrap() == unlimited.license);
}

#[tokio::test]
async fn licenses_are_listed_by_what_they_belong_to() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    countersign_app::products::create(ctx, site, product("Fan")).await.unwrap();
    producer.license("P1", "Nordwind", 1).await;
    producer.license("P2", "Südwind", 1).await;
    orders::create(ctx, site, order("SO-3"), customer("Nordwind")).await.unwrap();
    for (key, name) in [("F3", "Fan"), ("P3", "Pump")] {
        let new = NewLicense { key: Some(license_key(key)), product: product(name), ..new_license("SO-3", 1) };
        producer.try_license(new).await.unwrap();
    }
    let list = async |filter: LicenseFilter| {
        let found = licenses::list(ctx, site, filter, Page::first(9)).await.unwrap();
        found.iter().map(|license| license.key.as_str().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let all = LicenseFilter::default;
    assert_eq!(list(all()).await, "P1 P2 F3 P3");
    assert_eq!(list(LicenseFilter { customer: Some(customer("Nordwind")), ..all() }).await, "P1 F3 P3");
    assert_eq!(list(LicenseFilter { order: Some(order("SO-3")), ..all() }).await, "F3 P3");
    let pumps = LicenseFilter { product: Some(product("Pump")), ..all() };
    assert_eq!(list(pumps.clone()).await, "P1 P2 P3");
    assert_eq!(list(LicenseFilter { customer: Some(customer("Nordwind")), ..pumps }).await, "P1 P3");

    let refused = async |filter| licenses::list(ctx, site, filter, Page::first(9)).await.err().unwrap();
    let error = refused(LicenseFilter { customer: Some(customer("X")), ..all() }).await;
    assert!(matches!(error, ListLicensesError::UnknownCustomer(_)), "{error:?}");
    let error = refused(LicenseFilter { order: Some(order("X")), ..all() }).await;
    assert!(matches!(error, ListLicensesError::UnknownOrder(_)), "{error:?}");
    let error = refused(LicenseFilter { product: Some(product("X")), ..all() }).await;
    assert!(matches!(error, ListLicensesError::UnknownProduct(_)), "{error:?}");
}
