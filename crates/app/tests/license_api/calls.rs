//! Each call: what it answers, and why it is refused.

use std::sync::Arc;
use std::time::Duration;

use countersign_app::license_api::{
    Access, Consumption, Identity, LicenseCaller, NewApiKey, OverageWish, Refusal, ReleaseFilter, activate_bundle,
    add_consumption, add_feature_consumption, check, check_bundle, check_feature, create_api_key, deactivate_bundle,
    device_licenses, find_api_key, product_details, revoke_api_key, track_variables, variables, versions,
};
use countersign_app::licensing::{bundles, devices, features, licenses, products};
use countersign_app::sites::{SiteRef, SiteSnapshot, change_settings, resolve};
use countersign_app::{Ctx, products as catalog};
use countersign_domain::device::DeviceIdentity;
use countersign_domain::ids::LicenseId;
use countersign_domain::licensing::{
    ActivationLimit, FeatureRules, FeatureType, LicenseRules, LicenseStatus, LicenseTerms, Part, ProductStatus,
    TransferLimit, Units, Validity,
};
use countersign_domain::text::{FeatureCode, ProductCode, ProductName};
use countersign_domain::time::Date;

use crate::support::{Shop, TERMS, activation, code, counting, hardware, identity, now, order, product, refusal};

#[tokio::test]
async fn a_license_moves_between_devices() {
    let shop = Shop::new().await;
    let one = LicenseTerms { limit: ActivationLimit::AtMost(1), ..TERMS };
    let rules = LicenseRules { transfers: TransferLimit::AtMost(2), ..LicenseRules::default() };
    let license = shop.license(one, rules).await;
    let key = &license.key;
    let first = shop.activate(key, "A").await.unwrap();
    assert_eq!((first.license.activations, first.license.usage.transfers), (1, 0));
    assert_eq!(first.device.unwrap().hardware, hardware("A"));
    assert_eq!(refusal(shop.activate(key, "B").await), Refusal::LicenseActivatedMaxTimes);
    assert_eq!(shop.activate(key, "A").await.unwrap().license.activations, 1, "to repeat it counts nothing");
    for (from, to, transfers) in [("A", "B", 1), ("B", "A", 2), ("A", "A", 2)] {
        shop.deactivate(key, from).await.unwrap();
        assert_eq!(refusal(shop.deactivate(key, from).await), Refusal::DeviceNotFound);
        assert_eq!(refusal(shop.check(key, from).await), Refusal::LicenseNotActive);
        let moved = shop.activate(key, to).await.unwrap();
        assert_eq!((moved.license.activations, moved.license.usage.transfers), (1, transfers), "{from} to {to}");
    }
    shop.deactivate(key, "A").await.unwrap();
    assert_eq!(refusal(shop.activate(key, "B").await), Refusal::TransferLimit);
}

