//! The contract's checklist for calls about licenses on devices; names begin with the item.

use std::time::Duration;

use countersign_app::licensing::license_users::{self, NewUser};
use countersign_crypto::Secret;
use countersign_domain::device::DeviceClass;
use countersign_domain::licensing::{
    ActivationLimit, CustomField, FieldType, LicenseRules, LicenseStatus, LicenseTerms, ProductRules, ProductStatus,
    TransferLimit,
};
use countersign_domain::text::UserEmail;
use countersign_domain::time::Date;
use http::StatusCode;
use serde_json::{Value, json};

use crate::license_support::{HARDWARE, Licensing, endless, identity, refusal, refused};
use crate::support::{Answer, App, UPDATES, question};

const KEY: &str = "AAAA-BBBB-CCCC-0001";

fn check_path(key: &str, hardware: &str) -> String {
    format!("/check_license?product=pump&hardware_id={hardware}&license_key={key}&include_expired_features=false")
}

fn until(day: &str) -> LicenseTerms {
    LicenseTerms { end_date: Some(Date::parse(day).unwrap()), ..endless(3) }
}

#[tokio::test]
async fn item_c3_every_good_answer_is_signed_over_its_bytes() {
    let door = Licensing::new().await;
    let rules = LicenseRules {
        metadata: "{\"10\":1.0,\"9\":{\"č\":[1e3]}}".to_owned(),
        custom_fields: vec![CustomField { name: "tier".into(), field_type: FieldType::Text, value: "Žlutý".into() }],
        ..LicenseRules::default()
    };
    door.license(KEY, endless(3), rules).await;
    let activated = door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    assert_eq!(activated["custom_fields"], json!([{ "name": "tier", "data_type": "text", "value": "Žlutý" }]));
    let check = door.get(&check_path(KEY, HARDWARE)).await;
    let text = String::from_utf8(check.body.to_vec()).unwrap();
    assert!(text.contains("\"metadata\":{\"9\":{\"č\":[1000]},\"10\":1}"), "{text}");
    door.verified(&check).await;
    for path in [
        "/products",
        "/product_details?product=pump&include_latest_version=true&include_custom_fields=true",
        "/device_licenses?hardware_id=HW-TEST-1",
        &format!("/get_device_variables?product=pump&hardware_id={HARDWARE}&license_key={KEY}"),
        &format!("/versions?product=pump&hardware_id={HARDWARE}&license_key={KEY}"),
    ] {
        door.verified(&door.get(path).await).await;
    }
}

#[tokio::test]
async fn item_c4_the_inner_signature_fits_dated_and_endless_licenses() {
    let door = Licensing::new().await;
    door.license(KEY, endless(3), LicenseRules::default()).await;
    door.license("AAAA-BBBB-CCCC-0002", until("2030-01-01"), LicenseRules::default()).await;
    for (key, end) in [(KEY, ""), ("AAAA-BBBB-CCCC-0002", "2030-01-01t23:59:59.999z")] {
        for answer in
            [door.post("/activate_license", &identity(key, HARDWARE)).await, door.get(&check_path(key, HARDWARE)).await]
        {
            let document = door.verified(&answer).await;
            let signature = document["license_signature"].as_str().unwrap();
            let signature = countersign_crypto::encoding::base64_decode(signature).unwrap();
            let text = format!("hw-test-1#{}#{end}", key.to_lowercase());
            let verified = door.verifying_key().await;
            verified.verify(countersign_crypto::Algorithm::RS256, text.as_bytes(), &signature).unwrap();
            assert_eq!(document["validity_period"].as_str().unwrap_or_default().to_lowercase(), end);
            let kind = if end.is_empty() { "perpetual" } else { "time-limited" };
            assert_eq!(document["license_type"], kind);
        }
    }
}

