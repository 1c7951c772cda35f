//! Questions whose token and answer the server has seen before, beside a bare server with the same bytes.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::compare::{business, ceiling, full_rates, rates};
use super::door::{self, Sample, manifest_question, manifest_uuid, open_question, question_of, request, sample};
use crate::bench::{Bench, Log};
use crate::installation::{LICENSED_PACKAGE, LICENSED_UPDATE, OPEN_UPDATE, device_id};
use crate::load::{Load, Plan, Requests, repeat};
use crate::process::Running;
use crate::report::{Bound, Figure};

/// The part of bare hyper that an exchange is to reach.
const OF_HYPER: Bound = Bound::AtLeast(0.45);
/// The same for a device whose licenses are looked up.
const OF_HYPER_WITH_ACCOUNT: Bound = Bound::AtLeast(0.30);
/// Checks a second that serve a hundred million devices once an hour.
const HUNDRED_MILLION_DEVICES: f64 = 27_800.0;

/// The signed check of an anonymous device.
pub(super) async fn anonymous(bench: &mut Bench, name: &str, log: Log) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let server = bench.serve(&installation, log)?;
    let ask = request(door::SIGNED_UPDATES, &installation.token(0)?, &open_question());
    let sample = sample(server.address(), &ask).await?;
    sample.check_signed(&installation.signing_key()?, OPEN_UPDATE)?;
    let figure = beside_hyper(bench, name, &server, &sample, || repeat(ask.clone()), OF_HYPER).await?;
    server.stop()?;
    let rate = figure.ours.median;
    Ok(vec![figure.and("checks/s", rate, Bound::AtLeast(HUNDRED_MILLION_DEVICES))])
}

/// The unsigned check of an anonymous device.
pub(super) async fn unsigned(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let ask = request(door::UPDATES, &installation.token(0)?, &open_question());
    let sample = sample(server.address(), &ask).await?;
    let offered = &sample.json()?["updateItems"][0]["updateId"];
    anyhow::ensure!(offered == OPEN_UPDATE, "the list offers {offered}");
    let figure = beside_hyper(bench, name, &server, &sample, || repeat(ask.clone()), OF_HYPER).await?;
    server.stop()?;
    Ok(vec![figure])
}

/// The signed list of files.
pub(super) async fn manifest(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let token = installation.token(0)?;
    let uuid = manifest_uuid(server.address(), &token).await?;
    let ask = request(door::SIGNED_MANIFESTS, &token, &manifest_question(&uuid));
    let sample = sample(server.address(), &ask).await?;
    sample.check_signed(&installation.signing_key()?, "64MiB.bin")?;
    let figure = beside_hyper(bench, name, &server, &sample, || repeat(ask.clone()), OF_HYPER).await?;
    server.stop()?;
    Ok(vec![figure])
}

/// The signed check of devices that must have a license, each among all others.
pub(super) async fn account(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let devices = bench.amount.devices;
    let installation = bench.large(devices).await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let token = installation.token(0)?;
    let ask = request(door::SIGNED_UPDATES, &token, &question_of(&device_id(0), LICENSED_PACKAGE));
    let sample = sample(server.address(), &ask).await?;
    sample.check_signed(&installation.signing_key()?, LICENSED_UPDATE)?;
    let asks = || account_questions(token.clone(), devices);
    let figure = beside_hyper(bench, name, &server, &sample, asks, OF_HYPER_WITH_ACCOUNT).await?;
    server.stop()?;
    Ok(vec![figure.note(format!("{devices} devices and licenses, asked for in no order"))])
}

/// Questions of devices, in no order.
pub(super) fn account_questions(token: String, devices: u32) -> Requests {
    door::numbered(0, door::SIGNED_UPDATES, token, move |number| {
        // Any odd number that shares nothing with a count of devices leads to all of them.
        question_of(&device_id(number.wrapping_mul(2_654_435_761) % devices), LICENSED_PACKAGE)
    })
}

/// Measures the server and a bare server with the same bytes in turn.
async fn beside_hyper(
    bench: &Bench,
    name: &str,
    server: &Running,
    sample: &Sample,
    requests: impl Fn() -> Requests,
    bound: Bound,
) -> Result<Figure> {
    let hyper = start_hyper(bench, sample, Work::Nothing)?;
    let load = |program: &Running| Arc::new(Load::new(program.address(), Plan::Ask, requests()));
    let rounds = bench.in_turn(&[(server, load(server)), (&hyper, load(&hyper))]).await?;
    let [ours, limit] = &rounds[..] else { anyhow::bail!("two programs were to be measured") };
    let limits = ("of bare hyper", full_rates(limit)?);
    let mut figure = Figure::against(name, "checks/s", rates(ours)?, limits, bound).note(business(ours, limit));
    figure.notes.extend(ceiling(limit));
    Ok(figure)
}

/// What a bare server does for every POST.
#[derive(Clone, Copy)]
pub(super) enum Work<'k> {
    /// It reads the body.
    Nothing,
    /// It also verifies the token with a public key (DER).
    Verify(&'k [u8]),
    /// It also makes an RSA signature.
    Sign,
}

/// Starts a bare server with the bytes of an exchange.
pub(super) fn start_hyper(bench: &Bench, sample: &Sample, work: Work<'_>) -> Result<Running> {
    let write = |name: &str, bytes: &[u8]| -> Result<PathBuf> {
        let path = bench.path(name);
        std::fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(path)
    };
    let accepted = write("accepted", &sample.accepted)?;
    let answer = write("answer", &sample.answer)?;
    let mut arguments = vec!["hyper".into(), "--accepted".into(), accepted, "--answer".into(), answer];
    match work {
        Work::Nothing => {}
        Work::Verify(key) => arguments.extend(["--verify".into(), write("token-key.der", key)?]),
        Work::Sign => arguments.push("--sign".into()),
    }
    let arguments: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    bench.limit(&arguments)
}
