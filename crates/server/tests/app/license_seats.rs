//! Seats through the license door: the contract's items about floating, and what else holds for them.

use std::time::Duration;

use countersign_app::license_api::{Access, NewApiKey, create_api_key};
use countersign_app::licensing::seats;
use countersign_domain::licensing::{
    FeatureRules, Floating, LicenseRules, LicenseTerms, ProductRules, ProductStatus, Seats,
};
use countersign_domain::text::{LicenseKey, OrderNumber, ProductCode};
use countersign_domain::time::Date;
use countersign_store::StoreError;
use countersign_store::repositories::{NewLicense, Page};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::license_support::{HARDWARE, Licensing, endless, identity, refusal, refused};
use crate::support::Answer;

const KEY: &str = "FLOA-TING-0000-0001";
const OTHER: &str = "HW-TEST-2";
const THIRD: &str = "HW-TEST-3";
/// Minutes.
const TIMEOUT: u64 = 30;

fn seated(users: u32, borrow: Option<u32>) -> Seats {
    Seats { floating: Floating::Cloud, users, timeout: 30, borrow }
}

fn floating(users: u32, borrow: Option<u32>) -> LicenseRules {
    LicenseRules { seats: seated(users, borrow), ..LicenseRules::default() }
}

/// A license with seats, active on three devices, none of which holds one.
async fn licensing(rules: LicenseRules) -> Licensing {
    let door = Licensing::new().await;
    door.license(KEY, endless(9), rules).await;
    activate(&door).await;
    door
}

async fn activate(door: &Licensing) {
    for hardware in [HARDWARE, OTHER, THIRD] {
        door.verified(&door.post("/activate_license", &identity(KEY, hardware)).await).await;
        word(&door.post("/floating/release", &identity(KEY, hardware)).await, "license_released");
    }
}

/// Lets time pass, in steps that are no jumps of the clock.
pub(crate) async fn pass(door: &Licensing, time: Duration) {
    let mut left = time;
    while !left.is_zero() {
        let step = left.min(Duration::from_secs(240));
        door.app.world.clock.advance(step);
        let told = door.app.world.store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.now().await }));
        told.await.unwrap();
        left -= step;
    }
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

async fn check(door: &Licensing, hardware: &str) -> Answer {
    let path = format!("/check_license?product=pump&hardware_id={hardware}&license_key={KEY}");
    door.get(&path).await
}

async fn check_feature(door: &Licensing, hardware: &str) -> Answer {
    let path = format!("/check_license_feature?product=pump&hardware_id={hardware}&license_key={KEY}&feature=pdf");
    door.get(&path).await
}

fn borrow(hardware: &str, until: Value) -> Value {
    let mut body = identity(KEY, hardware);
    body["borrowed_until"] = until;
    body
}

fn word(answer: &Answer, word: &str) {
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, word.as_bytes()));
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
}

#[tokio::test]
async fn item_c9_seats_run_out_and_are_freed_by_release_timeout_and_deactivation() {
    let door = licensing(floating(1, None)).await;
    let full = refused("floating_not_available");
    let held = door.verified(&check(&door, HARDWARE).await).await;
    assert_eq!((&held["is_floating_cloud"], &held["is_floating"]), (&json!(true), &json!(false)));
    assert_eq!((&held["floating_in_use_devices"], &held["floating_users"]), (&json!(1), &json!(1)));
    assert_eq!((&held["floating_timeout"], &held["is_borrowed"]), (&json!(30), &json!(false)));
    assert!(held.as_object().unwrap().contains_key("borrowed_until") && held["borrowed_until"].is_null());
    assert_eq!(refusal(&check(&door, OTHER).await), full);
    door.verified(&check(&door, HARDWARE).await).await;

    word(&door.post("/floating/release", &identity(KEY, HARDWARE)).await, "license_released");
    word(&door.post("/floating/release", &identity(KEY, HARDWARE)).await, "license_released");
    door.verified(&check(&door, OTHER).await).await;
    assert_eq!(refusal(&check(&door, HARDWARE).await), full);

    pass(&door, minutes(TIMEOUT)).await;
    assert_eq!(refusal(&check(&door, HARDWARE).await), full, "the holder was told that it has so long");
    pass(&door, Duration::from_secs(1)).await;
    door.verified(&check(&door, HARDWARE).await).await;
    // The other one is heard of in time, and goes on.
    for _ in 0..4 {
        pass(&door, minutes(20)).await;
        door.verified(&check(&door, HARDWARE).await).await;
        assert_eq!(refusal(&check(&door, OTHER).await), full);
    }
    word(&door.post("/deactivate_license", &identity(KEY, HARDWARE)).await, "license_deactivated");
    let held = door.verified(&check(&door, OTHER).await).await;
    assert_eq!(held["floating_in_use_devices"], 1);
}

