//! How soon others are told: the time from the commit of an event, as another reader of the database sees it, until its webhook
//! has arrived.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;

use super::Told;
use super::commits::Commits;
use crate::bench::Bench;
use crate::installation::{Installation, spread_id};
use crate::load::{CONNECTIONS, Connection, Sink, post};
use crate::process::Running;
use crate::report::{Bound, Figure};
use crate::rows::door;
use crate::statistics::{Spread, percentile};

/// How much of what the server can do is asked of it.
const PART: f64 = 0.5;
/// From the commit to the receipt, in microseconds: as Svix's server at half of its load (`docs/performance.md`).
const P50: Bound = Bound::AtMost(1600.0);
const P99: Bound = Bound::AtMost(5000.0);
/// Registrations of one round have numbers of their own.
const ROUND: u32 = 1 << 22;

/// Registrations of devices at half of the rate at which one core can take them and tell of them.
pub(in crate::rows) async fn latency(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let sink = Sink::listen((Ipv4Addr::LOCALHOST, 0).into()).await?;
    let told = Told::new(bench, bench.new_installation(name).await?, sink.address).await?;
    sink.verify_with(&told.secret)?;
    let server = told.serve(bench)?;
    let amount = bench.amount;
    let database = told.installation.data.join(DATABASE);
    let most = full_load((&told.installation, &server, &sink), Commits::open(&database)?, amount.length).await?;
    let rate = most * PART;
    let rounds = bench.every_round(async |number| {
        let first = ROUND.saturating_mul(u32::try_from(number)?.saturating_add(1));
        let (to, mut commits) = ((&told.installation, &server, &sink), Commits::open(&database)?);
        let asked = register(to, &mut commits, (first, rate), amount.warm_up + amount.length).await?;
        let committed = commits.times()?;
        let counting: Vec<&Asked> = asked.iter().filter(|one| one.due >= amount.warm_up).collect();
        let mut told = [Vec::new(), Vec::new(), Vec::new()];
        for one in counting {
            let arrived = sink.arrival(one.number).context("nobody was told of a registration")?;
            let committed = committed.get(&arrived.sequence).context("a registration was never seen")?;
            told[0].push(micros(arrived.time.saturating_sub(*committed)));
            told[1].push(micros(arrived.time.saturating_sub(one.answered)));
            told[2].push(micros(arrived.time.saturating_sub(one.sent)));
        }
        told.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
        Ok(told.map(|times| [percentile(&times, 0.5), percentile(&times, 0.99)]))
    });
    let rounds = rounds.await?;
    server.stop()?;
    let spread = |from: usize, part: usize| {
        let values = rounds.iter().filter_map(|round| round.get(from)?.get(part).copied());
        Spread::of(values).context("no round was measured")
    };
    let answered = format!(
        "{rate:.0} registrations/s, half of the {most:.0} that one core takes and tells of; from the answer to the registration \
         it is {:.0} µs (p50) and {:.0} µs (p99), from the request on {:.0} µs and {:.0} µs",
        spread(1, 0)?.median,
        spread(1, 1)?.median,
        spread(2, 0)?.median,
        spread(2, 1)?.median,
    );
    let figure = |part: usize, word: &str, bound| {
        anyhow::Ok(Figure::alone(format!("{name} {word}"), "µs", spread(0, part)?, "µs", bound))
    };
    Ok(vec![figure(0, "p50", P50)?, figure(1, "p99", P99)?.note(answered)])
}

/// One registration, by the sink's watch.
struct Asked {
    number: u32,
    due: Duration,
    sent: Duration,
    answered: Duration,
}

/// How many registrations a second can be taken and told of: as many as can be asked for are, and then the last is waited for.
async fn full_load(to: (&Installation, &Running, &Sink), mut commits: Commits, length: Duration) -> Result<f64> {
    let sink = to.2;
    let began = sink.watch().elapsed();
    // Faster than any server: each connection asks as soon as it is answered.
    let asked = register(to, &mut commits, (0, f64::INFINITY), length).await?;
    Ok(asked.len() as f64 / sink.watch().elapsed().saturating_sub(began).as_secs_f64())
}

/// Registers devices from a number on, so many a second over all connections, and waits until all of them were told of.
async fn register(
    (installation, server, sink): (&Installation, &Running, &Sink),
    commits: &mut Commits,
    (first, rate): (u32, f64),
    length: Duration,
) -> Result<Vec<Asked>> {
    let period = Duration::try_from_secs_f64(CONNECTIONS as f64 / rate).unwrap_or_default();
    let (watch, before) = (sink.watch(), sink.count());
    let began = watch.elapsed();
    let token = installation.token(0)?;
    let mut asking = JoinSet::new();
    for lane in 0..CONNECTIONS {
        let (token, address) = (token.clone(), server.address());
        let mut due = period.mul_f64(lane as f64 / CONNECTIONS as f64);
        let mut number = first + u32::try_from(lane)?;
        asking.spawn(async move {
            let mut connection = Connection::open(address, 32 * 1024).await?;
            let (mut request, mut all) = (Vec::new(), Vec::new());
            loop {
                let now = watch.elapsed().saturating_sub(began);
                if now.max(due) >= length {
                    return anyhow::Ok(all);
                }
                // A timer would ring up to a millisecond late, and for several connections at once.
                while watch.elapsed().saturating_sub(began) < due {
                    tokio::task::yield_now().await;
                }
                let body = door::registration(&spread_id(number), None);
                request.clear();
                post(&mut request, door::REGISTRATIONS, &token, body.as_bytes());
                let sent = watch.elapsed();
                let answer = connection.exchange(&request).await?;
                ensure!(answer.status == 202, "a registration is answered with {}", answer.status);
                all.push(Asked { number, due, sent, answered: watch.elapsed() });
                number = number.saturating_add(u32::try_from(CONNECTIONS)?);
                due += period;
            }
        });
    }
    let mut all = Vec::new();
    while !asking.is_empty() {
        commits.look(watch.elapsed())?;
        // This program never sleeps: to wake it would cost the server.
        match asking.try_join_next() {
            Some(asked) => all.extend(asked.context("a connection panicked")??),
            None => tokio::task::yield_now().await,
        }
    }
    let (end, due) = (watch.elapsed() + PATIENCE, before + all.len() as u64);
    while sink.count() < due {
        commits.look(watch.elapsed())?;
        ensure!(watch.elapsed() < end, "{} of {due} webhooks have arrived", sink.count());
        tokio::task::yield_now().await;
    }
    Ok(all)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The database of the server in its directory.
const DATABASE: &str = "countersign.db";
/// How long the last webhooks may take; far longer than they do.
const PATIENCE: Duration = Duration::from_secs(60);
