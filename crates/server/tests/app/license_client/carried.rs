//! Machines without a connection: what they write, the door takes; what the door writes, they take, and nothing else.

use std::time::Duration;

use axum::body::Body;
use countersign_app::license_api::{activate_air_gap, deactivate_air_gap, start_air_gap};
use countersign_app::licensing::bundles;
use countersign_app::{keys, sites};
use countersign_client::license::{Activation, LicenseClient, LicenseError, LicenseState, OfflineUnits};
use countersign_crypto::Secret;
use countersign_crypto::encoding::{base64_decode, base64_encode};
use countersign_domain::ids::PolicyId;
use countersign_domain::licensing::{
    CustomField, FieldType, LicenseRules, LicenseType, Metering, ProductRules, ProductStatus, Units,
};
use countersign_domain::text::{HardwareId, LicenseKey, OrderNumber, ProductCode, ProductName};
use countersign_server::license_files;
use http::{Method, StatusCode};

use super::support::{HOUR, KEY, Machine, Recorded, Shop};
use crate::license_support::{HARDWARE, endless};

pub(super) fn carried() -> LicenseRules {
    let named = CustomField { name: "tier".into(), field_type: FieldType::Text, value: "Žlutý 😀".into() };
    LicenseRules { offline: true, custom_fields: vec![named], ..LicenseRules::default() }
}

/// Carries a file to the server and brings back what it says.
async fn carry(shop: &Shop, path: &str, file: String) -> (StatusCode, String) {
    let answer = shop.door.send(Method::POST, path, &[], Body::from(file)).await;
    (answer.status, String::from_utf8(answer.body.to_vec()).unwrap())
}

async fn request(machine: &Machine) -> String {
    machine.run(|client| client.activation_request(&Activation::by_key(KEY))).await.unwrap()
}

/// A response as a file.
pub(super) async fn response(shop: &Shop, machine: &Machine) -> String {
    let (status, text) = carry(shop, "/activate_offline", request(machine).await).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    base64_encode(text.as_bytes())
}

pub(super) async fn read(machine: &Machine, file: &str) -> Result<LicenseState, LicenseError> {
    let file = file.to_owned();
    machine.run(move |client| client.read_response(&file).and_then(|_| client.state())).await
}

#[tokio::test]
async fn a_license_goes_there_and_back_in_files() {
    let shop = Shop::new().await;
    let metering = Metering { limit: Units::AtMost(10), ..Metering::default() };
    let rules = LicenseRules { license_type: LicenseType::Consumption, metering, ..carried() };
    let id = shop.door.license(KEY, endless(1), rules).await;
    let machine = shop.machine().await;
    let (asked, requests) = (response(&shop, &machine).await, shop.requests());
    assert_eq!(read(&machine, &asked).await.unwrap(), LicenseState::Valid { until: None });
    let license = machine.run(|client| client.license()).await.unwrap().unwrap();
    assert_eq!(license.custom_field("tier"), Some("Žlutý 😀"));
    // Years later it needs no server still.
    shop.advance(HOUR * 24 * 400);
    assert_eq!(machine.check_or_grace().await, LicenseState::Valid { until: None });
    assert!(matches!(machine.run(|client| client.check()).await, Err(LicenseError::NotPossible { .. })));
    assert_eq!(read(&machine, &asked).await.unwrap(), LicenseState::Valid { until: None }, "it may come again");

    let units = OfflineUnits { license: Some(4), ..OfflineUnits::default() };
    let file = machine.run(move |client| client.deactivation_request(&units)).await.unwrap();
    assert_eq!(machine.state().await, LicenseState::NeverActivated);
    assert!(matches!(read(&machine, &asked).await, Err(LicenseError::File { .. })), "what it answered is forgotten");
    assert_eq!(carry(&shop, "/deactivate_offline", file).await, (StatusCode::OK, "license_deactivated".to_owned()));
    let row = shop.door.row(id).await;
    assert_eq!((row.activations, row.usage.meter.total), (0, 4));
    assert_eq!(shop.requests(), requests, "the machine itself has asked nobody");
}

#[tokio::test]
async fn no_byte_of_a_response_can_be_changed_and_no_other_response_taken() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(9), carried()).await;
    let machine = shop.machine().await;
    let nothing = base64_encode(b"{}");
    assert!(matches!(read(&machine, &nothing).await, Err(LicenseError::File { .. })), "nothing was asked for");
    let file = response(&shop, &machine).await;
    let text = base64_decode(&file).unwrap();
    for position in (0..text.len()).step_by(7).chain(text.len() - 40..text.len()) {
        let mut altered = text.clone();
        altered[position] ^= 1;
        let altered = base64_encode(&altered);
        assert!(read(&machine, &altered).await.is_err(), "{position}");
    }
    // For another machine, for an earlier request, and by another key.
    let other = shop.machine_with(|config| config.hardware_id = Some("HW-2".to_owned())).await;
    request(&other).await;
    assert!(matches!(read(&other, &file).await, Err(LicenseError::File { .. })));
    shop.advance(Duration::from_secs(5));
    let newer = response(&shop, &machine).await;
    assert!(matches!(read(&machine, &file).await, Err(LicenseError::File { .. })));
    let mut config = shop.config(HARDWARE, machine.folder.path()).await;
    config.answer_keys = vec![countersign_crypto::spki_pem(&crate::support::OTHER_KEY.public_key_spki())];
    let stranger = shop.client(config, Recorded::default());
    assert!(matches!(stranger.read_response(&newer), Err(LicenseError::BadSignature { .. })));
    assert_eq!(read(&machine, &newer).await.unwrap(), LicenseState::Valid { until: None });
}

