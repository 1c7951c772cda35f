//! Users, bundles, tokens, trials, products and releases.

use countersign_app::licensing::{bundles, license_users};
use countersign_client::license::{
    Activation, Credential, LicenseError, LicenseState, Reason, SsoAnswer, TrialRequest,
};
use countersign_crypto::Secret;
use countersign_domain::licensing::{ActivationLimit, Environment, LicenseRules, ProductRules, ProductStatus};
use countersign_domain::text::{LicenseKey, OrderNumber, ProductCode, ProductName, UserEmail};

use super::support::{HOUR, KEY, Shop, Weather};
use crate::license_support::endless;

const USER: &str = "u.ser@example.test";
const PASSWORD: &str = "password number 0";

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn a_user_activates_with_a_password_and_checks_without() {
    let shop = Shop::new().await;
    let rules = ProductRules {
        authorization: countersign_domain::licensing::AuthorizationMethod::User,
        ..ProductRules::default()
    };
    shop.door.product("Pump", "pump", rules, ProductStatus::Active).await;
    shop.door.license(KEY, endless(2), LicenseRules::default()).await;
    let (ctx, site) = (shop.door.app.ctx(), shop.door.app.site);
    let new = license_users::NewUser {
        email: UserEmail::new(USER).unwrap(),
        first_name: String::new(),
        last_name: String::new(),
        phone: String::new(),
        password: secret(PASSWORD),
    };
    let (email, key) = (new.email.clone(), LicenseKey::new(KEY).unwrap());
    license_users::add(ctx, site, new).await.unwrap();
    license_users::assign(ctx, site, (email, license_users::Address::Unproved), key, ActivationLimit::AtMost(1))
        .await
        .unwrap();
    let machine = shop.machine().await;
    let wrong = machine.run(|client| client.activate(&Activation::by_user(USER, secret("wrong")))).await.unwrap_err();
    assert!(matches!(wrong, LicenseError::Refused { ref refusal, .. } if refusal.reason() == Reason::Login));
    let license = machine.run(|client| client.activate(&Activation::by_user(USER, secret(PASSWORD)))).await.unwrap();
    assert_eq!(license.user.as_deref(), Some(USER));
    assert_eq!(license.key, None);
    assert_eq!(machine.check_or_grace().await, LicenseState::Valid { until: None });
    let licenses = machine.run(|client| client.user_licenses(USER, &secret(PASSWORD))).await.unwrap();
    assert_eq!((licenses.len(), licenses[0].id), (1, license.id));
    machine.run(|client| client.change_password(USER, &secret(PASSWORD), &secret("password number 1"))).await.unwrap();
    let old = machine.run(|client| client.user_licenses(USER, &secret(PASSWORD))).await.unwrap_err();
    assert!(matches!(old, LicenseError::Refused { .. }));
    let users = machine.run(|client| client.customer_users("buyer@example.test")).await.unwrap();
    assert_eq!(users.len(), 1);
    let error = machine.run(|client| client.sso_url("nobody", SsoAnswer::IdToken, None)).await.unwrap_err();
    assert!(matches!(error, LicenseError::Refused { ref refusal, .. } if refusal.reason() == Reason::Login), "{error}");
    // A new password that may have been set is not sent again.
    shop.turns(Weather::Away);
    let before = shop.requests();
    let lost = machine.run(|client| client.change_password(USER, &secret("a"), &secret("b"))).await.unwrap_err();
    assert!(lost.is_away() && shop.requests() == before + 1, "{lost}");
}