#[tokio::test]
async fn item_c9_a_borrowed_seat_is_not_freed_by_the_timeout() {
    let door = licensing(floating(1, Some(48))).await;
    let answer = door.post("/floating/borrow", &borrow(HARDWARE, json!("2026-03-02T12:00:00Z"))).await;
    assert_eq!(door.verified(&answer).await["borrowed_until"], "2026-03-02T12:00:00.000Z");
    pass(&door, minutes(23 * 60)).await;
    assert_eq!(refusal(&check(&door, OTHER).await), refused("floating_not_available"));
    let held = door.verified(&check(&door, HARDWARE).await).await;
    assert_eq!((&held["is_borrowed"], &held["borrowed_until"]), (&json!(true), &json!("2026-03-02T12:00:00.000Z")));
    pass(&door, minutes(60)).await;
    door.verified(&check(&door, OTHER).await).await;
    assert_eq!(refusal(&check(&door, HARDWARE).await), refused("floating_not_available"));
}

#[tokio::test]
async fn item_c9_a_release_ends_a_borrow_and_so_does_a_deactivation() {
    let door = licensing(floating(1, Some(48))).await;
    for end in ["/floating/release", "/deactivate_license"] {
        door.verified(&door.post("/floating/borrow", &borrow(HARDWARE, json!(null))).await).await;
        assert_eq!(refusal(&check(&door, OTHER).await), refused("floating_not_available"));
        assert_eq!(door.post(end, &identity(KEY, HARDWARE)).await.status, StatusCode::OK);
        let held = door.verified(&check(&door, OTHER).await).await;
        assert_eq!((&held["floating_in_use_devices"], &held["is_borrowed"]), (&json!(1), &json!(false)));
        activate(&door).await;
    }
}

#[tokio::test]
async fn item_c10_a_seat_is_borrowed_within_the_longest_time() {
    let door = licensing(floating(1, Some(48))).await;
    let answer = door.verified(&door.post("/floating/borrow", &borrow(HARDWARE, json!(null))).await).await;
    let device = door.verified(&check(&door, HARDWARE).await).await;
    let expected = json!({
        "borrowed_until": "2026-03-03T12:00:00.000Z", "max_borrow_time": 48, "device_id": device["device_id"],
        "license_id": device["id"], "company": { "id": door.app.site.0 },
    });
    assert_eq!(answer, expected);
    for (until, code) in [
        (json!("2026-03-03T12:00:00.001Z"), "borrow_until_not_valid"),
        (json!("2026-03-01T12:00:00Z"), "borrow_until_not_valid"),
        (json!("2020-01-01T00:00:00.000Z"), "borrow_until_not_valid"),
        (json!("soon"), "borrow_until_not_valid"),
        (json!({}), "validation_error"),
    ] {
        assert_eq!(refusal(&door.post("/floating/borrow", &borrow(HARDWARE, until.clone())).await), refused(code));
    }
    // The date can be moved, to an earlier time too.
    let sooner = borrow(HARDWARE, json!("2026-03-01T13:00:00.000Z"));
    let sooner = door.verified(&door.post("/floating/borrow", &sooner).await).await;
    assert_eq!(sooner["borrowed_until"], "2026-03-01T13:00:00.000Z");
    assert_eq!(
        refusal(&door.post("/floating/borrow", &borrow(OTHER, json!(null))).await),
        refused("floating_not_available")
    );
}

