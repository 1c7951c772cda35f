//! Trials: one for each device.

use std::time::Duration;

use countersign_app::license_api::{Refusal, TrialRequest, TrialView, customer_license_users, trial};
use countersign_app::licensing::customers::{self, NewCustomer};
use countersign_app::licensing::license_users::{self, Address, LicenseUserError};
use countersign_app::licensing::products;
use countersign_domain::licensing::{ActivationLimit, AuthorizationMethod, Contact, LicenseRules, Validity};
use countersign_domain::text::{CustomerName, UserEmail};
use countersign_store::StoreError;

use crate::support::{Shop, TERMS, code, hardware, product, refusal};

fn request(device: &str, email: Option<&str>) -> TrialRequest {
    TrialRequest {
        product: code(),
        hardware: hardware(device),
        email: email.map(|email| UserEmail::new(email).unwrap()),
        password: None,
        policy: None,
        contact: Contact::default(),
        from: None,
    }
}

#[tokio::test]
async fn a_device_has_one_trial_until_it_is_over() {
    let shop = Shop::new().await;
    assert_eq!(refusal(trial(&shop.ctx, &shop.caller, request("A", None)).await), Refusal::TrialNotAllowed);
    products::change(&shop.ctx, shop.site, product(), |product| product.rules.trial_days = Some(14)).await.unwrap();
    let TrialView::New { license, .. } = trial(&shop.ctx, &shop.caller, request("A", None)).await.unwrap() else {
        panic!("it has had none");
    };
    let key = license.key().clone();
    let again = trial(&shop.ctx, &shop.caller, request("A", None)).await.unwrap();
    assert!(matches!(again, TrialView::Existing(view) if *view.key() == key));
    let other = trial(&shop.ctx, &shop.caller, request("B", None)).await.unwrap();
    assert!(matches!(other, TrialView::New { license: view, .. } if *view.key() != key));
    let active = shop.activate(&key, "A").await.unwrap();
    assert_eq!(active.ends_at().unwrap().date().to_string(), "2026-03-15");
    shop.world.clock.advance(Duration::from_secs(15 * 24 * 3600));
    assert_eq!(refusal(trial(&shop.ctx, &shop.caller, request("A", None)).await), Refusal::TrialExpired);
}

#[tokio::test]
async fn a_user_based_trial_makes_a_user() {
    let shop = Shop::new().await;
    let set = |product: &mut countersign_domain::licensing::LicensedProduct| {
        product.rules.trial_days = Some(14);
        product.rules.authorization = AuthorizationMethod::User;
    };
    products::change(&shop.ctx, shop.site, product(), set).await.unwrap();
    assert_eq!(refusal(trial(&shop.ctx, &shop.caller, request("A", None)).await), Refusal::EmailMissing);
    let made = trial(&shop.ctx, &shop.caller, request("A", Some("u@example.test"))).await.unwrap();
    let TrialView::New { user: Some(user), .. } = made else { panic!("it has had none") };
    assert!(user.initial_password.is_some());
    // The second trial is assigned to the same user, whose password is not shown again.
    let made = trial(&shop.ctx, &shop.caller, request("B", Some("u@example.test"))).await.unwrap();
    assert!(
        matches!(made, TrialView::New { user: Some(again), .. } if again.id == user.id && again.initial_password.is_none())
    );
}