#[tokio::test]
async fn every_lookup_says_what_is_missing() {
    let shop = Shop::new().await;
    let license = shop.license(TERMS, LicenseRules::default()).await;
    let key = &license.key;
    assert_eq!(refusal(shop.check(key, "A").await), Refusal::LicenseNotActive);
    shop.activate(key, "A").await.unwrap();
    assert_eq!(refusal(shop.check(key, "B").await), Refusal::DeviceNotFound);
    let ask = async |caller: &LicenseCaller, identity: Identity| {
        check(&shop.ctx, caller, identity, ReleaseFilter::default()).await
    };
    let good = identity(key, "A");
    assert_eq!(ask(&shop.caller, good.clone()).await.unwrap().key(), key);
    let other = Identity { product: ProductCode::new("other").unwrap(), ..good.clone() };
    assert_eq!(refusal(ask(&shop.caller, other).await), Refusal::UnknownProduct);
    let other = Identity { license: Some(LicenseId(license.id.0 + 1)), ..good.clone() };
    assert_eq!(refusal(ask(&shop.caller, other).await), Refusal::LicenseNotFound);
    let other = Identity { bundle: Some(ProductCode::new("none").unwrap()), ..good.clone() };
    assert_eq!(refusal(ask(&shop.caller, other).await), Refusal::UnknownProduct);
    let mut narrow = LicenseCaller { products: Some(vec![]), ..shop.caller.clone() };
    assert_eq!(refusal(ask(&narrow, good.clone()).await), Refusal::ProductNotAllowed);
    narrow = LicenseCaller { parts: vec![Part::License(LicenseId(license.id.0 + 1))], ..shop.caller.clone() };
    assert_eq!(refusal(ask(&narrow, good.clone()).await), Refusal::LicenseNotFound);
    narrow = LicenseCaller { access: Access::ReadOnly, ..shop.caller.clone() };
    assert!(ask(&narrow, good.clone()).await.is_ok());
    let denied = countersign_app::license_api::activate(&shop.ctx, &narrow, activation(key, "B"), None).await;
    assert_eq!(refusal(denied), Refusal::ReadOnly);
    for (status, expected) in
        [(ProductStatus::Disabled, Refusal::DisabledProduct), (ProductStatus::Archived, Refusal::ArchivedProduct)]
    {
        products::change(&shop.ctx, shop.site, product(), move |product| product.status = status).await.unwrap();
        assert_eq!(refusal(ask(&shop.caller, good.clone()).await), expected);
    }
}

#[tokio::test]
async fn a_license_ends_after_its_first_activation_and_a_grace_period() {
    let shop = Shop::new().await;
    let rules = LicenseRules { validity: "1d".parse().ok(), grace: Some(24), ..counting(10) };
    let key = shop.license(TERMS, rules).await.key;
    shop.world.clock.advance(Duration::from_secs(40 * 24 * 3600));
    let first = shop.activate(&key, "A").await.unwrap();
    assert_eq!(first.ends_at(), Some(Date::parse("2026-04-11").unwrap().end()));
    assert!(!first.is_expired());
    shop.world.clock.advance(Duration::from_secs(2 * 24 * 3600));
    assert!(shop.check(&key, "A").await.unwrap().is_expired());
    assert!(shop.consume(&key, "A", 1).await.is_ok(), "the grace period is not over");
    shop.world.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(refusal(shop.consume(&key, "A", 1).await), Refusal::LicenseExpired);
    assert_eq!(refusal(shop.activate(&key, "B").await), Refusal::LicenseExpired);
    assert!(shop.activate(&key, "A").await.unwrap().is_expired(), "a bound device learns that it has ended");
    let off = |terms: &mut LicenseTerms| terms.status = LicenseStatus::Disabled;
    licenses::change_terms(&shop.ctx, shop.site, key.clone(), off).await.unwrap();
    assert_eq!(refusal(shop.check(&key, "A").await), Refusal::LicenseNotEnabled);
    assert_eq!(refusal(shop.activate(&key, "A").await), Refusal::LicenseNotEnabled);
}

#[tokio::test]
async fn virtual_machines_and_retired_devices_are_refused() {
    let shop = Shop::new().await;
    let key = shop.license(TERMS, LicenseRules { prevent_vm: true, ..LicenseRules::default() }).await.key;
    let mut request = activation(&key, "A");
    request.facts.is_vm = true;
    let refused = countersign_app::license_api::activate(&shop.ctx, &shop.caller, request, None).await;
    assert_eq!(refusal(refused), Refusal::VirtualMachine);
    shop.activate(&key, "A").await.unwrap();
    let identity = DeviceIdentity { id: "A".to_owned(), id_type: "HARDWARE".to_owned(), publisher_name: String::new() };
    devices::retire(&shop.ctx, shop.site, identity).await.unwrap();
    assert_eq!(refusal(shop.check(&key, "A").await), Refusal::Blacklisted);
    assert_eq!(refusal(shop.activate(&key, "A").await), Refusal::Blacklisted);
}