#[tokio::test]
async fn borrowing_is_refused_where_it_is_not_allowed() {
    let door = licensing(floating(1, None)).await;
    let asked = |hardware| borrow(hardware, json!(null));
    assert_eq!(refusal(&door.post("/floating/borrow", &asked(HARDWARE)).await), refused("license_borrow_not_allowed"));
    door.license("PLAIN", endless(3), LicenseRules::default()).await;
    let plain = identity("PLAIN", HARDWARE);
    assert_eq!(refusal(&door.post("/floating/release", &plain).await), refused("license_not_active"));
    let activated = door.verified(&door.post("/activate_license", &plain).await).await;
    assert!(activated.get("floating_in_use").is_none());
    for path in ["/floating/release", "/floating/borrow"] {
        assert_eq!(refusal(&door.post(path, &plain).await), refused("floating_not_available"));
        assert_eq!(refusal(&door.post(path, &identity("PLAIN", OTHER)).await), refused("device_not_found"));
        assert_eq!(refusal(&door.post(path, &identity("NONE", OTHER)).await), refused("license_not_found"));
        assert_eq!(refusal(&door.post(path, &json!({ "product": "valve" })).await), refused("license_key_required"));
    }
    for path in ["/floating/feature_release", "/floating/feature_borrow"] {
        assert_eq!(refusal(&door.post(path, &plain).await), refused("missing_parameters"));
        let mut unknown = plain.clone();
        unknown["feature"] = json!("none");
        assert_eq!(refusal(&door.post(path, &unknown).await), refused("unsupported_product_feature"));
    }
}

#[tokio::test]
async fn an_activation_takes_a_seat_if_one_is_free() {
    let door = Licensing::new().await;
    door.license(KEY, endless(9), floating(1, None)).await;
    let activate =
        async |hardware| door.verified(&door.post("/activate_license", &identity(KEY, hardware)).await).await;
    let first = activate(HARDWARE).await;
    assert_eq!((&first["floating_in_use"], &first["floating_in_use_devices"]), (&json!(true), &json!(1)));
    let second = activate(OTHER).await;
    assert_eq!((&second["floating_in_use"], &second["floating_in_use_devices"]), (&json!(false), &json!(1)));
    assert_eq!(second["times_activated"], 2);
    let (ctx, site, key) = (door.app.ctx(), door.app.site, LicenseKey::new(KEY).unwrap());
    let noted = seats::list_denials(ctx, site, Some(key), Page::first(9)).await.unwrap();
    assert_eq!(noted.iter().map(|one| one.device.identity.id.as_str()).collect::<Vec<_>>(), [OTHER]);
    assert_eq!(activate(HARDWARE).await["floating_in_use"], true);
    assert_eq!(refusal(&check(&door, OTHER).await), refused("floating_not_available"));
    let listed = door.verified(&door.get(&format!("/device_licenses?hardware_id={OTHER}")).await).await;
    assert_eq!(listed[0]["floating_in_use_devices"], 1, "a list takes no seat, and is not refused");
}

#[tokio::test]
async fn an_activation_that_is_repeated_by_its_key_hands_out_nobody_elses_seat() {
    let door = Licensing::new().await;
    door.license(KEY, endless(9), floating(1, None)).await;
    let activate = async |hardware: &str| {
        let headers = [("idempotency-key", "install-1")];
        let body = identity(KEY, hardware).to_string();
        door.verified(&door.send(Method::POST, "/activate_license", &headers, body).await).await
    };
    let first = activate(HARDWARE).await;
    assert_eq!(first["floating_in_use"], true);
    pass(&door, minutes(120)).await;
    let other = door.verified(&door.post("/activate_license", &identity(KEY, OTHER)).await).await;
    assert_eq!(other["floating_in_use"], true);
    let again = activate(HARDWARE).await;
    assert_eq!((&again["floating_in_use"], &again["id"]), (&json!(false), &first["id"]));
    assert_eq!(refusal(&check(&door, HARDWARE).await), refused("floating_not_available"));
    pass(&door, minutes(TIMEOUT + 1)).await;
    assert_eq!(check(&door, HARDWARE).await.status, StatusCode::OK, "a check takes one");
}

