//! Codes across an air gap, with those that another program has made (`contract/license/vectors.json`, `air_gap`).

use std::time::Duration;

use countersign_app::keys;
use countersign_app::license_api::{LicenseError, Refusal, activate_air_gap, deactivate_air_gap, start_air_gap};
use countersign_app::licensing::licenses;
use countersign_app::sites;
use countersign_crypto::P256PublicKey;
use countersign_crypto::encoding::{base64_decode, base64_encode};
use countersign_domain::ids::{LicenseId, PolicyId};
use countersign_domain::licensing::{
    CustomField, FieldType, Floating, LicenseRules, LicenseStatus, LicenseTerms, LicenseType, Metering, Seats, Units,
};
use countersign_domain::text::{HardwareId, LicenseKey};
use countersign_server::license_files;
use countersign_store::StoreError;
use serde_json::{Value, json};

use crate::license_support::{HARDWARE, Licensing, endless, identity, refusal, refused};

const KEY: &str = "AIRG-APPD-0000-0001";

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract/license/vectors.json");
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    document["air_gap"].clone()
}

fn text(name: &str) -> String {
    vectors()[name].as_str().unwrap().to_owned()
}

fn rules() -> LicenseRules {
    LicenseRules { offline: true, air_gapped: true, policy: Some(PolicyId(42)), ..LicenseRules::default() }
}

fn key() -> LicenseKey {
    LicenseKey::new(KEY).unwrap()
}

fn hardware(text: &str) -> HardwareId {
    HardwareId::new(text).unwrap()
}

/// Lets a license wait for the answer to the initialization code of the vectors.
async fn wait_for_it(door: &Licensing, license: LicenseId) {
    let scalar = base64_decode(&text("initialization_code")).unwrap();
    let public = P256PublicKey::of_scalar(&scalar.try_into().unwrap()).unwrap();
    let written = door.app.world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            tx.air_gap_codes().insert(license, public.coordinates(), now).await
        })
    });
    written.await.unwrap();
}

