//! By what name an answer calls a license: the one that the call used, because clients check the inner signature with it.

use countersign_app::license_proof::take_place;
use countersign_app::licensing::{bundles, license_users};
use countersign_app::sites;
use countersign_crypto::encoding::base64_decode;
use countersign_crypto::{Algorithm, Secret};
use countersign_domain::licensing::{ActivationLimit, AuthorizationMethod, LicenseRules, ProductRules, ProductStatus};
use countersign_domain::text::{LicenseKey, OrderNumber, ProductCode, ProductName, UserEmail};
use countersign_store::StoreError;
use countersign_store::repositories::{LicenseFilter, Page};
use http::StatusCode;
use serde_json::{Value, json};

use crate::license_support::{HARDWARE, Licensing, endless, identity, refusal};

const KEY: &str = "AAAA-BBBB-CCCC-0001";
const USER: &str = "ada@example.test";
const PASSWORD: &str = "a first password";

/// The license object of a good answer whose inner signature fits the name.
async fn named(door: &Licensing, answer: &crate::support::Answer, name: &str) -> Value {
    let license = door.verified(answer).await;
    let signature = base64_decode(license["license_signature"].as_str().unwrap()).unwrap();
    let end = license["validity_period"].as_str().unwrap_or_default();
    let text = format!("{HARDWARE}#{name}#{end}").to_lowercase();
    let key = door.verifying_key().await;
    key.verify(Algorithm::RS256, text.as_bytes(), &signature).unwrap_or_else(|_| panic!("not over {text}: {license}"));
    license
}

fn check(key: &str) -> String {
    format!("/check_license?product=pump&hardware_id={HARDWARE}&license_key={key}")
}

async fn add_user(door: &Licensing, key: &str) {
    let new = license_users::NewUser {
        email: UserEmail::new(USER).unwrap(),
        first_name: "Ada".to_owned(),
        last_name: String::new(),
        phone: String::new(),
        password: Secret::new(PASSWORD.to_owned()),
    };
    let (ctx, site, key) = (door.app.ctx(), door.app.site, LicenseKey::new(key).unwrap());
    license_users::add(ctx, site, new).await.unwrap();
    let email = UserEmail::new(USER).unwrap();
    license_users::assign(ctx, site, (email, license_users::Address::Unproved), key, ActivationLimit::Unlimited)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_part_of_a_bundle_answers_to_both_of_its_keys() {
    let door = Licensing::new().await;
    door.license(KEY, endless(1), LicenseRules::default()).await;
    let (ctx, site) = (door.app.ctx(), door.app.site);
    let (suite, order) = (ProductCode::new("suite").unwrap(), OrderNumber::new("SO-1").unwrap());
    let parts = vec![ProductName::new("Pump").unwrap()];
    bundles::create(ctx, site, suite.clone(), String::new(), parts).await.unwrap();
    let laid = (endless(2), LicenseRules::default());
    let (whole, _) = bundles::license(ctx, site, order, suite, laid).await.unwrap();
    let listed = door.app.world.store.read::<_, StoreError, _>(move |tx| {
        Box::pin(async move { tx.licenses().list(site, LicenseFilter::default(), Page::first(10)).await })
    });
    let part = listed.await.unwrap().into_iter().find(|one| one.bundle_key.is_some()).unwrap().key;
    for key in [part.as_str(), whole.as_str()] {
        for answer in [door.post("/activate_license", &identity(key, HARDWARE)).await, door.get(&check(key)).await] {
            assert_eq!(named(&door, &answer, key).await["license_key"], key);
        }
    }
}

#[tokio::test]
async fn a_call_by_key_is_answered_for_the_key_though_a_user_activated_it() {
    let door = Licensing::new().await;
    door.license(KEY, endless(1), LicenseRules::default()).await;
    add_user(&door, KEY).await;
    let by_user = json!({ "product": "pump", "hardware_id": HARDWARE, "username": USER, "password": PASSWORD });
    let activated = named(&door, &door.post("/activate_license", &by_user).await, USER).await;
    assert_eq!((activated.get("license_key"), &activated["username"]), (None, &json!(USER)));
    let by_name = format!("/check_license?product=pump&hardware_id={HARDWARE}&username=ada%40example.test");
    named(&door, &door.get(&by_name).await, USER).await;
    for answer in [door.get(&check(KEY)).await, door.post("/activate_license", &identity(KEY, HARDWARE)).await] {
        let license = named(&door, &answer, KEY).await;
        assert_eq!((&license["license_key"], &license["user"]["email"]), (&json!(KEY), &json!(USER)));
    }
}

#[tokio::test]
async fn a_key_is_signed_as_a_whole() {
    let door = Licensing::new().await;
    door.license("AB|CD", endless(1), LicenseRules::default()).await;
    named(&door, &door.post("/activate_license", &identity("AB|CD", HARDWARE)).await, "AB|CD").await;
}

#[tokio::test]
async fn a_trial_is_made_only_when_its_answer_can_be_signed() {
    let door = Licensing::new().await;
    let rules =
        ProductRules { trial_days: Some(14), authorization: AuthorizationMethod::User, ..ProductRules::default() };
    door.product("Trial", "trial", rules, ProductStatus::Active).await;
    let record = door.app.record().await;
    let site = sites::resolve(door.app.ctx(), sites::SiteRef::Name(record.name.as_str())).await.unwrap().unwrap();
    // All places at the signer are taken.
    let places: Vec<_> = std::iter::from_fn(|| take_place(door.app.ctx(), &site).ok()).take(100_000).collect();
    let path = "/trial_key?product=trial&hardware_id=HW-TEST-1&email=ada%40example.test";
    assert_eq!(refusal(&door.get(path).await), (StatusCode::TOO_MANY_REQUESTS.as_u16(), "rate_limit_exceeded".into()));
    assert_eq!(door.licenses().await, 0);
    drop(places);
    let made = door.verified(&door.get(path).await).await;
    assert!(made["initial_password"].as_str().is_some_and(|password| !password.is_empty()), "{made}");
}
