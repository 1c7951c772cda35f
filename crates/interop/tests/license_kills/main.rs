//! Servers that are killed at random instants while applications activate licenses, give them back and count units: each effect
//! that was acknowledged is there afterwards, once; there is never more than a license allows; and a call whose answer got lost
//! has happened as a whole or not at all, which its `Idempotency-Key` settles. `seats` does the same with seats.
//!
//! `cargo xtask test` kills each store 20 times, `cargo xtask soak` 200 times (`COUNTERSIGN_KILLS`).
#![expect(clippy::print_stdout, reason = "a long run shows how far it is")]

mod application;
mod ledger;
mod seats;
mod streams;

use std::sync::mpsc;

use anyhow::{Context, Result};
use countersign_interop::{Installation, Random};
use countersign_store_postgres::{PrivateDatabase, test_cluster};

use self::application::Shop;
use self::ledger::Ledger;
use self::streams::Streams;

/// Kills when the environment names no other number.
const KILLS: u32 = 20;
/// Most answers between two kills.
const BETWEEN: u64 = 150;

#[test]
fn licenses_outlive_servers_on_the_embedded_store() -> Result<()> {
    kill_again_and_again(&Installation::new(None)?)
}

#[tokio::test]
async fn licenses_outlive_servers_on_postgresql() -> Result<()> {
    let database = PrivateDatabase::create(&test_cluster()).await?;
    let installation = Installation::new(Some(database.connection()))?;
    tokio::task::spawn_blocking(move || kill_again_and_again(&installation)).await?
}

fn kill_again_and_again(installation: &Installation) -> Result<()> {
    kill_and_check(installation).with_context(|| format!("the servers have logged:\n{}", installation.log()))
}

fn kill_and_check(installation: &Installation) -> Result<()> {
    let kills = std::env::var("COUNTERSIGN_KILLS").map_or(Ok(KILLS), |text| text.parse())?;
    let mut random = Random::of_this_run()?;
    let shop = Shop::prepare(installation)?;
    let serve = || installation.serve(&["--default-site", "acme", "-q"]);
    let (mut server, mut ledger) = (serve()?, Ledger::default());
    streams::activate_meters(&shop.application(server.base_url()))?;
    for kill in 1..=kills {
        let (sender, answered) = mpsc::channel();
        let streams = Streams::start(&shop.application(server.base_url()), kill, ledger.active(), &sender)?;
        drop(sender);
        let mut seen = Vec::new();
        for _ in 0..=random.below(BETWEEN) {
            seen.push(answered.recv().context("the streams ended before the server was killed")?);
        }
        server.kill()?;
        // What was answered until the last instant counts as well.
        seen.extend(answered.iter());
        let unanswered = streams.join()?;
        server = serve()?;
        let application = shop.application(server.base_url());
        ledger
            .compare(installation, &application, seen, unanswered)
            .with_context(|| format!("after kill {kill} of {kills}"))?;
        if kill % 20 == 0 {
            println!("kills: {kill} of {kills}; {ledger}");
        }
    }
    ledger.ensure_rich(kills)
}
