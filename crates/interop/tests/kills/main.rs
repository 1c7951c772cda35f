//! Servers that are killed at random instants under a stream of writes: whatever was acknowledged is there afterwards.
//!
//! `cargo xtask test` kills each store 20 times, `cargo xtask soak` 200 times (`COUNTERSIGN_KILLS`).
#![expect(clippy::print_stdout, reason = "a long run shows how far it is")]

mod check;
mod setup;
mod stream;

use std::sync::mpsc;

use anyhow::{Context, Result, ensure};
use countersign_interop::{Caller, Installation, Random};
use countersign_store_postgres::{PrivateDatabase, test_cluster};

use self::check::Ledger;
use self::stream::{Acknowledged, Streams};

/// Kills when the environment names no other number.
const KILLS: u32 = 20;
/// Most acknowledgements between two kills: a kill meets the server between its first write and this.
const BETWEEN: u64 = 150;
/// Most releases that a kill waits for besides: each takes several calls, so devices have told much before the first.
const RELEASES: u64 = 4;
/// License that fewer devices can have than want it.
const LIMIT: u64 = 100;

#[test]
fn nothing_acknowledged_is_lost_when_a_server_on_the_embedded_store_is_killed() -> Result<()> {
    kill_again_and_again(&Installation::new(None)?)
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_a_server_on_postgresql_is_killed() -> Result<()> {
    let database = PrivateDatabase::create(&test_cluster()).await?;
    let installation = Installation::new(Some(database.connection()))?;
    tokio::task::spawn_blocking(move || kill_again_and_again(&installation)).await?
}

fn kill_again_and_again(installation: &Installation) -> Result<()> {
    kill_and_check(installation).with_context(|| format!("the servers have logged:\n{}", installation.log()))
}

fn kill_and_check(installation: &Installation) -> Result<()> {
    let kills = std::env::var("COUNTERSIGN_KILLS").map_or(Ok(KILLS), |text| text.parse())?;
    let tokens = setup::prepare(installation, LIMIT)?;
    let mut ledger = Ledger::new(LIMIT);
    let mut server = installation.serve(&["--default-site", "acme", "-q"])?;
    let mut random = Random::of_this_run()?;
    for kill in 1..=kills {
        let (sender, acknowledged) = mpsc::channel();
        let streams = Streams::start(server.base_url(), &tokens, kill, &sender)?;
        drop(sender);
        let mut seen: Vec<Acknowledged> = Vec::new();
        let (answers, mut releases) = (1 + random.below(BETWEEN), random.below(RELEASES + 1));
        while (seen.len() as u64) < answers || releases > 0 {
            let next = acknowledged.recv().context("the streams ended before the server was killed")?;
            releases = releases.saturating_sub(u64::from(matches!(next, Acknowledged::Published(..))));
            seen.push(next);
        }
        let url = server.base_url().to_owned();
        server.kill()?;
        // What was acknowledged until the last instant counts as well.
        seen.extend(acknowledged.iter());
        streams.join()?;
        ensure!(Caller::new(&url).get("/readyz").is_err(), "a killed server answers");

        server = installation.serve(&["--default-site", "acme", "-q"])?;
        let caller = Caller::new(server.base_url());
        let ready = caller.get("/readyz")?;
        ensure!(ready.status == 200, "the server says that it is ready, and then that it is not: {ready:?}");
        ledger.enter(&caller, seen)?;
        ledger.check(installation, &caller, &tokens).with_context(|| format!("after kill {kill} of {kills}"))?;
        if kill % 20 == 0 {
            println!("kills: {kill} of {kills}; {}", ledger.summary());
        }
    }
    ensure!(ledger.is_rich(), "too little was acknowledged to prove anything: {}", ledger.summary());
    Ok(())
}
