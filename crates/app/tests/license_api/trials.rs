//! Trials: one for each device.

use std::time::Duration;

use countersign_app::license_api::{Refusal, TrialRequest, TrialView, trial};
use countersign_app::licensing::products;
use countersign_domain::licensing::{AuthorizationMethod, Contact, LicenseRules, Validity};
use countersign_domain::text::UserEmail;

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
