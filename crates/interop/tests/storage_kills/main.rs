//! Commands that are killed at random instants while they store, copy, move and delete, on a local directory and in a bucket:
//! what was acknowledged is there, every file is whole, and folders have moved or disappeared as one, or not at all.
//!
//! In `server`, it is a server that is killed, while clients do the same over HTTP.
//!
//! `cargo xtask test` kills commands 20 times on each and servers 20 times in all, `cargo xtask soak` 200 times
//! (`COUNTERSIGN_KILLS`).
#![expect(clippy::print_stdout, reason = "a long run shows how far it is")]

mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use countersign_interop::{Installation, Random, S3Server};
use serde_json::Value;

/// Kills when the environment names no other number.
const KILLS: u32 = 20;
/// Files of the tree that moves.
const TREE: u32 = 12;
/// Bytes of a file that is being stored: written in several steps.
const LARGE: usize = 3 * 1024 * 1024;
/// The longest time until the first kill, in milliseconds. It grows while all commands are killed and shrinks while none is, so
/// that it comes to be about as long as a command takes on this machine.
const LONGEST: u64 = 250;

#[test]
fn a_local_directory_stays_consistent() -> Result<()> {
    let installation = Installation::new(None)?;
    installation.run(&["site", "create", "acme"])?;
    installation.run(&["storage", "create", "main", "--no-versions"])?;
    kill_again_and_again(&installation)
}

#[test]
fn a_local_directory_outlives_servers() -> Result<()> {
    let installation = Installation::new(None)?;
    installation.run(&["site", "create", "acme"])?;
    installation.run(&["storage", "create", "main", "--no-versions"])?;
    server::kill_servers(&installation)
}

#[test]
fn a_bucket_stays_consistent() -> Result<()> {
    let server = S3Server::start()?;
    kill_again_and_again(&with_bucket(&server)?)
}

#[test]
fn a_bucket_outlives_servers() -> Result<()> {
    let server = S3Server::start()?;
    server::kill_servers(&with_bucket(&server)?)
}

/// An installation whose storage is a bucket.
fn with_bucket(server: &S3Server) -> Result<Installation> {
    let installation = Installation::new(None)?;
    let secret = server.secret_file()?;
    installation.run(&["site", "create", "acme"])?;
    installation.run(&[
        "storage",
        "create",
        "main",
        "--no-versions",
        "--s3-bucket",
        S3Server::BUCKET,
        "--endpoint",
        &server.endpoint(),
        "--access-key-id",
        S3Server::KEY_ID,
        "--secret-key-file",
        secret.to_str().context("the path is text")?,
    ])?;
    Ok(installation)
}

/// How often it is killed.
fn kills() -> Result<u32> {
    Ok(std::env::var("COUNTERSIGN_KILLS").map_or(Ok(KILLS), |text| text.parse())?)
}

