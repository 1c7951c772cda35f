//! Files for devices without a connection. What such a device writes is made here from the contract alone.

use std::time::Duration;

use axum::body::Body;
use countersign_app::license_api::{Access, NewApiKey, create_api_key};
use countersign_app::sites;
use countersign_crypto::encoding::{base64_decode, base64_encode};
use countersign_crypto::{Algorithm, HmacKey};
use countersign_domain::licensing::{
    CustomField, FieldType, Floating, LicenseRules, LicenseType, Metering, ProductRules, ProductStatus, Seats, Units,
};
use countersign_domain::text::{HardwareId, LicenseKey, ProductCode, ProductName};
use countersign_domain::time::{Date, Timestamp};
use countersign_http_kit::http_time::HttpTime;
use countersign_server::license_files;
use countersign_store::StoreError;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::license_support::{HARDWARE, Licensing, endless, identity, refusal, refused};
use crate::support::Answer;

pub(crate) const KEY: &str = "AAAA-BBBB-CCCC-0001";

/// Rules that let a license go offline.
pub(crate) fn carried() -> LicenseRules {
    LicenseRules { offline: true, ..LicenseRules::default() }
}

pub(crate) fn date(at: Timestamp) -> String {
    HttpTime::from_unix_seconds(at.as_seconds()).header_value().unwrap().to_str().unwrap().to_owned()
}

/// A device that writes files.
pub(crate) struct Device<'d> {
    door: &'d Licensing,
    pub(crate) request: Value,
}

impl<'d> Device<'d> {
    pub(crate) fn new(door: &'d Licensing, kind: &str, id: &str) -> Self {
        let request = json!({
            "request": kind, "product": "pump", "hardware_id": HARDWARE, "license_key": KEY, "hostname": "box",
            "is_vm": false, "vm_info": null, "sdk_ver": "PythonSDK 3.1.7", "api_key": door.api_key,
            "date": date(door.now()), "request_id": id,
        });
        Self { door, request }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.request[name] = value.into();
        self
    }

    fn hmac(&self, text: &str) -> String {
        base64_encode(&HmacKey::new(self.door.shared_key.as_bytes()).sign(text.as_bytes()))
    }

    fn lines(&self, date: &str) -> String {
        let member = |name: &str| self.request[name].as_str().unwrap_or_default().to_owned();
        let (licensee, hardware) = (member("license_key"), member("hardware_id"));
        self.hmac(&format!("licenseSpring\ndate: {date}\n{licensee}\n{hardware}\n{}", member("api_key")))
    }

    /// A file of the first form, with a line end as clients write it.
    pub(crate) fn first(&self) -> String {
        self.first_signed_at(self.request["date"].as_str().unwrap_or_default())
    }

    pub(crate) fn first_signed_at(&self, date: &str) -> String {
        let mut request = self.request.clone();
        request["signature"] = self.lines(date).into();
        format!("{}\n", base64_encode(request.to_string().as_bytes()))
    }

    /// A file of the second form around a text of the request.
    pub(crate) fn second(&self, text: &str) -> String {
        base64_encode(format!("{{\"request\": {text}, \"signature\": \"{}\"}}", self.hmac(text)).as_bytes())
    }
}

pub(crate) async fn send(door: &Licensing, path: &str, file: impl Into<Body>) -> Answer {
    door.send(Method::POST, path, &[], file).await
}

