//! Checks of a floating license with many seats, all of them held: each check moves the end of one.

use anyhow::Result;

use super::requests::{seat_checks, told_seat_checks};
use super::{Signed, sign_rounds};
use crate::bench::{Bench, SMALL};
use crate::installation::Installation;
use crate::load::Plan;
use crate::report::Figure;
use crate::rows::writes::{Floor, beside_floor};

/// Seats that are held.
const SEATS: u32 = 100_000;
/// A check on the device of any seat: its answer is signed over its bytes, and over the license in it.
const CHECK: Signed = Signed { make: seat_checks, signatures: 2.0 };

/// Checks whose answers were never signed, beside the bare signer.
pub(in crate::rows) async fn signed(bench: &Bench, name: &str) -> Result<Vec<Figure>> {
    let (installation, seats) = seated(bench, name).await?;
    let figures = sign_rounds(bench, name, (&installation, seats), CHECK).await?;
    Ok(figures.into_iter().map(|figure| figure.note(held(seats))).collect())
}

/// The use case by itself, beside the floor of durable writes.
pub(in crate::rows) async fn unsigned(bench: &Bench, name: &str) -> Result<Vec<Figure>> {
    let (installation, seats) = seated(bench, name).await?;
    let (key, _) = installation.licensed_application().await?;
    let program = bench.use_cases(&installation)?;
    let requests = || Ok(told_seat_checks(key.clone(), seats, 0));
    let plans = Floor { ours: Plan::Fetch(200), limit: Plan::Fetch(202) };
    let figures = beside_floor(bench, name, &program, plans, requests).await?;
    Ok(figures.into_iter().map(|figure| figure.note(held(seats))).collect())
}

async fn seated(bench: &Bench, name: &str) -> Result<(Installation, u32)> {
    let installation = bench.new_installation(name).await?;
    let seats = SEATS.min(bench.amount.devices.max(SMALL));
    installation.add_seats(seats).await?;
    Ok((installation, seats))
}

fn held(seats: u32) -> String {
    format!("one license, {seats} seats, all held; each check is one that writes")
}