#[tokio::test]
async fn a_refresh_file_renews_and_an_old_one_does_not() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(9), LicenseRules { offline_days: Some(30), ..carried() }).await;
    let machine = shop.machine().await;
    let file = response(&shop, &machine).await;
    let first = read(&machine, &file).await.unwrap();
    let LicenseState::Valid { until: Some(end) } = first else { panic!("{first:?}") };
    shop.advance(HOUR * 24 * 20);
    let record = shop.door.app.record().await;
    let site = sites::resolve(shop.door.app.ctx(), sites::SiteRef::Name(record.name.as_str())).await.unwrap().unwrap();
    let refresh = async || {
        let (key, hardware) = (LicenseKey::new(KEY).unwrap(), HardwareId::new(HARDWARE).unwrap());
        license_files::refresh(shop.door.app.ctx(), &site, key, hardware).await.unwrap()
    };
    let early = refresh().await;
    shop.advance(HOUR * 24 * 5);
    let late = refresh().await;
    let load = async |file: &str| {
        let file = base64_encode(file.as_bytes());
        machine.run(move |client| client.read_refresh(&file).and_then(|_| client.state())).await
    };
    let renewed = load(&late).await.unwrap();
    assert!(matches!(renewed, LicenseState::Valid { until: Some(until) } if until > end), "{renewed:?}");
    assert!(matches!(load(&early).await, Err(LicenseError::File { .. })));
    assert!(
        matches!(read(&machine, &file).await, Err(LicenseError::File { .. })),
        "nor does the first response undo it"
    );
    assert_eq!(machine.state().await, renewed);
    shop.advance(HOUR * 24 * 40);
    assert!(matches!(machine.state().await, LicenseState::Expired { .. }));
}

#[tokio::test]
async fn a_bundle_goes_there_and_back_in_files() {
    let shop = Shop::new().await;
    shop.door.product("Valve", "valve", ProductRules::default(), ProductStatus::Active).await;
    // The order that licenses are made under.
    shop.door.license(KEY, endless(1), carried()).await;
    let (ctx, site, code) = (shop.door.app.ctx(), shop.door.app.site, ProductCode::new("suite").unwrap());
    let parts = ["Pump", "Valve"].map(|name| ProductName::new(name).unwrap());
    bundles::create(ctx, site, code.clone(), String::new(), parts.to_vec()).await.unwrap();
    let laid = (endless(1), carried());
    let (key, _) = bundles::license(ctx, site, OrderNumber::new("SO-1").unwrap(), code, laid).await.unwrap();
    let machine = shop.machine_with(|config| config.product = "suite".to_owned()).await;
    let key = key.as_str().to_owned();
    let ask = async || {
        let activation = Activation::by_key(key.clone());
        let request = machine.run(move |client| client.activation_request(&activation)).await.unwrap();
        let (status, text) = carry(&shop, "/activate_bundle_offline", request).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        text
    };
    let read = async |text: &str| {
        let file = base64_encode(text.as_bytes());
        machine.run(move |client| client.read_bundle_response(&file)).await
    };
    let first = ask().await;
    for position in (0..first.len()).step_by(37).chain(first.len() - 40..first.len()) {
        let mut altered = first.clone().into_bytes();
        altered[position] ^= 1;
        let altered = base64_encode(&altered);
        assert!(machine.run(move |client| client.read_bundle_response(&altered)).await.is_err(), "{position}");
    }
    let one = base64_encode(first.as_bytes());
    assert!(machine.run(move |client| client.read_response(&one)).await.is_err(), "it is not about one license");
    assert_eq!(machine.state().await, LicenseState::NeverActivated);
    shop.advance(Duration::from_secs(5));
    let newer = ask().await;
    assert!(matches!(read(&first).await, Err(LicenseError::File { .. })), "it answers the request before");
    assert_eq!(read(&newer).await.unwrap().len(), 2);
    assert_eq!(machine.check_or_grace().await, LicenseState::Valid { until: None });
    let states = machine.run(|client| client.bundle_states()).await.unwrap();
    assert_eq!(states, vec![("suite".to_owned(), LicenseState::Valid { until: None }); 2]);
    assert_eq!(machine.run(|client| client.bundle()).await.unwrap().len(), 2);
    assert!(matches!(machine.run(|client| client.check_bundle()).await, Err(LicenseError::NotPossible { .. })));

    // The file of another machine.
    let other = shop.machine_with(|config| {
        config.product = "suite".to_owned();
        config.hardware_id = Some("HW-2".to_owned());
    });
    let (other, activation, file) = (other.await, Activation::by_key(key.clone()), base64_encode(newer.as_bytes()));
    other.run(move |client| client.activation_request(&activation)).await.unwrap();
    assert!(other.run(move |client| client.read_bundle_response(&file)).await.is_err());

    let units = OfflineUnits { license: Some(1), ..OfflineUnits::default() };
    let refused = machine.run(move |client| client.deactivation_request(&units)).await;
    assert!(matches!(refused, Err(LicenseError::NotPossible { .. })));
    let file = machine.run(|client| client.deactivation_request(&OfflineUnits::default())).await.unwrap();
    assert_eq!(machine.state().await, LicenseState::NeverActivated);
    let told = carry(&shop, "/deactivate_bundle_offline", file).await;
    assert_eq!(told, (StatusCode::OK, "license_deactivated".to_owned()));
    assert_eq!(shop.requests(), 0, "the machine itself has asked nobody");
}

