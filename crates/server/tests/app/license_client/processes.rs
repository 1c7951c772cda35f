//! Two programs with one folder, a disk that is busy, and clocks that differ from the server's.

use std::fs::{self, File};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_client::Pause;
use countersign_client::license::{Activation, GraceReason, LicenseClient, LicenseError, LicenseState, Reason};
use countersign_domain::licensing::{Floating, LicenseRules, Seats};
use tokio::task::spawn_blocking;

use super::support::{KEY, Shop, Weather};
use crate::license_support::{HARDWARE, endless};

const OTHER_KEY: &str = "AAAA-BBBB-CCCC-0002";

/// What another program does while this one waits for its second attempt.
struct Meanwhile(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl Pause for Meanwhile {
    fn pause(&self, _: Duration) {
        if let Some(what) = self.0.lock().unwrap().take() {
            what();
        }
    }
}

fn activates_another(client: &LicenseClient) {
    client.activate(&Activation::by_key(OTHER_KEY)).unwrap();
}

fn lets_it_go_for_another(client: &LicenseClient) {
    client.deactivate().unwrap();
    activates_another(client);
}

fn forgets_it(client: &LicenseClient) {
    client.forget().unwrap();
}

#[tokio::test]
async fn an_answer_that_comes_late_changes_no_other_license() {
    type Change = fn(&LicenseClient);
    for (meanwhile, kept) in
        [(activates_another as Change, Some(OTHER_KEY)), (lets_it_go_for_another, Some(OTHER_KEY)), (forgets_it, None)]
    {
        let shop = Shop::new().await;
        for key in [KEY, OTHER_KEY] {
            shop.door.license(key, endless(9), LicenseRules::default()).await;
        }
        let machine = shop.machine().await;
        machine.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap();
        let another = machine.client.clone();
        let pause = Meanwhile(Mutex::new(Some(Box::new(move || meanwhile(&another)))));
        let waiting = Arc::new(shop.client(shop.config(HARDWARE, machine.folder.path()).await, pause));
        shop.turns(Weather::LosesOneAnswer);
        let _ = spawn_blocking(move || waiting.check_or_grace()).await.unwrap().unwrap();
        let license = machine.run(|client| client.license()).await.unwrap();
        assert_eq!(license.and_then(|license| license.key).as_deref(), kept);
        let state = if kept.is_some() { LicenseState::Valid { until: None } } else { LicenseState::NeverActivated };
        assert_eq!(machine.state().await, state);
    }
}

#[tokio::test]
async fn a_seat_that_was_renewed_beside_a_busy_disk_is_given_back() {
    let shop = Shop::new().await;
    let seats = Seats { floating: Floating::Cloud, users: 1, timeout: 60, borrow: None };
    shop.door.license(KEY, endless(9), LicenseRules { seats, ..LicenseRules::default() }).await;
    let machine = shop.machine().await;
    machine.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap();
    let mut seat = machine.run(LicenseClient::take_seat).await.unwrap();
    let mut names = fs::read_dir(machine.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let lock = names.find(|path| path.extension().is_some_and(|found| found == "lock")).unwrap();
    let held = File::open(lock).unwrap();
    held.lock().unwrap();
    let seat = spawn_blocking(move || {
        assert!(matches!(seat.renew(), Err(LicenseError::CacheInUse { .. })));
        seat
    });
    let seat = seat.await.unwrap();
    assert_eq!(machine.pauses.all().len(), 249, "it waits for five seconds");
    drop(held);
    machine.run(move |_| drop(seat)).await;
    let other = shop.machine_with(|config| config.hardware_id = Some("HW-2".to_owned())).await;
    other.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap();
    assert!(other.state().await.may_run());
}

#[tokio::test]
async fn a_clock_that_the_server_takes_is_taken_here_and_another_ends_nothing() {
    let shop = Shop::new().await;
    shop.door.license(KEY, endless(9), LicenseRules::default()).await;
    let machine = shop.machine().await;
    for minutes in [-15, -10, 10, 15, -20, 20] {
        let config = shop.config(HARDWARE, machine.folder.path()).await;
        let client = Arc::new(shop.client_ahead(config, minutes));
        let asked = client.clone();
        let activate = move || asked.activate(&Activation::by_key(KEY));
        let activated = spawn_blocking(activate).await.unwrap();
        let state = spawn_blocking(move || client.check_or_grace()).await.unwrap().unwrap();
        if minutes.abs() <= 15 {
            assert!(activated.is_ok(), "{minutes}");
            assert_eq!(state, LicenseState::Valid { until: None }, "{minutes}");
        } else {
            let Err(LicenseError::Refused { refusal, .. }) = activated else { panic!("{minutes}: {activated:?}") };
            assert_eq!(refusal.reason(), Reason::Clock);
            let is_set_back = matches!(state, LicenseState::ClockSetBack { .. });
            let is_away = matches!(state, LicenseState::Grace { why: GraceReason::ServerAway, .. });
            assert_eq!((is_set_back, is_away), (minutes < 0, minutes > 0), "{state:?}");
        }
        // The next one begins with a clock that is right.
        machine.run(|client| client.activate(&Activation::by_key(KEY))).await.unwrap();
    }
}

#[tokio::test]
async fn what_an_answer_holds_for_is_measured_by_the_clock_of_the_machine() {
    let shop = Shop::new().await;
    let seats = Seats { floating: Floating::Cloud, users: 1, timeout: 10, borrow: None };
    shop.door.license(KEY, endless(9), LicenseRules { seats, ..LicenseRules::default() }).await;
    for minutes in [-15, 0, 15] {
        let machine = shop.machine().await;
        let config = shop.config(HARDWARE, machine.folder.path()).await;
        let client = Arc::new(shop.client_ahead(config, minutes));
        let state = move |client: &LicenseClient| client.state().unwrap();
        let slow = client.clone();
        spawn_blocking(move || slow.activate(&Activation::by_key(KEY))).await.unwrap().unwrap();
        // A seat of ten minutes, less than the clocks differ by.
        shop.advance(Duration::from_secs(600));
        assert_eq!(state(&client), LicenseState::Valid { until: None }, "{minutes}");
        shop.advance(Duration::from_millis(1));
        assert_eq!(state(&client), LicenseState::NoSeat, "{minutes}");
        shop.advance(Duration::from_secs(60));
    }
}
