//! The license door: signed checks and writes beside bare programs, and what is left of them when signing is left out.

mod requests;
pub(super) mod seats;

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use countersign_crypto::encoding::base64_decode;
use countersign_crypto::{Algorithm, VerifyingKey};

use self::requests::{Make, activations, checks, consumptions};
use super::checks::{Work, start_hyper};
use super::compare::{business, ceiling, full_rates, rates};
use super::door::Sample;
use super::growth;
use super::signatures::signer_rate;
use super::writes::{Floor, beside_floor, start_floor};
use crate::bench::{Bench, Log, SMALL};
use crate::installation::{ApiKey, Installation};
use crate::load::{Connection, Load, Plan, Requests, Round, round};
use crate::postgres::{self, Cluster};
use crate::process::Running;
use crate::report::{Bound, Figure, Outcome};
use crate::statistics::Spread;

/// A call with signed answers.
pub(super) struct Signed {
    make: Make,
    /// Signatures of each answer that were not made before.
    signatures: u32,
    /// The same calls as bodies, if they write: for the floor of durable writes, which then signs as often.
    told: Option<Make>,
}

/// A check whose answer was never signed: over its bytes, and over the license in it.
pub(super) const COLD_CHECK: Signed = Signed { make: checks, signatures: 2, told: None };
/// An activation on a new device, signed in the same ways.
pub(super) const ACTIVATION: Signed = Signed { make: activations, signatures: 2, told: Some(activations) };
/// Counted units; the answer is no license.
pub(super) const CONSUMPTION: Signed = Signed { make: consumptions, signatures: 1, told: Some(consumptions) };

/// A use case by itself.
pub(super) struct Unsigned {
    make: Make,
    /// Rows that it inserts, beside the one that it changes.
    inserts: &'static str,
}

/// An activation on a new device: the device, what it says about itself, the activation, and two events.
pub(super) const ACTIVATING: Unsigned = Unsigned { make: activations, inserts: "5" };
/// Counted units: an event.
pub(super) const COUNTING: Unsigned = Unsigned { make: consumptions, inserts: "1" };

/// Checks whose answers were signed before.
pub(super) async fn warm(bench: &Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.new_installation(name).await?;
    installation.grow_licenses(WARM).await?;
    let (key, verifies) = installation.licensed_application().await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let mut requests = checks(key.clone(), WARM, 0);
    let mut body = Vec::new();
    for _ in 0..WARM {
        body = signed(&server, &mut requests, &verifies).await?;
    }
    let hyper = start_hyper(bench, &Sample { accepted: Vec::new(), answer: body }, Work::Nothing)?;
    let load =
        |program: &Running| Arc::new(Load::new(program.address(), Plan::Fetch(200), checks(key.clone(), WARM, 0)));
    let rounds = bench.in_turn(&[(&server, load(&server)), (&hyper, load(&hyper))]).await?;
    let [ours, limit] = &rounds[..] else { bail!("two programs were to be measured") };
    server.stop()?;
    let limits = ("of bare hyper", full_rates(limit)?);
    let figure = Figure::against(name, "checks/s", rates(ours)?, limits, Bound::AtLeast(0.30));
    let mut figure = figure.note(business(ours, limit)).note(format!("{WARM} licenses, each on its device"));
    figure.notes.extend(ceiling(limit));
    Ok(vec![figure])
}

/// Calls whose every answer is signed anew. The server is started anew before every round, so that it remembers none.
pub(super) async fn beside_signer(bench: &Bench, name: &str, call: Signed) -> Result<Vec<Figure>> {
    let amount = bench.amount;
    let most = (amount.warm_up + amount.length).as_secs_f64() * MOST_CALLS;
    let licenses = (1..).map(|times| times * SMALL).find(|licenses| f64::from(*licenses) >= most);
    let licenses = licenses.context("a round is too long")?;
    let installation = bench.new_installation(name).await?;
    installation.grow_licenses(licenses).await?;
    sign_rounds(bench, name, (&installation, licenses), call).await
}

/// The same on an installation that is there, which has so many of what is asked about.
async fn sign_rounds(
    bench: &Bench,
    name: &str,
    (installation, count): (&Installation, u32),
    call: Signed,
) -> Result<Vec<Figure>> {
    let amount = bench.amount;
    let (key, verifies) = installation.licensed_application().await?;
    let signatures = call.signatures.to_string();
    let floor = match call.told {
        Some(told) => Some((told, start_floor(bench, "signed.db", &["--signatures", &signatures])?)),
        None => None,
    };
    let (mut ours, mut limit, mut of_floor) = (Vec::new(), Vec::new(), Vec::new());
    for number in (0..).take(amount.rounds) {
        let server = bench.serve(installation, Log::Usual)?;
        // Numbers of their own in every round: no device is activated twice.
        let mut requests = (call.make)(key.clone(), count, number << 22);
        let answer = signed(&server, &mut requests, &verifies).await?;
        let load = Arc::new(Load::new(server.address(), Plan::Fetch(200), requests));
        ours.push(round(&load, &server, amount.warm_up, amount.length).await?);
        server.stop()?;
        limit.push(signer_rate(bench, answer.len())?);
        if let Some((told, floor)) = &floor {
            let load = Load::new(floor.address(), Plan::Fetch(202), told(key.clone(), count, number << 22));
            of_floor.push(round(&Arc::new(load), floor, amount.warm_up, amount.length).await?);
        }
    }
    let each = f64::from(call.signatures);
    let made = |rounds: &[Round]| Spread::of(rounds.iter().map(|round| round.rate * each));
    let limit = Spread::of(limit).context("no round was measured")?;
    let ours_made = made(&ours).context("no round was measured")?;
    let limits = ("of the bare signer", limit);
    let figure = Figure::against(name, "signatures/s", ours_made, limits, Bound::AtLeast(0.85));
    let figure = figure.note(business(&ours, &[]));
    let figure = figure.note(format!("{each} for each answer: {:.0} calls/s", ours_made.median / each));
    Ok(vec![match made(&of_floor) {
        Some(Spread { median, .. }) => figure.note(format!(
            "the floor of durable writes, if it signs as often: {median:.0} signatures/s, {:.2} of the bare signer",
            median / limit.median
        )),
        None => figure,
    }])
}

