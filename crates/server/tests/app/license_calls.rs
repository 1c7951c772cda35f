//! The calls beside activation, check and units: variables, products, releases, users, bundles.

use std::time::Duration;

use countersign_domain::licensing::{Environment, LicenseRules};
use countersign_domain::time::{Date, Timestamp};
use http::StatusCode;
use serde_json::json;

use crate::license_support::{HARDWARE, Licensing, endless, identity, refusal, refused};

const KEY: &str = "AAAA-BBBB-CCCC-0001";

async fn activated() -> Licensing {
    let door = Licensing::new().await;
    door.license(KEY, endless(3), LicenseRules::default()).await;
    door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    door
}

fn query(call: &str) -> String {
    format!("/{call}?product=pump&hardware_id={HARDWARE}&license_key={KEY}")
}

#[tokio::test]
async fn variables_are_kept_one_by_one() {
    let door = activated().await;
    let track = |variables| {
        let mut body = identity(KEY, HARDWARE);
        body["variables"] = variables;
        body
    };
    let written =
        door.verified(&door.post("/track_device_variables", &track(json!({ "lang": "hr", "n": 7 }))).await).await;
    assert_eq!(written.as_array().unwrap().len(), 2);
    assert_eq!(written[0]["created_at"], 1_772_366_400_000_i64);
    assert!(written[0].get("id").is_none());
    door.verified(&door.post("/track_device_variables", &track(json!({ "lang": "de" }))).await).await;
    let read = door.verified(&door.get(&query("get_device_variables")).await).await;
    let lang = &read[0];
    assert_eq!(
        (&lang["variable"], &lang["value"], &lang["created_at"]),
        (&json!("lang"), &json!("de"), &json!("2026-03-01T12:00:00.000Z"))
    );
    assert_eq!((&read[1]["value"], read.as_array().unwrap().len()), (&json!("7"), 2));
    assert_eq!(
        refusal(&door.post("/track_device_variables", &identity(KEY, HARDWARE)).await),
        refused("missing_parameters")
    );
    let long = track(json!({ "x": "y".repeat(5000) }));
    assert_eq!(refusal(&door.post("/track_device_variables", &long).await), refused("validation_error"));
    let elsewhere = format!("/get_device_variables?product=pump&hardware_id=HW-TEST-2&license_key={KEY}");
    assert_eq!(refusal(&door.get(&elsewhere).await), refused("device_not_found"));
}

#[tokio::test]
async fn products_are_told_by_code_and_all_at_once() {
    let door = activated().await;
    let one = door.verified(&door.get("/product_details?product=pump").await).await;
    assert_eq!((&one["short_code"], &one["product_name"]), (&json!("pump"), &json!("Pump")));
    assert_eq!((one.get("latest_version"), one.get("custom_fields")), (None, None));
    let more = "/product_details?product=pump&include_latest_version=true&include_custom_fields=true";
    let more = door.verified(&door.get(more).await).await;
    assert_eq!((&more["latest_version"], &more["custom_fields"]), (&json!(null), &json!([])));
    let all = door.verified(&door.get("/products").await).await;
    assert_eq!((all.as_array().unwrap().len(), &all[0]["short_code"]), (1, &json!("pump")));
    assert_eq!(refusal(&door.get("/product_details?product=none").await), refused("unknown_product"));
    assert_eq!(refusal(&door.get("/product_details").await), refused("missing_parameters"));
}

#[tokio::test]
async fn releases_are_for_devices_with_an_active_license() {
    let door = activated().await;
    assert_eq!(door.verified(&door.get(&query("versions")).await).await, json!([]));
    assert_eq!(refusal(&door.get(&query("installation_file")).await), refused("version_not_found"));
    let elsewhere = format!("/versions?product=pump&hardware_id=HW-TEST-2&license_key={KEY}");
    assert_eq!(refusal(&door.get(&elsewhere).await), refused("active_license_required"));
}