/// The license of a good response, after all its signatures were verified, as a client does it: over its own rendering of
/// what stands before them.
async fn verified(door: &Licensing, answer: &Answer, date: &str) -> Value {
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
    let key = door.verifying_key().await;
    let header = base64_decode(answer.headers["licensesignature"].to_str().unwrap()).unwrap();
    key.verify(Algorithm::RS256, &answer.body, &header).expect("the header fits the bytes");
    let text = std::str::from_utf8(&answer.body).unwrap();
    let document = answer.json();
    let member = |name: &str| document[name].as_str().unwrap_or_else(|| panic!("{name}: {text}")).to_owned();
    let (signed, _) = text.split_once(",\"license_signature\":").unwrap();
    let outer = base64_decode(&member("license_signature_v2")).unwrap();
    key.verify(Algorithm::RS256, format!("{signed}}}").as_bytes(), &outer).expect("the file is signed");
    let end = document["validity_period"].as_str().unwrap_or_default();
    let inner = format!("{HARDWARE}#{KEY}#{end}").to_lowercase();
    key.verify(Algorithm::RS256, inner.as_bytes(), &base64_decode(&member("license_signature")).unwrap()).unwrap();
    assert_eq!((member("date").as_str(), member("hardware_id").as_str()), (date, HARDWARE));
    let lines = format!("licenseSpring\ndate: {date}\n{KEY}\n{HARDWARE}\n{}", door.api_key);
    let expected = base64_encode(&HmacKey::new(door.shared_key.as_bytes()).sign(lines.as_bytes()));
    assert_eq!(member("offline_signature"), expected);
    document
}

#[tokio::test]
async fn item_c14_both_forms_activate_and_the_response_verifies() {
    let door = Licensing::new().await;
    let named = CustomField { name: "tier".into(), field_type: FieldType::Text, value: "Žlutý 😀".into() };
    let id = door.license(KEY, endless(2), LicenseRules { custom_fields: vec![named], ..carried() }).await;
    let file = Device::new(&door, "activation", "r-1").first();
    let first = send(&door, "/activate_offline", file.clone()).await;
    let now = date(door.now());
    let license = verified(&door, &first, &now).await;
    assert_eq!((&license["request"], &license["request_id"]), (&json!("activation"), &json!("r-1")));
    assert_eq!((&license["product_details"]["short_code"], &license["times_activated"]), (&json!("pump"), &json!(1)));
    assert_eq!(license["custom_fields"][0]["value"], "Žlutý 😀");
    // This client renders in ASCII before it verifies.
    let text = String::from_utf8(first.body.to_vec()).unwrap();
    assert!(text.is_ascii() && text.contains("\\u017dlut\\u00fd \\ud83d\\ude00"), "{text}");

    // The same file again, later: the same answer, and nothing is counted.
    door.app.world.clock.advance(Duration::from_secs(3600));
    assert_eq!(send(&door, "/activate_offline", file).await.body, first.body);
    assert_eq!(door.row(id).await.activations, 1);

    // The second form, as its two writers space it; a newer client verifies text as it is.
    let device = Device::new(&door, "activation", "r-2").with("sdk_ver", "PythonSDK 3.9.0").with("schema_version", 2);
    let spaced = device.request.to_string().replace("\":", "\": ").replace(",\"", ", \"");
    let later = date(door.now());
    let second = send(&door, "/activate_offline", device.second(&spaced)).await;
    verified(&door, &second, &later).await;
    assert!(String::from_utf8(second.body.to_vec()).unwrap().contains("Žlutý 😀"));
    let device =
        device.with("request_id", "r-3").with("hostname", "Č").with("date", "Thu Jan 1 2026 00:00:00 GMT+0000");
    let compact = device.request.to_string();
    let third = send(&door, "/activate_offline", device.second(&compact)).await;
    verified(&door, &third, "Sun Mar 1 2026 13:00:00 GMT+0000").await;
    let escaped = compact.replace('Č', "\\u010c").replace("r-3", "r-4");
    assert_eq!(send(&door, "/activate_offline", device.second(&escaped)).await.status, StatusCode::OK);

    // What was altered behind the signature is refused, in every place.
    let good = String::from_utf8(base64_decode(&device.second(&compact)).unwrap()).unwrap();
    for (before, after) in
        [("\"pump\"", "\"pumq\""), ("HW-TEST-1", "HW-TEST-2"), ("\"box\"", "\"b0x\""), ("Č", "\\u010c"), (",", ", ")]
    {
        if !good.contains(before) {
            continue;
        }
        let altered = base64_encode(good.replacen(before, after, 1).as_bytes());
        let answer = send(&door, "/activate_offline", altered).await;
        assert_eq!(refusal(&answer), (401, "signature_mismatch".to_owned()), "{before}");
    }
    // Devices without a connection count like all others.
    let other = Device::new(&door, "activation", "r-5").with("hardware_id", "HW-TEST-2").first();
    assert_eq!(send(&door, "/activate_offline", other).await.status, StatusCode::OK);
    let third = Device::new(&door, "activation", "r-6").with("hardware_id", "HW-TEST-3").first();
    assert_eq!(refusal(&send(&door, "/activate_offline", third).await), refused("license_activated_max_times"));
}