#[tokio::test]
async fn devices_that_check_features_or_bundles_alone_are_heard_of() {
    let door = Licensing::new().await;
    let rules = FeatureRules { seats: seated(1, None), ..FeatureRules::default() };
    let features = vec![("pdf", rules), ("svg", FeatureRules::default())];
    door.license_with(KEY, "pump", endless(1), LicenseRules::default(), features).await;
    door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    let check = async |feature: &str| {
        let query = format!("product=pump&hardware_id={HARDWARE}&license_key={KEY}&feature={feature}");
        door.verified(&door.get(&format!("/check_license_feature?{query}")).await).await;
    };
    let seen = async || {
        let (site, key) = (door.app.site, LicenseKey::new(KEY).unwrap());
        let found = countersign_app::licensing::activations::list(door.app.ctx(), site, key, Page::first(1)).await;
        let id = found.unwrap().remove(0).device.id;
        let device = door.app.world.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move { Ok(tx.devices().find_by_id(site, id).await?.unwrap().last_seen_at) })
        });
        device.await.unwrap()
    };
    let before = seen().await;
    pass(&door, minutes(59)).await;
    check("svg").await;
    assert_eq!(seen().await, before, "within an hour nothing is written");
    // A seat is taken, nothing has seats, and a seat is kept.
    for (feature, passed) in [("pdf", 2), ("svg", 61), ("pdf", 1), ("pdf", 29), ("pdf", 29), ("pdf", 29)] {
        pass(&door, minutes(passed)).await;
        check(feature).await;
        assert!(door.now() < seen().await.plus(minutes(60)), "{feature} after {passed} minutes");
    }
}

#[tokio::test]
async fn features_have_seats_of_their_own() {
    let door = Licensing::new().await;
    let rules = FeatureRules { seats: seated(1, Some(2)), ..FeatureRules::default() };
    door.license_with(KEY, "pump", endless(9), LicenseRules::default(), vec![("pdf", rules)]).await;
    for hardware in [HARDWARE, OTHER] {
        door.verified(&door.post("/activate_license", &identity(KEY, hardware)).await).await;
    }
    let mut body = identity(KEY, HARDWARE);
    body["feature"] = json!("pdf");
    let held = door.verified(&check_feature(&door, HARDWARE).await).await;
    assert_eq!((&held["floating_in_use_devices"], &held["is_floating_cloud"]), (&json!(1), &json!(true)));
    assert_eq!(refusal(&check_feature(&door, OTHER).await), refused("floating_not_available"));
    let license = door.verified(&check(&door, OTHER).await).await;
    assert_eq!(license["product_features"][0]["floating_in_use_devices"], 1);
    word(&door.post("/floating/feature_release", &body).await, "feature_released");
    door.verified(&check_feature(&door, OTHER).await).await;
    pass(&door, minutes(TIMEOUT) + Duration::from_secs(1)).await;
    let borrowed = door.verified(&door.post("/floating/feature_borrow", &body).await).await;
    assert_eq!((&borrowed["code"], &borrowed["borrowed_until"]), (&json!("pdf"), &json!("2026-03-01T14:30:01.000Z")));
    assert_eq!((&borrowed["is_borrowed"], &borrowed["max_borrow_time"]), (&json!(true), &json!(2)));
    assert!(borrowed["license_id"].is_i64() && borrowed["device_id"].is_i64() && borrowed["company"]["id"].is_i64());
    pass(&door, minutes(100)).await;
    let license = door.verified(&check(&door, HARDWARE).await).await;
    let feature = &license["product_features"][0];
    assert_eq!((&feature["is_borrowed"], &feature["floating_in_use_devices"]), (&json!(true), &json!(1)));
    assert_eq!(refusal(&check_feature(&door, OTHER).await), refused("floating_not_available"));
    word(&door.post("/deactivate_license", &identity(KEY, HARDWARE)).await, "license_deactivated");
    door.verified(&check_feature(&door, OTHER).await).await;
}