#[tokio::test]
async fn days_that_are_laid_down_in_use_count_from_then() {
    let shop = Shop::new().await;
    let code = FeatureCode::new("pages").unwrap();
    features::create(&shop.ctx, shop.site, product(), code.clone(), "Pages".to_owned()).await.unwrap();
    let key = shop.license(TERMS, LicenseRules::default()).await.key;
    let laid = |rules: &mut LicenseRules| {
        rules.validity = Some(Validity::days(30));
        rules.maintenance = Some(Validity::days(10));
    };
    let lay_feature = async |days| {
        let lay = move |rules: &mut FeatureRules| rules.validity = Some(Validity::days(days));
        let license = licenses::set_feature(&shop.ctx, shop.site, key.clone(), code.clone(), lay).await.unwrap();
        license.features[0].rules.end_date.map(|end| end.to_string())
    };
    assert_eq!(lay_feature(7).await, None, "the first activation is still to come");
    shop.activate(&key, "A").await.unwrap();
    shop.world.clock.advance(Duration::from_secs(2 * 24 * 3600));
    assert_eq!(lay_feature(9).await.as_deref(), Some("2026-03-08"), "it ends already; the day is changed as such");
    let license = licenses::change_rules(&shop.ctx, shop.site, key.clone(), laid).await.unwrap();
    let ends = [license.terms.end_date, license.rules.maintenance_end].map(|end| end.unwrap().to_string());
    assert_eq!(ends, ["2026-04-02", "2026-03-13"]);
    assert_eq!(shop.check(&key, "A").await.unwrap().ends_at().unwrap().date().to_string(), "2026-04-02");
    // An end that is taken away stays away when something else is laid down.
    let endless = |terms: &mut LicenseTerms| terms.end_date = None;
    licenses::change_terms(&shop.ctx, shop.site, key.clone(), endless).await.unwrap();
    let lay_users = |rules: &mut LicenseRules| rules.users = Some(3);
    let license = licenses::change_rules(&shop.ctx, shop.site, key.clone(), lay_users).await.unwrap();
    assert_eq!(license.terms.end_date, None);
    // What starts later does not end before.
    let later = |terms: &mut LicenseTerms| terms.start_date = Date::parse("2026-04-11").ok();
    licenses::change_terms(&shop.ctx, shop.site, key.clone(), later).await.unwrap();
    let five = |rules: &mut LicenseRules| rules.validity = Some(Validity::days(5));
    let license = licenses::change_rules(&shop.ctx, shop.site, key, five).await.unwrap();
    assert_eq!(license.terms.end_date.unwrap().to_string(), "2026-04-16");
}

