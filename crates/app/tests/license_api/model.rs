//! Random histories: whatever is done to a license, in whatever order and however much time passes, is what the reference
//! says. Each round does one thing to each license, all at once, and then time passes.
//!
//! `COUNTERSIGN_MODEL_ROUNDS` makes the histories longer (`cargo xtask soak`).

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the numbers of this test are small")]

use countersign_app::licensing::licenses;
use countersign_domain::licensing::{
    ActivationLimit, License, LicenseRules, LicenseStatus, LicenseTerms, Metering, ResetPeriod, TransferLimit, Units,
    Validity,
};
use countersign_domain::time::Timestamp;
use futures_util::future::join_all;
use std::time::Duration;

use crate::reference::{Laid, Reference, Said};
use crate::support::{Shop, TERMS, counting};
use countersign_app::Clock as _;
use countersign_app::license_api::{LicenseError, Refusal};

/// Licenses that live at the same time.
const LICENSES: usize = 64;
/// Devices of each.
const DEVICES: usize = 5;
/// Rounds on the embedded store: 102,400 operations.
const ROUNDS: usize = 1600;
/// Rounds on PostgreSQL, where each unit is a transaction of its own.
const ROUNDS_ON_POSTGRES: usize = 100;

/// Numbers that look random and are the same in every run (xorshift64*).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Activate(usize),
    Release(usize),
    Check(usize),
    Consume(usize, i64),
    Enable(bool),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_history_is_what_the_reference_says() {
    let rounds = std::env::var("COUNTERSIGN_MODEL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let on_postgres = std::env::var("COUNTERSIGN_TEST_STORE").is_ok_and(|store| store == "postgres");
    let rounds = rounds.unwrap_or(if on_postgres { ROUNDS_ON_POSTGRES } else { ROUNDS });
    let shop = Shop::new().await;
    let mut numbers = Numbers(0x5eed_1234_abcd_0001);
    let mut pairs = Vec::new();
    for _ in 0..LICENSES {
        pairs.push(lay_down(&shop, &mut numbers).await);
    }
    let mut accepted = 0;
    for round in 0..rounds {
        let now = shop.world.clock.now().as_millis();
        let steps: Vec<Step> = pairs.iter().map(|_| choose(&mut numbers)).collect();
        let doing = pairs
            .iter()
            .zip(&steps)
            .enumerate()
            .map(|(number, ((license, _), step))| perform(&shop, number, license, *step));
        let said = join_all(doing).await;
        for (number, (((license, reference), step), said)) in pairs.iter_mut().zip(&steps).zip(said).enumerate() {
            let expected = expect(reference, *step, now);
            assert_eq!(said, expected, "round {round}, license {number}: {step:?} of {reference:?}");
            accepted += usize::from(matches!(said, Said::Done | Said::Units(_)));
            if (round + number) % 97 == 0 {
                compare(&shop, license, reference, now).await;
            }
        }
        // Licenses that are over, or cannot move any more, make room for fresh ones.
        let place = numbers.next(LICENSES as u64) as usize;
        if round % 4 == 0 {
            pairs[place] = lay_down(&shop, &mut numbers).await;
        }
        let minutes = [0, 0, 1, 30, 90, 600][numbers.next(6) as usize];
        shop.world.clock.advance(Duration::from_secs(minutes * 60));
    }
    assert!(accepted > rounds * LICENSES / 6, "{accepted} operations were accepted: the histories say little");
}

async fn lay_down(shop: &Shop, numbers: &mut Numbers) -> (License, Reference) {
    let laid = Laid {
        devices: 1 + numbers.next(3) as u32,
        transfers: [None, None, Some(0), Some(3)][numbers.next(4) as usize],
        days: [None, Some(2), Some(30)][numbers.next(3) as usize],
        grace: [0, 36][numbers.next(2) as usize],
        units: 5 + numbers.next(40) as i64,
        overage: [0, 3][numbers.next(2) as usize],
        negative: numbers.next(3) > 0,
        period: [None, Some(1), Some(24), Some(168)][numbers.next(4) as usize],
    };
    let mut rules = counting(laid.units);
    rules.validity = laid.days.map(|days| Validity::days(days as u16));
    rules.grace = (laid.grace > 0).then_some(laid.grace as u32);
    rules.transfers = match laid.transfers {
        None => TransferLimit::Unlimited,
        Some(0) => TransferLimit::Forbidden,
        Some(most) => TransferLimit::AtMost(most),
    };
    rules.metering = Metering {
        overage: (laid.overage > 0).then_some(Units::AtMost(laid.overage)),
        negative: laid.negative,
        reset: laid.period.map(|hours| match hours {
            1 => ResetPeriod::Hourly,
            24 => ResetPeriod::Daily,
            _ => ResetPeriod::Weekly,
        }),
        ..rules.metering
    };
    let terms = LicenseTerms { limit: ActivationLimit::AtMost(laid.devices), ..TERMS };
    (shop.license(terms, LicenseRules { ..rules }).await, Reference::new(laid))
}

fn choose(numbers: &mut Numbers) -> Step {
    let device = numbers.next(DEVICES as u64) as usize;
    match numbers.next(20) {
        0..6 => Step::Activate(device),
        6..9 => Step::Release(device),
        9..12 => Step::Check(device),
        12..19 => Step::Consume(device, numbers.next(16) as i64 - 4),
        _ => Step::Enable(numbers.next(8) > 0),
    }
}

async fn perform(shop: &Shop, number: usize, license: &License, step: Step) -> Said {
    let (key, name) = (&license.key, |device: usize| format!("HW-{number}-{device}"));
    match step {
        Step::Activate(device) => said(shop.activate(key, &name(device)).await.map(drop)),
        Step::Release(device) => said(shop.deactivate(key, &name(device)).await),
        Step::Check(device) => said(shop.check(key, &name(device)).await.map(drop)),
        Step::Consume(device, units) => match shop.consume(key, &name(device), units).await {
            Ok(total) => Said::Units(total),
            Err(error) => said(Err(error)),
        },
        Step::Enable(enabled) => {
            let status = if enabled { LicenseStatus::Enabled } else { LicenseStatus::Disabled };
            let change = move |terms: &mut LicenseTerms| terms.status = status;
            licenses::change_terms(&shop.ctx, shop.site, key.clone(), change).await.unwrap();
            Said::Done
        }
    }
}

fn expect(reference: &mut Reference, step: Step, now: i64) -> Said {
    match step {
        Step::Activate(device) => reference.activate(device, now),
        Step::Release(device) => reference.release(device),
        Step::Check(device) => reference.check(device),
        Step::Consume(device, units) => reference.consume(device, units, now),
        Step::Enable(enabled) => {
            reference.enabled = enabled;
            Said::Done
        }
    }
}

fn said(outcome: Result<(), LicenseError>) -> Said {
    match outcome {
        Ok(()) => Said::Done,
        Err(LicenseError::Fault(fault)) => panic!("{fault:?}"),
        Err(LicenseError::Denied(denied)) => panic!("{denied:?}"),
        Err(LicenseError::Refused(refusal)) => {
            let known = SAID.iter().find(|(known, _)| *known == refusal);
            known.unwrap_or_else(|| panic!("{refusal:?}")).1
        }
    }
}

/// The reference's word for each refusal that there can be.
const SAID: [(Refusal, Said); 8] = [
    (Refusal::LicenseNotEnabled, Said::Disabled),
    (Refusal::LicenseExpired, Said::Expired),
    (Refusal::LicenseActivatedMaxTimes, Said::Full),
    (Refusal::DeviceNotFound, Said::NotHere),
    (Refusal::LicenseNotActive, Said::NotActive),
    (Refusal::LicenseNotEnoughConsumptions, Said::NotEnough),
    (Refusal::NegativeNotAllowed, Said::NotNegative),
    (Refusal::TransferLimit, Said::TooOften),
];

/// What the store keeps is what the reference knows.
async fn compare(shop: &Shop, license: &License, reference: &Reference, now: i64) {
    let found = licenses::find(&shop.ctx, shop.site, license.key.clone()).await.unwrap().unwrap();
    assert_eq!(found.activations as usize, reference.active.len());
    assert_eq!(found.usage.transfers, reference.moved, "{reference:?}");
    assert_eq!(found.meter_at(Timestamp::from_millis(now)).total, reference.total(now), "{reference:?}");
    assert_eq!(found.terms.end_date.map(|date| date.end().as_millis()), reference.end(), "{reference:?}");
}
