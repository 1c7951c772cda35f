//! A server that is killed at random instants while clients upload, copy, move and delete over HTTP: when it is back, what it
//! had acknowledged is there and downloads equal, and everything else is whole or absent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use countersign_interop::{Answer, Application, Caller, Installation, Random, Serving};
use serde_json::Value;
use ureq::http::Method;

use super::{TREE, content, kills};

/// The longest time from the first requests until the kill, in milliseconds. It grows while nothing comes to be stored.
const LONGEST: u64 = 400;
/// Copies that are made in each round, again and again.
const COPIES: u32 = 4;
/// Bytes of most files; one in four is large.
const SMALL: usize = 40_000;
/// Kills between two reads of everything that is stored.
const BETWEEN_SCRUBS: u32 = 5;
const DOOR: &str = "/v4.0/words/storage";

/// A server, and who asks it.
struct Door {
    server: Serving,
    caller: Caller,
    token: String,
}

/// What a client was told before the server was gone.
#[derive(Default)]
struct Told {
    /// Files whose upload was acknowledged.
    stored: BTreeSet<String>,
    /// Folders of which a copy was acknowledged.
    copied: BTreeSet<String>,
    /// Folders whose deletion was acknowledged.
    deleted: BTreeSet<String>,
    /// Where the tree was moved last, if the server acknowledged that and nothing was asked after it.
    moved: Option<&'static str>,
    /// Requests that the kill left without an answer.
    cut_off: usize,
}

/// Kills a server of an installation whose storage is called `main`, and looks at what is left.
pub(crate) fn kill_servers(installation: &Installation) -> Result<()> {
    // Half of them on each back end.
    let kills = kills()?.div_ceil(2);
    let mut random = Random::of_this_run()?;
    let application = Application::create(installation, "main")?;
    let mut door = open(installation, &application)?;
    for number in 0..TREE {
        for tree in ["a", "fixed"] {
            done(&door.put(&format!("{tree}/{}/{number}", number % 3), number)?)?;
        }
    }
    let (mut stored, mut cut_off, mut longest) = (0, 0, LONGEST);
    for round in 1..=kills {
        let told = run_until_killed(door, round, Duration::from_millis(random.below(longest)))?;
        door = open(installation, &application)?;
        door.check(&told, round).with_context(|| format!("after kill {round} of {kills}\n{}", installation.log()))?;
        if told.stored.is_empty() {
            longest = longest * 5 / 4;
        }
        stored += told.stored.len();
        cut_off += told.cut_off;
        if round % BETWEEN_SCRUBS == 0 || round == kills {
            scrub(installation)?;
        }
        if round % 20 == 0 {
            println!("server kills: {round} of {kills}; {stored} files acknowledged, {cut_off} requests cut off");
        }
    }
    ensure!(cut_off >= kills as usize, "only {cut_off} requests were cut off");
    ensure!(stored >= kills as usize / 4, "only {stored} uploads were acknowledged");
    installation.run(&["scrub", "--collect"])?;
    let sum: u64 = door.walk("")?.values().sum();
    let used = installation.json(&["storage", "usage", "main"])?["used"].as_u64().context("no number")?;
    ensure!(used == sum, "{used} bytes are said to be in use, and there are {sum}");
    Ok(())
}

fn open(installation: &Installation, application: &Application) -> Result<Door> {
    let server = installation.serve(&["--default-site", "acme", "--metrics-listen", "none"])?;
    let token = application.token(&server)?;
    Ok(Door { caller: Caller::new(server.base_url()), token, server })
}

fn scrub(installation: &Installation) -> Result<()> {
    let scrubbed = installation.json(&["scrub"])?;
    ensure!(scrubbed["storages"]["damaged"].as_array().is_some_and(Vec::is_empty), "damaged: {scrubbed}");
    Ok(())
}

/// Four clients ask without a pause until the server is gone.
fn run_until_killed(door: Door, round: u32, life: Duration) -> Result<Told> {
    let here = if door.list("a")?.is_some() { "a" } else { "b" };
    let Door { server, caller, token } = door;
    let client = |name: &str, work: fn(&Client, &mut Told) -> Result<()>| {
        let client = Client { caller: caller.clone(), token: token.clone(), round, here };
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            let mut told = Told::default();
            work(&client, &mut told).map(|()| told)
        })
    };
    let clients = [
        client("store", Client::store)?,
        client("shift", Client::shift)?,
        client("copy", Client::copy)?,
        client("clear", Client::clear)?,
    ];
    // Nobody sends anything: this is the time until the kill.
    let (_sender, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(life);
    server.kill()?;
    let mut all = Told::default();
    for client in clients {
        let told = client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
        all.stored.extend(told.stored);
        all.copied.extend(told.copied);
        all.deleted.extend(told.deleted);
        all.moved = all.moved.or(told.moved);
        all.cut_off += told.cut_off;
    }
    Ok(all)
}

/// One that asks until nobody answers any more.
struct Client {
    caller: Caller,
    token: String,
    round: u32,
    here: &'static str,
}

impl Client {
    /// The status of an answer, or nothing when the server is gone. A server that is alive has no excuse.
    fn ask(&self, told: &mut Told, method: Method, path: &str, body: &[u8]) -> Result<Option<u16>> {
        let Ok(answer) = self.caller.send(method, &format!("{DOOR}/{path}"), &self.token, body) else {
            told.cut_off += 1;
            return Ok(None);
        };
        ensure!(matches!(answer.status, 200 | 404), "{path}: {} {}", answer.status, text(&answer));
        Ok(Some(answer.status))
    }

