//! Clients that take, renew, borrow and give back seats, as fast as they can until the server is gone.

use std::collections::BTreeSet;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, anyhow};
use countersign_domain::time::Timestamp;
use countersign_interop::{Answer, Random};

use super::calls::{self, Call, Pool, SHARED, Wish, now};
use crate::application::Application;
use crate::streams::unless_gone;

/// Threads that send: half of them share the seats of the license, half those of the feature.
const THREADS: usize = 6;
/// Clients of each thread, which speak one at a time.
const CLIENTS: usize = 4;
/// Clients that only count how many seats are free: one more than there can be.
pub(super) const PROBES: usize = 6;
/// Most seconds for which a seat is borrowed: some ends lie before that of a seat that is used, some behind it.
const BORROWED: u64 = 600;

/// An answer, with the call and when it was there.
pub(super) type Answered = (Call, Answer, Timestamp);

/// The threads that send. Each ends with the call that got no answer.
pub(super) struct Clients(Vec<JoinHandle<Result<Option<Call>>>>);

/// Makes the license active for all clients; none has a seat.
pub(super) fn activate(application: &Application) -> Result<()> {
    let clients = (0..THREADS).flat_map(|thread| (0..CLIENTS).map(move |client| name(thread, client)));
    for client in clients.chain((0..PROBES).map(probe)) {
        calls::activate(application, SHARED, &client)?;
    }
    Ok(())
}

/// A client that only counts how many seats are free.
pub(super) fn probe(number: usize) -> String {
    format!("probe-{number}")
}

fn name(thread: usize, client: usize) -> String {
    format!("client-{thread}-{client}")
}

impl Clients {
    /// Starts them, with numbers that follow from a seed.
    pub(super) fn start(application: &Application, seed: u64, answered: &Sender<Answered>) -> Result<Self> {
        let start = |thread: usize| {
            let (application, answered) = (application.clone(), answered.clone());
            let random = Random::new(seed.wrapping_add(thread as u64));
            let run = move || run(thread, random, &application, &answered);
            std::thread::Builder::new().name(format!("clients {thread}")).spawn(run)
        };
        Ok(Self((0..THREADS).map(start).collect::<Result<_, _>>()?))
    }

    /// Waits for all threads, which end when the server is gone. Gives the calls that got no answer.
    pub(super) fn join(self) -> Result<Vec<Call>> {
        let mut unanswered = Vec::new();
        for thread in self.0 {
            unanswered.extend(thread.join().map_err(|_| anyhow!("a client panicked"))??);
        }
        Ok(unanswered)
    }
}

fn run(
    thread: usize,
    mut random: Random,
    application: &Application,
    answered: &Sender<Answered>,
) -> Result<Option<Call>> {
    let pool = Pool::ALL[thread % Pool::ALL.len()];
    // Who may hold a seat, as far as this thread knows.
    let mut holders = BTreeSet::new();
    loop {
        let client = name(thread, usize::try_from(random.below(CLIENTS as u64))?);
        let wish = match random.below(10) {
            0..4 if holders.contains(&client) => Wish::Release,
            4..6 => Wish::Borrow(now().plus(Duration::from_secs(1 + random.below(BORROWED)))),
            _ => Wish::Check,
        };
        let call = Call::new(&client, pool, wish);
        let Some(answer) = unless_gone(call.send(application))? else { return Ok(Some(call)) };
        match wish {
            Wish::Check | Wish::Borrow(_) if answer.status == 200 => drop(holders.insert(client)),
            Wish::Check | Wish::Borrow(_) | Wish::Release => drop(holders.remove(&client)),
        }
        answered.send((call, answer, now()))?;
    }
}
