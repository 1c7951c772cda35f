//! What operators and producers change while devices ask without a pause: after a second no node gives an old answer, and no
//! request fails.

mod load;
#[path = "../kills/setup.rs"]
mod setup;
mod truth;

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use countersign_interop::{Caller, Installation};
use countersign_store_postgres::{PrivateDatabase, test_cluster};
use serde_json::json;

use self::load::{DEVICES, LICENSED, Load};
use self::truth::Fact;

/// How long a new signing key waits until every node knows it.
const LEAD: Duration = Duration::from_secs(2);
/// Answers that prove something.
const MANY: usize = 1000;

#[test]
fn a_server_beside_commands_gives_no_old_answer_under_load() -> Result<()> {
    let installation = Installation::new(None)?;
    change_everything(&installation, None)
}

#[tokio::test]
async fn two_nodes_on_one_database_give_no_old_answer_under_load() -> Result<()> {
    let database = PrivateDatabase::create(&test_cluster()).await?;
    let first = Installation::new(Some(database.connection()))?;
    tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(first.data().join("files"))?;
        let second = first.second_node()?;
        change_everything(&first, Some(&second))
    })
    .await?
}

fn change_everything(installation: &Installation, second: Option<&Installation>) -> Result<()> {
    let mut tokens = setup::prepare(installation, 3)?;
    let (key_file, other) = another_key(installation)?;
    let licensed = ["--from", "pump-1", "--to", "LICENSED=pump-2", "--entitlement-check", "line-item"];
    installation.run(&[&["update", "create", "--id", "UPD-LICENSED"][..], &licensed].concat())?;
    installation.run(&["key", "signing"])?;

    let nodes: Vec<&Installation> = [installation].into_iter().chain(second).collect();
    let serve = |node: &&Installation| {
        // All devices of this test come from one address.
        std::fs::write(node.path("countersign.toml"), "max_refused_tokens = 1000000\n")?;
        node.serve(&["--default-site", "acme", "--metrics-listen", "none", "-q"])
    };
    let servers = nodes.iter().map(serve).collect::<Result<Vec<_>>>()?;
    let count = servers.len();
    let load = Load {
        nodes: servers.iter().map(|server| Caller::new(server.base_url())).collect(),
        tokens: [
            (std::mem::take(&mut tokens.device), Fact::new("the first key of the producer", true, count)),
            (other, Fact::new("the second key of the producer", false, count)),
        ],
        producer: tokens.producer,
        open: Fact::new("the open update", true, count),
        licensed: Fact::new("the update with a license", true, count),
        first_key: Fact::new("the first signing key", true, count),
        keys: RwLock::default(),
        over: AtomicBool::new(false),
        answers: AtomicUsize::new(0),
    };
    let one = load.nodes.first().context("there is a node")?;
    load.learn_keys(one)?;
    register(one, &load.tokens[0].0)?;

    std::thread::scope(|scope| {
        let devices: Vec<_> = (0..DEVICES)
            .map(|device| {
                scope.spawn({
                    let load = &load;
                    move || load.ask_again_and_again(device)
                })
            })
            .collect();
        let changed = changes(installation, &load, &key_file);
        load.over.store(true, Ordering::SeqCst);
        let asked: Result<Vec<()>> =
            devices.into_iter().map(|device| device.join().map_err(|_| anyhow!("a device panicked"))?).collect();
        // A wrong answer says more than a change that waited for right ones.
        asked.and(changed)
    })
    .with_context(|| format!("the servers have logged:\n{}", installation.log()))?;
    let answers = load.answers.load(Ordering::SeqCst);
    ensure!(answers >= MANY, "{answers} answers prove nothing");
    Ok(())
}

/// Everything that is changed, one after the other.
fn changes(installation: &Installation, load: &Load, key_file: &str) -> Result<()> {
    let step = |fact: &Fact, to: bool, lead: Duration, words: &[&str]| {
        let changed = fact.change(to, lead, || installation.run(words).map(drop));
        changed.with_context(|| words.join(" "))
    };
    let [(_, first), (_, second)] = &load.tokens;
    let (now, pump) = (Duration::ZERO, [LICENSED, "--publisher", "acme"]);
    let license = |verb| [&["license", verb, "ACT-FEW"][..], &pump].concat();
    let set = |words: &[&'static str]| [&["license", "set", "ACT-FEW"][..], words].concat();
    step(second, true, now, &["key", "upload", key_file])?;
    step(&load.first_key, false, LEAD, &["key", "rotate-signing"])?;
    step(&load.open, false, now, &["update", "deactivate", "UPD-1"])?;
    step(&load.open, true, now, &["update", "activate", "UPD-1"])?;
    step(&load.licensed, false, now, &license("release"))?;
    step(&load.licensed, true, now, &license("activate"))?;
    step(&load.licensed, false, now, &set(&["--status", "disabled"]))?;
    step(&load.licensed, true, now, &set(&["--status", "enabled"]))?;
    step(&load.licensed, false, now, &set(&["--end", "2020-12-31"]))?;
    step(first, false, now, &["key", "revoke", "1"])
}

/// A second key of the producer that is not uploaded yet: the file of its public half, and a token made with it.
fn another_key(installation: &Installation) -> Result<(String, String)> {
    let text =
        |name: &str| Ok::<_, anyhow::Error>(installation.path(name).to_str().context("a path is text")?.to_owned());
    let (private, public) = (text("second-key.pem")?, text("second-key.txt")?);
    std::fs::write(&public, installation.run(&["device", "keygen", "--out", &private])?)?;
    let token = installation.run(&["device", "token", "--key", &private])?.trim().to_owned();
    Ok((public, token))
}

fn register(caller: &Caller, token: &str) -> Result<()> {
    let device = json!({ "id": LICENSED, "idType": "STRING", "publisherName": "acme", "activationId": "ACT-FEW" });
    let accepted = caller.post("/uai/2.0/devices/registrations", token, &device)?;
    let url = accepted.json()?["url"].as_str().context("no URL")?.to_owned();
    let outcome = caller.get(&url)?.json()?;
    ensure!(outcome["key"] == "", "the device is not registered: {outcome}");
    Ok(())
}
