//! Counting units through the license door, and calls that are repeated.

use countersign_domain::licensing::{FeatureRules, FeatureType, LicenseRules, LicenseType, Metering, Units};
use http::Method;
use serde_json::{Value, json};

use crate::license_support::{HARDWARE, Licensing, endless, identity, refusal, refused};

const KEY: &str = "UNIT-0000-0000-0001";

fn metered(limit: i64, overage: Option<i64>) -> Metering {
    Metering { limit: Units::AtMost(limit), overage: overage.map(Units::AtMost), ..Metering::default() }
}

fn counting(metering: Metering) -> LicenseRules {
    LicenseRules { license_type: LicenseType::Consumption, metering, ..LicenseRules::default() }
}

/// The members of a call that counts.
fn units(count: i64) -> Value {
    let mut body = identity(KEY, HARDWARE);
    body["consumptions"] = json!(count);
    body
}

async fn counting_license(metering: Metering) -> Licensing {
    let door = Licensing::new().await;
    door.license(KEY, endless(3), counting(metering)).await;
    door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    door
}

#[tokio::test]
async fn item_c7_units_are_counted_to_the_limit_and_no_further() {
    for (overage, most) in [(None, 10), (Some(3), 13)] {
        let door = counting_license(metered(10, overage)).await;
        for count in 1..=most {
            let answer = door.verified(&door.post("/add_consumption", &identity(KEY, HARDWARE)).await).await;
            assert_eq!(answer["total_consumptions"], count);
        }
        let beyond = door.post("/add_consumption", &units(1)).await;
        assert_eq!(refusal(&beyond), refused("license_not_enough_consumptions"));
        let answer = door.verified(&door.post("/add_consumption", &units(-2)).await).await;
        assert_eq!((&answer["total_consumptions"], &answer["max_consumptions"]), (&json!(most - 2), &json!(10)));
        assert_eq!(answer["max_overages"], overage.unwrap_or(0));
        assert_eq!(answer["company"], json!({ "id": door.app.site.0 }));
    }
}

#[tokio::test]
async fn item_c8_units_of_a_feature_have_both_names_of_the_limit() {
    let door = Licensing::new().await;
    let rules = |feature_type| FeatureRules { feature_type, metering: metered(5, None), ..FeatureRules::default() };
    let features = vec![("pages", rules(FeatureType::Consumption)), ("pdf", rules(FeatureType::Activation))];
    let id = door.license_with(KEY, "pump", endless(3), LicenseRules::default(), features).await;
    let activated = door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    let pages =
        &activated["product_features"].as_array().unwrap().iter().find(|one| one["code"] == "pages").unwrap().clone();
    assert_eq!((&pages["max_consumption"], &pages["total_consumptions"]), (&json!(5), &json!(0)));
    let count = |feature: &str, count: i64| {
        let mut body = units(count);
        body["feature"] = json!(feature);
        body
    };
    let answer = door.verified(&door.post("/add_feature_consumption", &count("pages", 4)).await).await;
    assert_eq!((&answer["max_consumption"], &answer["max_consumptions"]), (&json!(5), &json!(5)));
    assert_eq!(
        (&answer["id"], &answer["license_id"], &answer["total_consumptions"]),
        (&pages["id"], &json!(id.0), &json!(4))
    );
    for (body, code) in [
        (count("pages", 2), "license_not_enough_consumptions"),
        (count("pdf", 1), "license_not_consumption"),
        (count("none", 1), "unsupported_product_feature"),
        (units(1), "missing_parameters"),
    ] {
        assert_eq!(refusal(&door.post("/add_feature_consumption", &body).await), refused(code), "{body}");
    }
    let path = format!("/check_license_feature?product=pump&hardware_id={HARDWARE}&license_key={KEY}&feature=pages");
    let checked = door.verified(&door.get(&path).await).await;
    assert_eq!((&checked["total_consumptions"], &checked["license_id"]), (&json!(4), &json!(id.0)));
    assert_eq!(refusal(&door.post("/add_consumption", &units(1)).await), refused("license_not_consumption"));
}