#[tokio::test]
async fn a_refusal_says_why_and_whom_to_ask_and_is_noted() {
    let door = licensing(floating(1, None)).await;
    door.verified(&check(&door, HARDWARE).await).await;
    for _ in 0..3 {
        let answer = check(&door, OTHER).await.json();
        let text = answer["message"].as_str().unwrap();
        assert!(text.contains("All 1 seats are taken") && text.contains("2026-03-01T12:30:01.000Z"), "{text}");
        assert!(text.contains("Nordwind Č") && !text.contains(HARDWARE), "{text}");
    }
    pass(&door, minutes(2)).await;
    assert_eq!(refusal(&check(&door, OTHER).await), refused("floating_not_available"));
    let asked = borrow(THIRD, json!(null));
    assert_eq!(refusal(&door.post("/floating/borrow", &asked).await), refused("license_borrow_not_allowed"));
    let key = LicenseKey::new(KEY).unwrap();
    let denials = seats::list_denials(door.app.ctx(), door.app.site, Some(key), Page::first(9));
    let denials: Vec<_> = denials
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.device.identity.id, row.denial.reason.as_str(), row.denial.times))
        .collect();
    let expected = [(OTHER.to_owned(), "none-free", 2), (THIRD.to_owned(), "borrow-not-allowed", 1)];
    assert_eq!(denials, expected);
}

#[tokio::test]
async fn a_license_that_is_not_in_force_takes_no_seat() {
    let door = Licensing::new().await;
    let terms = LicenseTerms { end_date: Some(Date::parse("2026-03-01").unwrap()), ..endless(9) };
    door.license(KEY, terms, floating(1, Some(1))).await;
    activate(&door).await;
    pass(&door, minutes(13 * 60)).await;
    for hardware in [HARDWARE, OTHER] {
        let expired = door.verified(&check(&door, hardware).await).await;
        assert_eq!((&expired["is_expired"], &expired["floating_in_use_devices"]), (&json!(true), &json!(0)));
    }
    let borrowed = door.post("/floating/borrow", &borrow(HARDWARE, json!(null))).await;
    assert_eq!(refusal(&borrowed), refused("license_expired"));
}

#[tokio::test]
async fn a_feature_that_has_expired_takes_no_seat() {
    let door = Licensing::new().await;
    let end_date = Some(Date::parse("2026-03-01").unwrap());
    let rules = FeatureRules { seats: seated(1, Some(2)), end_date, ..FeatureRules::default() };
    door.license_with(KEY, "pump", endless(9), LicenseRules::default(), vec![("pdf", rules)]).await;
    door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    let mut body = identity(KEY, HARDWARE);
    body["feature"] = json!("pdf");
    door.verified(&door.post("/floating/feature_borrow", &body).await).await;
    word(&door.post("/floating/feature_release", &body).await, "feature_released");
    pass(&door, minutes(13 * 60)).await;
    assert_eq!(refusal(&door.post("/floating/feature_borrow", &body).await), refused("license_expired"));
    assert_eq!(door.verified(&check_feature(&door, HARDWARE).await).await["floating_in_use_devices"], 0);
}

