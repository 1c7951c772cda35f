//! One round: the load runs for a while, and what it got done in the middle of it counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;

use super::{Connection, Load, Sink};
use crate::process::Running;
use crate::stopwatch::{Stopwatch, pause};
use crate::usage;

/// What one round gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Round {
    /// How often the plan was done, a second.
    pub(crate) rate: f64,
    /// How much of a core the measured program used; 1 is all of it. `None` where the system does not tell.
    pub(crate) server_busy: Option<f64>,
    /// How much of a core this program used.
    pub(crate) client_busy: Option<f64>,
    /// How many cores everything else used: other programs, and what the system did for nobody in particular.
    pub(crate) others_busy: Option<f64>,
}

impl Round {
    /// The rate that a program which waits for nothing but its core would reach if the load used all of that core.
    pub(crate) fn rate_of_full_core(&self) -> f64 {
        self.rate / self.server_busy.filter(|busy| *busy > 0.0).map_or(1.0, |busy| busy.min(1.0))
    }
}

/// Runs a load for `warm_up`, and then for `length`, which is what counts.
///
/// # Errors
/// When a connection breaks or an answer is not the expected one.
pub(crate) async fn round(load: &Arc<Load>, server: &Running, warm_up: Duration, length: Duration) -> Result<Round> {
    let progress = Arc::new(Progress::default());
    let mut connections = JoinSet::new();
    for _ in 0..load.connections {
        connections.spawn(ask_again_and_again(load.clone(), progress.clone()));
    }
    connections.spawn(never_sleep(progress.clone()));
    pause(warm_up).await;
    let done = || progress.done.load(Ordering::Relaxed);
    let before = Reading::take(server, done());
    pause(length).await;
    let after = Reading::take(server, done());
    progress.over.store(true, Ordering::Relaxed);
    let ended = async {
        while let Some(ended) = connections.join_next().await {
            ended.context("a connection panicked")??;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(LAST_ANSWER, ended).await.context("a request was not answered")??;
    Ok(after.since(&before))
}

/// Waits until so many webhooks of a program have arrived, from the first to the last. This program never sleeps meanwhile.
///
/// # Errors
/// When they do not arrive.
pub(crate) async fn arrivals(sink: &Sink, program: &Running, count: u64) -> Result<Round> {
    let none = sink.count();
    let wait = async |until: u64| {
        let (mut last, mut since) = (sink.count(), Stopwatch::start());
        while last < until {
            tokio::task::yield_now().await;
            if sink.count() > last {
                (last, since) = (sink.count(), Stopwatch::start());
            }
            ensure!(since.elapsed() < LAST_ANSWER, "{} of {count} webhooks have arrived", last.saturating_sub(none));
        }
        Ok(())
    };
    wait(none + 1).await?;
    let before = Reading::take(program, sink.count());
    wait(none + count).await?;
    Ok(Reading::take(program, sink.count()).since(&before))
}

async fn ask_again_and_again(load: Arc<Load>, progress: Arc<Progress>) -> Result<()> {
    let mut connection = Connection::open(load.address, load.buffer).await?;
    let (mut request, mut url) = (Vec::new(), Vec::new());
    while !progress.over.load(Ordering::Relaxed) {
        load.exchange(&mut connection, &mut request, &mut url).await?;
        progress.done.fetch_add(1, Ordering::Relaxed);
    }
    load.check_kept(&mut connection, &url).await
}

/// Keeps this program from sleeping when no answer has come. Waking a sleeper on another core would cost the measured
/// program a good part of each answer, and most of all a program that is slow enough to let it sleep. Clients on other
/// machines cost it nothing of the kind.
async fn never_sleep(progress: Arc<Progress>) -> Result<()> {
    while !progress.over.load(Ordering::Relaxed) {
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// What the connections and the round tell each other.
#[derive(Default)]
struct Progress {
    over: AtomicBool,
    done: AtomicU64,
}

/// The state of all counters at one moment.
struct Reading {
    time: Stopwatch,
    done: u64,
    server: Option<f64>,
    client: Option<f64>,
    machine: Option<f64>,
}

impl Reading {
    fn take(server: &Running, done: u64) -> Self {
        Self {
            time: Stopwatch::start(),
            done,
            server: server.processor_seconds(),
            client: usage::processor_seconds(std::process::id()),
            machine: usage::machine_seconds(),
        }
    }

    fn since(&self, earlier: &Self) -> Round {
        let seconds = earlier.time.seconds() - self.time.seconds();
        let part = |now: Option<f64>, before: Option<f64>| Some((now? - before?) / seconds);
        let (server_busy, client_busy) = (part(self.server, earlier.server), part(self.client, earlier.client));
        let others = || Some((part(self.machine, earlier.machine)? - server_busy? - client_busy?).max(0.0));
        let rate = self.done.saturating_sub(earlier.done) as f64 / seconds;
        Round { rate, server_busy, client_busy, others_busy: others() }
    }
}

/// How long the last answers may take; far longer than any answer.
const LAST_ANSWER: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_busy_core_could_do_twice_as_much() {
        let round = |server_busy| Round { rate: 10.0, server_busy, client_busy: None, others_busy: None };
        assert_eq!(round(Some(0.5)).rate_of_full_core(), 20.0);
        assert_eq!(round(Some(1.01)).rate_of_full_core(), 10.0);
        assert_eq!(round(Some(0.0)).rate_of_full_core(), 10.0);
        assert_eq!(round(None).rate_of_full_core(), 10.0);
    }
}