#[tokio::test]
async fn a_request_file_is_used_once() {
    let door = Licensing::new().await;
    let id = door.license(KEY, endless(1), carried()).await;
    let activation = Device::new(&door, "activation", "r-1").first();
    door.app.world.clock.advance(Duration::from_secs(5));
    let made = send(&door, "/activate_offline", activation.clone()).await.json();
    let forged = Device::new(&door, "activation", "r-1").with("hostname", "other").first();
    assert_eq!(refusal(&send(&door, "/activate_offline", forged).await), refused("offline_request_used"));

    // What whoever has the files can write around their signatures gives nothing back.
    for (round, date) in [date(door.now()), made["date"].as_str().unwrap().to_owned()].iter().enumerate() {
        let forged = Device::new(&door, "deactivation", &format!("f-{round}")).with("date", date.as_str()).first();
        assert_eq!(refusal(&send(&door, "/deactivate_offline", forged).await), refused("offline_request_used"));
    }
    door.app.world.clock.advance(Duration::from_secs(5));
    let deactivation = Device::new(&door, "deactivation", "r-2").first();
    let answer = send(&door, "/deactivate_offline", deactivation.clone()).await;
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"license_deactivated"[..]));
    assert_eq!(door.row(id).await.activations, 0);
    assert_eq!(refusal(&send(&door, "/activate_offline", activation.clone()).await), refused("offline_request_used"));

    // A new file activates again; the old deactivation is answered, and undoes nothing.
    door.app.world.clock.advance(Duration::from_secs(60));
    let again = Device::new(&door, "activation", "r-3").first();
    assert_eq!(send(&door, "/activate_offline", again).await.status, StatusCode::OK);
    assert_eq!(send(&door, "/deactivate_offline", deactivation).await.status, StatusCode::OK);
    assert_eq!(door.row(id).await.activations, 1);
    assert_eq!(refusal(&send(&door, "/activate_offline", activation).await), refused("offline_request_used"));
    let unbound = Device::new(&door, "deactivation", "r-4").with("hardware_id", "HW-TEST-9").first();
    assert_eq!(refusal(&send(&door, "/deactivate_offline", unbound).await), refused("device_not_found"));
}

