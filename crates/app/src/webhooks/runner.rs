//! Sending to one receiver: as long as something is due, and never more at a time than it takes.
//!
//! A delivery is taken up in one unit of work, which is committed; then it is sent; and then what became of it is written,
//! in the unit that takes up the next ones (`rounds.rs`). What nobody waits behind is taken up in the unit that queues it
//! (`telling.rs`), and handed over. For a quick receiver some more are taken up than it is sent (`ahead.rs`). A process that
//! ends in between has lost nothing: when the time for which it had taken a delivery up has passed, whoever comes next takes
//! it up again.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use countersign_domain::ids::{EndpointId, SiteId};
use countersign_domain::webhook::{DeliveryOrder, Endpoint};
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;

use super::ahead::Ahead;
use super::dispatch::{Target, send};
use super::node::{Load, Node, Place};
use super::rounds::{Ended, Round, at_a_time, round};
use super::settling::Finished;
use crate::Fault;

/// Deliveries that are taken up before it is known how many the receiver takes.
const FIRST: usize = 8;
/// How long what has ended may wait to be written together with others: each time is a commit, for which other writers wait.
const GATHER: Duration = Duration::from_millis(3);
/// So many are written without waiting for more.
const ENOUGH: usize = 64;

/// The sender of one receiver.
pub(super) struct Runner {
    node: Arc<Node>,
    site: SiteId,
    endpoint: EndpointId,
    place: Arc<Place>,
    in_flight: FuturesUnordered<BoxFuture<'static, Finished>>,
    /// What is not yet written.
    finished: Vec<Finished>,
    /// When that is to be written.
    gathering: Option<Pin<Box<Sleep>>>,
    ahead: Ahead<Target>,
    /// Places in which nothing is under way.
    permits: Vec<OwnedSemaphorePermit>,
    /// How many are sent at a time, and how many more are taken up.
    limit: usize,
    spare: usize,
    /// Something is due that nobody has taken up: by what was found, and by what this sender was told.
    due: bool,
    kicked: bool,
    /// What comes next may wait for what has ended to be written.
    hurries: bool,
}

impl Runner {
    pub(super) fn new(node: Arc<Node>, site: SiteId, endpoint: EndpointId, place: Arc<Place>) -> Self {
        Self {
            node,
            site,
            endpoint,
            place,
            in_flight: FuturesUnordered::new(),
            finished: Vec::new(),
            gathering: None,
            ahead: Ahead::default(),
            permits: Vec::new(),
            limit: FIRST,
            spare: 0,
            due: false,
            kicked: false,
            hurries: true,
        }
    }

    /// Sends to the receiver until nothing is due.
    pub(super) async fn run(mut self) {
        loop {
            self.take_mail();
            if self.node.is_stopping() {
                self.ahead.give_back();
                (self.due, self.kicked) = (false, false);
            }
            let nothing_ends = self.in_flight.is_empty() && self.finished.is_empty() && self.ahead.back.is_empty();
            let free = self.limit.saturating_sub(self.in_flight.len());
            let wanted = if self.looks() || !self.finished.is_empty() { free } else { free.min(self.ahead.len()) };
            self.permits = self.node.permits(wanted, nothing_ends && wanted > 0).await;
            self.start();
            let takes = self.looks() && !self.permits.is_empty();
            if (takes || self.has_gathered() || !self.ahead.back.is_empty()) && self.go_round().await.is_err() {
                self.node.leave(self.endpoint, true);
                return;
            }
            self.permits.clear();
            if self.has_gathered() {
                continue;
            }
            if self.in_flight.is_empty() && self.finished.is_empty() {
                if !self.looks() && self.ahead.is_empty() && self.node.leave(self.endpoint, false) {
                    return;
                }
                continue;
            }
            self.wait().await;
        }
    }

    /// Whether something may be due that nobody has taken up.
    fn looks(&self) -> bool {
        self.due || self.kicked
    }

    /// Whether what has ended is to be written now.
    fn has_gathered(&self) -> bool {
        let enough = || self.gathering.as_ref().is_none_or(|time| time.is_elapsed()) || self.finished.len() >= ENOUGH;
        !self.finished.is_empty() && (self.hurries || self.node.is_stopping() || enough())
    }

