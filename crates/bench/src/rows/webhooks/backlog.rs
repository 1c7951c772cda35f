//! What a receiver that is down costs the others, and how fast it has what it missed.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::{EVENTS, RECEIVER, Told};
use crate::bench::{Bench, SMALL};
use crate::load::{Load, Plan, Sink, arrivals, repeat};
use crate::process::{Running, free_address};
use crate::report::{Bound, Figure};
use crate::rows::compare::{business, rates};
use crate::rows::door::{self, open_question, request};
use crate::rows::writes::status_reports;
use crate::stopwatch::{Stopwatch, pause};

/// What the doors are to do beside the backlog, of what they do without: at most 1.1 times the time.
const BESIDE: Bound = Bound::AtLeast(1.0 / 1.1);
/// How fast the backlog is to be told, of how fast new events are.
const DRAINED: Bound = Bound::AtLeast(0.9);
/// Reports have numbers of their own in every row, so that none is taken for another one.
const REPORTS: u32 = 1 << 27;

/// The doors beside a backlog and without one, in turn; then the receiver comes back.
pub(in crate::rows) async fn backlog(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    // As many events as the run has devices in its largest row.
    let events = bench.amount.devices;
    let behind = Told::new(bench, bench.new_installation(name).await?, free_address()?).await?;
    behind.installation.add_events(events).await?;
    let server = behind.serve(bench)?;
    let queued_in = queue(bench, &behind, events).await?;

    let sink = Sink::listen((Ipv4Addr::LOCALHOST, 0).into()).await?;
    let other = Told::new(bench, bench.new_installation(&format!("{name}-none")).await?, sink.address).await?;
    let without = other.serve(bench)?;
    let mut figures = Vec::new();
    for (word, unit) in [("check", "checks/s"), ("report", "writes/s")] {
        let load = |told: &Told, running: &Running| {
            let (plan, requests) = match word {
                "check" => {
                    let ask = request(door::SIGNED_UPDATES, &told.installation.token(0)?, &open_question());
                    (Plan::Ask, repeat(ask))
                }
                _ => (Plan::Tell, status_reports(&told.installation, REPORTS, SMALL)?),
            };
            anyhow::Ok(Arc::new(Load::new(running.address(), plan, requests)))
        };
        let sides = [(&server, load(&behind, &server)?), (&without, load(&other, &without)?)];
        let rounds = bench.in_turn(&sides).await?;
        let [with, alone] = &rounds[..] else { bail!("two programs were to be measured") };
        let limit = ("of that without", rates(alone)?);
        let figure = Figure::against(format!("{name} {word}"), unit, rates(with)?, limit, BESIDE);
        figures.push(figure.note(business(with, alone)));
    }
    if let Some(figure) = figures.first_mut() {
        figure.notes.push(format!("{events} events, numbered and queued in {queued_in:.0} s"));
    }
    without.stop()?;
    // A quick run has few events, which its rounds share; some arrive between two of them.
    let part = EVENTS.min(events / (u32::try_from(bench.amount.rounds)? + 1));
    figures.push(drain(bench, name, (&behind, server, part), (&other, &sink)).await?);
    Ok(figures)
}

/// Waits until all events are queued, and gives how many seconds that took.
async fn queue(bench: &Bench, told: &Told, events: u32) -> Result<f64> {
    let began = Stopwatch::start();
    loop {
        let shown = bench.command(&told.installation, &told.variables, &["webhook", "show", RECEIVER])?;
        let counts = shown["deliveries"].as_array().context("there are no counts")?;
        if counts.iter().filter_map(|one| one["count"].as_u64()).sum::<u64>() >= events.into() {
            return Ok(began.seconds());
        }
        ensure!(began.elapsed() < PATIENCE, "the events are not queued: {counts:?}");
        pause(Duration::from_secs(1)).await;
    }
}

/// The receiver comes back: the beginning of its backlog, `part` for each round, beside new events.
async fn drain(
    bench: &Bench,
    name: &str,
    (behind, server, part): (&Told, Running, u32),
    (other, sink): (&Told, &Sink),
) -> Result<Figure> {
    let (_, address) = behind.variables.last().and_then(|(_, rule)| rule.split_once('=')).context("no address")?;
    let back = Sink::listen(address.parse()?).await?;
    back.verify_with(&behind.secret)?;
    bench.command(&behind.installation, &behind.variables, &["webhook", "enable", RECEIVER])?;
    let rounds = bench.every_round(async |_| arrivals(&back, &server, part.into()).await).await;
    // It goes on otherwise while the others are measured.
    server.stop()?;
    let (rounds, new) = (rounds?, bench.every_round(async |_| other.deliver(bench, sink).await).await?);
    let limit = ("of that of new events", rates(&new)?);
    let figure = Figure::against(format!("{name} drain"), "webhooks/s", rates(&rounds)?, limit, DRAINED);
    Ok(figure.note(business(&rounds, &new)))
}

/// How long the events may take to be queued.
const PATIENCE: Duration = Duration::from_secs(900);
