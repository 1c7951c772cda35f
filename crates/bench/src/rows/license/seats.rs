//! Checks of a floating license with many seats, all of them held, by who holds one: each moves the end of a seat.

use anyhow::{Result, ensure};

use super::requests::{seat_checks, told_seat_checks};
use super::{Signed, sign_rounds};
use crate::bench::Bench;
use crate::installation::Installation;
use crate::load::Plan;
use crate::report::Figure;
use crate::rows::writes::{Floor, beside_floor};

/// Seats that are held. However short the run: of few seats each would come again within the second in which nothing is written.
const SEATS: u32 = 100_000;
/// A check on the device of any seat: its answer is signed over its bytes, and over the license in it.
const CHECK: Signed = Signed { make: seat_checks, signatures: 2, told: Some(told_seat_checks) };

/// Checks whose answers were never signed, beside the bare signer.
pub(in crate::rows) async fn signed(bench: &Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = seated(bench, name).await?;
    let figures = sign_rounds(bench, name, (&installation, SEATS), CHECK).await?;
    held(&installation, figures).await
}

/// The use case by itself, beside the floor of durable writes.
pub(in crate::rows) async fn unsigned(bench: &Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = seated(bench, name).await?;
    let (key, _) = installation.licensed_application().await?;
    let program = bench.use_cases(&installation)?;
    let requests = || Ok(told_seat_checks(key.clone(), SEATS, 0));
    let plans = Floor { ours: Plan::Fetch(200), limit: Plan::Fetch(202) };
    let figures = beside_floor(bench, name, &program, plans, requests).await?;
    drop(program);
    held(&installation, figures).await
}

async fn seated(bench: &Bench, name: &str) -> Result<Installation> {
    let installation = bench.new_installation(name).await?;
    installation.add_seats(SEATS).await?;
    Ok(installation)
}

/// Notes how many seats there are, which are all held after what was measured as they were before.
async fn held(installation: &Installation, figures: Vec<Figure>) -> Result<Vec<Figure>> {
    let held = installation.held_seats().await?;
    ensure!(held == SEATS, "{held} seats are held in the end, not {SEATS}");
    let note = format!("one license, {held} seats, all held; each check is one that writes");
    Ok(figures.into_iter().map(|figure| figure.note(note.clone())).collect())
}
