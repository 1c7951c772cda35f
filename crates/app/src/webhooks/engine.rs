//! The worker: gives events their numbers, queues them, and sees that everything that is due is sent.
//!
//! Every step decides from the store alone, so a restart, a crash and a second node are the same case. A commit in this
//! process wakes it at once; what other processes have committed it finds with its period.

use std::sync::Arc;
use std::time::Duration;

use countersign_domain::ids::{EndpointId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use super::expiry::Expiry;
use super::node::{Begin, Leaving, Node};
use super::ports::WebhookPorts;
use super::recovery::Recoveries;
use super::runner::Runner;
use super::{checkpoints, telling};
use crate::{Ctx, Fault};

/// How often the store is looked at without having been woken.
const PERIOD: Duration = Duration::from_millis(250);
/// How long events are gathered when nobody is told of them: each turn is one more commit. Who reads the log gives numbers first.
const GATHER: Duration = Duration::from_millis(20);
/// Most receivers that one look gives; the next one gives the others.
const RECEIVERS: u32 = 1000;
/// How long attempts that are under way may go on when the process stops.
const GOODBYE: Duration = Duration::from_secs(5);
/// Units that give numbers in one turn: what is due is looked for between turns, however much is written.
const UNITS_PER_TURN: usize = 16;
/// How many looks lie between two counts of what waits.
const LOOKS_PER_COUNT: u32 = 60;
/// Most turns of a test before it is taken for endless.
const TURNS: usize = 10_000;

/// The worker of a process.
pub struct Engine {
    node: Arc<Node>,
    senders: JoinSet<()>,
    expiry: Expiry,
    recoveries: Recoveries,
    looks: u32,
    /// Receivers for which a sender is to begin.
    begin: mpsc::UnboundedReceiver<Begin>,
    /// Whether events get numbers in their own commits.
    follows: bool,
}

/// Why the worker goes on.
enum Woken {
    /// A sender is to begin.
    Begin(Begin),
    /// Time has passed.
    Period,
    /// An event was committed.
    Written,
}

impl Engine {
    /// A worker that has not begun.
    #[must_use]
    pub fn new(ctx: Ctx, ports: WebhookPorts) -> Self {
        let (node, begin) = Node::new(ctx, ports);
        Self {
            node: Arc::new(node),
            senders: JoinSet::new(),
            expiry: Expiry::default(),
            recoveries: Recoveries::default(),
            looks: 0,
            begin,
            follows: false,
        }
    }

    /// Works until it is stopped. Attempts that are under way then have a few seconds to end.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let mut period = tokio::time::interval(PERIOD);
        period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut gather = tokio::time::interval(GATHER);
        let ctx = self.node.ctx.clone();
        let mut failing = false;
        ctx.webhooks.beat(ctx.now());
        self.follows = telling::follow(&self.node);
        loop {
            let woken = tokio::select! {
                biased;
                () = &mut stop => break,
                Some(begin) = self.begin.recv() => Woken::Begin(begin),
                // Before the last one, which is always ready while events come without a pause.
                _ = period.tick() => Woken::Period,
                () = ctx.webhooks.written.notified() => Woken::Written,
            };
            if matches!(woken, Woken::Written) && self.node.is_unheard() {
                gather.reset();
                tokio::select! {
                    biased;
                    () = &mut stop => break,
                    _ = gather.tick() => {}
                }
            }
            let node = self.node.clone();
            let turn = self.go_on(woken);
            tokio::pin!(turn);
            let outcome = tokio::select! {
                biased;
                () = &mut stop => {
                    // What its unit takes up has to reach the senders, which give it back: otherwise it would lie until others may
                    // take it up. If it takes too long, the store still finishes the unit, and the next start goes on.
                    node.stop();
                    let _ = tokio::time::timeout(GOODBYE, turn).await;
                    break;
                }
                outcome = &mut turn => outcome,
            };
            match outcome {
                Ok(_) if failing => {
                    failing = false;
                    tracing::info!("events are told again");
                }
                Ok(_) => {}
                Err(_) if failing => {}
                Err(fault) => {
                    failing = true;
                    let error: &dyn std::error::Error = &fault;
                    tracing::error!(error, "events cannot be told; they wait in the store");
                }
            }
        }
        self.node.stop();
        self.no_longer_follow().await;
        let goodbye = async { while self.senders.join_next().await.is_some() {} };
        if tokio::time::timeout(GOODBYE, goodbye).await.is_err() {
            tracing::warn!("webhooks were under way when the process stopped; they will be sent again");
        }
    }

    /// Works until nothing is due any more. For tests, which move the clock.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    ///
    /// # Panics
    /// When it never ends.
    pub async fn run_until_idle(&mut self) -> Result<(), Fault> {
        for _ in 0..TURNS {
            if !self.look().await? {
                return Ok(());
            }
        }
        panic!("there is always something due");
    }

    /// One look at the store, and all that it finds is sent. `true`: there was something. For tests, which move the clock.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    pub async fn look(&mut self) -> Result<bool, Fault> {
        let busy = self.turn(true).await?;
        self.begin_senders();
        while let Some(ended) = self.senders.join_next().await {
            report(ended);
        }
        Ok(busy)
    }

    /// What has begun in the commits of others comes to its end, and the senders give back what it has taken up.
    async fn no_longer_follow(&mut self) {
        let store = self.node.ctx.store().clone();
        store.unfollow();
        self.follows = false;
        // Behind whatever may have begun.
        let behind = store.write::<_, StoreError, _>(|_| Box::pin(async { Ok(()) }));
        let _ = tokio::time::timeout(GOODBYE, behind).await;
        self.begin_senders();
    }

    async fn go_on(&mut self, woken: Woken) -> Result<bool, Fault> {
        let outcome = match woken {
            Woken::Begin(begin) => {
                self.begin_sender(begin);
                Ok(true)
            }
            Woken::Period => {
                self.node.rest(false);
                self.turn(true).await
            }
            // Most likely it has its number already.
            Woken::Written if self.follows => self.tell_if_behind().await,
            Woken::Written => self.turn(false).await,
        };
        self.begin_senders();
        outcome
    }

    /// Tells what is new, and with `look` also looks for what is due, which comes first: telling must not hold it up.
    /// `true`: there was something.
    async fn turn(&mut self, look: bool) -> Result<bool, Fault> {
        while let Some(ended) = self.senders.try_join_next() {
            report(ended);
        }
        if !look {
            return self.tell().await;
        }
        let (due, now) = self.due().await?;
        let mut busy = !due.is_empty();
        for (site, endpoint) in due {
            self.node.leave_mail(site, endpoint, None);
        }
        let ctx = self.node.ctx.clone();
        busy |= self.expiry.go_on(&ctx, now.date()).await;
        let told = self.tell_if_behind().await;
        if told.is_ok() {
            ctx.webhooks.beat(ctx.now());
        }
        let recovered = self.recoveries.go_on(&ctx, &self.node.ports.formats).await;
        let checked = checkpoints::go_on(&ctx, &self.node.ports.formats).await;
        Ok(busy | told? | recovered? | checked?)
    }

    async fn tell_if_behind(&mut self) -> Result<bool, Fault> {
        if behind(&self.node.ctx).await? { self.tell().await } else { Ok(false) }
    }

    /// Gives numbers to what has none, and sends it. `true`: there was something.
    async fn tell(&mut self) -> Result<bool, Fault> {
        let mut busy = false;
        for _ in 0..UNITS_PER_TURN {
            if self.node.is_stopping() {
                return Ok(busy);
            }
            let limit = self.node.room_for_any().await;
            let told = telling::tell(&self.node.ctx, &self.node.ports.formats, Some(&self.node), limit).await?;
            busy |= told.events > 0;
            let more = told.more;
            self.node.heed(told);
            self.begin_senders();
            if !more {
                return Ok(busy);
            }
        }
        // The next turn goes on.
        self.node.ctx.webhooks.wake();
        Ok(busy)
    }

    fn begin_senders(&mut self) {
        while let Ok(begin) = self.begin.try_recv() {
            self.begin_sender(begin);
        }
    }

    fn begin_sender(&mut self, Begin { site, endpoint, place }: Begin) {
        let leaving = Leaving::new(self.node.clone(), endpoint, place.clone());
        let runner = Runner::new(self.node.clone(), site, endpoint, place);
        self.senders.spawn(async move {
            let _leaving = leaving;
            runner.run().await;
        });
    }

    /// Receivers for which something is due, and the time of the store. Now and then counts what waits.
    async fn due(&mut self) -> Result<(Vec<(SiteId, EndpointId)>, Timestamp), Fault> {
        let count = self.looks.is_multiple_of(LOOKS_PER_COUNT);
        self.looks = self.looks.wrapping_add(1);
        let ctx = &self.node.ctx;
        let (due, backlog, now) = ctx
            .store()
            .read::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    let now = tx.now().await?;
                    let backlog = if count { Some(tx.deliveries().backlog().await?) } else { None };
                    Ok((tx.deliveries().due_endpoints(now, RECEIVERS).await?, backlog, now))
                })
            })
            .await?;
        if let Some((waiting, oldest)) = backlog {
            ctx.webhooks.counts.backlog(waiting, oldest, now);
        }
        Ok((due, now))
    }
}

/// The store holds what follows its events, and that holds the store.
impl Drop for Engine {
    fn drop(&mut self) {
        if self.follows {
            self.node.ctx.store().unfollow();
        }
    }
}

/// What a sender had is taken over when its time has passed.
fn report(ended: Result<(), JoinError>) {
    if let Err(panic) = ended {
        let error: &dyn std::error::Error = &panic;
        tracing::error!(error, "a sender of webhooks has ended before its time");
    }
}

/// Whether there is an event without a number.
async fn behind(ctx: &Ctx) -> Result<bool, Fault> {
    let behind =
        ctx.store().read::<_, StoreError, _>(|tx| Box::pin(async move { tx.event_numbers().is_behind().await }));
    Ok(behind.await?)
}