#[tokio::test]
async fn a_bundle_is_activated_checked_and_let_go_as_one() {
    let shop = Shop::new().await;
    shop.door.product("Valve", "valve", ProductRules::default(), ProductStatus::Active).await;
    shop.door.license(KEY, endless(1), LicenseRules::default()).await;
    let (ctx, site) = (shop.door.app.ctx(), shop.door.app.site);
    let code = ProductCode::new("suite").unwrap();
    let parts = ["Pump", "Valve"].map(|name| ProductName::new(name).unwrap());
    bundles::create(ctx, site, code.clone(), String::new(), parts.to_vec()).await.unwrap();
    let laid = (endless(1), LicenseRules::default());
    let (key, _) = bundles::license(ctx, site, OrderNumber::new("SO-1").unwrap(), code, laid).await.unwrap();
    let machine = shop.machine_with(|config| config.product = "suite".to_owned()).await;
    let activation = Activation::by_key(key.as_str());
    let licenses = machine.run(move |client| client.activate_bundle(&activation)).await.unwrap();
    let mut products: Vec<_> = licenses.iter().map(|license| license.product.as_str()).collect();
    products.sort_unstable();
    assert_eq!(products, ["pump", "valve"]);
    assert_eq!(machine.check_or_grace().await, LicenseState::Valid { until: None });
    assert!(matches!(machine.run(|client| client.check()).await, Err(LicenseError::NotPossible { .. })));
    shop.turns(Weather::Away);
    assert!(matches!(machine.check_or_grace().await, LicenseState::Grace { .. }));
    shop.turns(Weather::Fine);

    let parts = machine.run(|client| client.bundle()).await.unwrap();
    assert_eq!(parts.len(), 2);
    let rows = shop.door.licenses().await;
    assert_eq!(rows, 3);
    assert_eq!(machine.run(|client| client.bundle_states()).await.unwrap().len(), 2);
    machine.run(|client| client.deactivate_bundle()).await.unwrap();
    assert_eq!(machine.state().await, LicenseState::NeverActivated);
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_it_expires_and_renewed_once_when_it_was_taken_back() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(2), LicenseRules::default()).await;
    let application = shop.door.app.application().await;
    let credential = |token_url| Credential::OAuth {
        client_id: application.id.to_string(),
        client_secret: secret(&application.secret),
        token_url,
    };
    let machine = shop.machine_with(|config| config.credential = credential(None)).await;
    machine.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap();
    assert_eq!(shop.requests(), 3, "where tokens are, a token, the activation");
    for _ in 0..3 {
        machine.run(|client| client.check()).await.unwrap();
    }
    assert_eq!(shop.requests(), 6);
    shop.advance(HOUR * 24);
    machine.run(|client| client.check()).await.unwrap();
    assert_eq!(shop.requests(), 9, "a new token");

    // The server takes all tokens back: one refusal, then a new token and the answer.
    let (ctx, site) = (shop.door.app.ctx(), shop.door.app.site);
    countersign_app::oauth::revoke_tokens(ctx, site, application.id.clone()).await.unwrap();
    shop.advance(HOUR / 1000);
    let before = shop.requests();
    machine.run(|client| client.check()).await.unwrap();
    assert_eq!(shop.requests(), before + 4);
    let file = machine.run(|client| client.activation_request(&Activation::by_key(KEY))).await.unwrap_err();
    assert!(matches!(file, LicenseError::NotPossible { .. }));

    let wrong = Credential::OAuth {
        client_id: application.id.to_string(),
        client_secret: secret("of-nobody"),
        token_url: None,
    };
    let stranger = shop.machine_with(|config| config.credential = wrong).await;
    let error = stranger.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap_err();
    assert!(
        matches!(error, LicenseError::Refused { ref refusal, .. } if refusal.reason() == Reason::Credential),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("of-nobody"));
}

#[tokio::test]
async fn a_credential_that_is_wrong_ends_the_license() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(2), LicenseRules::default()).await;
    let machine = shop.machine().await;
    machine.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap();
    let mut config = shop.config(machine.client.hardware_id(), machine.folder.path()).await;
    config.credential = Credential::ApiKey { api_key: shop.door.api_key.clone(), shared_key: secret("other") };
    let other = std::sync::Arc::new(shop.client(config, machine.pauses.clone()));
    let state = tokio::task::spawn_blocking(move || other.check_or_grace()).await.unwrap().unwrap();
    assert_eq!(state, LicenseState::Refused { code: "signature_mismatch".to_owned() });
    assert_eq!(machine.check_or_grace().await, LicenseState::Valid { until: None });
}

#[tokio::test]
async fn trials_products_and_releases_are_told() {
    let shop = Shop::new().await;
    let rules = ProductRules { trial_days: Some(14), ..ProductRules::default() };
    shop.door.product("Pump", "pump", rules, ProductStatus::Active).await;
    shop.door.release("1.0", Environment::Linux, shop.door.now()).await;
    shop.advance(HOUR);
    shop.door.release("2.0", Environment::Linux, shop.door.now()).await;
    let machine = shop.machine().await;
    let product = machine.run(|client| client.product_details()).await.unwrap();
    assert_eq!((product.code.as_str(), product.trial_days, product.is_by_user), ("pump", Some(14), false));
    let trial = machine.run(|client| client.trial(&TrialRequest::default())).await.unwrap();
    let again = machine.run(|client| client.trial(&TrialRequest::default())).await.unwrap();
    let key = trial.key.unwrap();
    assert_eq!(again.key.as_ref(), Some(&key));
    let license = machine.run(move |client| client.activate(&Activation::by_key(key))).await.unwrap();
    assert!(license.is_trial && license.ends.is_some());
    let versions = machine.run(|client| client.versions(None)).await.unwrap();
    let names: Vec<_> = versions.iter().map(|version| version.version.as_str()).collect();
    assert_eq!(names, ["2.0", "1.0"]);
    let file = machine.run(|client| client.installation_file(Some("1.0"), None)).await.unwrap();
    assert_eq!((file.version.as_str(), file.size), ("1.0", Some(3)));
    let missing = machine.run(|client| client.installation_file(Some("9"), None)).await.unwrap_err();
    assert!(matches!(missing, LicenseError::Refused { ref refusal, .. } if refusal.code == "version_not_found"));
    let variables = [("lang".to_owned(), "hr".to_owned())].into();
    machine.run(move |client| client.track_variables(&variables)).await.unwrap();
    assert_eq!(machine.run(|client| client.variables()).await.unwrap()["lang"], "hr");
    assert_eq!(machine.run(|client| client.device_licenses()).await.unwrap().len(), 1);
    assert_eq!(license.release.unwrap().version, "2.0");
}
