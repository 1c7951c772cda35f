//! Activating, checking, counting and letting go, with both proofs, and what is done once when answers are lost.

use std::time::Duration;

use countersign_app::licensing;
use countersign_client::license::{
    Activation, Consumption, LicenseError, LicenseState, Machine as Told, Reason, Retries,
};
use countersign_domain::licensing::{
    FeatureRules, FeatureType, LicenseRules, LicenseStatus, LicenseType, Metering, Units,
};
use countersign_domain::text::LicenseKey;

use super::support::{HOUR, KEY, Shop, Weather};
use crate::license_support::endless;

fn metered(limit: i64) -> LicenseRules {
    let metering = Metering { limit: Units::AtMost(limit), ..Metering::default() };
    LicenseRules { license_type: LicenseType::Consumption, metering, ..LicenseRules::default() }
}

fn activate() -> Activation {
    Activation::by_key(KEY)
}

#[tokio::test]
async fn a_license_is_activated_checked_and_let_go() {
    let shop = Shop::new().await;
    let feature = FeatureRules { metadata: "{\"color\":\"red\"}".to_owned(), ..FeatureRules::default() };
    let rules = LicenseRules { metadata: "{\"tier\":\"gold\"}".to_owned(), ..LicenseRules::default() };
    let id = shop.door.license_with(KEY, "pump", endless(1), rules, vec![("pdf", feature)]).await;
    let machine = shop.machine().await;
    assert_eq!(machine.check_or_grace().await, LicenseState::NeverActivated);
    assert_eq!(shop.requests(), 0, "nobody is asked about nothing");

    let mut activation = activate();
    activation.machine = Told { hostname: "box".to_owned(), is_vm: Some(false), ..Told::default() };
    activation.variables.insert("lang".to_owned(), "hr".to_owned());
    let license = machine.run(move |client| client.activate(&activation)).await.unwrap();
    assert_eq!((license.key.as_deref(), license.product.as_str()), (Some(KEY), "pump"));
    assert_eq!((license.metadata["tier"].as_str(), license.ends), (Some("gold"), None));
    assert_eq!(license.feature("pdf").unwrap().metadata["color"], "red");
    assert_eq!(machine.state().await, LicenseState::Valid { until: None });
    assert_eq!(machine.run(|client| client.variables()).await.unwrap()["lang"], "hr");

    shop.advance(HOUR);
    let checked = machine.run(|client| client.check()).await.unwrap();
    assert_eq!((checked.id, checked.is_active), (license.id, true));
    let feature = machine.run(|client| client.check_feature("pdf")).await.unwrap();
    assert!(feature.is_in_force(shop.now()));
    let refused = machine.run(|client| client.check_feature("none")).await.unwrap_err();
    assert!(
        matches!(refused, LicenseError::Refused { ref refusal, .. } if refusal.code == "unsupported_product_feature")
    );
    assert!(machine.state().await.may_run(), "a feature that is missing ends nothing");

    machine.run(|client| client.deactivate()).await.unwrap();
    assert_eq!(shop.door.row(id).await.activations, 0);
    assert_eq!(machine.state().await, LicenseState::NeverActivated);
    assert!(matches!(machine.run(|client| client.check()).await, Err(LicenseError::NeverActivated)));
}

#[tokio::test]
async fn what_the_server_refuses_ends_the_license_at_once_and_comes_back_with_its_word() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(1), LicenseRules::default()).await;
    let machine = shop.machine().await;
    machine.run(|client| client.activate(&activate())).await.unwrap();
    let set = async |status| {
        let (ctx, key) = (shop.door.app.ctx(), LicenseKey::new(KEY).unwrap());
        let change = move |terms: &mut countersign_domain::licensing::LicenseTerms| terms.status = status;
        licensing::licenses::change_terms(ctx, shop.door.app.site, key, change).await.unwrap();
    };
    set(LicenseStatus::Disabled).await;
    assert_eq!(machine.state().await, LicenseState::Valid { until: None }, "nobody has said so here");
    assert_eq!(machine.check_or_grace().await, LicenseState::Disabled);
    // It stays so without the server.
    shop.turns(Weather::Away);
    assert_eq!(machine.check_or_grace().await, LicenseState::Disabled);
    shop.turns(Weather::Fine);
    set(LicenseStatus::Enabled).await;
    assert_eq!(machine.check_or_grace().await, LicenseState::Valid { until: None });

    // A second machine finds no place, and hears why.
    let second = shop.machine_with(|config| config.hardware_id = Some("HW-2".to_owned())).await;
    let refused = second.run(|client| client.activate(&activate())).await.unwrap_err();
    assert!(matches!(refused, LicenseError::Refused { ref refusal, .. } if refusal.reason() == Reason::Limit));
    assert!(refused.to_string().contains("license_activated_max_times"), "{refused}");
    assert_eq!(second.state().await, LicenseState::NeverActivated);
}

