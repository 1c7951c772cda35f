//! Servers that send webhooks, and commands that make changes beside them, are killed at random instants: whatever is in the
//! store afterwards was told at least once, in order for each product, signed; and what was told again is the same.
//!
//! `cargo xtask test` kills servers 20 times on each store, `cargo xtask soak` 200 times (`COUNTERSIGN_KILLS`).
#![expect(clippy::print_stdout, reason = "a long run shows how far it is")]

mod nodes;
mod receiver;
#[path = "../kills/setup.rs"]
#[expect(dead_code, reason = "nobody publishes here")]
mod setup;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use countersign_interop::{Installation, Random};
use countersign_store_postgres::{PrivateDatabase, test_cluster};
use serde_json::Value;

use self::receiver::Receiver;

/// Kills when the environment names no other number.
const KILLS: u32 = 20;
/// Most changes that are made between two kills.
const BETWEEN: u64 = 4;
/// The longest time from the beginning of the last change to the kill, in milliseconds: some commands are over by then, and
/// the server has told of some.
const LONGEST: u64 = 500;

#[test]
fn webhooks_outlive_servers_on_the_embedded_store() -> Result<()> {
    kill_again_and_again(&Installation::new(None)?)
}

#[tokio::test]
async fn webhooks_outlive_servers_on_postgresql() -> Result<()> {
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
    let receiver = Receiver::start()?;
    let address = receiver.address();
    std::fs::write(installation.path("countersign.toml"), format!("webhook_allow = [\"acme={address}\"]\n"))?;
    installation.run(&["site", "create", "acme"])?;
    let added = installation.json(&["webhook", "add", "receiver", &format!("http://{address}/")])?;
    receiver.verify_with(added["secret"].as_str().context("the endpoint has no secret")?)?;

    let serve = || installation.serve(&["--default-site", "acme", "-q"]);
    let (mut server, mut acknowledged) = (serve()?, BTreeSet::new());
    let (_never, nothing) = mpsc::channel::<()>();
    for kill in 1..=kills {
        let product = format!("P-{kill}");
        installation.run(&["product", "create", &product])?;
        let feature = |code: &str| ["feature", "create", code, "--product", &product].map(str::to_owned);
        for change in 0..random.below(BETWEEN) {
            let words = feature(&format!("F-{change}"));
            installation.run(&words.each_ref().map(String::as_str))?;
            acknowledged.insert((product.clone(), format!("F-{change}")));
        }
        let words = feature("LAST");
        let mut last = installation.spawn(&words.each_ref().map(String::as_str))?;
        // Nothing comes: this is a wait of a random length.
        let _ = nothing.recv_timeout(Duration::from_millis(random.below(LONGEST)));
        server.kill()?;
        if kill % 2 == 0 {
            // An error means that it has ended already.
            let _ = last.kill();
        }
        if last.wait()?.success() {
            acknowledged.insert((product, "LAST".to_owned()));
        }
        server = serve()?;
        if kill % 20 == 0 {
            println!("kills: {kill} of {kills}");
        }
    }

    let there = products(installation)?;
    for (product, code) in &acknowledged {
        ensure!(there.get(product).is_some_and(|codes| codes.contains(code)), "{product} has lost {code}");
    }
    let names = |products: &BTreeMap<_, BTreeSet<_>>| products.values().map(|codes| codes.len() + 1).sum::<usize>();
    let told = receiver.told(|told| names(&told.products) >= names(&there))?;
    ensure!(there == told.products, "the store has {there:?}, and told was {:?}", told.products);
    // Otherwise nothing would be known about what is told again.
    ensure!(kills < KILLS || told.arrivals > told.events, "no kill came between an arrival and its answer");
    println!("{} events, told by {} webhooks", told.events, told.arrivals);
    Ok(())
}

/// What there is in the store: for each product the codes of its features.
fn products(installation: &Installation) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let texts = |listed: &Value, member: &str| -> Result<Vec<String>> {
        let listed = listed.as_array().context("this is no list")?.iter();
        listed.map(|one| Ok(one[member].as_str().context("a member is missing")?.to_owned())).collect()
    };
    let names = texts(&installation.json(&["product", "list"])?, "name")?;
    let features = |name: String| {
        let codes = texts(&installation.json(&["feature", "list", "--product", &name])?, "code")?;
        Ok((name, codes.into_iter().collect()))
    };
    names.into_iter().map(features).collect()
}