#[tokio::test]
async fn item_c5_activations_are_counted_and_so_are_transfers() {
    let door = Licensing::new().await;
    door.license(KEY, endless(3), LicenseRules::default()).await;
    let counts = |document: &Value| (document["times_activated"].clone(), document["transfer_count"].clone());
    let activated = door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    assert_eq!(counts(&activated), (json!(1), json!(0)));
    let again = door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    assert_eq!(counts(&again), (json!(1), json!(0)), "the same device counts once");
    let checked = door.verified(&door.get(&check_path(KEY, HARDWARE)).await).await;
    assert_eq!(counts(&checked), (json!(1), json!(0)));
    let released = door.post("/deactivate_license", &identity(KEY, HARDWARE)).await;
    assert_eq!(released.status, StatusCode::OK);
    assert_eq!(refusal(&door.get(&check_path(KEY, HARDWARE)).await), refused("license_not_active"));
    assert_eq!(refusal(&door.post("/deactivate_license", &identity(KEY, HARDWARE)).await), refused("device_not_found"));
    let moved = door.verified(&door.post("/activate_license", &identity(KEY, "HW-TEST-2")).await).await;
    assert_eq!(counts(&moved), (json!(1), json!(1)));
    assert_eq!(refusal(&door.get(&check_path(KEY, HARDWARE)).await), refused("device_not_found"));
}

#[tokio::test]
async fn a_device_in_between_does_not_hide_a_transfer() {
    let door = Licensing::new().await;
    let bound = LicenseRules { transfers: TransferLimit::Forbidden, ..LicenseRules::default() };
    door.license(KEY, endless(2), bound).await;
    for (call, hardware) in [
        ("/activate_license", "A"),
        ("/activate_license", "B"),
        ("/deactivate_license", "A"),
        ("/deactivate_license", "B"),
        // It comes back, which is no transfer.
        ("/activate_license", "B"),
    ] {
        let answer = door.post(call, &identity(KEY, hardware)).await;
        assert_eq!(answer.status, StatusCode::OK, "{call} {hardware}");
    }
    let elsewhere = door.post("/activate_license", &identity(KEY, "C")).await;
    assert_eq!(refusal(&elsewhere), refused("license_transfer_limit_reached"));
}

#[tokio::test]
async fn hardware_ids_are_any_text_and_compared_as_they_are() {
    let door = Licensing::new().await;
    door.license(KEY, endless(3), LicenseRules::default()).await;
    for (times, hardware) in [(1, "HW-1"), (2, "HW-1\n"), (3, &"ž".repeat(512))] {
        let activated = door.verified(&door.post("/activate_license", &identity(KEY, hardware)).await).await;
        assert_eq!((&activated["times_activated"], &activated["hardware_id"]), (&json!(times), &json!(hardware)));
    }
}

#[tokio::test]
async fn item_c6_activations_are_refused_in_the_words_of_the_contract() {
    let door = Licensing::new().await;
    door.license(KEY, endless(1), LicenseRules::default()).await;
    let disabled = LicenseTerms { status: LicenseStatus::Disabled, ..endless(1) };
    let later = LicenseTerms { start_date: Some(Date::parse("2026-04-01").unwrap()), ..endless(1) };
    let on_metal = LicenseRules { prevent_vm: true, ..LicenseRules::default() };
    door.license("DISABLED", disabled, LicenseRules::default()).await;
    door.license("LATER", later, LicenseRules::default()).await;
    door.license("EXPIRED", until("2026-02-28"), LicenseRules::default()).await;
    door.license("METAL", endless(1), on_metal).await;
    door.product("Valve", "valve", ProductRules::default(), ProductStatus::Active).await;
    door.product("Old", "old", ProductRules::default(), ProductStatus::Archived).await;
    door.product("Off", "off", ProductRules::default(), ProductStatus::Disabled).await;
    door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    let on_metal = ProductRules { prevent_vm: true, ..ProductRules::default() };
    door.product("Metal", "metal", on_metal, ProductStatus::Active).await;
    door.license_with("METAL-2", "metal", endless(1), LicenseRules::default(), vec![]).await;
    let mut on_vm = identity("METAL", HARDWARE);
    on_vm["is_vm"] = json!(true);
    let mut product_on_vm = json!({ "product": "metal", "hardware_id": HARDWARE, "license_key": "METAL-2" });
    product_on_vm["is_vm"] = json!(true);
    let of = |product: &str| json!({ "product": product, "hardware_id": HARDWARE, "license_key": KEY });
    for (body, code) in [
        (identity(KEY, "HW-TEST-2"), "license_activated_max_times"),
        (identity("DISABLED", HARDWARE), "license_not_enabled"),
        (identity("LATER", HARDWARE), "license_not_started"),
        (identity("EXPIRED", HARDWARE), "license_expired"),
        (identity("UNKNOWN", HARDWARE), "license_not_found"),
        (on_vm.clone(), "vm_not_allowed"),
        (product_on_vm.clone(), "vm_not_allowed"),
        (of("nothing"), "unknown_product"),
        (of("valve"), "license_not_found"),
        (of("old"), "archived_product"),
        (of("off"), "disabled_product"),
    ] {
        assert_eq!(refusal(&door.post("/activate_license", &body).await), refused(code), "{body}");
    }
    // A device that has the license keeps it, whoever forbids virtual machines.
    for mut body in [on_vm, product_on_vm] {
        for is_vm in [false, true] {
            body["is_vm"] = json!(is_vm);
            door.verified(&door.post("/activate_license", &body).await).await;
        }
    }
}

