//! Which seats were acknowledged, and whether they are there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, Result, ensure};
use countersign_domain::time::Timestamp;
use countersign_interop::{Answer, Installation};

use super::calls::{Call, FEATURE, Pool, SHARED, SLACK, TIMEOUT, Wish, now, time};
use super::clients::{Answered, PROBES, probe};
use crate::application::Application;

/// What the answers so far amount to.
#[derive(Default)]
pub(super) struct Ledger {
    held: BTreeMap<Place, Told>,
    outcomes: BTreeMap<Outcome, u32>,
}

/// A client and what it may have a seat of.
pub(super) type Place = (Pool, String);

/// What the holder of a seat was told.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// When it ends: between these two, because the server has looked at its clock between question and answer.
    ends: (Timestamp, Timestamp),
    borrowed: Option<Timestamp>,
}

/// A seat that is held according to the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) ends: Timestamp,
    pub(super) borrowed: Option<Timestamp>,
}

/// What can become of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Taken,
    Renewed,
    Borrowed,
    Released,
    /// All seats were taken.
    NoneFree,
    /// There was no answer.
    Uncertain,
}

impl Ledger {
    /// Enters what was answered before the kill, and compares it with what the next server has. Each call that got no answer
    /// has happened, or has not.
    pub(super) fn compare(
        &mut self,
        installation: &Installation,
        application: &Application,
        answered: Vec<Answered>,
        unanswered: &[Call],
    ) -> Result<()> {
        for (call, answer, at) in answered {
            self.enter(&call, &answer, at)?;
        }
        let (before, found, after) = (now(), list(installation, SHARED)?, now());
        let places: BTreeSet<_> = self.held.keys().chain(found.keys()).cloned().collect();
        for place in places {
            let told = self.held.get(&place).copied();
            let without_answer = unanswered.iter().find(|call| call.pool == place.0 && call.client == place.1);
            let possible = [Some(told), without_answer.map(|call| told_after(told, call, before))];
            let found = found.get(&place).copied();
            ensure!(
                possible.into_iter().flatten().any(|told| agrees(told, found, (before, after))),
                "{place:?} was told {told:?}, got no answer to {without_answer:?}, and {found:?} was found at {after}"
            );
        }
        unanswered.iter().for_each(|_| self.count(Outcome::Uncertain));
        let told = |found: Found| Told { ends: (found.ends, found.ends), borrowed: found.borrowed };
        self.held = found.into_iter().map(|(place, found)| (place, told(found))).collect();
        Pool::ALL.into_iter().try_for_each(|pool| self.count_free(application, pool))
    }

    /// Enters an answer.
    fn enter(&mut self, call: &Call, answer: &Answer, at: Timestamp) -> Result<()> {
        let place = (call.pool, call.client.clone());
        let told = self.held.get(&place).copied();
        let refusal = if answer.status == 200 { None } else { Some(answer.json()?["code"].clone()) };
        let outcome = match (call.wish, refusal) {
            (Wish::Release, None) => Outcome::Released,
            (Wish::Check, None) => {
                let in_use = answer.json()?["floating_in_use_devices"].as_u64().context("no number of seats")?;
                let seats = call.pool.seats();
                ensure!((1..=seats as u64).contains(&in_use), "{in_use} of {seats} seats are in use: {call:?}");
                if told.is_some() { Outcome::Renewed } else { Outcome::Taken }
            }
            (Wish::Borrow(until), None) => {
                let answer = answer.json()?;
                ensure!(time(&answer["borrowed_until"])? == Some(until), "{call:?}: {answer}");
                Outcome::Borrowed
            }
            (Wish::Check | Wish::Borrow(_), Some(code)) if code == "floating_not_available" => {
                ensure!(told.is_none_or(|told| told.ends.0 <= at), "{call:?} was refused at {at} in spite of {told:?}");
                Outcome::NoneFree
            }
            (_, refusal) => anyhow::bail!("{call:?}: {} {refusal:?}", answer.status),
        };
        match told_after(told, call, at).filter(|_| outcome != Outcome::NoneFree) {
            Some(told) => self.held.insert(place, told),
            None => self.held.remove(&place),
        };
        self.count(outcome);
        Ok(())
    }

