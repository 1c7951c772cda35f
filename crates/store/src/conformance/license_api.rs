//! What licensed applications ask about: products, rules, units, users, trials, variables, API keys, answered calls.

use countersign_domain::ids::{DeviceId, FeatureId, LicenseId, LicenseUserId, PolicyId, ProductId, SiteId};
use countersign_domain::licensing::{
    ActivationLimit, Assignment, AuthorizationMethod, Contact, DeviceFacts, Environment, FeatureRules, FeatureType,
    LicenseRules, LicenseUsage, Meter, Part, Policy, ProductRules, ProductStatus, ReleasedVersion,
};
use countersign_domain::text::{FeatureCode, HardwareId, PolicyCode, ProductCode, UserEmail};
use countersign_domain::time::Timestamp;
use futures_util::future::join_all;

use super::purchases::{MISSING, TERMS, customer, device, key, license, order, product};
use super::{NOW, site};
use crate::repositories::{AnsweredCall, ApiKeyRecord, NewLicense, NewLicenseUser, Page, Tx};
use crate::{Store, StoreError};

fn code(text: &str) -> ProductCode {
    ProductCode::new(text).expect("the test gives a good code")
}

fn hardware(text: &str) -> HardwareId {
    HardwareId::new(text).expect("the test gives a good ID")
}

fn email(text: &str) -> UserEmail {
    UserEmail::new(text).expect("the test gives a good address")
}

/// A product, an order, a license and a device.
async fn sold(tx: &mut dyn Tx, site: SiteId) -> Result<(ProductId, LicenseId, DeviceId), StoreError> {
    let buyer = customer(tx, site, "Buyer", None).await?;
    let order = order(tx, site, "SO-1", buyer).await?;
    let pump = product(tx, site, "Pump").await?;
    let license = license(tx, site, "A", order, pump, TERMS).await?;
    Ok((pump, license, device(tx, site, "x", Some(buyer)).await?))
}

