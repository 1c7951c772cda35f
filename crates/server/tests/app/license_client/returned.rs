//! What was let go, or has ended, does not come back: not with an old response, an old code, or a clock that is set back.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use countersign_app::licensing;
use countersign_client::license::{Activation, LicenseError, LicenseState};
use countersign_domain::licensing::{LicenseRules, LicenseStatus, LicenseTerms};
use countersign_domain::text::LicenseKey;

use super::carried::{carried, read, response};
use super::support::{HOUR, KEY, Machine, Shop};
use crate::license_support::endless;

const VALID: LicenseState = LicenseState::Valid { until: None };

async fn activate(machine: &Machine) {
    machine.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap();
}

async fn set(shop: &Shop, status: LicenseStatus) {
    let (ctx, key) = (shop.door.app.ctx(), LicenseKey::new(KEY).unwrap());
    let change = move |terms: &mut LicenseTerms| terms.status = status;
    licensing::licenses::change_terms(ctx, shop.door.app.site, key, change).await.unwrap();
}

fn is_refused(outcome: &Result<LicenseState, LicenseError>) -> bool {
    matches!(outcome, Err(LicenseError::File { .. }))
}

/// The file in which the license is kept.
fn sealed(machine: &Machine) -> PathBuf {
    let mut names = fs::read_dir(machine.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    names.find(|path| path.extension().is_some_and(|found| found == "sealed")).unwrap()
}

#[tokio::test]
async fn a_response_that_was_not_read_does_not_bring_back_what_was_given_back() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(9), carried()).await;
    let machine = shop.machine().await;
    let before = response(&shop, &machine).await;
    activate(&machine).await;
    shop.advance(HOUR);
    let meanwhile = response(&shop, &machine).await;
    machine.run(|client| client.deactivate()).await.unwrap();
    for file in [&before, &meanwhile] {
        assert!(is_refused(&read(&machine, file).await));
        assert_eq!(machine.state().await, LicenseState::NeverActivated);
    }
    // A new request and its response are as good as ever.
    let anew = response(&shop, &machine).await;
    assert_eq!(read(&machine, &anew).await.unwrap(), VALID);
}

#[tokio::test]
async fn a_response_does_not_bring_back_what_the_server_has_ended_since() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(9), carried()).await;
    let machine = shop.machine().await;
    let before = response(&shop, &machine).await;
    shop.advance(HOUR);
    activate(&machine).await;
    assert!(is_refused(&read(&machine, &before).await), "the server has said more since");
    // Asked for anew, and made in the very second of the last check, or just before the end.
    for wait in [0, 5] {
        shop.advance(Duration::from_secs(wait));
        assert_eq!(machine.check_or_grace().await, VALID);
        let file = response(&shop, &machine).await;
        set(&shop, LicenseStatus::Disabled).await;
        assert_eq!(machine.check_or_grace().await, LicenseState::Disabled);
        assert!(is_refused(&read(&machine, &file).await));
        assert_eq!(machine.state().await, LicenseState::Disabled);
        set(&shop, LicenseStatus::Enabled).await;
    }
    shop.advance(Duration::from_secs(5));
    let later = response(&shop, &machine).await;
    assert_eq!(read(&machine, &later).await.unwrap(), VALID);
}

#[tokio::test]
async fn time_stays_passed_when_the_license_is_taken_off_the_disk() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(9), LicenseRules { offline_days: Some(30), ..carried() }).await;
    let machine = shop.machine().await;
    let (start, file) = (shop.now().plus(HOUR), response(&shop, &machine).await);
    assert!(read(&machine, &file).await.unwrap().may_run());
    let kept = fs::read(sealed(&machine)).unwrap();
    shop.advance(HOUR * 24 * 31);
    assert!(matches!(machine.state().await, LicenseState::Expired { .. }));
    shop.set(start);
    let is_set_back = |state: LicenseState| matches!(state, LicenseState::ClockSetBack { .. });
    assert!(is_set_back(machine.state().await));

    let path = sealed(&machine);
    fs::remove_file(&path).unwrap();
    assert_eq!(machine.state().await, LicenseState::NeverActivated);
    assert!(is_set_back(read(&machine, &file).await.unwrap()));
    fs::write(&path, b"damaged").unwrap();
    assert_eq!(machine.state().await, LicenseState::CacheAltered);
    assert!(is_set_back(read(&machine, &file).await.unwrap()));
    // Nor does a copy of it help.
    fs::write(&path, &kept).unwrap();
    assert!(is_set_back(machine.state().await));

    // Whoever lets the license go needs a new response anyway, so a clock that once ran ahead does no lasting harm.
    machine.run(|client| client.forget()).await.unwrap();
    assert!(is_refused(&read(&machine, &file).await));
    let anew = response(&shop, &machine).await;
    assert!(read(&machine, &anew).await.unwrap().may_run());
}