#[tokio::test]
async fn an_expired_license_is_shown_as_one_to_the_device_that_has_it() {
    let door = Licensing::new().await;
    let id = door.license(KEY, until("2026-03-02"), LicenseRules::default()).await;
    door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    door.app.world.clock.advance(Duration::from_secs(3 * 24 * 3600));
    let checked = door.verified(&door.get(&check_path(KEY, HARDWARE)).await).await;
    assert_eq!((&checked["is_expired"], &checked["license_active"]), (&json!(true), &json!(true)));
    let again = door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    assert_eq!(again["is_expired"], json!(true));
    assert_eq!(door.row(id).await.activations, 1);
    assert_eq!(refusal(&door.post("/activate_license", &identity(KEY, "HW-TEST-2")).await), refused("license_expired"));
}

#[tokio::test]
async fn item_c11_a_device_gets_the_same_trial_again() {
    let door = Licensing::new().await;
    let rules = ProductRules { trial_days: Some(14), ..ProductRules::default() };
    door.product("Trial", "trial", rules, ProductStatus::Active).await;
    let path = "/trial_key?product=trial&hardware_id=HW-TEST-1&email=&first_name=Ada&last_name=&country=";
    let new = door.verified(&door.get(path).await).await;
    assert_eq!(
        (&new["is_trial"], &new["trial_days"], &new["license"]),
        (&json!(true), &json!(14), &new["license_key"])
    );
    let again = door.verified(&door.get(path).await).await;
    let members: Vec<_> = again.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((members, &again["license"]), (vec!["is_trial", "license", "license_type"], &new["license"]));
    let other = door.verified(&door.get("/trial_key?product=trial&hardware_id=HW-TEST-2").await).await;
    assert_ne!(other["license"], new["license"]);
    assert_eq!(door.licenses().await, 2);
    assert_eq!(refusal(&door.get("/trial_key?product=pump&hardware_id=x").await), refused("trial_not_allowed"));
    assert_eq!(refusal(&door.get("/trial_key?product=trial").await), refused("missing_hardware_id"));
    assert_eq!(refusal(&door.get("/trial_key?hardware_id=x").await), refused("missing_parameters"));
    let key = new["license"].as_str().unwrap();
    let body = json!({ "product": "trial", "hardware_id": HARDWARE, "license_key": key });
    let activated = door.verified(&door.post("/activate_license", &body).await).await;
    assert_eq!(activated["validity_period"], "2026-03-15T23:59:59.999Z");
    door.app.world.clock.advance(Duration::from_secs(20 * 24 * 3600));
    assert_eq!(refusal(&door.get(path).await), refused("trial_expired"));
}

#[tokio::test]
async fn item_c12_words_are_plain_text() {
    let door = Licensing::new().await;
    door.license(KEY, endless(1), LicenseRules::default()).await;
    door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    let word = |answer: &Answer, word: &str| {
        assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, word.as_bytes()));
        assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    };
    word(&door.post("/deactivate_license", &identity(KEY, HARDWARE)).await, "license_deactivated");
    let new = NewUser {
        email: UserEmail::new("u@example.test").unwrap(),
        first_name: String::new(),
        last_name: String::new(),
        phone: String::new(),
        password: Secret::new("initial-1".to_owned()),
    };
    license_users::add(door.app.ctx(), door.app.site, new).await.unwrap();
    let change = json!({ "username": "u@example.test", "password": "initial-1", "new_password": "another-2" });
    word(&door.post("/change_password", &change).await, "password_changed");
}