    fn store(&self, told: &mut Told) -> Result<()> {
        for number in TREE.. {
            let path = format!("in-{}/{number}", self.round);
            let Some(status) = self.ask(told, Method::PUT, &format!("file/{path}"), &bytes(number))? else { break };
            ensure!(status == 200, "{path}: {status}");
            told.stored.insert(path);
        }
        Ok(())
    }

    fn shift(&self, told: &mut Told) -> Result<()> {
        let (mut here, mut there) = (self.here, if self.here == "a" { "b" } else { "a" });
        loop {
            told.moved = None;
            let path = format!("folder/move/{here}?destPath={there}");
            let Some(status) = self.ask(told, Method::PUT, &path, b"")? else { return Ok(()) };
            ensure!(status == 200, "{path}: {status}");
            told.moved = Some(there);
            (here, there) = (there, here);
        }
    }

    fn copy(&self, told: &mut Told) -> Result<()> {
        for number in 0_u32.. {
            let to = format!("copy-{}-{}", self.round, number % COPIES);
            // Not the tree that moves: a folder is not copied at one moment.
            let path = format!("folder/copy/fixed?destPath={to}");
            let Some(status) = self.ask(told, Method::PUT, &path, b"")? else { break };
            ensure!(status == 200, "{path}: {status}");
            told.copied.insert(to);
        }
        Ok(())
    }

    /// Deletes what the round before has stored.
    fn clear(&self, told: &mut Told) -> Result<()> {
        let before = self.round.saturating_sub(1);
        let folders = (0..COPIES).map(|number| format!("copy-{before}-{number}"));
        for folder in std::iter::once(format!("in-{before}")).chain(folders) {
            let path = format!("folder/{folder}?recursive=true");
            if self.ask(told, Method::DELETE, &path, b"")?.is_none() {
                break;
            }
            told.deleted.insert(folder);
        }
        Ok(())
    }
}

impl Door {
    fn put(&self, path: &str, number: u32) -> Result<Answer> {
        self.caller.send(Method::PUT, &format!("{DOOR}/file/{path}"), &self.token, &bytes(number))
    }

    fn check(&self, told: &Told, round: u32) -> Result<()> {
        let trees = ["a", "b"].map(|folder| self.walk(folder).map(|files| files.len()));
        let [a, b] = trees;
        let (a, b) = (a?, b?);
        ensure!(a + b == TREE as usize && (a == 0 || b == 0), "the tree is not whole at one place: {a} {b}");
        if let Some(place) = told.moved {
            ensure!(if place == "a" { a > 0 } else { b > 0 }, "the tree was moved to {place} and is not there");
        }
        let found = self.walk("")?;
        for path in &told.stored {
            ensure!(found.contains_key(path), "{path} was acknowledged and is not there");
        }
        for folder in &told.copied {
            let count = self.walk(folder)?.len();
            ensure!(count == TREE as usize, "{folder} was acknowledged and has {count} files");
        }
        for folder in &told.deleted {
            ensure!(self.list(folder)?.is_none(), "{folder} was deleted and is there");
        }
        for (path, size) in &found {
            let expected = bytes(path.rsplit('/').next().unwrap_or_default().parse()?);
            let answer = self.caller.send(Method::GET, &format!("{DOOR}/file/{path}"), &self.token, b"")?;
            done(&answer).with_context(|| path.clone())?;
            ensure!(*size == expected.len() as u64 && answer.body == expected, "{path} is not what was stored");
        }
        // What nobody came to delete would be read again in every round.
        for name in self.list("")?.unwrap_or_default().into_keys() {
            if !matches!(&*name, "a" | "b" | "fixed") && !name.split('-').any(|part| part == round.to_string()) {
                let path = format!("{DOOR}/folder/{name}?recursive=true");
                done(&self.caller.send(Method::DELETE, &path, &self.token, b"")?)?;
            }
        }
        Ok(())
    }

    /// All files below a folder, with their sizes. None, if there is no such folder.
    fn walk(&self, folder: &str) -> Result<BTreeMap<String, u64>> {
        let (mut files, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
        while let Some(folder) = folders.pop() {
            for (name, size) in self.list(&folder)?.unwrap_or_default() {
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                match size {
                    Some(size) => drop(files.insert(path, size)),
                    None => folders.push(path),
                }
            }
        }
        Ok(files)
    }

    /// What is in a folder: names, and the sizes of files. Nothing, if there is no such folder.
    fn list(&self, folder: &str) -> Result<Option<BTreeMap<String, Option<u64>>>> {
        let answer = self.caller.send(Method::GET, &format!("{DOOR}/folder/{folder}"), &self.token, b"")?;
        if answer.status == 404 {
            return Ok(None);
        }
        done(&answer)?;
        let listed = answer.json()?;
        let entry = |entry: &Value| {
            let name = entry["Name"].as_str().context("no name")?.to_owned();
            let is_folder = entry["IsFolder"].as_bool().context("neither file nor folder")?;
            Ok((name, if is_folder { None } else { Some(entry["Size"].as_u64().context("no size")?) }))
        };
        listed["Value"].as_array().context("no list")?.iter().map(entry).collect::<Result<_>>().map(Some)
    }
}

/// The content of a file by its number.
fn bytes(number: u32) -> Vec<u8> {
    let mut bytes = content(number);
    if number % 4 != 3 {
        bytes.truncate(SMALL);
    }
    bytes
}

fn done(answer: &Answer) -> Result<()> {
    ensure!(answer.status == 200, "{} {}", answer.status, text(answer));
    Ok(())
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}