#[tokio::test]
async fn the_newest_release_is_found_behind_many_others_and_never_after_the_end_of_maintenance() {
    let door = Licensing::new().await;
    let end = Date::parse("2026-02-15").unwrap();
    let rules = LicenseRules { maintenance_end: Some(end), ..LicenseRules::default() };
    door.license(KEY, endless(3), rules).await;
    let at = |day: u64| Timestamp::from_millis(end.end().as_millis()).plus(Duration::from_secs(day * 86_400));
    // Day 0 is included to its last moment; the old one is for another system than twenty that came after it.
    door.release("1.0", Environment::Linux, at(0).minus(Duration::from_secs(30 * 86_400))).await;
    for minor in 0..20 {
        let day = at(0).minus(Duration::from_secs((20 - minor) * 86_400));
        door.release(&format!("2.{minor}"), Environment::Win, day).await;
    }
    door.release("2.20", Environment::Win, at(0)).await;
    for minor in 0..10 {
        door.release(&format!("3.{minor}"), Environment::Win, at(minor + 1)).await;
    }
    let activated = door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    assert_eq!(activated["installation_file"]["version"], "2.20");
    for (env, version) in [("", "2.20"), ("&env=win", "2.20"), ("&env=linux", "1.0")] {
        let checked = door.verified(&door.get(&format!("{}{env}", query("check_license"))).await).await;
        assert_eq!((&checked["version"], &checked["channel"]), (&json!(version), &json!("")), "{env}");
        let file = door.verified(&door.get(&format!("{}{env}", query("installation_file"))).await).await;
        assert_eq!(file["version"], version, "{env}");
    }
    let checked = door.verified(&door.get(&format!("{}&env=mac", query("check_license"))).await).await;
    assert_eq!(checked.get("version"), None);
    let listed = door.verified(&door.get(&query("versions")).await).await;
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["version"]), (22, &json!("2.20")));
    let product = door.get("/product_details?product=pump&include_latest_version=true&env=linux").await;
    assert_eq!(door.verified(&product).await["latest_version"]["version"], "1.0");
}

#[tokio::test]
async fn lists_of_a_device_name_what_is_active_there() {
    let door = activated().await;
    let found = door.verified(&door.get("/device_licenses?hardware_id=HW-TEST-1").await).await;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["license_key"]), (1, &json!(KEY)));
    assert_eq!((&found[0]["license_active"], &found[0]["license_enabled"]), (&json!(true), &json!(true)));
    assert_eq!(door.verified(&door.get("/device_licenses?hardware_id=HW-TEST-2").await).await, json!([]));
    assert_eq!(refusal(&door.get("/device_licenses").await), refused("missing_hardware_id"));
}

#[tokio::test]
async fn users_are_asked_for_by_the_customers_address() {
    let door = activated().await;
    let found =
        door.verified(&door.get("/customer_license_users?product=pump&customer=buyer%40example.test").await).await;
    assert_eq!((&found["customer"], &found["users"]), (&json!("buyer@example.test"), &json!([])));
    let unknown = door.get("/customer_license_users?product=pump&customer=nobody").await;
    assert_eq!(refusal(&unknown), refused("customer_does_not_exist"));
    assert_eq!(refusal(&door.get("/user_licenses?username=u%40example.test").await), refused("missing_parameters"));
    let wrong = door.get("/user_licenses?username=u%40example.test&password=x").await;
    assert_eq!(refusal(&wrong), refused("invalid_credentials"));
    let change = json!({ "username": "u@example.test", "password": "old", "new_password": "new" });
    assert_eq!(refusal(&door.post("/change_password", &change).await), refused("invalid_credentials"));
    assert_eq!(door.post("/deactivate_license", &identity(KEY, HARDWARE)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn texts_that_no_store_keeps_are_cut_or_refused() {
    let door = Licensing::new().await;
    door.license(KEY, endless(3), LicenseRules::default()).await;
    let mut facts = identity(KEY, HARDWARE);
    facts["hostname"] = json!(format!("a\n{}", "ä".repeat(5000)));
    door.verified(&door.post("/activate_license", &facts).await).await;
    for name in ["hardware_id", "hostname", "license_key", "product", "env"] {
        let mut odd = identity(KEY, HARDWARE);
        odd[name] = json!("a\u{0}b");
        let answer = door.post("/activate_license", &odd).await;
        assert_eq!(refusal(&answer), refused("validation_error"), "{name}");
    }
    for call in [
        format!("/check_license?product=pump&hardware_id={HARDWARE}&license_key=%00"),
        "/customer_license_users?product=pump&customer=a%00b".to_owned(),
    ] {
        assert_eq!(refusal(&door.get(&call).await), refused("validation_error"), "{call}");
    }
}
