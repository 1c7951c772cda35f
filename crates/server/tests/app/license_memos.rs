//! Checks of licenses that are remembered: the answer is what it would be without, and every change is in the very next one.

use std::time::Duration;

use axum::body::Body;
use countersign_app::licensing::{devices, license_users, licenses, products};
use countersign_app::{Ctx, license_api};
use countersign_crypto::Secret;
use countersign_domain::device::DeviceIdentity;
use countersign_domain::licensing::{
    ActivationLimit, Environment, FeatureRules, FeatureType, LicenseRules, LicenseStatus, LicenseType, Metering,
    ProductRules, ProductStatus, ResetPeriod, Units,
};
use countersign_domain::text::{FeatureCode, LicenseKey, ProductName, UserEmail};
use countersign_domain::time::Date;
use countersign_server::Doors;
use countersign_testkit::WorldOptions;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::license_support::{BASE, HARDWARE, Licensing, endless, identity, proof, refusal, refused};
use crate::support::{Answer, App, request, through};

const PLAIN: &str = "MEMO-0000-0000-0001";
const TIMED: &str = "MEMO-0000-0000-0002";
const COUNTED: &str = "MEMO-0000-0000-0003";

/// Remembers also where no other test does.
async fn remembering() -> Licensing {
    Licensing::over(App::bare(WorldOptions { memos: true, ..WorldOptions::default() }).await).await
}

fn path(key: &str, more: &str) -> String {
    format!("/check_license?product=pump&hardware_id={HARDWARE}&license_key={key}{more}")
}

/// A proved check through another process.
async fn check_through(door: &Licensing, other: &Doors, path: &str) -> Answer {
    let (date, authorization) = proof(&door.api_key, &door.shared_key, door.now());
    let asked = request(&Method::GET, &format!("{BASE}{path}")).header("date", date);
    through(other, asked.header("authorization", authorization).body(Body::empty()).unwrap()).await
}

fn same(one: &Answer, other: &Answer) -> bool {
    let signed = |answer: &Answer| answer.headers.get("licensesignature").cloned();
    (one.status, &one.body, signed(one)) == (other.status, &other.body, signed(other))
}

/// How many checks were answered out of memory.
fn recalled(ctx: &Ctx) -> u64 {
    ctx.work().memos.iter().find(|memo| memo.name == "checks").unwrap().hits
}

fn counting(reset: Option<ResetPeriod>) -> Metering {
    Metering { limit: Units::AtMost(10), reset, ..Metering::default() }
}

/// Licenses of which time alone changes what is told: one ends, its feature before it; units are counted by the hour.
async fn licensed(door: &Licensing) {
    door.license(PLAIN, endless(3), LicenseRules::default()).await;
    let end = |day| Some(Date::parse(day).unwrap());
    let mut terms = endless(3);
    terms.end_date = end("2026-03-03");
    let ending = FeatureRules { end_date: end("2026-03-02"), ..FeatureRules::default() };
    let pages = FeatureRules {
        feature_type: FeatureType::Consumption,
        metering: counting(Some(ResetPeriod::Daily)),
        ..FeatureRules::default()
    };
    let features = vec![("pdf", ending), ("pages", pages)];
    door.license_with(TIMED, "pump", terms, LicenseRules::default(), features).await;
    let license_type = LicenseType::Consumption;
    let rules = LicenseRules { license_type, metering: counting(Some(ResetPeriod::Hourly)), ..LicenseRules::default() };
    door.license(COUNTED, endless(3), rules).await;
    for key in [PLAIN, TIMED, COUNTED] {
        door.verified(&door.post("/activate_license", &identity(key, HARDWARE)).await).await;
    }
    count(door, "/add_consumption", COUNTED, 4).await;
    let mut body = identity(TIMED, HARDWARE);
    (body["consumptions"], body["feature"]) = (json!(3), json!("pages"));
    door.verified(&door.post("/add_feature_consumption", &body).await).await;
}

async fn count(door: &Licensing, call: &str, key: &str, units: i64) -> Value {
    let mut body = identity(key, HARDWARE);
    body["consumptions"] = json!(units);
    door.verified(&door.post(call, &body).await).await
}

