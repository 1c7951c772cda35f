//! What devices tell: durable before it is answered, beside a bare program that keeps as much as durably.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::compare::{business, rates};
use super::door::{self, numbered};
use crate::bench::{Bench, Log, SMALL};
use crate::installation::{FREE_ACTIVATIONS, Installation, device_id, free_license, spread_id};
use crate::load::{Load, Plan, Requests};
use crate::process::Running;
use crate::report::{Bound, Figure};
use crate::stopwatch::SystemClock;

/// The part of the floor that a durable write is to reach.
const OF_FLOOR: Bound = Bound::AtLeast(0.60);
/// How many times as fast as one commit for each request it is to be.
const OF_SINGLE_COMMITS: Bound = Bound::AtLeast(4.0);
/// Registrations have numbers of their own in every row, so that every device is a new one.
const ACTIVATIONS: u32 = 1 << 24;

/// Status reports of registered devices.
pub(super) async fn status_log(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    told(bench, name, &installation, || status_reports(&installation, 0, SMALL)).await
}

/// Events of registered devices.
pub(super) async fn event(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let requests = || {
        let token = installation.token(0)?;
        Ok(numbered(0, door::EVENTS, token, |number| door::event(&any_device(number, SMALL), number)))
    };
    told(bench, name, &installation, requests).await
}

/// Registrations of new devices.
pub(super) async fn registration(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let requests = || {
        let token = installation.token(0)?;
        Ok(numbered(0, door::REGISTRATIONS, token, |number| door::registration(&spread_id(number), None)))
    };
    told(bench, name, &installation, requests).await
}

/// Registrations of new devices with the activation of a license.
pub(super) async fn activation(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let requests = || {
        let token = installation.token(0)?;
        Ok(numbered(ACTIVATIONS, door::REGISTRATIONS, token, |number| {
            door::registration(&spread_id(number), Some(&free_license(number)))
        }))
    };
    let mut figures = told(bench, name, &installation, requests).await?;
    let note = format!("every license is activated on at most {FREE_ACTIVATIONS} devices");
    figures.iter_mut().for_each(|figure| figure.notes.push(note.clone()));
    Ok(figures)
}

/// Status reports of devices in no order, from a number on that makes their times different from all others.
pub(super) fn status_reports(installation: &Installation, first: u32, devices: u32) -> Result<Requests> {
    let yesterday = countersign_store::Clock::now(&SystemClock).as_millis() - 86_400_000;
    let report = move |number: u32| {
        door::status_report(&any_device(number, devices), yesterday.saturating_add(i64::from(number)))
    };
    Ok(numbered(first, door::STATUS_LOG, installation.token(0)?, report))
}

/// Starts the floor of durable writes, with options of its own.
pub(super) fn start_floor(bench: &Bench, file: &str, options: &[&str]) -> Result<Running> {
    let path = bench.path(file);
    // Each row writes a database of its own: none is larger than another.
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(bench.path(&format!("{file}{suffix}")));
    }
    let path = path.to_str().context("the directory has a name that is no text")?;
    let rows = SMALL.to_string();
    bench.limit(&[&["commits", "--database", path, "--rows", &rows], options].concat())
}

/// Measures what devices tell.
async fn told(
    bench: &Bench,
    name: &str,
    installation: &Installation,
    requests: impl Fn() -> Result<Requests>,
) -> Result<Vec<Figure>> {
    let server = bench.serve(installation, Log::Usual)?;
    let plans = Floor { ours: Plan::Tell, limit: Plan::Tell };
    let figures = beside_floor(bench, name, &server, plans, requests).await?;
    server.stop()?;
    Ok(figures)
}

/// How a program that writes and the floor beside it answer.
#[derive(Clone, Copy)]
pub(super) struct Floor {
    pub(super) ours: Plan,
    pub(super) limit: Plan,
}

/// Measures a program and the floors of durable writes in turn.
pub(super) async fn beside_floor(
    bench: &Bench,
    name: &str,
    program: &Running,
    plans: Floor,
    requests: impl Fn() -> Result<Requests>,
) -> Result<Vec<Figure>> {
    let (floor, single) = (start_floor(bench, "floor.db", &[])?, start_floor(bench, "single.db", &["--each"])?);
    let load = |program: &Running, plan| anyhow::Ok(Arc::new(Load::new(program.address(), plan, requests()?)));
    let (of_floor, of_single) = (load(&floor, plans.limit)?, load(&single, plans.limit)?);
    let sides = [(program, load(program, plans.ours)?), (&floor, of_floor), (&single, of_single)];
    let rounds = bench.in_turn(&sides).await?;
    let [ours, of_floor, of_single] = &rounds[..] else { bail!("three programs were to be measured") };
    let (ours, limit, single) = (rates(ours)?, rates(of_floor)?, rates(of_single)?);
    let figure = Figure::against(name, "writes/s", ours, ("of the group-commit floor", limit), OF_FLOOR);
    let figure = figure.and("× one commit per request", ours.median / single.median, OF_SINGLE_COMMITS);
    let alone = format!("one commit per request: {:.0}/s", single.median);
    Ok(vec![figure.note(business(&rounds[0], of_floor)).note(alone)])
}

/// Devices in no order.
fn any_device(number: u32, devices: u32) -> String {
    device_id(number.wrapping_mul(2_654_435_761) % devices)
}
