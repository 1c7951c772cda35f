//! License users: what is assigned to them, and their passwords.

use countersign_app::license_api::{
    Credentials, Identity, LicenseName, Refusal, ReleaseFilter, UserLogin, activate, change_password, check,
    customer_license_users, deactivate, user_licenses,
};
use countersign_app::licensing::license_users::{self, LicenseUserError, NewUser};
use countersign_crypto::Secret;
use countersign_domain::licensing::{ActivationLimit, LicenseRules};
use countersign_domain::text::{LicenseKey, UserEmail};

use crate::support::{Shop, TERMS, activation, code, identity, now, refusal};

fn email() -> UserEmail {
    UserEmail::new("u@example.test").unwrap()
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

async fn with_user(limit: u32) -> (Shop, LicenseKey) {
    let shop = Shop::new().await;
    let rules = LicenseRules { users: Some(2), ..LicenseRules::default() };
    let key = shop.license(TERMS, rules).await.key;
    add(&shop, &key, email(), limit).await;
    (shop, key)
}

async fn add(shop: &Shop, key: &LicenseKey, email: UserEmail, limit: u32) {
    let (first_name, last_name, phone) = (String::new(), String::new(), String::new());
    let new = NewUser { email: email.clone(), first_name, last_name, phone, password: secret("initial-1") };
    license_users::add(&shop.ctx, shop.site, new).await.unwrap();
    let limit = ActivationLimit::AtMost(limit);
    license_users::assign(&shop.ctx, shop.site, (email, license_users::Address::Unproved), key.clone(), limit)
        .await
        .unwrap();
}

async fn log_in(shop: &Shop, key: &LicenseKey, device: &str, password: &str) -> Result<u32, Refusal> {
    let by = Credentials::User(UserLogin::Password { email: email(), password: secret(password) });
    let request = countersign_app::license_api::Activate { by, ..activation(key, device) };
    match now(activate(&shop.ctx, &shop.caller, request, None).await) {
        Ok(view) => {
            assert_eq!(view.user.map(|assigned| assigned.user.email), Some(email()), "the answer is for the user");
            Ok(view.license.activations)
        }
        other => Err(refusal(other)),
    }
}

#[tokio::test]
async fn no_users_at_most_are_any_number() {
    let shop = Shop::new().await;
    let limited = |users| LicenseRules { users: Some(users), ..LicenseRules::default() };
    let (any, one) = (shop.license(TERMS, limited(0)).await.key, shop.license(TERMS, limited(1)).await.key);
    let bob = UserEmail::new("bob@example.test").unwrap();
    add(&shop, &any, email(), 1).await;
    add(&shop, &any, bob.clone(), 1).await;
    let assign = async |email, key: &LicenseKey| {
        let (known, limit) = (license_users::Address::Unproved, ActivationLimit::AtMost(1));
        license_users::assign(&shop.ctx, shop.site, (email, known), key.clone(), limit).await
    };
    assign(email(), &one).await.unwrap();
    assert!(matches!(assign(bob, &one).await, Err(LicenseUserError::Full)));
}

#[tokio::test]
async fn of_several_licenses_a_user_gets_one_that_can_be_activated() {
    let shop = Shop::new().await;
    let rules = || LicenseRules { trial_days: Some(5), ..LicenseRules::default() };
    let over = shop.license(TERMS, rules()).await.key;
    add(&shop, &over, email(), 9).await;
    assert_eq!(log_in(&shop, &over, "A", "initial-1").await, Ok(1));
    shop.world.clock.advance(std::time::Duration::from_secs(6 * 24 * 3600));
    let good = shop.license(TERMS, LicenseRules::default()).await;
    let (limit, known) = (ActivationLimit::AtMost(9), license_users::Address::Proved);
    license_users::assign(&shop.ctx, shop.site, (email(), known), good.key.clone(), limit).await.unwrap();
    let active = async |device: &str| {
        let by_name = Identity { name: LicenseName::User(email()), ..identity(&good.key, device) };
        check(&shop.ctx, &shop.caller, by_name, ReleaseFilter::default()).await.map(|seen| seen.license.id == good.id)
    };
    // What is active is told, over or not, until the better one is activated.
    assert!(!active("A").await.unwrap());
    for (device, activations) in [("A", 1), ("B", 2)] {
        assert_eq!(log_in(&shop, &good.key, device, "initial-1").await, Ok(activations));
        assert!(active(device).await.unwrap());
    }
}

#[tokio::test]
async fn a_user_activates_within_his_own_limit() {
    let (shop, key) = with_user(1).await;
    assert_eq!(log_in(&shop, &key, "A", "wrong-pass").await, Err(Refusal::InvalidCredentials));
    assert_eq!(log_in(&shop, &key, "A", "initial-1").await, Ok(1));
    assert_eq!(log_in(&shop, &key, "A", "initial-1").await, Ok(1), "to repeat it counts nothing");
    assert_eq!(log_in(&shop, &key, "B", "initial-1").await, Err(Refusal::LicenseActivatedMaxTimes));
    let by_name = Identity { name: LicenseName::User(email()), ..identity(&key, "A") };
    let seen = check(&shop.ctx, &shop.caller, by_name.clone(), ReleaseFilter::default()).await.unwrap();
    assert_eq!(seen.user.unwrap().assignment.activations, 1);
    let unassigned = license_users::unassign(&shop.ctx, shop.site, email(), key.clone()).await;
    assert!(matches!(unassigned, Err(LicenseUserError::Active)));
    deactivate(&shop.ctx, &shop.caller, by_name, vec![]).await.unwrap();
    assert_eq!(log_in(&shop, &key, "B", "initial-1").await, Ok(1));
    let buyer = "buyer@example.test".to_owned();
    let (_, users) = customer_license_users(&shop.ctx, &shop.caller, code(), buyer).await.unwrap();
    assert_eq!(users.iter().map(|user| (user.active, user.assignment.activations)).collect::<Vec<_>>(), [(true, 1)]);
    let nobody = customer_license_users(&shop.ctx, &shop.caller, code(), "x@example.test".to_owned()).await;
    assert_eq!(refusal(nobody), Refusal::CustomerDoesNotExist);
}

#[tokio::test]
async fn a_user_changes_his_password() {
    let (shop, key) = with_user(2).await;
    let change = async |old: &str, new: &str| {
        change_password(&shop.ctx, &shop.caller, email(), (secret(old), secret(new)), None).await
    };
    assert_eq!(refusal(change("wrong-pass", "another-2").await), Refusal::InvalidCredentials);
    assert_eq!(refusal(change("initial-1", "short").await), Refusal::PasswordNotChangeable);
    assert_eq!(refusal(change("initial-1", "initial-1").await), Refusal::PasswordNotChangeable);
    change("initial-1", "another-2").await.unwrap();
    assert_eq!(log_in(&shop, &key, "A", "initial-1").await, Err(Refusal::InvalidCredentials));
    assert_eq!(log_in(&shop, &key, "A", "another-2").await, Ok(1));
    let login = UserLogin::Password { email: email(), password: secret("another-2") };
    let mine = user_licenses(&shop.ctx, &shop.caller, Some(code()), login, None).await.unwrap();
    assert_eq!(mine.len(), 1);
    assert!(!mine[0].user.as_ref().unwrap().user.initial_password);
    license_users::set_enabled(&shop.ctx, shop.site, email(), false).await.unwrap();
    assert_eq!(log_in(&shop, &key, "B", "another-2").await, Err(Refusal::InvalidCredentials));
}

#[tokio::test]
async fn one_password_is_not_tried_with_every_user() {
    let (shop, _) = with_user(2).await;
    let list = async |name: &str, password: &str| {
        let login = UserLogin::Password { email: UserEmail::new(name).unwrap(), password: secret(password) };
        let from = Some("192.0.2.7".parse().unwrap());
        user_licenses(&shop.ctx, &shop.caller, None, login, from).await.map(|found| found.len())
    };
    for number in 0..100 {
        let refused = refusal(list(&format!("user-{number}@example.test"), "guess").await);
        assert_eq!(refused, Refusal::InvalidCredentials, "{number}");
    }
    let held_back = refusal(list(email().as_str(), "initial-1").await);
    assert!(matches!(held_back, Refusal::TooMany(_)), "{held_back:?}");
    shop.world.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(list(email().as_str(), "initial-1").await.unwrap(), 1);
}

#[tokio::test]
async fn a_user_means_what_is_active_for_him() {
    let (shop, key) = with_user(1).await;
    let other = UserEmail::new("v@example.test").unwrap();
    add(&shop, &key, other.clone(), 1).await;
    assert_eq!(log_in(&shop, &key, "A", "initial-1").await, Ok(1));
    let named = |email: UserEmail| Identity { name: LicenseName::User(email), ..identity(&key, "A") };
    let asked = async |email| check(&shop.ctx, &shop.caller, named(email), ReleaseFilter::default()).await;
    assert_eq!(refusal(asked(other.clone()).await), Refusal::DeviceNotFound);
    let released = deactivate(&shop.ctx, &shop.caller, named(other.clone()), vec![]).await;
    assert_eq!(refusal(released), Refusal::DeviceNotFound);
    let by_id = Identity { license: Some(asked(email()).await.unwrap().license.id), ..named(other) };
    assert_eq!(refusal(deactivate(&shop.ctx, &shop.caller, by_id, vec![]).await), Refusal::DeviceNotFound);
    // He may not log in any more, and can go on and give back what he has.
    license_users::set_enabled(&shop.ctx, shop.site, email(), false).await.unwrap();
    assert_eq!(log_in(&shop, &key, "A", "initial-1").await, Err(Refusal::InvalidCredentials));
    asked(email()).await.unwrap();
    deactivate(&shop.ctx, &shop.caller, named(email()), vec![]).await.unwrap();
}