#[tokio::test]
async fn nothing_is_counted_twice_however_often_answers_are_lost() {
    let shop = Shop::new().await;
    let pages = FeatureRules {
        feature_type: FeatureType::Consumption,
        metering: metered(10).metering,
        ..FeatureRules::default()
    };
    let id = shop.door.license_with(KEY, "pump", endless(2), metered(10), vec![("pages", pages)]).await;
    let machine = shop.machine().await;
    shop.turns(Weather::LosesOneAnswer);
    machine.run(|client| client.activate(&activate())).await.unwrap();
    assert_eq!(shop.door.row(id).await.activations, 1);
    let waits = machine.pauses.all();
    assert!(waits.len() == 1 && waits[0] >= Duration::from_millis(250) && waits[0] <= Duration::from_millis(500));

    for expected in [3, 6] {
        shop.turns(Weather::LosesOneAnswer);
        let units = machine.run(|client| client.consume(&Consumption::of_license(3))).await.unwrap();
        assert_eq!((units.used, units.left()), (expected, Some(10 - expected)));
    }
    shop.turns(Weather::LosesOneAnswer);
    let units = machine.run(|client| client.consume(&Consumption::of_feature("pages", 4))).await.unwrap();
    assert_eq!((units.used, units.limit), (4, Some(10)));

    // All answers are lost: nobody knows, until the same count is asked for again.
    let count = Consumption { idempotency_key: Some("job-17".to_owned()), ..Consumption::of_license(2) };
    shop.turns(Weather::LosesAnswers);
    let again = count.clone();
    let lost = machine.run(move |client| client.consume(&again)).await.unwrap_err();
    assert!(lost.is_away(), "{lost}");
    shop.turns(Weather::Fine);
    let units = machine.run(move |client| client.consume(&count)).await.unwrap();
    assert_eq!(units.used, 8);

    let refused = machine.run(|client| client.consume(&Consumption::of_license(3))).await.unwrap_err();
    assert!(matches!(refused, LicenseError::Refused { ref refusal, .. } if refusal.reason() == Reason::NotEnoughUnits));
    assert!(machine.state().await.may_run(), "units that are used up end nothing");
    shop.turns(Weather::LosesOneAnswer);
    machine.run(|client| client.deactivate()).await.unwrap();
    assert_eq!(shop.door.row(id).await.activations, 0);
}

#[tokio::test]
async fn retries_are_bounded_and_refusals_are_not_repeated() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(1), LicenseRules::default()).await;
    let machine = shop
        .machine_with(|config| {
            let (first_wait, longest_wait) = (Duration::from_secs(1), Duration::from_secs(3));
            config.retries = Retries { attempts: 5, first_wait, longest_wait };
        })
        .await;
    for weather in [Weather::Away, Weather::Failing] {
        shop.turns(weather);
        let before = (shop.requests(), machine.pauses.all().len());
        let error = machine.run(|client| client.activate(&activate())).await.unwrap_err();
        assert!(error.is_away(), "{error}");
        assert_eq!((shop.requests() - before.0, machine.pauses.all().len() - before.1), (5, 4), "{weather:?}");
    }
    assert!(machine.pauses.all().iter().all(|wait| *wait <= Duration::from_secs(3)));
    shop.turns(Weather::Fine);
    let before = shop.requests();
    let refused = machine.run(|client| client.activate(&Activation::by_key("NO-SUCH-KEY"))).await.unwrap_err();
    assert!(!refused.is_away() && shop.requests() == before + 1, "{refused}");
}

#[tokio::test]
async fn answers_that_are_not_proved_are_not_used() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(1), LicenseRules::default()).await;
    let machine = shop.machine().await;
    for weather in [Weather::Tampers, Weather::Unsigned, Weather::Portal, Weather::Gateway] {
        shop.turns(weather);
        let error = machine.run(|client| client.activate(&activate())).await.unwrap_err();
        let is_it = [
            matches!(error, LicenseError::BadSignature { .. }),
            matches!(error, LicenseError::NotSigned { .. }),
            matches!(error, LicenseError::Stranger { status: 403, .. }),
            matches!(error, LicenseError::Stranger { status: 404, .. }),
        ];
        let expected =
            [Weather::Tampers, Weather::Unsigned, Weather::Portal, Weather::Gateway].map(|one| one == weather);
        assert_eq!(is_it, expected, "{weather:?}: {error}");
        assert_eq!(machine.state().await, LicenseState::NeverActivated);
    }
    shop.turns(Weather::Fine);
    machine.run(|client| client.activate(&activate())).await.unwrap();
    for weather in [Weather::Tampers, Weather::Unsigned, Weather::Portal, Weather::Gateway] {
        shop.turns(weather);
        let state = machine.check_or_grace().await;
        assert!(matches!(state, LicenseState::Grace { .. }), "{weather:?}: {state:?}");
    }
    // Another key than the site's.
    let other = countersign_crypto::spki_pem(&crate::support::OTHER_KEY.public_key_spki());
    let stranger = shop.machine_with(|config| config.answer_keys = vec![other]).await;
    shop.turns(Weather::Fine);
    let error = stranger.run(|client| client.activate(&activate())).await.unwrap_err();
    assert!(matches!(error, LicenseError::BadSignature { .. }), "{error}");
}
