//! What slow and idle clients cost the others.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::door::{self, open_question, request};
use crate::bench::{Bench, Log};
use crate::load::{Crowd, Latency, Load, Plan, repeat, round, steady};
use crate::report::{Bound, Figure};
use crate::statistics::Spread;

/// Clients that send or read a byte now and then.
const SLOW: usize = 500;
/// Connections that are kept and wait.
const IDLE: usize = 10_000;
/// How much of what the server could do is asked of it.
const PART: f64 = 0.5;

/// The update check of an anonymous device, at half of the rate that the server could do: with the crowd and without, in turn.
pub(super) async fn slow_clients(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum })?;
    let installation = bench.small().await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let ask = request(door::SIGNED_UPDATES, &installation.token(0)?, &open_question());
    let load = Arc::new(Load::new(server.address(), Plan::Ask, repeat(ask)));
    let amount = bench.amount;
    let most = round(&load, &server, amount.warm_up, amount.length).await?.rate;
    let rate = most * PART;
    let rounds = bench.every_round(async |_| {
        let alone = steady(&load, rate, amount.warm_up, amount.length).await?;
        let crowd = Crowd::gather(server.address(), SLOW, IDLE).await?;
        let beside = steady(&load, rate, amount.warm_up, amount.length).await?;
        let memory = server.resident_bytes().unwrap_or_default();
        crowd.leave().await;
        Ok((alone, beside, memory))
    });
    let rounds = rounds.await?;
    server.stop()?;
    let spread = |value: &dyn Fn(&(Latency, Latency, f64)) -> f64| {
        Spread::of(rounds.iter().map(value)).context("no round was measured")
    };
    let memory = spread(&|round| round.2 / 1e6)?.median;
    let note = format!(
        "{SLOW} slow clients and {IDLE} idle connections beside {rate:.0} checks/s, half of the {most:.0} that the server does; \
         it then has {memory:.0} MB resident"
    );
    let figure = |part: &str, value: fn(&Latency) -> f64| {
        let (with, without) = (spread(&|round| value(&round.1))?, spread(&|round| value(&round.0))?);
        let name = format!("{name} {part}");
        anyhow::Ok(Figure::against(name, "µs", with, ("× that without them", without), Bound::AtMost(1.5)))
    };
    Ok(vec![figure("p50", |latency| latency.p50)?, figure("p99", |latency| latency.p99)?.note(note)])
}