#[tokio::test]
async fn a_bundle_is_told_in_the_order_of_its_products_and_keeps_its_seats() {
    let door = Licensing::new().await;
    let product =
        async |name: &str, code| door.product(name, code, ProductRules::default(), ProductStatus::Active).await;
    let ids = [product("Pump", "pump").await, product("Valve", "valve").await, product("Hose", "hose").await];
    door.license("ALONE", endless(9), LicenseRules::default()).await;
    let (site, order) = (door.app.site, OrderNumber::new("SO-1").unwrap());
    let written = door.app.world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            tx.bundles().insert(site, &ProductCode::new("suite").unwrap(), "Suite", &ids, now).await?.unwrap();
            let order = tx.orders().find(site, &order).await?.unwrap().id;
            for (key, product) in ["SUITE-C", "SUITE-A", "SUITE-B"].into_iter().zip(ids) {
                let new = NewLicense {
                    key: LicenseKey::new(key).unwrap(),
                    order,
                    product,
                    bundle_key: Some(LicenseKey::new(KEY).unwrap()),
                    features: vec![],
                    terms: endless(9),
                    rules: floating(1, None),
                };
                tx.licenses().insert(site, &new, now).await?.unwrap();
            }
            Ok(())
        })
    });
    written.await.unwrap();
    let told = async |answer: Answer| {
        let told = door.verified(&answer).await;
        let codes = told.as_array().unwrap().iter().map(|one| one["product_details"]["short_code"].clone());
        assert_eq!(codes.collect::<Vec<_>>(), ["pump", "valve", "hose"]);
    };
    let body = |hardware| {
        let mut body = identity(KEY, hardware);
        body["product"] = json!("suite");
        body
    };
    let check = async |hardware: &str| {
        door.get(&format!("/check_bundle?product=suite&hardware_id={hardware}&license_key={KEY}")).await
    };
    for hardware in [HARDWARE, OTHER] {
        told(door.post("/activate_bundle", &body(hardware)).await).await;
    }
    // What the first device holds is looked at, moved, and taken anew.
    for step in [0, 20, 20, 31] {
        pass(&door, minutes(step)).await;
        told(check(HARDWARE).await).await;
        assert_eq!(refusal(&check(OTHER).await), refused("floating_not_available"));
    }
    pass(&door, minutes(31)).await;
    told(check(OTHER).await).await;
}

#[tokio::test]
async fn a_credential_that_may_only_read_takes_no_seat() {
    let mut door = licensing(floating(1, Some(1))).await;
    let new = NewApiKey { label: "reader".to_owned(), products: vec![], part: None, access: Access::ReadOnly };
    let (record, shared) = create_api_key(door.app.ctx(), door.app.site, new).await.unwrap();
    (door.api_key, door.shared_key) = (record.key, shared.expose().clone());
    assert_eq!(refusal(&check(&door, HARDWARE).await), refused("invalid_api_key"));
    for path in ["/floating/release", "/floating/borrow"] {
        assert_eq!(refusal(&door.post(path, &identity(KEY, HARDWARE)).await), refused("invalid_api_key"));
    }
}

#[tokio::test]
async fn a_seat_that_was_taken_away_is_free_at_once() {
    let door = licensing(floating(1, Some(1))).await;
    door.verified(&door.post("/floating/borrow", &borrow(HARDWARE, json!(null))).await).await;
    let (ctx, site, key) = (door.app.ctx(), door.app.site, || LicenseKey::new(KEY).unwrap());
    let held = seats::list(ctx, site, key(), Page::first(9)).await.unwrap();
    assert_eq!((held.len(), held[0].device.identity.id.as_str()), (1, HARDWARE));
    assert!(held[0].seat.borrowed_until.is_some());
    seats::free(ctx, site, key(), held[0].device.identity.clone(), None).await.unwrap();
    assert!(seats::free(ctx, site, key(), held[0].device.identity.clone(), None).await.is_err());
    assert!(seats::list(ctx, site, key(), Page::first(9)).await.unwrap().is_empty());
    door.verified(&check(&door, OTHER).await).await;
    let trail = countersign_app::trails::list_audit(ctx, site, Page::first(99)).await.unwrap();
    assert_eq!(trail.last().unwrap().verb, "license.free-seat");
}