fn kill_again_and_again(installation: &Installation) -> Result<()> {
    let kills = kills()?;
    let mut random = Random::of_this_run()?;
    let file = |name: &str, number: u32| -> Result<String> {
        let path = installation.path(name);
        std::fs::write(&path, content(number))?;
        Ok(path.to_str().context("the path is text")?.to_owned())
    };
    for number in 0..TREE {
        installation.run(&[
            "storage",
            "put",
            &file("tree.bin", number)?,
            &format!("main:a/{}/{number}", number % 3),
        ])?;
    }
    let mut acknowledged = BTreeSet::new();
    let mut killed = 0;
    let mut longest = LONGEST;
    for round in 1..=kills {
        let name = format!("main:in/{round}");
        let (here, there) = if tree_is_at(installation, "a")? { ("main:a", "main:b") } else { ("main:b", "main:a") };
        let copy = format!("main:copy-{round}");
        let stale = format!("main:copy-{}", round.saturating_sub(1));
        let source = file("in.bin", round)?;
        let mut commands = Vec::new();
        for arguments in [
            &["storage", "put", &source, &name][..],
            &["storage", "mv", here, there],
            &["storage", "cp", there, &copy],
            &["storage", "rm", "--recursive", &stale],
        ] {
            commands.push(installation.spawn(arguments)?);
        }
        // Nobody sends anything: this is the time until the kill.
        let (_sender, nothing) = mpsc::channel::<()>();
        let _ = nothing.recv_timeout(Duration::from_millis(random.below(longest)));
        let (before, count) = (killed, commands.len());
        for (index, mut command) in commands.into_iter().enumerate() {
            // An error means that it has ended already.
            let _ = command.kill();
            let status = command.wait()?;
            if status.code().is_none() {
                killed += 1;
            }
            if index == 0 && status.success() {
                acknowledged.insert(round);
            }
        }
        longest = match killed - before {
            0 => longest * 2 / 3 + 1,
            all if all as usize == count => longest * 3 / 2,
            _ => longest,
        };
        check(installation, &acknowledged).with_context(|| format!("after kill {round} of {kills}"))?;
        if round % 20 == 0 {
            println!("kills: {round} of {kills}; {} acknowledged, {killed} commands killed", acknowledged.len());
        }
    }
    ensure!(killed >= kills / 2, "only {killed} commands were killed");
    ensure!(acknowledged.len() >= kills as usize / 10, "only {} uploads were acknowledged", acknowledged.len());
    installation.run(&["scrub", "--collect"])?;
    let listed = walk(installation, "")?;
    let sum: u64 = listed.values().map(|(size, _)| size).sum();
    let used = installation.json(&["storage", "usage", "main"])?["used"].as_u64().context("no number")?;
    ensure!(used == sum, "{used} bytes are said to be in use, and there are {sum}");
    Ok(())
}

/// Everything is whole, and everything acknowledged is there.
fn check(installation: &Installation, acknowledged: &BTreeSet<u32>) -> Result<()> {
    let found = walk(installation, "")?;
    let (a, b) = (tree_is_at(installation, "a")?, tree_is_at(installation, "b")?);
    ensure!(a != b, "the tree is at both places, or at none: {a} {b}");
    for round in acknowledged {
        ensure!(found.contains_key(&format!("in/{round}")), "file {round} was acknowledged and is not there");
    }
    let scrubbed = installation.json(&["scrub"])?;
    ensure!(scrubbed["storages"]["damaged"].as_array().is_some_and(Vec::is_empty), "damaged: {scrubbed}");
    for (path, (size, sha256)) in &found {
        let number: u32 = path.rsplit('/').next().unwrap_or_default().parse()?;
        let expected = content(number);
        ensure!(*size == expected.len() as u64 && *sha256 == digest(&expected), "{path} is not what was stored");
    }
    Ok(())
}

/// Whether a folder holds the whole tree; part of it is an error.
fn tree_is_at(installation: &Installation, folder: &str) -> Result<bool> {
    if !list(installation, "")?.iter().any(|entry| entry["name"] == folder) {
        return Ok(false);
    }
    let count = walk(installation, folder)?.len();
    ensure!(count == TREE as usize, "{count} files of the tree are at {folder}");
    Ok(true)
}

/// All files below a folder: path, size and digest.
fn walk(installation: &Installation, folder: &str) -> Result<BTreeMap<String, (u64, String)>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in list(installation, &folder)? {
            let name = entry["name"].as_str().context("no name")?;
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            if entry["folder"] == true {
                folders.push(path);
            } else {
                let size = entry["size"].as_u64().context("no size")?;
                files.insert(path, (size, entry["sha256"].as_str().unwrap_or_default().to_owned()));
            }
        }
    }
    Ok(files)
}

fn list(installation: &Installation, folder: &str) -> Result<Vec<Value>> {
    let listed = installation.json(&["storage", "ls", &format!("main:{folder}")])?;
    listed.as_array().cloned().context("no list")
}

/// Files of the tree are small; those that are stored under kills are large.
fn content(number: u32) -> Vec<u8> {
    let length = if number < TREE { 1000 } else { LARGE };
    number.to_be_bytes().repeat(length / 4)
}

fn digest(bytes: &[u8]) -> String {
    countersign_crypto::encoding::hex_encode(&countersign_crypto::sha256(bytes))
}
