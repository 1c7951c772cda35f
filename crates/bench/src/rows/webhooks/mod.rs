//! Events that were committed, told to a receiver on the core of the load.

pub(super) mod backlog;
mod commits;
pub(super) mod latency;

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};

use super::compare::{business, rates};
use crate::bench::{Bench, Log, SMALL};
use crate::installation::Installation;
use crate::load::{Round, Sink, arrivals};
use crate::postgres::{self, Cluster};
use crate::process::Running;
use crate::report::{Bound, Figure, Outcome};

/// Events of one round.
const EVENTS: u32 = 50_000;
/// The part of the floor that deliveries are to reach.
const OF_FLOOR: Bound = Bound::AtLeast(0.30);
/// What Svix's server delivers on one core that it shares with its database (`docs/performance.md`).
const PEER: f64 = 696.0;
/// How many times as fast as that it is to be.
const OF_PEER: Bound = Bound::AtLeast(15.0);
/// The same on PostgreSQL.
const OF_PEER_ON_POSTGRES: Bound = Bound::AtLeast(5.0);

/// An installation with a receiver.
struct Told {
    installation: Installation,
    variables: Vec<(&'static str, String)>,
    secret: String,
}

impl Told {
    /// Adds a receiver at an address to an installation with ten thousand devices.
    async fn new(bench: &Bench, installation: Installation, address: SocketAddr) -> Result<Self> {
        installation.grow(SMALL).await?;
        let mut variables = installation.variables();
        variables.push(("COUNTERSIGN_WEBHOOK_ALLOW", format!("*={address}")));
        let words = ["webhook", "add", RECEIVER, &format!("http://{address}/"), "--concurrency", "64"];
        let added = bench.command(&installation, &variables, &words)?;
        let secret = added["secret"].as_str().context("the receiver has no secret")?.to_owned();
        Ok(Self { installation, variables, secret })
    }

    fn serve(&self, bench: &Bench) -> Result<Running> {
        bench.serve_with(&self.installation, Log::Usual, &self.variables)
    }

    /// Writes events while the server is down, starts it, and waits until all of them have arrived.
    async fn deliver(&self, bench: &Bench, sink: &Sink) -> Result<Round> {
        self.installation.add_events(EVENTS).await?;
        let server = self.serve(bench)?;
        let round = arrivals(sink, &server, EVENTS.into()).await?;
        server.stop()?;
        sink.check(EVENTS.into())?;
        Ok(round)
    }
}

/// On the embedded store, beside the floor.
pub(super) async fn delivery(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let sink = Sink::listen((Ipv4Addr::LOCALHOST, 0).into()).await?;
    let told = Told::new(bench, bench.new_installation(name).await?, sink.address).await?;
    sink.verify_with(&told.secret)?;
    let rounds = bench.every_round(async |number| {
        let ours = told.deliver(bench, &sink).await?;
        let floor = start_floor(bench, number, &sink)?;
        Ok((ours, arrivals(&sink, &floor, EVENTS.into()).await?))
    });
    let (ours, floor): (Vec<Round>, Vec<Round>) = rounds.await?.into_iter().unzip();
    let (rate, limit) = (rates(&ours)?, rates(&floor)?);
    let figure = Figure::against(name, "webhooks/s", rate, ("of the outbox floor", limit), OF_FLOOR);
    let figure = figure.and("× Svix's server", rate.median / PEER, OF_PEER);
    let bytes = format!("each webhook has {} bytes", sink.length());
    Ok(vec![figure.note(business(&ours, &floor)).note(bytes)])
}

/// On PostgreSQL, which has the same core.
pub(super) async fn on_postgres(bench: &Bench, name: &str) -> Result<Outcome> {
    let Some(programs) = postgres::find() else {
        return Ok(Outcome::Skipped(format!("PostgreSQL is not installed: {}", postgres::INSTALL)));
    };
    let cluster = Cluster::start(programs, bench.place(), bench.placement)?;
    let sink = Sink::listen((Ipv4Addr::LOCALHOST, 0).into()).await?;
    let installation = bench.new_installation_on(&cluster.connection(), name).await?;
    let told = Told::new(bench, installation, sink.address).await?;
    sink.verify_with(&told.secret)?;
    let rounds = bench.every_round(async |_| told.deliver(bench, &sink).await).await?;
    let rate = rates(&rounds)?;
    let times = rate.median / PEER;
    let figure = Figure::alone(name, "webhooks/s", rate, "webhooks/s", Bound::AtLeast(PEER));
    let figure = figure.and("× Svix's server", times, OF_PEER_ON_POSTGRES);
    let note = "the database has the same core, and is part of what was used besides";
    Ok(Outcome::Measured(vec![figure.note(business(&rounds, &[])).note(note)]))
}

/// Starts the floor with as many rows, as long as what has arrived last.
fn start_floor(bench: &Bench, number: usize, sink: &Sink) -> Result<Running> {
    let path = bench.path(&format!("outbox-{number}.db"));
    let path = path.to_str().context("the directory has a name that is no text")?;
    let (rows, bytes, to) = (EVENTS.to_string(), sink.length().to_string(), sink.address.to_string());
    bench.limit(&["outbox", "--database", path, "--rows", &rows, "--bytes", &bytes, "--to", &to])
}

/// The name of the receiver.
const RECEIVER: &str = "sink";