/// A product goes by its name until it has a code; one code is for one product of a site.
pub async fn products_go_by_code_with_status_and_rules(store: &Store) {
    let (one, other) = (site(store, "one").await, site(store, "other").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let pump = product(tx, one, "Pump").await?;
                product(tx, other, "Pump").await?;
                let found = tx.licensed_products().find(one, &code("Pump")).await?.expect("is there");
                assert_eq!((found.product.id, found.status), (pump, ProductStatus::Active));
                assert_eq!(found.rules, ProductRules::default());
                let rules = ProductRules {
                    authorization: AuthorizationMethod::User,
                    trial_days: Some(9),
                    ..ProductRules::default()
                };
                assert!(tx.licensed_products().set(pump, &code("p"), ProductStatus::Archived, &rules).await?);
                assert!(
                    !tx.licensed_products().set(ProductId(MISSING), &code("q"), ProductStatus::Active, &rules).await?
                );
                assert_eq!(tx.licensed_products().find(one, &code("Pump")).await?, None);
                let found = tx.licensed_products().find(one, &code("p")).await?.expect("is there");
                assert_eq!((found.status, &found.rules), (ProductStatus::Archived, &rules));
                assert_eq!(tx.licensed_products().find_by_id(one, pump).await?, Some(found.clone()));
                assert_eq!(tx.licensed_products().find_by_id(other, pump).await?, None);
                assert_eq!(tx.licensed_products().list(one).await?, [found]);
                assert_eq!(tx.licensed_products().list(other).await?.len(), 1);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// What is laid down for a license, and what becomes of it, comes back as it was written; so do its features.
pub async fn licenses_keep_rules_units_and_features(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let (pump, id, device) = sold(tx, site).await?;
                let rules =
                    LicenseRules { prevent_vm: true, metadata: "{\"a\":1}".to_owned(), ..LicenseRules::default() };
                assert!(tx.licenses().set_rules(id, &rules).await?);
                assert!(!tx.licenses().set_rules(LicenseId(MISSING), &rules).await?);
                let usage = LicenseUsage {
                    first_activated_at: Some(NOW),
                    last_device: Some(device),
                    vacancies: 2,
                    transfers: 3,
                    meter: Meter { total: -4, since: Some(NOW) },
                };
                tx.licenses().set_usage(id, &usage).await?;
                tx.licenses().set_usage(LicenseId(MISSING), &usage).await?;
                let pro = FeatureCode::new("PRO").expect("a code");
                let feature = tx.features().insert(pump, &pro, "", NOW).await?.expect("the code is free");
                let laid = FeatureRules { feature_type: FeatureType::Consumption, ..FeatureRules::default() };
                assert!(tx.features().set_rules(feature, &laid).await?);
                assert!(!tx.features().set_rules(FeatureId(MISSING), &laid).await?);
                assert_eq!(tx.features().list(pump).await?[0].rules, laid);
                let meter = Meter { total: 7, since: None };
                tx.licenses().set_feature(id, feature, &FeatureRules::default(), Meter::default()).await?;
                tx.licenses().set_feature(id, feature, &laid, meter).await?;
                let found = tx.licenses().find_by_id(site, id).await?.expect("is there");
                assert_eq!((&found.rules, found.usage), (&rules, usage));
                assert_eq!((&found.features[0].rules, found.features[0].meter), (&laid, meter));
                assert_eq!(tx.licenses().lock_by_id(site, id).await?, Some(found.clone()));
                assert_eq!(tx.licenses().find_for(site, pump, &key("A")).await?, Some(found.clone()));
                assert_eq!(tx.licenses().lock_for(site, pump, &key("A")).await?, Some(found));
                assert_eq!(tx.licenses().find_for(site, ProductId(MISSING), &key("A")).await?, None);
                assert!(tx.licenses().delete_feature(id, feature).await?);
                assert!(!tx.licenses().delete_feature(id, feature).await?);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// The key of a bundle leads to the license of each of its products.
pub async fn a_bundle_is_one_key_for_several_products(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let buyer = customer(tx, site, "Buyer", None).await?;
                let order = order(tx, site, "SO-1", buyer).await?;
                let products = [product(tx, site, "Pump").await?, product(tx, site, "Valve").await?];
                for (number, product) in products.into_iter().enumerate() {
                    let bundle_key = Some(key("SUITE"));
                    let key = key(&format!("OWN-{number}"));
                    let (features, rules) = (vec![], LicenseRules::default());
                    let new = NewLicense { key, order, product, bundle_key, features, terms: TERMS, rules };
                    tx.licenses().insert(site, &new, NOW).await?.expect("the key is free");
                }
                for product in products {
                    let found = tx.licenses().find_for(site, product, &key("SUITE")).await?.expect("is there");
                    assert_eq!((found.product.id, found.bundle_key), (product, Some(key("SUITE"))));
                    assert!(tx.licenses().lock_for(site, product, &key("SUITE")).await?.is_some());
                }
                assert_eq!(tx.licenses().find_for(site, products[0], &key("OWN-1")).await?, None);
                let id = tx.bundles().insert(site, &code("suite"), "Suite", &products, NOW).await?;
                assert!(id.is_some());
                assert_eq!(tx.bundles().insert(site, &code("suite"), "", &products, NOW).await?, None);
                let found = tx.bundles().find(site, &code("suite")).await?.expect("is there");
                let ids: Vec<_> = found.products.iter().map(|product| product.product.id).collect();
                assert_eq!(ids, products);
                assert_eq!(tx.bundles().list(site).await?, [found]);
                assert_eq!(tx.bundles().find(site, &code("other")).await?, None);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// One policy of a product is the default one.
pub async fn policies_have_one_default(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let pump = product(tx, site, "Pump").await?;
                let policy = |text: &str| Policy {
                    id: PolicyId(0),
                    code: PolicyCode::new(text).expect("a code"),
                    name: text.to_owned(),
                    limit: ActivationLimit::AtMost(3),
                    rules: LicenseRules { offline: true, ..LicenseRules::default() },
                    features: vec![FeatureCode::new("A").expect("a code"), FeatureCode::new("B").expect("a code")],
                    is_default: true,
                };
                for text in ["a", "b"] {
                    assert!(tx.policies().insert(pump, &policy(text), NOW).await?.is_some());
                }
                assert_eq!(tx.policies().insert(pump, &policy("a"), NOW).await?, None);
                let listed = tx.policies().list(pump).await?;
                assert_eq!(listed.iter().map(|one| one.is_default).collect::<Vec<_>>(), [false, true]);
                let found = tx.policies().find(pump, &policy("b").code).await?.expect("is there");
                assert_eq!(found, Policy { id: found.id, ..policy("b") });
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// A license is assigned to a user once, counted for him, and taken from him when it is active nowhere.
pub async fn licenses_are_assigned_to_users(store: &Store) {
    let (site, other) = (site(store, "one").await, site(store, "other").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let (_, license, device) = sold(tx, site).await?;
                let new = NewLicenseUser {
                    email: email("u@example.test"),
                    first_name: "U".to_owned(),
                    last_name: String::new(),
                    phone: String::new(),
                    password_hash: "hash".to_owned(),
                    initial_password: true,
                };
                let user = tx.license_users().insert(site, &new, NOW).await?.expect("the address is free");
                assert_eq!(tx.license_users().insert(site, &new, NOW).await?, None);
                assert!(tx.license_users().insert(other, &new, NOW).await?.is_some());
                let (found, hash) = tx.license_users().find(site, &new.email).await?.expect("is there");
                assert_eq!(
                    (found.id, hash.as_str(), found.initial_password, found.enabled),
                    (user, "hash", true, true)
                );
                assert_eq!(tx.license_users().find_by_id(other, user).await?, None);
                assert!(!tx.license_users().set_password(user, "other", "new", false).await?);
                assert!(tx.license_users().set_password(user, "hash", "new", false).await?);
                assert!(tx.license_users().set_enabled(user, false).await?);
                assert!(!tx.license_users().set_enabled(LicenseUserId(MISSING), false).await?);
                let listed = tx.license_users().list(site, Page::first(9)).await?;
                assert_eq!(
                    listed.iter().map(|one| (one.initial_password, one.enabled)).collect::<Vec<_>>(),
                    [(false, false)]
                );
                let assignment = Assignment { license, user, limit: ActivationLimit::AtMost(2), activations: 0 };
                assert!(tx.license_users().assign(&assignment).await?);
                assert!(!tx.license_users().assign(&assignment).await?);
                assert_eq!(tx.license_users().assignments_of(license).await?, std::slice::from_ref(&assignment));
                assert_eq!(tx.license_users().assignments_to(user, None, 9).await?, [assignment]);
                assert!(tx.activations().insert(license, device, NOW).await?);
                assert!(tx.activations().set_user(license, device, Some(user)).await?);
                assert!(tx.license_users().count(license, user, 1).await?);
                assert!(!tx.license_users().unassign(license, user).await?, "it is active");
                let (found, activation) =
                    tx.activations().find_by_hardware(site, license, &hardware("x")).await?.expect("is there");
                assert_eq!((found.id, activation.user), (device, Some(user)));
                assert!(tx.activations().find_by_hardware(other, license, &hardware("x")).await?.is_none());
                assert_eq!(tx.devices().list_by_hardware(site, &hardware("x")).await?, [found]);
                // To release it counts it off the user, and off the license, which has been released then.
                assert!(tx.activations().delete(license, device).await?);
                let counted = tx.license_users().assignment(license, user).await?.expect("is there").activations;
                let released = tx.licenses().find_by_id(site, license).await?.expect("is there");
                assert_eq!((counted, released.activations, released.usage.vacancies), (0, 0, 1));
                assert!(tx.license_users().unassign(license, user).await?);
                assert_eq!(tx.license_users().assignment(license, user).await?, None);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Facts and variables are replaced by newer ones; trials are found by product and device; a customer by address.
pub async fn what_is_told_of_devices_is_kept(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let (pump, license, device) = sold(tx, site).await?;
                assert_eq!(tx.device_details().facts(device).await?, None);
                for hostname in ["a", "b"] {
                    let facts = DeviceFacts { hostname: hostname.to_owned(), is_vm: true, ..DeviceFacts::default() };
                    tx.device_details().set_facts(device, &facts, NOW).await?;
                    assert_eq!(tx.device_details().facts_of_each(&[device]).await?, [(device, facts.clone())]);
                    assert_eq!(tx.device_details().facts(device).await?, Some((facts, NOW)));
                }
                for (name, value) in [("b", "1"), ("a", "2"), ("b", "3")] {
                    tx.device_details().set_variable(license, device, name, value, NOW).await?;
                }
                let all = tx.device_details().variables(license, device).await?;
                let all: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
                assert_eq!(all, [("a", "2"), ("b", "3")]);
                assert_eq!(tx.device_details().delete_variables(license).await?, 2);
                assert_eq!(tx.trials().find(pump, &hardware("x")).await?, None);
                tx.trials().insert(pump, &hardware("x"), license).await?;
                assert_eq!(tx.trials().find(pump, &hardware("x")).await?, Some(license));
                assert_eq!(tx.trials().find(pump, &hardware("y")).await?, None);
                let buyer = customer(tx, site, "Other", None).await?;
                let contact = Contact { city: "Split".to_owned(), ..Contact::default() };
                assert!(tx.customers().set_contact(buyer, &contact).await?);
                let found = tx.customers().find_by_id(site, buyer).await?.expect("is there");
                assert_eq!(found.contact, contact);
                assert_eq!(tx.customers().find_by_email(site, "x@example.test").await?, None);
                assert!(tx.customers().find_by_email(site, "").await?.is_some());
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// API keys come newest first, are revoked once, and belong to their site.
pub async fn api_keys_are_revoked_once(store: &Store) {
    let (site, other) = (site(store, "one").await, site(store, "other").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let pump = product(tx, site, "Pump").await?;
                let part = Some(Part::Customer(customer(tx, site, "Nordwind", None).await?));
                let record = |text: &str| ApiKeyRecord {
                    id: countersign_domain::ids::ApiKeyId(0),
                    key: text.to_owned(),
                    sealed: vec![1, 2],
                    label: "ci".to_owned(),
                    read_only: true,
                    products: vec![pump],
                    part,
                    created_at: NOW,
                    revoked_at: None,
                    last_used_at: None,
                };
                let id = tx.api_keys().insert(site, &record("a")).await?.expect("the key is free");
                assert_eq!(tx.api_keys().insert(site, &record("a")).await?, None);
                assert!(tx.api_keys().insert(site, &record("b")).await?.is_some());
                let listed = tx.api_keys().list(site).await?;
                assert_eq!(listed.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["b", "a"]);
                assert_eq!(listed[1], ApiKeyRecord { id, ..record("a") });
                assert!(!tx.api_keys().revoke(other, id, NOW).await?);
                assert!(tx.api_keys().revoke(site, id, NOW).await?);
                assert!(!tx.api_keys().revoke(site, id, NOW).await?);
                assert!(tx.api_keys().set_last_used(site, id, NOW).await?);
                assert!(tx.api_keys().reseal(site, id, &[3]).await?);
                assert!(!tx.api_keys().reseal(other, id, &[3]).await?);
                let found = tx.api_keys().list(site).await?.remove(1);
                assert_eq!((found.revoked_at, found.last_used_at, found.sealed), (Some(NOW), Some(NOW), vec![3]));
                assert!(tx.api_keys().list(other).await?.is_empty());
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Of many units that answer one call, one is kept; calls are forgotten from their old end.
pub async fn a_call_is_answered_once(store: &Store) {
    let site = site(store, "one").await;
    let call =
        |byte: u8, at: i64| AnsweredCall { body: [byte; 32], answer: vec![byte], at: Timestamp::from_seconds(at) };
    let units = (0..20).map(|number| {
        let call = call(number, 5);
        store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.answered_calls().insert(site, &[7; 32], &call).await })
        })
    });
    let kept: Vec<bool> = join_all(units).await.into_iter().map(|outcome| outcome.expect("writes")).collect();
    assert_eq!(kept.iter().filter(|&&kept| kept).count(), 1);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let found = tx.answered_calls().find(site, &[7; 32]).await?.expect("is there");
                assert!(kept[usize::from(found.answer[0])]);
                assert!(tx.answered_calls().insert(site, &[8; 32], &call(1, 9)).await?);
                let before = |seconds| Timestamp::from_seconds(seconds);
                assert_eq!(tx.answered_calls().delete_before(site, before(5), 9).await?, 0);
                assert_eq!(tx.answered_calls().delete_before(site, before(6), 9).await?, 1);
                assert_eq!(tx.answered_calls().find(site, &[7; 32]).await?, None);
                assert!(!tx.answered_calls().delete(site, &[8; 32], before(8)).await?, "that one was done later");
                assert!(tx.answered_calls().delete(site, &[8; 32], before(9)).await?);
                assert!(!tx.answered_calls().delete(site, &[8; 32], before(9)).await?);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Releases come newest first, each version once for an environment and channel.
pub async fn versions_come_newest_first(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let pump = product(tx, site, "Pump").await?;
                let release = |version: &str, at: i64| ReleasedVersion {
                    id: countersign_domain::ids::VersionId(0),
                    product: pump,
                    version: version.to_owned(),
                    environment: Environment::Linux64,
                    channel: String::new(),
                    file_name: countersign_domain::file_name::PlainFileName::new("a.bin").expect("a name"),
                    url: Some("https://files.example/a.bin".to_owned()),
                    sha256: [1; 32],
                    md5: [2; 16],
                    size: 3,
                    requires_version: String::new(),
                    eula_link: String::new(),
                    release_notes_link: String::new(),
                    released_at: Timestamp::from_seconds(at),
                };
                for (version, at) in [("1", 10), ("3", 30), ("2", 20)] {
                    assert!(tx.versions().insert(site, &release(version, at), None, NOW).await?.is_some());
                }
                assert_eq!(tx.versions().insert(site, &release("1", 40), None, NOW).await?, None);
                let listed = tx.versions().list(pump, None, 2).await?;
                assert_eq!(listed.iter().map(|one| one.version.as_str()).collect::<Vec<_>>(), ["3", "2"]);
                assert_eq!(listed[0], ReleasedVersion { id: listed[0].id, ..release("3", 30) });
                let by_then = tx.versions().list(pump, Some(Timestamp::from_seconds(20)), 1).await?;
                assert_eq!(by_then.iter().map(|one| one.version.as_str()).collect::<Vec<_>>(), ["2"]);
                let before = Timestamp::from_millis(9_999);
                assert!(tx.versions().list(pump, Some(before), 9).await?.is_empty());
                assert!(!tx.versions().delete(ProductId(MISSING), listed[0].id).await?);
                assert!(tx.versions().delete(pump, listed[0].id).await?);
                assert_eq!(tx.versions().list(pump, None, 9).await?.len(), 2);
                Ok(())
            })
        })
        .await
        .expect("writes");
}