    /// Waits until something ends, or comes, or is to be written.
    async fn wait(&mut self) {
        let place = self.place.clone();
        let gathered = async {
            match &mut self.gathering {
                Some(time) => time.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(next) = self.in_flight.next() => self.note(next),
            () = gathered => {}
            () = place.more.notified(), if self.in_flight.len() < self.limit => {}
        }
        while let Some(Some(next)) = self.in_flight.next().now_or_never() {
            self.note(next);
        }
    }

    /// Takes in what was left for this sender.
    fn take_mail(&mut self) {
        let mail = self.place.take_mail();
        self.kicked |= mail.kicked;
        for handed in mail.handed {
            self.know(&handed.to.endpoint);
            self.ahead.add(&handed.to, handed.deliveries, handed.at);
        }
        self.heed();
    }

    /// Heeds what has ended and is not written yet.
    fn heed(&mut self) {
        for one in &self.finished {
            self.ahead.learn(one);
            self.hurries |= !one.is_delivered();
        }
    }

    /// Takes over how a receiver is sent to.
    fn know(&mut self, endpoint: &Endpoint) {
        self.limit = at_a_time(endpoint);
        self.hurries = self.limit == 1 || endpoint.settings.order == DeliveryOrder::Strict;
    }

    fn note(&mut self, one: Finished) {
        self.ahead.learn(&one);
        self.hurries |= !one.is_delivered();
        if self.finished.is_empty() {
            #[expect(
                clippy::disallowed_methods,
                reason = "bounds how long others are waited for; nothing stored depends on it"
            )]
            let time = tokio::time::sleep(GATHER);
            self.gathering = Some(Box::pin(time));
        }
        self.finished.push(one);
    }

    /// Begins to send what waits, as far as there are places.
    fn start(&mut self) {
        while self.ahead.waits()
            && let Some(permit) = self.permits.pop()
        {
            let Some((to, delivery)) = self.ahead.next(self.node.ctx.now()) else {
                self.permits.push(permit);
                break;
            };
            self.in_flight.push(send(self.node.clone(), to, delivery, permit).boxed());
        }
        let count = self.in_flight.len().saturating_add(self.ahead.len());
        let behind = self.looks();
        self.node.has_load(&self.place, Load { count, limit: self.limit, spare: self.spare, behind });
    }

    /// Writes what has ended, and takes up what is due as far as there is room; what is under way goes on meanwhile, and what is
    /// handed over is sent.
    async fn go_round(&mut self) -> Result<(), Fault> {
        // Who stops would take up what it has just given back.
        let spare = if self.node.is_stopping() { 0 } else { self.spare.saturating_sub(self.ahead.len()) };
        let room = self.permits.len().saturating_add(spare);
        let ended = Ended { finished: std::mem::take(&mut self.finished), back: std::mem::take(&mut self.ahead.back) };
        (self.kicked, self.gathering) = (false, None);
        let node = self.node.clone();
        let round = round(&node, self.site, self.endpoint, ended, room);
        tokio::pin!(round);
        let place = self.place.clone();
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut round => break outcome,
                // It moves only while somebody waits for it here.
                Some(next) = self.in_flight.next() => {
                    self.note(next);
                    self.permits.extend(self.node.permits(1, false).await);
                    self.start();
                }
                () = place.more.notified() => {
                    self.take_mail();
                    self.start();
                }
            }
        };
        match outcome {
            Ok(Some(round)) => self.go_on_with(round, room),
            Ok(None) => (self.ahead, self.due) = (Ahead::default(), false),
            Err(fault) => {
                // What was sent is sent again when its time has passed: nothing is lost.
                let error: &dyn std::error::Error = &fault;
                tracing::error!(endpoint.id = %self.endpoint, error, "deliveries could not be taken up or settled");
                return Err(fault);
            }
        }
        Ok(())
    }

    fn go_on_with(&mut self, round: Round, room: usize) {
        // Where nothing has ended, nothing was learned.
        self.spare = round.spare.unwrap_or(self.spare);
        self.know(&round.endpoint);
        // There was as much as was asked for, or nobody has looked.
        self.due = round.open && round.claimed.len() == room;
        self.node.note_begun(self.endpoint, &round.endpoint.settings.pace, round.claimed.len());
        if !round.open {
            self.ahead.give_back();
        }
        if !round.claimed.is_empty() {
            let to = Arc::new(Target::open(&self.node, round.endpoint, &round.secrets));
            self.ahead.add(&to, round.claimed, self.node.ctx.now());
        }
        self.heed();
        self.start();
    }
}