    /// Takes the seats that are free, all of them and none more, and gives them back.
    fn count_free(&mut self, application: &Application, pool: Pool) -> Result<()> {
        let (begin, mut taken) = (now(), Vec::new());
        for number in 0..PROBES {
            let call = Call::new(&probe(number), pool, Wish::Check);
            let answer = call.send(application)?;
            self.enter(&call, &answer, now())?;
            if answer.status != 200 {
                break;
            }
            taken.push(probe(number));
        }
        let end = now();
        for client in &taken {
            let call = Call::new(client, pool, Wish::Release);
            self.enter(&call, &call.send(application)?, now())?;
        }
        // Some may have ended in the meantime.
        let held_at =
            |at: Timestamp| self.held.iter().filter(|((of, _), told)| *of == pool && told.ends.1 > at).count();
        let (most, least) = (held_at(begin), held_at(end));
        let free = pool.seats().saturating_sub(most)..=pool.seats().saturating_sub(least);
        ensure!(free.contains(&taken.len()), "{} of {pool:?} were free, and not {free:?}", taken.len());
        Ok(())
    }

    fn count(&mut self, outcome: Outcome) {
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    /// Demands some of everything.
    pub(super) fn ensure_rich(&self, kills: u32) -> Result<()> {
        use Outcome::{Borrowed, NoneFree, Released, Renewed, Taken, Uncertain};
        let some = [Taken, Renewed, Borrowed, Released, NoneFree, Uncertain];
        let enough = some.iter().all(|outcome| self.outcomes.get(outcome).is_some_and(|count| *count >= kills / 2));
        ensure!(enough, "too little has happened to prove anything: {self}");
        Ok(())
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}; {} held", self.outcomes, self.held.len())
    }
}

/// The seats of a license and its feature that are held.
pub(super) fn list(installation: &Installation, license: &str) -> Result<BTreeMap<Place, Found>> {
    let listed = installation.json(&["license", "seats", license])?;
    let mut held = BTreeMap::new();
    for row in listed.as_array().context("no list")? {
        let client = row["device"]["id"].as_str().with_context(|| format!("no device: {row}"))?;
        let feature = &row["feature"];
        ensure!(feature.is_null() || feature == FEATURE, "a seat of {feature}");
        let pool = if feature.is_null() { Pool::License } else { Pool::Feature };
        let ends = time(&row["ends_at"])?.with_context(|| format!("no end: {row}"))?;
        let found = Found { ends, borrowed: time(&row["borrowed_until"])? };
        ensure!(held.insert((pool, client.to_owned()), found).is_none(), "{client} has two seats of {pool:?}");
    }
    for pool in Pool::ALL {
        let count = held.keys().filter(|(of, _)| *of == pool).count();
        ensure!(license != SHARED || count <= pool.seats(), "{count} of {} seats of {pool:?} are held", pool.seats());
    }
    Ok(held)
}

/// What a holder knows after a call that was done between its sending and a time.
fn told_after(told: Option<Told>, call: &Call, at: Timestamp) -> Option<Told> {
    let used = (call.at.plus(TIMEOUT), at.plus(TIMEOUT).plus(SLACK));
    match call.wish {
        Wish::Release => None,
        Wish::Borrow(until) => Some(Told { ends: (until.max(used.0), until.max(used.1)), borrowed: Some(until) }),
        Wish::Check => {
            let (first, last) = told.map_or(used, |told| told.ends);
            let borrowed = told.and_then(|told| told.borrowed);
            Some(Told { ends: (first.max(used.0), last.max(used.1)), borrowed })
        }
    }
}

/// Whether a seat was found as its holder was told, by a look between two times.
fn agrees(told: Option<Told>, found: Option<Found>, (before, after): (Timestamp, Timestamp)) -> bool {
    match (told, found) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some(told), None) => told.ends.0 <= after,
        (Some(told), Some(found)) => {
            // What was borrowed until an earlier time is not borrowed any more.
            let borrowed = |until: Option<Timestamp>| until.filter(|until| *until > before);
            (told.ends.0..=told.ends.1).contains(&found.ends)
                && before < found.ends
                && borrowed(told.borrowed) == borrowed(found.borrowed)
        }
    }
}
