//! Deliveries that were taken up before there was room to send them: while one commit is waited for, the next ones are sent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{Delivery, Endpoint};

use super::settling::Finished;

/// How long a delivery may lie here; it is taken up for so much longer. Then it is given back, and whoever has room takes it.
pub(super) const LONGEST: Duration = Duration::from_secs(1);
/// Only receivers that answer within this have something taken up ahead: what is taken up is then soon sent.
const QUICK: Duration = Duration::from_millis(100);
/// How many times as many are taken up ahead as are sent at a time: the more are written in one commit, the fewer pages of a long
/// queue are written again and again. More than three times as many was no faster.
const AHEAD: usize = 3;

/// What waits for room, oldest first, each with what it is sent to.
pub(super) struct Ahead<T> {
    waiting: VecDeque<(Arc<T>, Delivery, Timestamp)>,
    /// What is not sent after all, and has to be written so.
    pub(super) back: Vec<Delivery>,
}

impl<T> Default for Ahead<T> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), back: Vec::new() }
    }
}

impl<T> Ahead<T> {
    /// How many wait for room.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether something waits for room.
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether nothing waits, neither for room nor to be given back.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.back.is_empty()
    }

    /// Adds what has been taken up at a time of this process.
    pub(super) fn add(&mut self, to: &Arc<T>, taken: Vec<Delivery>, now: Timestamp) {
        self.waiting.extend(taken.into_iter().map(|delivery| (to.clone(), delivery, now)));
    }

    /// The next one to be sent. What has waited for too long is given back instead.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<(Arc<T>, Delivery)> {
        while let Some((to, delivery, at)) = self.waiting.pop_front() {
            if now <= at.plus(LONGEST) {
                return Some((to, delivery));
            }
            self.back.push(delivery);
        }
        None
    }

    /// After an attempt that failed, nothing is sent before it is known what that means for the receiver.
    pub(super) fn learn(&mut self, from: &Finished) {
        if !from.is_delivered() {
            self.give_back();
        }
    }

    /// Nothing of it is to be sent.
    pub(super) fn give_back(&mut self) {
        self.back.extend(self.waiting.drain(..).map(|(_, delivery, _)| delivery));
    }
}

/// How many deliveries may be taken up for a receiver beyond those it is sent, where nothing is wrong with it, it has no rate, and
/// has just taken some quickly.
pub(super) fn spare(endpoint: &Endpoint, finished: &[(Finished, u16)]) -> usize {
    let pace = &endpoint.settings.pace;
    let is_quick = |(one, _): &(Finished, u16)| one.is_delivered() && one.sent.duration <= QUICK;
    let is_well = endpoint.trouble.is_none() && pace.rate.is_none();
    if is_well && finished.iter().all(is_quick) { AHEAD.saturating_mul(usize::from(pace.concurrency)) } else { 0 }
}