/// Use cases without signatures on the embedded store, beside the floor of durable writes.
pub(super) async fn unsigned(bench: &Bench, name: &str, call: Unsigned) -> Result<Vec<Figure>> {
    let (installation, key) = licensed(bench.new_installation(name).await?).await?;
    let program = bench.use_cases(&installation)?;
    let requests = || Ok((call.make)(key.clone(), SMALL, 0));
    beside_floor(bench, name, &program, Floor { ours: Plan::Fetch(200), limit: Plan::Fetch(202) }, requests).await
}

/// The same on PostgreSQL, beside a program that only commits as many rows.
pub(super) async fn on_postgres(bench: &Bench, name: &str, call: Unsigned) -> Result<Outcome> {
    let Some(programs) = postgres::find() else {
        return Ok(Outcome::Skipped(format!("PostgreSQL is not installed: {}", postgres::INSTALL)));
    };
    let cluster = Cluster::start(programs, bench.place(), bench.placement)?;
    let database = cluster.connection();
    let (installation, key) = licensed(bench.new_installation_on(&database, name).await?).await?;
    let program = bench.use_cases(&installation)?;
    let rows = SMALL.to_string();
    let limit = bench.limit(&["postgres", "--database", &database, "--rows", &rows, "--inserts", call.inserts])?;
    let load = |program: &Running, status| {
        Arc::new(Load::new(program.address(), Plan::Fetch(status), (call.make)(key.clone(), SMALL, 0)))
    };
    let rounds = bench.in_turn(&[(&program, load(&program, 200)), (&limit, load(&limit, 202))]).await?;
    let [ours, theirs] = &rounds[..] else { bail!("two programs were to be measured") };
    let limits = ("of bare commits", rates(theirs)?);
    let figure = Figure::against(name, "writes/s", rates(ours)?, limits, Bound::AtLeast(0.50));
    let note = "the database has the same core, and is part of what was used besides";
    Ok(Outcome::Measured(vec![figure.note(business(ours, theirs)).note(note)]))
}

/// Use cases without signatures among more and more licenses.
pub(super) async fn growth(bench: &Bench, name: &str) -> Result<Vec<Figure>> {
    let counts: Vec<u32> = growth::decades(1000.min(bench.amount.devices / 10), bench.amount.devices).collect();
    let [few, many] = [bench.new_installation("few-licenses").await?, bench.new_installation("licenses").await?];
    few.grow_licenses(*counts.first().context("there is no count")?).await?;
    let ((of_few, _), (of_many, _)) = (few.licensed_application().await?, many.licensed_application().await?);
    let calls: [(&str, Make); 2] = [("check", checks), ("consumption", consumptions)];
    let mut points = [Vec::new(), Vec::new()];
    for count in counts {
        many.grow_licenses(count).await?;
        for ((_, make), points) in calls.iter().zip(&mut points) {
            let requests = |of: &Installation, key: &ApiKey| make(key.clone(), of.licenses(), 0);
            let (one, other) = (bench.use_cases(&few)?, bench.use_cases(&many)?);
            let sides = [(&one, requests(&few, &of_few)), (&other, requests(&many, &of_many))];
            points.push(growth::costs(bench, count, Plan::Fetch(200), sides).await?);
        }
    }
    let figures = calls.iter().zip(&points);
    figures.map(|((call, _), points)| growth::figure(format!("{name} {call}"), "licenses", points)).collect()
}

/// With licenses, and an application.
async fn licensed(installation: Installation) -> Result<(Installation, ApiKey)> {
    installation.grow_licenses(SMALL).await?;
    let (key, _) = installation.licensed_application().await?;
    Ok((installation, key))
}

/// Sends the next request, verifies the signature of the answer, and gives its bytes.
async fn signed(server: &Running, requests: &mut Requests, key: &VerifyingKey) -> Result<Vec<u8>> {
    let mut request = Vec::new();
    requests(&mut request);
    let mut connection = Connection::open(server.address(), 1 << 20).await?;
    let answer = connection.exchange(&request).await?;
    ensure!(answer.status == 200, "{} instead of 200: {}", answer.status, answer.body.escape_ascii());
    let signature = answer.header("licensesignature").context("an answer is not signed")?;
    key.verify(Algorithm::RS256, answer.body, &base64_decode(signature)?)?;
    Ok(answer.body.to_vec())
}

/// Licenses whose answers are remembered: few enough that all of them are signed in no time.
const WARM: u32 = 1000;
/// More calls a second than one core can sign the answers of.
const MOST_CALLS: f64 = 6000.0;