#[tokio::test]
async fn files_are_refused_in_the_words_of_the_contract() {
    let door = Licensing::new().await;
    door.license(KEY, endless(3), carried()).await;
    door.license("ONLINE", endless(3), LicenseRules::default()).await;
    let seats = Seats { floating: Floating::Cloud, users: 1, timeout: 10, borrow: None };
    door.license("SEATS", endless(3), LicenseRules { seats, ..carried() }).await;
    let device = || Device::new(&door, "activation", "r-1");
    let now = door.now();
    let second = |seconds: i64| date(Timestamp::from_seconds(now.as_seconds() + seconds));
    for (file, status, code) in [
        (String::new(), 400, "missing_content"),
        (" \r\n".to_owned(), 400, "missing_content"),
        ("not base64!".to_owned(), 400, "authorization_missing_params"),
        (base64_encode(b"[]"), 400, "authorization_missing_params"),
        (base64_encode(b"{\"request\":\"activation\"}"), 400, "authorization_missing_params"),
        (device().with("request", "deactivation").first(), 400, "validation_error"),
        (device().with("api_key", "unknown").first(), 400, "invalid_api_key"),
        (device().with("api_key", Value::Null).first(), 400, "authorization_missing_params"),
        (device().with("api_key", Value::Null).with("client_id", "x").first(), 400, "invalid_api_key"),
        (device().with("request_id", "x".repeat(300)).first(), 400, "validation_error"),
        (device().with("hardware_id", Value::Null).first(), 400, "missing_hardware_id"),
        (device().with("license_key", "ZZZZ").first(), 400, "license_not_found"),
        (device().with("license_key", "ONLINE").first(), 400, "offline_activation_not_allowed"),
        (device().with("license_key", "SEATS").first(), 400, "offline_activation_not_allowed"),
        (device().with("product", "valve").first(), 400, "unknown_product"),
        (device().with("date", second(901)).first(), 400, "date_header_diff"),
        (device().first_signed_at(&second(2)), 401, "signature_mismatch"),
        (device().first_signed_at(""), 401, "signature_mismatch"),
        ("x".repeat(70_000), 413, "payload_too_large"),
    ] {
        let answer = send(&door, "/activate_offline", file).await;
        assert_eq!(refusal(&answer), (status, code.to_owned()), "{}", String::from_utf8_lossy(&answer.body));
    }
    // A client looks at its clock twice, and files are carried for as long as that takes.
    for (id, file) in [
        ("a", Device::new(&door, "activation", "a").first_signed_at(&second(1))),
        ("b", Device::new(&door, "activation", "b").first_signed_at(&second(-1))),
        ("c", Device::new(&door, "activation", "c").with("date", "Sat, 01 Jan 2000 00:00:00 GMT").first()),
        ("d", Device::new(&door, "activation", "d").with("date", "some day").first()),
        ("e", Device::new(&door, "activation", "e").with("date", second(899)).first()),
    ] {
        assert_eq!(send(&door, "/activate_offline", file).await.status, StatusCode::OK, "{id}");
    }
    // As a part of a form. (Of another second than the answers so far: they are signed alike.)
    let file = Device::new(&door, "activation", "f").with("date", second(-9)).first();
    let form = format!(
        "--x\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.req\"\r\n\r\n{file}\r\n--x--\r\n"
    );
    let (stamp, authorization) = door.proof_at(door.now());
    let request = |form: String| {
        let request = crate::support::request(&Method::POST, "/api/v4/activate_offline").header("date", &stamp);
        let request =
            request.header("authorization", &authorization).header("content-type", "multipart/form-data; boundary=x");
        request.body(Body::from(form)).unwrap()
    };
    assert_eq!(door.app.send(request(form.clone())).await.status, StatusCode::OK);
    let without = door.app.send(request(form.replace("name=\"file\"", "name=\"other\""))).await;
    assert_eq!(refusal(&without), refused("missing_content"));
    let cut = door.app.send(request(form.replace("--x--", ""))).await;
    assert!(cut.status == StatusCode::OK || cut.status == StatusCode::BAD_REQUEST, "{}", cut.status);
}

#[tokio::test]
async fn whoever_brings_a_file_cannot_go_beyond_himself() {
    let door = Licensing::new().await;
    door.license(KEY, endless(3), carried()).await;
    door.product("Valve", "valve", ProductRules::default(), ProductStatus::Active).await;
    let file = Device::new(&door, "activation", "r-1").first();
    let key = async |products: Vec<ProductName>, access| {
        let new = NewApiKey { label: String::new(), products, part: None, access };
        let (record, shared) = create_api_key(door.app.ctx(), door.app.site, new).await.unwrap();
        crate::license_support::proof(&record.key, shared.expose(), door.now())
    };
    let valve = key(vec![ProductName::new("Valve").unwrap()], Access::ReadWrite).await;
    let reader = key(vec![], Access::ReadOnly).await;
    for ((date, authorization), code) in [(valve, "api_key_product_not_allowed"), (reader, "invalid_api_key")] {
        let request = crate::support::request(&Method::POST, "/api/v4/activate_offline").header("date", date);
        let request = request.header("authorization", authorization).body(Body::from(file.clone())).unwrap();
        assert_eq!(refusal(&door.app.send(request).await), refused(code));
    }
}