#[tokio::test]
async fn codes_cross_an_air_gap() {
    let shop = Shop::new().await;
    let rules = LicenseRules { offline: true, air_gapped: true, policy: Some(PolicyId(42)), ..LicenseRules::default() };
    let id = shop.door.license(KEY, endless(1), rules).await;
    let (ctx, site) = (shop.door.app.ctx(), shop.door.app.site);
    let company = base64_encode(keys::find_or_create_air_gap_key(ctx, site).await.unwrap().coordinates());
    let machine = shop.machine_with(|config| config.air_gap_key = Some(company)).await;
    let (key, hardware) = (LicenseKey::new(KEY).unwrap(), HardwareId::new(HARDWARE).unwrap());
    let record = shop.door.app.record().await;
    let snapshot = sites::resolve(ctx, sites::SiteRef::Name(record.name.as_str())).await.unwrap().unwrap();
    let policy = base64_encode(license_files::policy_file(ctx, &snapshot, key.clone()).await.unwrap().as_bytes());

    let initialization = start_air_gap(ctx, site, key.clone()).await.unwrap();
    let code = machine.client.air_gap_activation_code(KEY, &initialization).unwrap();
    let confirmed = activate_air_gap(ctx, site, key.clone(), hardware.clone(), &code).await.unwrap();
    let activate = |client: &LicenseClient, key: &str, code: &str| client.activate_air_gap(key, code, &policy);
    for (other, code) in [("OTHER-KEY", confirmed.code.as_str()), (KEY, "AAAA"), (KEY, &code)] {
        assert!(matches!(activate(&machine.client, other, code), Err(LicenseError::AirGapCode { .. })), "{other}");
    }
    let stranger = shop.machine_with(|config| config.hardware_id = Some("HW-2".to_owned())).await;
    assert!(matches!(activate(&stranger.client, KEY, &confirmed.code), Err(LicenseError::NotPossible { .. })));
    assert_eq!(machine.state().await, LicenseState::NeverActivated);
    activate(&machine.client, KEY, &confirmed.code).unwrap();
    assert_eq!(machine.check_or_grace().await, LicenseState::Valid { until: None });
    assert_eq!((shop.door.row(id).await.activations, shop.requests()), (1, 0));

    let again = start_air_gap(ctx, site, key.clone()).await.unwrap();
    assert!(machine.client.air_gap_deactivation_code(&Secret::new("AAAA".to_owned())).is_err());
    let code = machine.client.air_gap_deactivation_code(&again).unwrap();
    assert_eq!(machine.state().await, LicenseState::NeverActivated);
    deactivate_air_gap(ctx, site, key.clone(), hardware.clone(), &code).await.unwrap();
    assert_eq!(shop.door.row(id).await.activations, 0);

    // What was given back does not come back, however its code is written; a new code activates again.
    for code in [confirmed.code.clone(), with_negative(&confirmed.code)] {
        assert!(matches!(activate(&machine.client, KEY, &code), Err(LicenseError::GivenBack)), "{code}");
        assert_eq!(machine.state().await, LicenseState::NeverActivated);
    }
    let initialization = start_air_gap(ctx, site, key.clone()).await.unwrap();
    let code = machine.client.air_gap_activation_code(KEY, &initialization).unwrap();
    let confirmed = activate_air_gap(ctx, site, key, hardware, &code).await.unwrap();
    activate(&machine.client, KEY, &confirmed.code).unwrap();
    assert_eq!(machine.check_or_grace().await, LicenseState::Valid { until: None });
}

/// The same signature with the order of the curve P-256 less its second number, which verifies as well.
fn with_negative(code: &str) -> String {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let mut signature = base64_decode(code).unwrap();
    let mut borrow = 0;
    for position in (0..32).rev() {
        let digit = i16::from_str_radix(&order[2 * position..2 * position + 2], 16).unwrap();
        let rest = digit - i16::from(signature[32 + position]) - borrow;
        borrow = i16::from(rest < 0);
        signature[32 + position] = u8::try_from(rest.rem_euclid(256)).unwrap();
    }
    base64_encode(&signature)
}
