//! Work that no memory saves: tokens that are new to the server, and answers that were never signed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};

use super::checks::{Work, start_hyper};
use super::compare::{business, ceiling, full_rates, rates};
use super::door::{self, numbered, open_question, question, request, sample};
use crate::bench::{Bench, Log};
use crate::installation::{COLD_ANSWERS, OPEN_UPDATE, cold_question};
use crate::load::{Load, Plan, Round, post, round};
use crate::process::Running;
use crate::report::{Bound, Figure};
use crate::statistics::Spread;

/// The signed check of devices with tokens of their own. The server is started anew before every round, so that it knows
/// none of them.
pub(super) async fn own_token(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let amount = bench.amount;
    let count = (amount.warm_up + amount.length).as_secs_f64() * MOST_CHECKS;
    let first = bench.serve(&installation, Log::Usual)?;
    let ask = request(door::SIGNED_UPDATES, &installation.token(u32::MAX)?, &open_question());
    let sample = sample(first.address(), &ask).await?;
    sample.check_signed(&installation.signing_key()?, OPEN_UPDATE)?;
    first.stop()?;

    let tokens = (0..).take_while(|number| f64::from(*number) < count).map(|number| installation.token(number));
    let tokens: Arc<Vec<String>> = Arc::new(tokens.collect::<Result<_>>()?);
    let used = Arc::new(AtomicUsize::new(0));
    let load = |address| {
        let (tokens, used, body) = (tokens.clone(), used.clone(), open_question());
        let ask = move |out: &mut Vec<u8>| {
            let number = used.fetch_add(1, Ordering::Relaxed);
            let token = tokens.get(number % tokens.len()).map(String::as_str).unwrap_or_default();
            post(out, door::SIGNED_UPDATES, token, body.as_bytes());
        };
        Arc::new(Load::new(address, Plan::Ask, Box::new(ask)))
    };
    let hyper = start_hyper(bench, &sample, Work::Verify(&installation.token_key()))?;
    let (mut ours, mut limit, mut most) = (Vec::new(), Vec::new(), 0);
    for _ in 0..amount.rounds {
        let server = bench.serve(&installation, Log::Usual)?;
        used.store(0, Ordering::Relaxed);
        ours.push(round(&load(server.address()), &server, amount.warm_up, amount.length).await?);
        most = most.max(used.load(Ordering::Relaxed));
        server.stop()?;
        limit.push(round(&load(hyper.address()), &hyper, amount.warm_up, amount.length).await?);
    }
    let limits = ("of hyper that verifies", full_rates(&limit)?);
    let figure = Figure::against(name, "checks/s", rates(&ours)?, limits, Bound::AtLeast(0.70));
    let mut figure = figure.note(business(&ours, &limit));
    figure.notes.extend(ceiling(&limit));
    let repeated = if most > tokens.len() { "some came twice in a round" } else { "none came twice in a round" };
    Ok(vec![figure.note(format!("{} tokens, {repeated}", tokens.len()))])
}

/// The signed check with an answer that was never signed before, beside a program that only signs.
pub(super) async fn cold(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.new_installation("cold").await?;
    installation.add_cold_answers().await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let token = installation.token(0)?;
    let ask = |number| {
        let (package, language) = cold_question(number);
        question(&package, language)
    };
    // The last questions are not part of the load.
    let look = |number| request(door::SIGNED_UPDATES, &token, &ask(COLD_ANSWERS - number));
    let [one, other] = [sample(server.address(), &look(1)).await?, sample(server.address(), &look(2)).await?];
    one.check_signed(&installation.signing_key()?, "update-cold")?;
    anyhow::ensure!(one.answer != other.answer, "two different questions have the same answer");

    let body = move |number: u32| ask(usize::try_from(number).unwrap_or_default());
    let load = Load::new(server.address(), Plan::Ask, numbered(0, door::SIGNED_UPDATES, token.clone(), body));
    let (ours, limit) = beside_signer(bench, &server, &Arc::new(load), one.answer.len()).await?;
    server.stop()?;
    let limit = ("of the bare signer", limit);
    let figure = Figure::against(name, "signatures/s", rates(&ours)?, limit, Bound::AtLeast(0.85));
    Ok(vec![figure.note(business(&ours, &[]))])
}

/// Measures the server and a program that only signs messages of some bytes in turn. Gives the rounds of the server, and
/// the signatures a second of the other.
pub(super) async fn beside_signer(
    bench: &Bench,
    server: &Running,
    load: &Arc<Load>,
    bytes: usize,
) -> Result<(Vec<Round>, Spread)> {
    let amount = bench.amount;
    let (mut ours, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..amount.rounds {
        ours.push(round(load, server, amount.warm_up, amount.length).await?);
        limit.push(signer_rate(bench, bytes)?);
    }
    Ok((ours, Spread::of(limit).context("no round was measured")?))
}

/// The signatures a second of a program that only signs messages of some bytes.
pub(super) fn signer_rate(bench: &Bench, bytes: usize) -> Result<f64> {
    let [bytes, warm_up, length] = [bytes as u128, bench.amount.warm_up.as_millis(), bench.amount.length.as_millis()]
        .map(|number| number.to_string());
    bench.limit_figure(&["signer", "--bytes", &bytes, "--warm-up", &warm_up, "--length", &length])
}

/// More checks a second than one core can verify the tokens of.
const MOST_CHECKS: f64 = 27_000.0;