#[tokio::test]
async fn files_are_good_for_as_long_as_the_producer_says() {
    let door = Licensing::new().await;
    door.license(KEY, endless(3), LicenseRules { offline_days: Some(2), ..carried() }).await;
    let file = Device::new(&door, "activation", "r-1").first();
    let answer = send(&door, "/activate_offline", file.clone()).await;
    let license = verified(&door, &answer, &date(door.now())).await;
    assert_eq!(license["validity_period"], "2026-03-03T12:00:00.000Z");
    assert_eq!(license["is_expired"], json!(false));
    door.app.world.clock.advance(Duration::from_secs(1));
    let waiting = Device::new(&door, "activation", "r-2").first();
    let undated = Device::new(&door, "activation", "r-3").with("date", "some day").first();
    assert_eq!(refusal(&send(&door, "/activate_offline", undated).await), refused("offline_request_expired"));
    door.app.world.clock.advance(Duration::from_secs(2 * 86_400 + 1));
    assert_eq!(refusal(&send(&door, "/activate_offline", waiting).await), refused("offline_request_expired"));
    // What was answered once is answered again, and lasts no longer.
    assert_eq!(send(&door, "/activate_offline", file).await.body, answer.body);

    // A producer's new file lasts from now on; the signature is over all that stands before it.
    let record = door.app.record().await;
    let site = sites::resolve(door.app.ctx(), sites::SiteRef::Name(record.name.as_str())).await.unwrap().unwrap();
    let refresh = async |hardware: &str| {
        let (key, hardware) = (LicenseKey::new(KEY).unwrap(), HardwareId::new(hardware).unwrap());
        license_files::refresh(door.app.ctx(), &site, key, hardware).await
    };
    let text = refresh(HARDWARE).await.unwrap();
    let (signed, rest) = text.split_once(",\"license_signature_v2\":\"").unwrap();
    let outer = base64_decode(rest.trim_end_matches("\"}")).unwrap();
    door.verifying_key().await.verify(Algorithm::RS256, format!("{signed}}}").as_bytes(), &outer).unwrap();
    let fresh: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(fresh["validity_period"], "2026-03-05T12:00:02.000Z");
    assert_eq!((&fresh["hardware_id"], fresh.get("request_id")), (&json!(HARDWARE), None));
    assert_eq!(refresh("HW-TEST-2").await.err().map(|error| error.code().word()), Some("device_not_found"));
    // Where the file ends no grace follows; where the license does, its own.
    let renewed = LicenseRules { grace: Some(720), offline_days: Some(2), ..carried() };
    door.license("RENEWED", endless(1), renewed.clone()).await;
    let ends = countersign_domain::licensing::LicenseTerms {
        end_date: Some(Date::parse("2026-03-04").unwrap()),
        ..endless(1)
    };
    door.license("ENDS", ends, renewed).await;
    for (key, end, grace) in
        [("RENEWED", "2026-03-05T12:00:02.000Z", (false, 0)), ("ENDS", "2026-03-04T23:59:59.999Z", (true, 12))]
    {
        let file = Device::new(&door, "activation", key).with("license_key", key).first();
        let license = send(&door, "/activate_offline", file).await.json();
        assert_eq!(license["validity_period"], end);
        assert_eq!((&license["allow_grace_period"], &license["grace_period"]), (&json!(grace.0), &json!(grace.1)));
    }
    // The end of the license itself comes first.
    let terms = countersign_domain::licensing::LicenseTerms {
        end_date: Some(Date::parse("2026-03-04").unwrap()),
        ..endless(1)
    };
    door.license("DATED", terms, LicenseRules { offline_days: Some(30), ..carried() }).await;
    let dated = Device::new(&door, "activation", "r-4").with("license_key", "DATED").first();
    assert_eq!(send(&door, "/activate_offline", dated).await.json()["validity_period"], "2026-03-04T23:59:59.999Z");
}

#[tokio::test]
async fn units_counted_on_the_device_are_booked_as_far_as_they_are_left() {
    let door = Licensing::new().await;
    let metering = Metering { limit: Units::AtMost(10), ..Metering::default() };
    let rules = LicenseRules { license_type: LicenseType::Consumption, metering, ..carried() };
    let id = door.license(KEY, endless(1), rules).await;
    // The first form does not prove units, so nothing is given back by it.
    let rounds = [(true, 4, 4), (true, -100, 4), (false, -100, 0), (false, 7, 7), (true, 1_000_000, 10)];
    for (round, (is_first, told, total)) in rounds.into_iter().enumerate() {
        door.app.world.clock.advance(Duration::from_secs(5));
        let activation = Device::new(&door, "activation", &format!("a-{round}")).first();
        assert_eq!(send(&door, "/activate_offline", activation).await.status, StatusCode::OK);
        door.app.world.clock.advance(Duration::from_secs(5));
        let back = Device::new(&door, "deactivation", &format!("d-{round}")).with("consumptions", told);
        let back = if is_first { back.first() } else { back.second(&back.request.to_string()) };
        for _ in 0..2 {
            assert_eq!(send(&door, "/deactivate_offline", back.clone()).await.status, StatusCode::OK);
            assert_eq!(door.row(id).await.usage.meter.total, total, "{told}");
        }
    }
}