#[tokio::test]
async fn units_are_counted_on_licenses_and_features() {
    let shop = Shop::new().await;
    let feature = FeatureCode::new("pages").unwrap();
    features::create(&shop.ctx, shop.site, product(), feature.clone(), "Pages".to_owned()).await.unwrap();
    let key = shop.license(TERMS, counting(10)).await.key;
    let limit = |rules: &mut FeatureRules| {
        rules.feature_type = FeatureType::Consumption;
        rules.metering.limit = Units::AtMost(3);
    };
    licenses::set_feature(&shop.ctx, shop.site, key.clone(), feature.clone(), limit).await.unwrap();
    shop.activate(&key, "A").await.unwrap();
    assert_eq!(shop.consume(&key, "A", 10).await.unwrap(), 10);
    assert_eq!(refusal(shop.consume(&key, "A", 1).await), Refusal::LicenseNotEnoughConsumptions);
    let wish = OverageWish { allowed: Some(true), most: Some(5) };
    let beyond = async |units| {
        let consumption = Consumption { units, overage: Some(wish) };
        let counted = add_consumption(&shop.ctx, &shop.caller, identity(&key, "A"), consumption, None).await;
        now(counted).map(|counted| counted.meter.total)
    };
    assert_eq!(refusal(beyond(1).await), Refusal::LicenseNotEnoughConsumptions, "a client may not set the overage");
    licenses::change_rules(&shop.ctx, shop.site, key.clone(), |rules| rules.client_overage = true).await.unwrap();
    assert_eq!(beyond(3).await.unwrap(), 13);
    assert_eq!(shop.consume(&key, "A", -20).await.unwrap(), -7);
    let count = async |units| {
        let (who, code) = (identity(&key, "A"), feature.clone());
        let counted = add_feature_consumption(&shop.ctx, &shop.caller, who, code, units, None).await;
        now(counted).map(|counted| counted.meter.total)
    };
    assert_eq!(count(3).await.unwrap(), 3);
    assert_eq!(refusal(count(1).await), Refusal::LicenseNotEnoughConsumptions);
    let seen = check_feature(&shop.ctx, &shop.caller, identity(&key, "A"), feature.clone()).await.unwrap();
    assert_eq!(seen.feature.meter.total, 3);
    let other = FeatureCode::new("other").unwrap();
    let refused = check_feature(&shop.ctx, &shop.caller, identity(&key, "A"), other).await;
    assert_eq!(refusal(refused), Refusal::FeatureUnknown);
    let reset = licenses::reset(&shop.ctx, shop.site, key.clone()).await.unwrap();
    assert_eq!((reset.activations, reset.usage.meter.total, reset.features[0].meter.total), (0, 0, 0));
    let plain = shop.license(TERMS, LicenseRules::default()).await.key;
    shop.activate(&plain, "A").await.unwrap();
    assert_eq!(refusal(shop.consume(&plain, "A", 1).await), Refusal::LicenseNotConsumption);
    assert_eq!(device_licenses(&shop.ctx, &shop.caller, hardware("A")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn variables_are_kept_for_a_license_on_a_device() {
    let shop = Shop::new().await;
    let key = shop.license(TERMS, LicenseRules::default()).await.key;
    shop.activate(&key, "A").await.unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let track = async |pairs| track_variables(&shop.ctx, &shop.caller, identity(&key, "A"), pairs).await;
    track(vec![pair("lang", "hr"), pair("size", "3")]).await.unwrap();
    let written = track(vec![pair("lang", "de")]).await.unwrap();
    assert_eq!(written.iter().map(|one| one.value.as_str()).collect::<Vec<_>>(), ["de"]);
    let all = variables(&shop.ctx, &shop.caller, identity(&key, "A")).await.unwrap();
    let all: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
    assert_eq!(all, [("lang", "de"), ("size", "3")]);
    let many = (0..100).map(|number| pair(&format!("v{number}"), "x")).collect();
    assert_eq!(refusal(track(many).await), Refusal::TooManyVariables);
    assert_eq!(refusal(track(vec![pair("", "x")]).await), Refusal::TooManyVariables);
    assert_eq!(variables(&shop.ctx, &shop.caller, identity(&key, "A")).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_bundle_is_activated_and_released_whole() {
    let shop = Shop::new().await;
    let second = ProductName::new("second").unwrap();
    catalog::create(&shop.ctx, shop.site, second.clone()).await.unwrap();
    let suite = ProductCode::new("suite").unwrap();
    let named = vec![product(), second];
    bundles::create(&shop.ctx, shop.site, suite.clone(), String::new(), named).await.unwrap();
    let made =
        bundles::license(&shop.ctx, shop.site, order(), suite.clone(), (TERMS, LicenseRules::default())).await.unwrap();
    let (key, all) = made;
    assert_eq!(all.len(), 2);
    let mut request = activation(&key, "A");
    request.product = suite.clone();
    let views = now(activate_bundle(&shop.ctx, &shop.caller, request, None).await).unwrap();
    assert!(views.iter().all(|view| view.key() == &key && view.license.activations == 1));
    let of_bundle = Identity { product: suite.clone(), ..identity(&key, "A") };
    let checked = check_bundle(&shop.ctx, &shop.caller, of_bundle.clone(), ReleaseFilter::default()).await.unwrap();
    assert_eq!(checked.len(), 2);
    // A part of it goes by the bundle's key and its own product.
    assert_eq!(shop.check(&key, "A").await.unwrap().product.code, code());
    let part = Identity { bundle: Some(suite), ..identity(&key, "A") };
    assert!(check(&shop.ctx, &shop.caller, part, ReleaseFilter::default()).await.is_ok());
    // What was disabled meanwhile goes, too.
    let off = |terms: &mut LicenseTerms| terms.status = LicenseStatus::Disabled;
    for license in &all {
        licenses::change_terms(&shop.ctx, shop.site, license.key.clone(), off).await.unwrap();
    }
    deactivate_bundle(&shop.ctx, &shop.caller, of_bundle.clone()).await.unwrap();
    for license in all {
        let left = licenses::find(&shop.ctx, shop.site, license.key).await.unwrap().unwrap();
        assert_eq!(left.activations, 0);
    }
    assert_eq!(refusal(deactivate_bundle(&shop.ctx, &shop.caller, of_bundle).await), Refusal::DeviceNotFound);
}

#[tokio::test]
async fn products_and_releases_are_told() {
    let shop = Shop::new().await;
    let key = shop.license(TERMS, LicenseRules::default()).await.key;
    let ask = async || versions(&shop.ctx, &shop.caller, identity(&key, "A"), ReleaseFilter::default()).await;
    assert_eq!(refusal(ask().await), Refusal::ActiveLicenseRequired);
    shop.activate(&key, "A").await.unwrap();
    assert!(ask().await.unwrap().is_empty());
    let found = product_details(&shop.ctx, &shop.caller, code(), None).await.unwrap();
    assert_eq!(found.product.product.name, product());
    let new_code = ProductCode::new("st").unwrap();
    let set = new_code.clone();
    products::change(&shop.ctx, shop.site, product(), move |product| product.code = set).await.unwrap();
    assert_eq!(refusal(product_details(&shop.ctx, &shop.caller, code(), None).await), Refusal::UnknownProduct);
    assert!(product_details(&shop.ctx, &shop.caller, new_code, None).await.is_ok());
}

#[tokio::test]
async fn api_keys_are_known_until_they_are_revoked() {
    let shop = Shop::new().await;
    let new = NewApiKey { label: "ci".to_owned(), products: vec![product()], part: None, access: Access::ReadOnly };
    let (record, shared) = create_api_key(&shop.ctx, shop.site, new).await.unwrap();
    let other = shop.world.second_process().await;
    for ctx in [&shop.ctx, &other] {
        let site = snapshot(ctx).await;
        let found = find_api_key(ctx, &site, &record.key).await.unwrap().unwrap();
        let tag = countersign_crypto::HmacKey::new(shared.expose().as_bytes()).sign(b"date");
        assert!(found.shared_key.verify(b"date", &tag));
        assert_eq!((found.access, found.revoked), (Access::ReadOnly, false));
        assert!(find_api_key(ctx, &site, "none").await.unwrap().is_none());
    }
    let only_tokens = async |only: bool| {
        let site = snapshot(&shop.ctx).await;
        change_settings(&shop.ctx, site.site(), move |settings| settings.oauth_only = only).await.unwrap();
        let site = snapshot(&shop.ctx).await;
        find_api_key(&shop.ctx, &site, &record.key).await.unwrap().is_some()
    };
    assert!(!only_tokens(true).await, "a site that wants bearer tokens alone knows no API key");
    assert!(only_tokens(false).await);
    revoke_api_key(&shop.ctx, shop.site, record.id).await.unwrap();
    assert!(revoke_api_key(&shop.ctx, shop.site, record.id).await.is_err());
    let site = snapshot(&shop.ctx).await;
    assert!(find_api_key(&shop.ctx, &site, &record.key).await.unwrap().unwrap().revoked);
}

async fn snapshot(ctx: &Ctx) -> Arc<SiteSnapshot> {
    resolve(ctx, SiteRef::Name("acme")).await.unwrap().unwrap()
}