#[tokio::test]
async fn item_c17_a_license_object_has_all_members_with_their_types() {
    let door = Licensing::new().await;
    door.license(KEY, endless(1), LicenseRules::default()).await;
    let activated = door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    let checked = door.verified(&door.get(&check_path(KEY, HARDWARE)).await).await;
    for document in [&activated, &checked] {
        for (name, fits) in COMMON {
            let value = document.get(name).unwrap_or_else(|| panic!("{name} is missing: {document}"));
            assert!(fits(value), "{name} is {value}");
        }
    }
    for name in ["request", "active", "device_id", "is_expired", "hardware_id", "license_signature"] {
        assert!(!activated[name].is_null(), "{name}");
    }
    assert!(activated.as_object().unwrap().contains_key("installation_file"));
    for name in ["license_active", "license_enabled", "is_expired", "device_id", "license_signature"] {
        assert!(!checked[name].is_null(), "{name}");
    }
    assert_eq!(activated["product_details"]["short_code"], "pump");
}

type Fits = fn(&Value) -> bool;

/// Members of every license object, by what each may be.
const COMMON: [(&str, Fits); 44] = [
    ("id", Value::is_i64),
    ("license_key", Value::is_string),
    ("license_type", Value::is_string),
    ("order_store_id", Value::is_string),
    ("license_template_id", |value| value.is_null() || value.is_i64()),
    ("company", |value| value["id"].is_i64()),
    ("start_date", text_or_null),
    ("validity_period", text_or_null),
    ("is_trial", Value::is_boolean),
    ("trial_days", Value::is_u64),
    ("enable_maintenance_period", Value::is_boolean),
    ("maintenance_period", text_or_null),
    ("max_activations", Value::is_u64),
    ("allow_unlimited_activations", Value::is_boolean),
    ("times_activated", Value::is_u64),
    ("transfer_count", Value::is_u64),
    ("max_transfers", Value::is_i64),
    ("max_license_users", Value::is_u64),
    ("allow_offline_activation", Value::is_boolean),
    ("prevent_vm", Value::is_boolean),
    ("is_air_gapped", Value::is_boolean),
    ("is_hardware_key_auth", Value::is_boolean),
    ("is_floating", Value::is_boolean),
    ("is_floating_cloud", Value::is_boolean),
    ("floating_users", Value::is_u64),
    ("floating_timeout", Value::is_u64),
    ("floating_in_use_devices", Value::is_u64),
    ("can_borrow", Value::is_boolean),
    ("max_borrow_time", Value::is_u64),
    ("is_borrowed", Value::is_boolean),
    ("borrowed_until", text_or_null),
    ("allow_grace_period", Value::is_boolean),
    ("grace_period", Value::is_u64),
    ("allow_overages", Value::is_boolean),
    ("max_overages", Value::is_u64),
    ("max_consumptions", Value::is_i64),
    ("total_consumptions", Value::is_i64),
    ("allow_unlimited_consumptions", Value::is_boolean),
    ("allow_negative_consumptions", Value::is_boolean),
    ("reset_consumption", Value::is_boolean),
    ("metadata", Value::is_object),
    ("custom_fields", Value::is_array),
    ("product_features", Value::is_array),
    ("customer", |value| value["email"].is_string() && value["metadata"].is_object()),
];

fn text_or_null(value: &Value) -> bool {
    value.is_null() || value.is_string()
}

#[tokio::test]
async fn a_license_activated_here_opens_the_update_on_the_device_door() {
    let app = App::new().await;
    app.publish_licensed("pump-4.1", "pump-4.3", "UPD-3", &[("next.bin", b"the next firmware")]).await;
    let door = Licensing::over(app).await;
    door.license(KEY, LicenseTerms { limit: ActivationLimit::Unlimited, ..endless(1) }, LicenseRules::default()).await;
    let mut asked = question();
    asked["deviceClass"] = json!(DeviceClass::Client.as_str());
    asked["id"] = json!(HARDWARE);
    asked["idType"] = json!(countersign_domain::device::DeviceIdentity::HARDWARE);
    asked["publisherName"] = json!("");
    let offered = async || {
        let list = door.app.payload(&door.app.ask(UPDATES, &asked).await).await;
        list["updateItems"].as_array().unwrap().iter().any(|item| item.to_string().contains("pump-4.3"))
    };
    assert!(!offered().await, "before the activation");
    door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    assert!(offered().await, "after the activation");
    assert_eq!(door.post("/deactivate_license", &identity(KEY, HARDWARE)).await.status, StatusCode::OK);
    assert!(!offered().await, "after the deactivation");
}
