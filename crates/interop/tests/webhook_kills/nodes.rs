//! One of two nodes is killed while both send: the other one sends what the first had taken up, as soon as its time is over.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use countersign_interop::{Caller, Installation};
use countersign_store_postgres::{PrivateDatabase, test_cluster};
use serde_json::json;

use crate::receiver::Receiver;
use crate::setup;

/// Registrations before the kill, and as many after it.
const REGISTRATIONS: usize = 100;
/// Threads of devices at each node.
const THREADS: usize = 2;
/// Deliveries that one node has under way at a time.
const AT_A_TIME: usize = 4;
/// For how long a delivery is taken up when an attempt may take five seconds: 2 more to end it, and 3 to write it down.
const LEASE: Duration = Duration::from_secs(10);
/// How much longer it may take until all has arrived. The receiver takes its time as well, and the machine may be busy.
const SLACK: Duration = Duration::from_secs(24);

#[tokio::test]
async fn what_a_killed_node_has_taken_up_another_one_sends() -> Result<()> {
    let database = PrivateDatabase::create(&test_cluster()).await?;
    let first = Installation::new(Some(database.connection()))?;
    tokio::task::spawn_blocking(move || {
        let tokens = setup::prepare(&first, 1)?;
        let second = first.second_node()?;
        let killed = kill_one(&first, &second, &tokens.device);
        killed.with_context(|| format!("the servers have logged:\n{}{}", first.log(), second.log()))
    })
    .await?
}

fn kill_one(first: &Installation, second: &Installation, token: &str) -> Result<()> {
    let receiver = Receiver::start()?;
    let address = receiver.address();
    for node in [first, second] {
        std::fs::write(node.path("countersign.toml"), format!("webhook_allow = [\"acme={address}\"]\n"))?;
    }
    let words = ["webhook", "add", "receiver", &format!("http://{address}/"), "--family", "device", "--timeout", "5"];
    let added = first.json(&[&words[..], &["--concurrency", &AT_A_TIME.to_string()]].concat())?;
    receiver.verify_with(added["secret"].as_str().context("the endpoint has no secret")?)?;
    let serve = |node: &Installation| node.serve(&["--default-site", "acme", "-q"]);
    let (one, two) = (serve(first)?, serve(second)?);

    let (sender, acknowledged) = mpsc::channel();
    static OVER: AtomicBool = AtomicBool::new(false);
    let mut streams = Vec::new();
    for (node, url) in [one.base_url(), two.base_url()].into_iter().enumerate() {
        for thread in 0..THREADS {
            streams.push(register(url, token, format!("{node}-{thread}"), sender.clone(), &OVER)?);
        }
    }
    drop(sender);
    let mut devices: BTreeSet<String> = acknowledged.iter().take(REGISTRATIONS).collect();
    // More than one node alone can have under way: both do.
    receiver.hold(AT_A_TIME + 1)?;
    one.kill()?;
    #[expect(clippy::disallowed_methods, reason = "the time until another node takes over is what is promised here")]
    let killed = Instant::now();
    receiver.release();
    devices.extend(acknowledged.iter().take(REGISTRATIONS));
    OVER.store(true, Ordering::Relaxed);
    devices.extend(acknowledged.iter());
    for stream in streams {
        stream.join().map_err(|_| anyhow!("a stream panicked"))??;
    }
    // What the killed node had under way arrives twice: nobody has noted that it had arrived.
    let told = receiver.told(|told| devices.is_subset(&told.devices) && told.arrivals > told.events)?;
    let took = killed.elapsed();
    let lost: Vec<_> = devices.difference(&told.devices).collect();
    ensure!(lost.is_empty(), "nobody was told of {lost:?}");
    ensure!(told.arrivals > told.events, "nobody has taken over what the killed node had under way");
    ensure!(took < LEASE + SLACK, "it took {took:?}");
    Ok(())
}

/// Registers devices one after the other until it is over, or the server is gone.
fn register(
    url: &str,
    token: &str,
    name: String,
    acknowledged: Sender<String>,
    over: &'static AtomicBool,
) -> Result<JoinHandle<Result<()>>> {
    let (caller, token) = (Caller::new(url), token.to_owned());
    let stream = move || {
        for number in 0.. {
            if over.load(Ordering::Relaxed) {
                break;
            }
            let id = format!("{name}-{number}");
            let body = json!({ "id": id, "idType": "STRING", "publisherName": "acme", "activationId": "" });
            match caller.post("/uai/2.0/devices/registrations", &token, &body) {
                Ok(answer) => ensure!(answer.status == 202, "registering: {answer:?}"),
                // The server is gone; an answer that is wrong is another matter.
                Err(error) if error.downcast_ref::<ureq::Error>().is_some() => break,
                Err(error) => return Err(error),
            }
            acknowledged.send(id)?;
        }
        Ok(())
    };
    Ok(thread::Builder::new().name("devices".to_owned()).spawn(stream)?)
}
