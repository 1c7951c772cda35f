//! Servers that are killed at random instants while clients share seats: each seat that was acknowledged is there afterwards
//! with the end that was told, there are never more than the license has, and each is free exactly when it is due.

mod calls;
mod clients;
mod due;
mod ledger;

use std::sync::mpsc;

use anyhow::{Context, Result};
use countersign_interop::{Installation, Random};
use countersign_store_postgres::{PrivateDatabase, test_cluster};

use self::clients::Clients;
use self::due::Due;
use self::ledger::Ledger;
use crate::KILLS;

/// Most answers between two kills.
const BETWEEN: u64 = 120;
/// Kills that the seats outlive whose end is waited for: few, so that all are over before the first of them ends.
const BEFORE_THE_END: u32 = 6;

#[test]
fn seats_outlive_servers_on_the_embedded_store() -> Result<()> {
    kill_again_and_again(&Installation::new(None)?)
}

#[tokio::test]
async fn seats_outlive_servers_on_postgresql() -> Result<()> {
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
    let shop = calls::prepare(installation)?;
    let serve = || installation.serve(&["--default-site", "acme", "-q"]);
    let mut server = serve()?;
    let application = shop.application(server.base_url());
    clients::activate(&application)?;
    let (mut ledger, mut due) = (Ledger::default(), Due::prepare(&application)?);
    for kill in 1..=kills {
        let application = shop.application(server.base_url());
        if kill + BEFORE_THE_END > kills {
            due.take(&application)?;
        }
        let (sender, answered) = mpsc::channel();
        let clients = Clients::start(&application, random.below(u64::MAX), &sender)?;
        drop(sender);
        let mut seen = Vec::new();
        for _ in 0..=random.below(BETWEEN) {
            seen.push(answered.recv().context("the clients ended before the server was killed")?);
        }
        server.kill()?;
        // What was answered until the last instant counts as well.
        seen.extend(answered.iter());
        let unanswered = clients.join()?;
        server = serve()?;
        ledger
            .compare(installation, &shop.application(server.base_url()), seen, &unanswered)
            .with_context(|| format!("after kill {kill} of {kills}"))?;
        if kill % 20 == 0 {
            println!("kills: {kill} of {kills}; {ledger}");
        }
    }
    due.come(installation, &shop.application(server.base_url()))?;
    ledger.ensure_rich(kills)
}
