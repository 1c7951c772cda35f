//! Seats whose holders are never heard of again: each is held through kills until its time is over, and free then.

use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use countersign_domain::time::Timestamp;
use countersign_interop::Installation;

use super::calls::{self, Call, Pool, SILENT, SILENT_SEATS, SLACK, TIMEOUT, Wish, now};
use super::ledger::list;
use crate::application::Application;

/// How long before the end of a seat others begin to ask for it.
const BEFORE: Duration = Duration::from_millis(250);
/// How long after it they would still ask.
const LATEST: Duration = Duration::from_secs(5);
/// For how much longer than the one before a seat is borrowed.
const APART: Duration = Duration::from_secs(2);

/// The seats of a license, all of which are held.
#[derive(Default)]
pub(super) struct Due {
    /// Who holds them, and between which times each ends.
    held: Vec<(String, Timestamp, Timestamp)>,
}

impl Due {
    /// Makes the license active for those who hold the seats, and for those who ask for them.
    pub(super) fn prepare(application: &Application) -> Result<Self> {
        for number in 0..SILENT_SEATS {
            calls::activate(application, SILENT, &holder(number))?;
            calls::activate(application, SILENT, &successor(number))?;
        }
        Ok(Self::default())
    }

    /// Takes all seats, unless they are taken: one is used, the others are borrowed.
    pub(super) fn take(&mut self, application: &Application) -> Result<()> {
        for number in self.held.len()..SILENT_SEATS {
            let until = now().plus(TIMEOUT).plus(SLACK).plus(APART * u32::try_from(number)?);
            let wish = if number == 0 { Wish::Check } else { Wish::Borrow(until) };
            let call = Call::new(&holder(number), Pool::License, wish);
            let answer = call.send_for(SILENT, application)?;
            ensure!(answer.status == 200, "{call:?}: {answer:?}");
            let (first, last) = (call.at.plus(TIMEOUT), now().plus(TIMEOUT).plus(SLACK));
            let (first, last) = if number == 0 { (first, last) } else { (until.max(first), until.max(last)) };
            self.held.push((holder(number), first, last));
        }
        Ok(())
    }

    /// Waits until each seat is due: before that it is given to nobody else, and then to the first who asks.
    pub(super) fn come(&self, installation: &Installation, application: &Application) -> Result<()> {
        let found = list(installation, SILENT)?;
        ensure!(found.len() == self.held.len(), "{found:?} is left of {:?}", self.held);
        let mut ends = Vec::new();
        for (holder, first, last) in &self.held {
            let seat = found.get(&(Pool::License, holder.clone())).with_context(|| format!("{holder} has no seat"))?;
            ensure!((first..=last).contains(&&seat.ends), "{holder}: {seat:?}, and not {first} to {last}");
            ends.push(seat.ends);
        }
        ends.sort_unstable();
        for (number, end) in ends.into_iter().enumerate() {
            wait_until(end.minus(BEFORE));
            let mut refused = 0;
            loop {
                let call = Call::new(&successor(number), Pool::License, Wish::Check);
                let answer = call.send_for(SILENT, application)?;
                let at = now();
                if answer.status == 200 {
                    ensure!(at >= end, "a seat that ends at {end} was given to another at {at}");
                    break;
                }
                ensure!(answer.json()?["code"] == "floating_not_available", "{answer:?}");
                ensure!(call.at < end, "a seat that ended at {end} was not free at {}", call.at);
                ensure!(at < end.plus(LATEST), "nothing is known about the time between {} and {at}", call.at);
                refused += 1;
            }
            ensure!(refused > 0, "it came too late to see that a seat was held until {end}");
        }
        Ok(())
    }
}

fn holder(number: usize) -> String {
    format!("silent-{number}")
}

fn successor(number: usize) -> String {
    format!("successor-{number}")
}

/// Waits for a time: the server has no other clock than this machine.
fn wait_until(time: Timestamp) {
    let (_never, nothing) = mpsc::channel::<()>();
    let left = time.as_millis().saturating_sub(now().as_millis());
    let _ = nothing.recv_timeout(Duration::from_millis(u64::try_from(left).unwrap_or(0)));
}