#[tokio::test]
async fn a_bundle_goes_offline_as_a_whole() {
    let door = Licensing::new().await;
    door.product("Valve", "valve", ProductRules::default(), ProductStatus::Active).await;
    let ids = [door.product_of("pump").await.product.id, door.product_of("valve").await.product.id];
    let first = door.license("PART-1", endless(1), carried()).await;
    let (site, order) = (door.app.site, countersign_domain::text::OrderNumber::new("SO-1").unwrap());
    let written = door.app.world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            let code = ProductCode::new("suite").unwrap();
            tx.bundles().insert(site, &code, "Suite", &ids, now).await?.unwrap();
            let order = tx.orders().find(site, &order).await?.unwrap().id;
            for (key, product) in [("PART-A", ids[0]), ("PART-B", ids[1])] {
                let new = countersign_store::repositories::NewLicense {
                    key: LicenseKey::new(key).unwrap(),
                    order,
                    product,
                    bundle_key: Some(LicenseKey::new(KEY).unwrap()),
                    features: vec![],
                    terms: endless(1),
                    rules: carried(),
                };
                tx.licenses().insert(site, &new, now).await?.unwrap();
            }
            Ok(())
        })
    });
    written.await.unwrap();
    assert_eq!(door.row(first).await.activations, 0);
    let file = Device::new(&door, "activation", "r-1").with("product", "suite").first();
    let answer = send(&door, "/activate_bundle_offline", file.clone()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
    let text = std::str::from_utf8(&answer.body).unwrap();
    let (signed, rest) = text.split_once(",\"bundle_signature_v2\":\"").unwrap();
    let outer = base64_decode(rest.trim_end_matches("\"}")).unwrap();
    door.verifying_key().await.verify(Algorithm::RS256, format!("{signed}}}").as_bytes(), &outer).unwrap();
    let bundle = answer.json();
    assert_eq!(bundle["licenses"].as_array().unwrap().len(), 2);
    for license in bundle["licenses"].as_array().unwrap() {
        assert_eq!(
            (&license["product_details"]["short_code"], &license["request_id"]),
            (&json!("suite"), &json!("r-1"))
        );
        assert!(license["license_signature"].is_string() && license.get("license_signature_v2").is_none());
    }
    assert_eq!(send(&door, "/activate_bundle_offline", file).await.body, answer.body);
    door.app.world.clock.advance(Duration::from_secs(5));
    let back = Device::new(&door, "deactivation", "r-2").with("product", "suite").first();
    let answer = send(&door, "/deactivate_bundle_offline", back).await;
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"license_deactivated"[..]));
    let check = format!("/check_bundle?product=suite&hardware_id={HARDWARE}&license_key={KEY}");
    assert_eq!(refusal(&door.get(&check).await), refused("license_not_active"));
}

#[tokio::test]
async fn a_device_that_comes_online_is_no_longer_offline() {
    let door = Licensing::new().await;
    let id = door.license(KEY, endless(1), carried()).await;
    let offline = async || {
        let (site, hardware) = (door.app.site, HardwareId::new(HARDWARE).unwrap());
        let found = door.app.world.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.activations().find_by_hardware(site, id, &hardware).await })
        });
        found.await.unwrap().unwrap().1.offline
    };
    assert_eq!(
        send(&door, "/activate_offline", Device::new(&door, "activation", "r-1").first()).await.status,
        StatusCode::OK
    );
    assert!(offline().await);
    door.verified(&door.post("/activate_license", &identity(KEY, HARDWARE)).await).await;
    assert!(!offline().await);
}
