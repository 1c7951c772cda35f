//! How long one answer takes when nobody else asks.

use anyhow::{Context as _, Result};

use super::checks::{Work, start_hyper};
use super::door::{self, open_question, request, sample};
use super::token;
use super::writes::{start_floor, status_reports};
use crate::bench::{Bench, Log, SMALL};
use crate::load::{Latency, Load, Plan, Requests, get, latency, repeat};
use crate::process::Running;
use crate::report::{Bound, Figure};
use crate::statistics::Spread;

/// Reports have numbers of their own in every row, so that none is taken for another one.
const REPORTS: u32 = 1 << 25;

/// The GET of a list that was signed before.
pub(super) async fn poll(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let ask = request(door::SIGNED_UPDATES, &installation.token(0)?, &open_question());
    let sample = sample(server.address(), &ask).await?;
    let hyper = start_hyper(bench, &sample, Work::Nothing)?;
    let path = sample.path()?.to_vec();
    let requests = || {
        let mut poll = Vec::new();
        get(&mut poll, &path);
        Ok(repeat(poll))
    };
    let figures = beside(bench, name, &server, ("of bare hyper", &hyper), [Plan::Fetch(200); 2], requests).await?;
    server.stop()?;
    Ok(figures)
}

/// The POST of a question.
pub(super) async fn post(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let ask = request(door::SIGNED_UPDATES, &installation.token(0)?, &open_question());
    let sample = sample(server.address(), &ask).await?;
    let hyper = start_hyper(bench, &sample, Work::Verify(&installation.token_key()))?;
    let requests = || Ok(repeat(ask.clone()));
    let limit = ("of hyper that verifies", &hyper);
    let figures = beside(bench, name, &server, limit, [Plan::Fetch(202); 2], requests).await?;
    server.stop()?;
    Ok(figures)
}

/// The POST of a status report.
pub(super) async fn durable(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let floor = start_floor(bench, "latency.db", &[])?;
    let requests = || status_reports(&installation, REPORTS, SMALL);
    let figures =
        beside(bench, name, &server, ("of the group-commit floor", &floor), [Plan::Tell; 2], requests).await?;
    server.stop()?;
    Ok(figures)
}

/// The POST of an application that wants a token signed with RSA.
pub(super) async fn token(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let client = installation.application(name, token::RSA.signs).await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let issued = token::issue(server.address(), &client, token::RSA).await?;
    let hyper = start_hyper(bench, &issued.sample(), Work::Sign)?;
    let requests = || Ok(repeat(issued.ask.clone()));
    let limit = ("of hyper that signs", &hyper);
    let figures = beside(bench, name, &server, limit, [Plan::Fetch(200), Plan::Fetch(202)], requests).await?;
    server.stop()?;
    Ok(figures)
}

/// `plans` are the server's and the limit's.
async fn beside(
    bench: &Bench,
    name: &str,
    server: &Running,
    (what, limit): (&str, &Running),
    plans: [Plan; 2],
    requests: impl Fn() -> Result<Requests>,
) -> Result<Vec<Figure>> {
    let amount = bench.amount;
    let load = |program: &Running, plan| anyhow::Ok(Load::new(program.address(), plan, requests()?));
    let [on_server, on_limit] = [load(server, plans[0])?, load(limit, plans[1])?];
    let rounds = bench.every_round(async |_| {
        let ours = latency(&on_server, amount.warm_up, amount.length).await?;
        Ok((ours, latency(&on_limit, amount.warm_up, amount.length).await?))
    });
    let (ours, limit): (Vec<Latency>, Vec<Latency>) = rounds.await?.into_iter().unzip();
    let what = format!("× that {what}");
    let figure = |part: &str, value: fn(&Latency) -> f64, bound| {
        let spread = |all: &[Latency]| Spread::of(all.iter().map(value)).context("no round was measured");
        anyhow::Ok(Figure::against(format!("{name} {part}"), "µs", spread(&ours)?, (&what, spread(&limit)?), bound))
    };
    Ok(vec![
        figure("p50", |latency| latency.p50, Bound::AtMost(2.0))?,
        figure("p99", |latency| latency.p99, Bound::AtMost(3.0))?,
    ])
}
