//! Several nodes of the real program on one PostgreSQL database.

#[path = "kills/setup.rs"]
mod setup;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use countersign_interop::{Answer, Caller, Installation};
use countersign_store_postgres::{PrivateDatabase, test_cluster};
use serde_json::{Value, json};

/// Releases in a row that are published on one node and fetched from the other.
const RELEASES: u32 = 25;

#[tokio::test]
async fn two_nodes_on_one_database_see_the_same_sites() -> Result<()> {
    let database = PrivateDatabase::create(&test_cluster()).await?;
    let first = Installation::new(Some(database.connection()))?;
    let second = Installation::new(Some(database.connection()))?;
    first.run(&["site", "create", "acme"])?;
    ensure!(second.run(&["site", "list"])?.contains("acme"), "the second node does not see it");
    ensure!(second.run(&["site", "create", "acme"]).is_err(), "the second node creates it again");
    ensure!(!first.has("countersign.db"), "the embedded store was made as well");
    Ok(())
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_reported_without_the_password() -> Result<()> {
    for database in ["postgres://acme:hunter2@%2Fnowhere/acme?connect_timeout=1", "password hunter2"] {
        let installation = Installation::new(Some(database.to_owned()))?;
        let Err(error) = installation.run(&["site", "list"]) else { anyhow::bail!("it was reached") };
        let printed = error.to_string();
        ensure!(printed.contains("PostgreSQL"), "{printed}");
        ensure!(!printed.contains("hunter2"), "the password is told: {printed}");
    }
    Ok(())
}

/// Every request may go to another node: none is refused because that node has not heard of something yet.
#[tokio::test]
async fn what_one_node_has_just_published_the_other_never_refuses() -> Result<()> {
    let database = PrivateDatabase::create(&test_cluster()).await?;
    let first = Installation::new(Some(database.connection()))?;
    tokio::task::spawn_blocking(move || {
        let tokens = setup::prepare(&first, 3)?;
        let second = first.second_node()?;
        let serve = |node: &Installation| node.serve(&["--default-site", "acme", "-q"]);
        let (one, two) = (serve(&first)?, serve(&second)?);
        let callers = [Caller::new(one.base_url()), Caller::new(two.base_url())];
        for number in 0..RELEASES {
            let (a, b) = if number % 2 == 0 { (0, 1) } else { (1, 0) };
            publish(&callers[a], &tokens, number).with_context(|| format!("release {number}"))?;
            fetch(&callers[b], &callers[a], &tokens, number).with_context(|| format!("release {number}"))?;
        }
        withdrawn_in_time(&first, &callers, &tokens)
    })
    .await?
}

fn publish(caller: &Caller, tokens: &setup::Tokens, number: u32) -> Result<()> {
    let post = |path: &str, document: &Value| -> Result<()> {
        let answer = caller.post(&format!("/flexnet/operations/api/{path}"), &tokens.producer, document)?;
        ensure!(answer.status == 201, "{path}: {answer:?}");
        Ok(())
    };
    let package = format!("pump-r{number}");
    post("download-packages", &json!({ "packageId": package, "product": "Pump", "files": [] }))?;
    post(
        "updates",
        &json!({
            "updateId": format!("UPD-R{number}"), "updateName": "r", "status": "Active", "startDate": "2026-01-01",
            "entitlementCheck": "None", "releaseFrom": ["pump-1"],
            "releaseTo": [{ "platform": format!("R{number}"), "packageId": package }],
            "languages": [{ "languageCode": 1033, "title": "r", "description": "" }],
        }),
    )
}

/// Asks one node, polls the other, and asks for the manifest the other way round.
fn fetch(one: &Caller, other: &Caller, tokens: &setup::Tokens, number: u32) -> Result<()> {
    let list = asked(one, other, tokens, "/uai/2.0/updates", &question(&format!("R{number}")))?;
    ensure!(list.status == 200, "{list:?}");
    let list = list.json()?;
    let url = list["updateItems"][0]["manifestURL"].as_str().with_context(|| format!("not offered: {list}"))?;
    let uuid = json!({ "uuid": url.rsplit('/').next().unwrap_or_default() });
    let manifest = asked(other, one, tokens, "/uai/2.0/updates/manifests", &uuid)?;
    ensure!(manifest.status == 200, "{manifest:?}");
    Ok(())
}

/// A withdrawal, and then the end of the key, are in force on both nodes within a second.
fn withdrawn_in_time(installation: &Installation, callers: &[Caller; 2], tokens: &setup::Tokens) -> Result<()> {
    let ask = |caller: &Caller| asked(caller, caller, tokens, "/uai/2.0/updates", &question("R0"));
    installation.run(&["update", "deactivate", "UPD-R0"])?;
    in_force(callers, |caller| Ok(ask(caller)?.json()?["updateItems"] == json!([])))?;
    installation.run(&["key", "revoke", "1"])?;
    in_force(callers, |caller| Ok(ask(caller)?.status == 401))
}

/// Asks all nodes until all agree; a second is what a change may take.
fn in_force(callers: &[Caller; 2], holds: impl Fn(&Caller) -> Result<bool>) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the time that a change takes is what is promised here")]
    let began = Instant::now();
    for caller in callers {
        while !holds(caller)? {
            ensure!(began.elapsed() < Duration::from_secs(1), "a change is not in force after a second");
        }
    }
    Ok(())
}

fn question(platform: &str) -> Value {
    json!({ "updateFromPkgId": "pump-1", "platform": platform, "language": 1033 })
}

/// POSTs a question to one node and polls the answer at another.
fn asked(post: &Caller, poll: &Caller, tokens: &setup::Tokens, path: &str, question: &Value) -> Result<Answer> {
    let accepted = post.post(path, &tokens.device, question)?;
    ensure!(accepted.status == 202, "{accepted:?}");
    let url = accepted.json()?["url"].as_str().context("no URL")?.to_owned();
    poll.get(&url)
}