#[tokio::test]
async fn clients_do_not_raise_their_own_limit() {
    let door = counting_license(metered(1, None)).await;
    let mut greedy = units(2);
    greedy["allow_overages"] = json!(true);
    greedy["max_overages"] = json!(100);
    assert_eq!(refusal(&door.post("/add_consumption", &greedy).await), refused("license_not_enough_consumptions"));
    greedy["max_overages"] = json!(-1);
    assert_eq!(refusal(&door.post("/add_consumption", &greedy).await), refused("validation_error"));

    let door = Licensing::new().await;
    let rules = LicenseRules { client_overage: true, ..counting(metered(1, None)) };
    door.license(KEY, endless(3), rules).await;
    door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    greedy["max_overages"] = json!(5);
    let answer = door.verified(&door.post("/add_consumption", &greedy).await).await;
    assert_eq!((&answer["allow_overages"], &answer["max_overages"]), (&json!(true), &json!(5)));
}

#[tokio::test]
async fn a_repeated_call_counts_once_and_gets_the_same_bytes() {
    let door = counting_license(metered(10, None)).await;
    let send = async |path: &str, key: &str, body: &Value| {
        door.send(Method::POST, path, &[("idempotency-key", key)], body.to_string()).await
    };
    let first = send("/add_consumption", "k-1", &units(4)).await;
    assert_eq!(door.verified(&first).await["total_consumptions"], 4);
    let again = send("/add_consumption", "k-1", &units(4)).await;
    assert_eq!((&first.body, &first.headers["licensesignature"]), (&again.body, &again.headers["licensesignature"]));
    assert_eq!(refusal(&send("/add_consumption", "k-1", &units(5)).await), refused("validation_error"));
    assert_eq!(door.verified(&send("/add_consumption", "k-2", &units(4)).await).await["total_consumptions"], 8);
    // A refusal is an answer too; that of a wrong body is none.
    assert_eq!(refusal(&send("/add_consumption", "k-3", &units(4)).await), refused("license_not_enough_consumptions"));
    door.verified(&send("/add_consumption", "k-4", &units(-8)).await).await;
    assert_eq!(refusal(&send("/add_consumption", "k-3", &units(4)).await), refused("license_not_enough_consumptions"));

    let second = identity(KEY, "HW-TEST-2");
    let activated = send("/activate_license", "k-1", &second).await;
    let document = door.verified(&activated).await;
    assert_eq!(document["times_activated"], 2);
    assert_eq!(door.post("/deactivate_license", &second).await.status, http::StatusCode::OK);
    let again = send("/activate_license", "k-1", &second).await;
    assert_eq!(again.body, activated.body, "the same answer, also when things have changed since");
    door.app.world.clock.advance(std::time::Duration::from_secs(24 * 3600 + 1));
    let anew = door.verified(&send("/activate_license", "k-1", &second).await).await;
    assert_eq!(anew["times_activated"], 2);
}

#[tokio::test]
async fn many_at_once_never_count_more_than_there_is() {
    let door = std::sync::Arc::new(counting_license(metered(50, None)).await);
    let calls = (0..100).map(|number| {
        let door = door.clone();
        async move {
            let key = format!("k-{}", number % 80);
            let headers = [("idempotency-key", key.as_str())];
            door.send(Method::POST, "/add_consumption", &headers, units(1).to_string()).await
        }
    });
    let answers = futures_util::future::join_all(calls).await;
    let counted = answers.iter().filter(|answer| answer.status == http::StatusCode::OK).count();
    assert!((50..=70).contains(&counted), "{counted}");
    let last = door.post("/add_consumption", &units(0)).await;
    assert_eq!(door.verified(&last).await["total_consumptions"], 50);
}