fn refusal_of<T: std::fmt::Debug>(outcome: Result<T, LicenseError>) -> Refusal {
    match outcome {
        Err(LicenseError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn item_c15_the_codes_of_the_contract_cross_the_gap_once() {
    let door = Licensing::new().await;
    let (ctx, site) = (door.app.ctx(), door.app.site);
    let id = door.license(KEY, endless(1), rules()).await;
    let code = text("activation_code");
    let activate = async |device: &str, code: &str| activate_air_gap(ctx, site, key(), hardware(device), code).await;
    assert_eq!(refusal_of(activate(HARDWARE, &code).await), Refusal::AirGapCode, "nobody has begun");
    wait_for_it(&door, id).await;
    for (device, code) in
        [("HW-TEST-2", code.as_str()), (HARDWARE, "nonsense"), (HARDWARE, ""), (HARDWARE, &code[..60])]
    {
        assert_eq!(refusal_of(activate(device, code).await), Refusal::AirGapCode, "{device} {code}");
    }
    let confirmed = activate(HARDWARE, &code).await.unwrap();
    assert_eq!(confirmed.policy, PolicyId(42));
    let company = keys::find_or_create_air_gap_key(ctx, site).await.unwrap();
    let signature = base64_decode(&confirmed.code).unwrap();
    assert_eq!((signature.len(), company.coordinates().len()), (64, 64));
    company.verify_sha256(format!("{HARDWARE}{KEY}42").as_bytes(), &signature).unwrap();
    assert!(company.verify_sha256(format!("{HARDWARE}{KEY}43").as_bytes(), &signature).is_err());
    assert_eq!(keys::find_or_create_air_gap_key(ctx, site).await.unwrap(), company, "it is kept");
    assert_eq!(door.row(id).await.activations, 1);
    assert_eq!(refusal_of(activate(HARDWARE, &code).await), Refusal::AirGapCode, "a code works once");

    let deactivate = async || deactivate_air_gap(ctx, site, key(), hardware(HARDWARE), &code).await;
    assert_eq!(refusal_of(deactivate().await), Refusal::AirGapCode);
    wait_for_it(&door, id).await;
    // What was taken back since can be given back, and not activated.
    let off = |terms: &mut LicenseTerms| terms.status = LicenseStatus::Disabled;
    licenses::change_terms(ctx, site, key(), off).await.unwrap();
    start_air_gap(ctx, site, key()).await.unwrap();
    assert_eq!(refusal_of(activate(HARDWARE, &code).await), Refusal::LicenseNotEnabled);
    deactivate().await.unwrap();
    assert_eq!(door.row(id).await.activations, 0);
    assert_eq!(refusal_of(start_air_gap(ctx, site, key()).await.map(|_| ())), Refusal::LicenseNotEnabled);
    licenses::change_terms(ctx, site, key(), |terms| terms.status = LicenseStatus::Enabled).await.unwrap();
    wait_for_it(&door, id).await;
    assert_eq!(refusal_of(deactivate().await), Refusal::DeviceNotFound);
    door.app.world.clock.advance(Duration::from_secs(24 * 3600 + 1));
    assert_eq!(refusal_of(activate(HARDWARE, &code).await), Refusal::AirGapCode, "a code ends after a day");
}

#[tokio::test]
async fn a_license_is_behind_an_air_gap_only_if_its_producer_says_so() {
    let door = Licensing::new().await;
    let (ctx, site) = (door.app.ctx(), door.app.site);
    let seats = Seats { floating: Floating::Cloud, users: 1, timeout: 10, borrow: None };
    for (name, rules) in [
        ("ONLINE", LicenseRules { offline: false, ..rules() }),
        ("BY-FILE", LicenseRules { air_gapped: false, ..rules() }),
        ("SEATS", LicenseRules { seats, ..rules() }),
    ] {
        door.license(name, endless(1), rules).await;
        let refusal = refusal_of(start_air_gap(ctx, site, LicenseKey::new(name).unwrap()).await.map(|_| ()));
        assert_eq!(refusal, Refusal::OfflineNotAllowed, "{name}");
    }
    assert_eq!(refusal_of(start_air_gap(ctx, site, key()).await.map(|_| ())), Refusal::LicenseNotFound);
    let id = door.license(KEY, endless(1), LicenseRules { policy: None, ..rules() }).await;
    wait_for_it(&door, id).await;
    let outcome = activate_air_gap(ctx, site, key(), hardware(HARDWARE), &text("activation_code")).await;
    assert_eq!(refusal_of(outcome), Refusal::AirGapPolicy);
    assert_eq!(refusal_of(start_air_gap(ctx, site, key()).await.map(|_| ())), Refusal::AirGapPolicy);
    let with = |rules: &mut LicenseRules| rules.policy = Some(PolicyId(42));
    licenses::change_rules(ctx, site, key(), with).await.unwrap();
    // Codes that wait do not pile up, and each is another one.
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..12 {
        let code = start_air_gap(ctx, site, key()).await.unwrap();
        assert_eq!(base64_decode(code.expose()).unwrap().len(), 32);
        codes.insert(code.expose().clone());
    }
    assert_eq!(codes.len(), 12);
    let waiting = door.app.world.store.read::<_, StoreError, _>(move |tx| {
        Box::pin(async move { tx.air_gap_codes().list(id, countersign_domain::time::Timestamp::from_millis(0)).await })
    });
    assert_eq!(waiting.await.unwrap().len(), 10);
    // Such a license counts like all others.
    door.verified(&door.post("/activate_license", &identity(KEY, "HW-TEST-7")).await).await;
    assert_eq!(
        refusal(&door.post("/activate_license", &identity(KEY, "HW-TEST-8")).await),
        refused("license_activated_max_times")
    );
}

#[tokio::test]
async fn a_policy_file_tells_of_the_license_and_not_whose_it_is() {
    let door = Licensing::new().await;
    let buyers = CustomField { name: "for".to_owned(), field_type: FieldType::Text, value: "Ada's ward".to_owned() };
    let of_buyer = LicenseRules {
        license_type: LicenseType::Consumption,
        metering: Metering { limit: Units::AtMost(10), ..Metering::default() },
        validity: "35d".parse().ok(),
        metadata: r#"{"contract":"C-17"}"#.to_owned(),
        custom_fields: vec![buyers],
        ..rules()
    };
    door.license(KEY, endless(1), of_buyer).await;
    door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    let mut used = identity(KEY, HARDWARE);
    used["consumptions"] = json!(3);
    door.verified(&door.post("/add_consumption", &used).await).await;
    let record = door.app.record().await;
    let site = sites::resolve(door.app.ctx(), sites::SiteRef::Name(record.name.as_str())).await.unwrap().unwrap();
    let file = license_files::policy_file(door.app.ctx(), &site, key()).await.unwrap();
    let policy: Value = serde_json::from_str(&file).unwrap();
    assert_eq!((&policy["id"], &policy["default_license_type"]), (&json!(42), &json!("consumption")));
    assert_eq!((&policy["is_air_gapped"], &policy["product_details"]["short_code"]), (&json!(true), &json!("pump")));
    assert_eq!(policy["product"], door.product_of("pump").await.product.id.0);
    assert!(policy["validity_period"].as_str().unwrap().starts_with("2026-04-0"), "{}", policy["validity_period"]);
    for name in ["license_key", "license_type", "customer", "order_store_id", "hardware_id"] {
        assert_eq!(policy.get(name), None, "{name}");
    }
    // The policy lays down neither fields nor metadata, and counts nothing.
    assert_eq!((&policy["custom_fields"], &policy["metadata"]), (&json!([]), &json!({})));
    assert_eq!((&policy["total_consumptions"], &policy["transfer_count"]), (&json!(0), &json!(0)));
    assert!(!file.contains(KEY) && !file.contains("buyer@example.test"));
    assert_eq!(base64_encode(file.as_bytes()).len() % 4, 0);
    // Files that end do so behind an air gap as well.
    let (ctx, id) = (door.app.ctx(), site.site().id);
    licenses::change_rules(ctx, id, key(), |rules| rules.offline_days = Some(2)).await.unwrap();
    let ending: Value = serde_json::from_str(&license_files::policy_file(ctx, &site, key()).await.unwrap()).unwrap();
    assert!(ending["validity_period"].as_str().unwrap().starts_with("2026-03-0"), "{}", ending["validity_period"]);
}