#[tokio::test]
async fn checks_are_the_same_bytes_with_every_memo_switched_off() {
    let door = remembering().await;
    licensed(&door).await;
    let forgetful = countersign_server::app(door.app.world.forgetful_process().await);
    // Within the hour; over the end of an hour of units, of a day of them, of a feature, of a license; and over the hour
    // after which it is noted that the device was heard of.
    for minutes in [0, 30, 29, 1, 1, 24 * 60, 12 * 60, 24 * 60] {
        door.app.world.clock.advance(Duration::from_secs(minutes * 60));
        for key in [PLAIN, TIMED, COUNTED] {
            for more in ["", "&include_expired_features=true", "&env=win", "&x=%20"] {
                let path = path(key, more);
                let remembered = [door.get(&path).await, door.get(&path).await];
                let computed = check_through(&door, &forgetful, &path).await;
                door.verified(&remembered[1]).await;
                for answer in remembered {
                    assert!(same(&answer, &computed), "{path} after {minutes} minutes");
                }
            }
        }
    }
    assert!(recalled(door.app.ctx()) > 80, "{}", recalled(door.app.ctx()));
    let last = door.get(&path(TIMED, "")).await.json();
    assert_eq!((&last["is_expired"], last["product_features"].as_array().unwrap().len()), (&json!(true), 1));
}

#[tokio::test]
async fn a_change_by_another_process_is_in_the_very_next_check() {
    let door = remembering().await;
    licensed(&door).await;
    let (other, site) = (door.app.world.second_process().await, door.app.site);
    let others = countersign_server::app(door.app.world.forgetful_process().await);
    let key = || LicenseKey::new(PLAIN).unwrap();
    let mut changes = Changes { door: &door, others: &others, last: None };
    changes.seen("nothing").await;

    let mut activate = identity(PLAIN, "HW-TEST-2");
    post_through(&door, &others, "/activate_license", &activate).await;
    assert_eq!(changes.seen("activation").await.json()["times_activated"], 2);
    activate["variables"] = json!({});
    post_through(&door, &others, "/deactivate_license", &activate).await;
    assert_eq!(changes.seen("deactivation").await.json()["times_activated"], 1);
    licenses::change_rules(&other, site, key(), |rules| rules.metadata = "{\"tier\":\"gold\"}".to_owned())
        .await
        .unwrap();
    assert_eq!(changes.seen("rules").await.json()["metadata"], json!({ "tier": "gold" }));
    let code = FeatureCode::new("pdf").unwrap();
    licenses::set_feature(&other, site, key(), code, |rules| rules.end_date = None).await.unwrap();
    changes.seen("feature").await;
    products::change(&other, site, ProductName::new("Pump").unwrap(), |product| product.rules.prevent_vm = true)
        .await
        .unwrap();
    assert_eq!(changes.seen("product").await.json()["prevent_vm"], true);
    door.release("1.0", Environment::Win, door.now()).await;
    assert_eq!(changes.seen("release").await.json()["version"], "1.0");
    licenses::change_terms(&other, site, key(), |terms| terms.limit = ActivationLimit::Unlimited).await.unwrap();
    assert_eq!(changes.seen("limit").await.json()["allow_unlimited_activations"], true);

    let disable = |status| licenses::change_terms(&other, site, key(), move |terms| terms.status = status);
    disable(LicenseStatus::Disabled).await.unwrap();
    assert_eq!(refusal(&changes.seen("disabled").await), refused("license_not_enabled"));
    disable(LicenseStatus::Enabled).await.unwrap();
    assert_eq!(changes.seen("enabled").await.status, StatusCode::OK);
    door.product("Pump", "pump", ProductRules::default(), ProductStatus::Disabled).await;
    assert_eq!(refusal(&changes.seen("disabled product").await), refused("disabled_product"));
    door.product("Pump", "pump", ProductRules::default(), ProductStatus::Active).await;
    changes.seen("enabled product").await;
    let device = DeviceIdentity {
        id: HARDWARE.to_owned(),
        id_type: DeviceIdentity::HARDWARE.to_owned(),
        publisher_name: String::new(),
    };
    devices::retire(&other, site, device).await.unwrap();
    assert_eq!(refusal(&changes.seen("retired device").await), refused("blacklisted"));
}