#[tokio::test]
async fn who_asked_for_a_trial_of_an_address_gets_nothing_that_is_bought_for_it() {
    let shop = Shop::new().await;
    let set = |product: &mut countersign_domain::licensing::LicensedProduct| {
        product.rules.trial_days = Some(14);
        product.rules.authorization = AuthorizationMethod::User;
    };
    products::change(&shop.ctx, shop.site, product(), set).await.unwrap();
    let email = UserEmail::new("buyer@example.test").unwrap();
    // Anybody with the application can do this before the producer knows the buyer.
    trial(&shop.ctx, &shop.caller, request("A", Some(email.as_str()))).await.unwrap();
    let bought = shop.license(TERMS, LicenseRules::default()).await;
    let assign = async |address| {
        let (key, limit) = (bought.key.clone(), ActivationLimit::Unlimited);
        license_users::assign(&shop.ctx, shop.site, (email.clone(), address), key, limit).await
    };
    assert!(matches!(assign(Address::Unproved).await, Err(LicenseUserError::OnlyTrials(_))));
    assign(Address::Proved).await.unwrap();
    // The customer that a trial has made does not stand before one that the producer enters later.
    let late = "late@example.test";
    trial(&shop.ctx, &shop.caller, request("B", Some(late))).await.unwrap();
    let users_of = async || customer_license_users(&shop.ctx, &shop.caller, code(), late.to_owned()).await.unwrap();
    assert_eq!(users_of().await.1.len(), 1, "until then it is the only one");
    let name = CustomerName::new("Late").unwrap();
    let new = NewCustomer { name: name.clone(), email: late.to_owned(), account: None };
    customers::create(&shop.ctx, shop.site, new).await.unwrap();
    let (customer, users) = users_of().await;
    assert_eq!((customer.name, users.len()), (name, 0));
}

#[tokio::test]
async fn a_device_that_somebody_uses_is_not_taken_away_by_a_trial() {
    let shop = Shop::new().await;
    products::change(&shop.ctx, shop.site, product(), |product| product.rules.trial_days = Some(14)).await.unwrap();
    let holder_of = async |device: &str| {
        let (site, hardware) = (shop.site, hardware(device));
        let found = shop.world.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.devices().list_by_hardware(site, &hardware).await })
        });
        found.await.unwrap()[0].holder.unwrap().customer
    };
    let bought = shop.license(TERMS, LicenseRules::default()).await;
    let made = trial(&shop.ctx, &shop.caller, request("Z", None)).await.unwrap();
    let TrialView::New { license, .. } = made else { panic!("it has had none") };
    shop.activate(&bought.key, "A").await.unwrap();
    shop.activate(license.key(), "A").await.unwrap();
    assert_eq!(holder_of("A").await, bought.holder.customer);
    // From the trial to what was bought it goes at once.
    assert_eq!(refusal(shop.activate(license.key(), "Z").await), Refusal::LicenseActivatedMaxTimes);
    let other = trial(&shop.ctx, &shop.caller, request("B", None)).await.unwrap();
    let TrialView::New { license, .. } = other else { panic!("it has had none") };
    shop.activate(license.key(), "B").await.unwrap();
    assert_eq!(holder_of("B").await, license.license.holder.customer);
    shop.activate(&bought.key, "B").await.unwrap();
    assert_eq!(holder_of("B").await, bought.holder.customer);
}

#[tokio::test]
async fn an_address_that_nobody_has_proved_gives_nothing_of_its_owner() {
    let shop = Shop::new().await;
    let bought = shop.license(TERMS, LicenseRules::default()).await;
    products::change(&shop.ctx, shop.site, product(), |product| product.rules.trial_days = Some(14)).await.unwrap();
    let made = trial(&shop.ctx, &shop.caller, request("A", Some("buyer@example.test"))).await.unwrap();
    let TrialView::New { license, .. } = made else { panic!("it has had none") };
    assert_eq!(license.customer.email, "buyer@example.test");
    assert_ne!(license.license.holder.customer, bought.holder.customer);
}

#[tokio::test]
async fn a_trial_is_as_long_as_the_product_says() {
    let shop = Shop::new().await;
    products::change(&shop.ctx, shop.site, product(), |product| product.rules.trial_days = Some(14)).await.unwrap();
    let year = LicenseRules { validity: Some(Validity::days(365)), trial_days: Some(14), ..LicenseRules::default() };
    let key = shop.license(TERMS, year).await.key;
    let active = shop.activate(&key, "A").await.unwrap();
    assert_eq!(active.ends_at().unwrap().date().to_string(), "2026-03-15");
}
