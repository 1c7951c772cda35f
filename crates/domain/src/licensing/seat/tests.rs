//! Seats as tables.

use super::*;

const DEVICE: DeviceId = DeviceId(7);
const RULES: Seats = Seats { floating: Floating::Cloud, users: 2, timeout: 30, borrow: Some(48) };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_000_000 + seconds)
}

fn seat(taken: i64, ends: i64) -> Seat {
    Seat { device: DEVICE, taken_at: at(taken), seen_at: at(taken), ends_at: at(ends), borrowed_until: None }
}

#[test]
fn a_seat_is_taken_while_one_is_free() {
    let taken = seat(0, 1801);
    assert_eq!(RULES.decide(DEVICE, SeatWish::Use, None, 0, at(0)), Ok(SeatStep::Take(taken)));
    assert_eq!(RULES.decide(DEVICE, SeatWish::Use, None, 1, at(0)), Ok(SeatStep::Take(taken)));
    assert_eq!(RULES.decide(DEVICE, SeatWish::Use, None, 2, at(0)), Err(SeatRefusal::NoneFree));
    assert_eq!(RULES.decide(DEVICE, SeatWish::Use, None, 3, at(0)), Err(SeatRefusal::NoneFree));
    for floating in [Floating::Off, Floating::Server] {
        let rules = Seats { floating, ..RULES };
        assert_eq!(rules.decide(DEVICE, SeatWish::Use, None, 0, at(0)), Err(SeatRefusal::NoSeats));
    }
}

#[test]
fn a_holder_goes_on_and_is_never_told_more_than_is_kept() {
    for (now, ends) in [(0, 1801), (1, 1801), (2, 1802), (900, 2701), (1800, 3601)] {
        let ends = if now < 2 { ends } else { now + 1801 };
        let step = RULES.decide(DEVICE, SeatWish::Use, Some(seat(0, 1801)), 9, at(now)).unwrap();
        let (SeatStep::Keep(kept) | SeatStep::Renew(kept) | SeatStep::Take(kept)) = step;
        assert_eq!(kept.ends_at, at(ends), "at {now}");
        assert!(kept.ends_at >= at(now + 1800), "at {now} the holder was told more");
        assert_eq!(matches!(step, SeatStep::Keep(_)), now < 2);
        assert_eq!(kept.taken_at, at(0));
    }
}

#[test]
fn a_borrowed_seat_stays_until_its_date_and_a_timeout_after_the_last_check() {
    let hour = 3600;
    for (wanted, expected) in [
        (None, Ok(at(48 * hour))),
        (Some(at(48 * hour)), Ok(at(48 * hour))),
        (Some(at(48 * hour + 1)), Err(SeatRefusal::BorrowUntilNotValid)),
        (Some(at(0)), Err(SeatRefusal::BorrowUntilNotValid)),
        (Some(at(-1)), Err(SeatRefusal::BorrowUntilNotValid)),
        (Some(at(hour)), Ok(at(hour))),
    ] {
        for held in [None, Some(seat(-60, 1741))] {
            let step = RULES.decide(DEVICE, SeatWish::Borrow(wanted), held, 1, at(0));
            let until = step.map(|step| match step {
                SeatStep::Take(seat) | SeatStep::Renew(seat) => (seat.ends_at, seat.borrowed_until),
                SeatStep::Keep(_) => panic!("a borrow is always written"),
            });
            assert_eq!(until, expected.map(|until| (until, Some(until))));
        }
    }
    let soon = RULES.decide(DEVICE, SeatWish::Borrow(Some(at(60))), None, 0, at(0));
    let Ok(SeatStep::Take(soon)) = soon else { panic!("{soon:?}") };
    assert_eq!((soon.ends_at, soon.borrowed(at(59)), soon.borrowed(at(60))), (at(1801), Some(at(60)), None));
    // Checks on the way neither end the borrow nor shorten it.
    let away = Seat { ends_at: at(48 * hour), borrowed_until: Some(at(48 * hour)), ..seat(0, 0) };
    assert_eq!(RULES.renew(away, at(hour)), SeatStep::Keep(away));
    let late = at(48 * hour - 60);
    let on = Seat { seen_at: late, ends_at: at(48 * hour - 60 + 1801), ..away };
    assert_eq!(RULES.renew(away, late), SeatStep::Renew(on));
    let strict = Seats { borrow: None, ..RULES };
    assert_eq!(strict.decide(DEVICE, SeatWish::Borrow(None), None, 0, at(0)), Err(SeatRefusal::BorrowNotAllowed));
}

#[test]
fn a_seat_ends_when_it_is_due_and_a_jump_of_the_clock_spares_it_once() {
    let held = seat(0, 1801);
    assert!(held.is_held(at(1800)) && !held.is_held(at(1801)));
    assert_eq!(RULES.ended_by(at(5), None), at(5));
    let jump = Some(ClockJump { before: at(100), after: at(90_000) });
    for (now, ended_by) in [(50, 50), (100, 100), (90_000, 100), (91_799, 100), (91_800, 91_800), (99_999, 99_999)] {
        assert_eq!(RULES.ended_by(at(now), jump), at(ended_by), "at {now}");
    }
    assert!(held.is_held(RULES.ended_by(at(90_000), jump)));
}

#[test]
fn a_timeout_that_nobody_has_set_is_two_hours() {
    assert_eq!(Seats { timeout: 0, ..RULES }.timeout_minutes(), 120);
    assert_eq!((RULES.timeout_minutes(), Seats::default().timeout_minutes()), (30, 0));
}

#[test]
fn refusals_come_back_from_their_words_and_are_noted_once_a_minute() {
    for reason in SeatRefusal::ALL {
        assert_eq!(SeatRefusal::parse(reason.as_str()), Some(reason));
    }
    assert_eq!(SeatRefusal::parse("other"), None);
    let denial = SeatDenial {
        pool: SeatPool::of(LicenseId(1)),
        device: DEVICE,
        reason: SeatRefusal::NoneFree,
        first_at: at(0),
        last_at: at(0),
        times: 1,
    };
    assert!(denial.covers(at(0)) && denial.covers(at(59)) && !denial.covers(at(60)) && !denial.covers(at(-1)));
    assert_eq!(SeatDenial::hour(Timestamp::from_seconds(7_199)), Timestamp::from_seconds(3_600));
}