#[tokio::test]
async fn units_and_users_are_in_the_very_next_check() {
    let door = remembering().await;
    licensed(&door).await;
    let (other, site) = (door.app.world.second_process().await, door.app.site);
    let others = countersign_server::app(door.app.world.forgetful_process().await);
    let path = path(COUNTED, "");
    for total in 5..8 {
        let mut body = identity(COUNTED, HARDWARE);
        body["consumptions"] = json!(1);
        post_through(&door, &others, "/add_consumption", &body).await;
        for _ in 0..2 {
            assert_eq!(door.verified(&door.get(&path).await).await["total_consumptions"], total);
        }
    }
    // From the key to a user, on the same device, and back: whom the license is for is told at once.
    let email = UserEmail::new("ada@example.test").unwrap();
    let text = |text: &str| Secret::new(text.to_owned());
    let ada = license_users::NewUser {
        email: email.clone(),
        first_name: "Ada".to_owned(),
        last_name: String::new(),
        phone: String::new(),
        password: text("a first password"),
    };
    license_users::add(&other, site, ada).await.unwrap();
    let key = LicenseKey::new(COUNTED).unwrap();
    license_users::assign(
        &other,
        site,
        (email.clone(), license_users::Address::Unproved),
        key,
        ActivationLimit::Unlimited,
    )
    .await
    .unwrap();
    post_through(&door, &others, "/deactivate_license", &identity(COUNTED, HARDWARE)).await;
    assert_eq!(refusal(&door.get(&path).await), refused("license_not_active"));
    let by_user = json!({ "product": "pump", "hardware_id": HARDWARE, "username": email.as_str(),
        "password": "a first password" });
    post_through(&door, &others, "/activate_license", &by_user).await;
    for _ in 0..2 {
        assert_eq!(door.verified(&door.get(&path).await).await["user"]["is_initial_password"], true);
    }
    let caller = license_api::LicenseCaller {
        site,
        credential: license_api::LicenseCredential::Producer,
        products: None,
        access: license_api::Access::ReadWrite,
        parts: Vec::new(),
    };
    let passwords = (text("a first password"), text("another password"));
    license_api::change_password(&other, &caller, email, passwords, None).await.unwrap();
    assert_eq!(door.verified(&door.get(&path).await).await["user"]["is_initial_password"], false);
}

/// A license whose check is looked at after every change.
struct Changes<'a> {
    door: &'a Licensing,
    others: &'a Doors,
    last: Option<Answer>,
}

impl Changes<'_> {
    /// The answer, which is another one than before the change, the same as that of a process without memory, and then given
    /// out of memory unless it is a refusal.
    async fn seen(&mut self, what: &str) -> Answer {
        let (door, path) = (self.door, path(PLAIN, ""));
        let next = door.get(&path).await;
        assert!(self.last.as_ref().is_none_or(|last| !same(last, &next)), "{what} is not seen");
        assert!(same(&next, &check_through(door, self.others, &path).await), "{what}");
        let before = recalled(door.app.ctx());
        assert!(same(&next, &door.get(&path).await), "{what}");
        let is_remembered = next.status == StatusCode::OK;
        assert_eq!(recalled(door.app.ctx()) > before, is_remembered, "{what}");
        let Answer { status, headers, body } = &next;
        self.last = Some(Answer { status: *status, headers: headers.clone(), body: body.clone() });
        next
    }
}

async fn post_through(door: &Licensing, other: &Doors, path: &str, body: &Value) {
    let (date, authorization) = proof(&door.api_key, &door.shared_key, door.now());
    let told = request(&Method::POST, &format!("{BASE}{path}")).header("date", date);
    let told = told.header("authorization", authorization).header("content-type", "application/json");
    let answer = through(other, told.body(Body::from(body.to_string())).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&answer.body));
}
