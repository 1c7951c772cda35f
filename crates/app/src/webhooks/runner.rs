//! Sending to one receiver: as long as something is due, and never more at a time than it takes.
//!
//! A delivery is taken up in one unit of work, which is committed; then it is sent; and then what became of it is written,
//! in the unit that takes up the next ones. For a quick receiver some more are taken up than it is sent (`ahead.rs`). A process
//! that ends in between has lost nothing: when the time for which it had taken a delivery up has passed, whoever comes next
//! takes it up again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_crypto::Secret;
use countersign_crypto::random::random_array;
use countersign_domain::audit::{Action, Actor, Channel};
use countersign_domain::ids::{EndpointId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{
    AttemptOutcome, Delivery, DeliveryState, EXCERPT_LIMIT, Endpoint, EndpointState, Notice, Pace, WebhookSecret,
};
use countersign_store::{StoreError, Tx};
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::OwnedSemaphorePermit;

use super::ahead::{Ahead, LONGEST, spare};
use super::node::{Node, Place};
use super::origin::origin;
use super::ports::{Outgoing, Sent, SigningSecret};
use super::sealing::{open_authorization, open_secret};
use super::settling::Finished;
use crate::Fault;

/// How much longer than its own limit an attempt may take before it is given up here.
const GRACE: Duration = Duration::from_secs(2);
/// How long it may take to write what has become of an attempt.
const RECORDING: Duration = Duration::from_secs(2);
/// Failures in a row from which on a receiver gets one delivery at a time.
const ONE_AT_A_TIME: u32 = 3;
/// Deliveries that are taken up before it is known how many the receiver takes.
const FIRST: usize = 8;

/// Sends to a receiver until nothing is due.
pub(super) async fn serve(node: Arc<Node>, site: SiteId, endpoint: EndpointId, place: Arc<Place>) {
    let mut in_flight = FuturesUnordered::new();
    let mut finished = Vec::new();
    let mut ahead = Ahead::default();
    let (mut limit, mut spare) = (FIRST, 0_usize);
    loop {
        if node.is_stopping() {
            ahead.give_back();
        }
        let wait = in_flight.is_empty() && finished.is_empty() && ahead.back.is_empty();
        let mut permits = node.permits(limit.saturating_sub(in_flight.len()), wait).await;
        start(&node, &mut ahead, &mut permits, &mut in_flight);
        if !permits.is_empty() || !finished.is_empty() || !ahead.back.is_empty() {
            let room = permits.len().saturating_add(spare.saturating_sub(ahead.len()));
            let ended = Ended { finished: std::mem::take(&mut finished), back: std::mem::take(&mut ahead.back) };
            let round = round(&node, site, endpoint, ended, room);
            tokio::pin!(round);
            // What is under way goes on meanwhile: it moves only while somebody waits for it here.
            let round = loop {
                tokio::select! {
                    biased;
                    outcome = &mut round => break outcome,
                    Some(next) = in_flight.next() => {
                        ahead.learn(&next);
                        finished.push(next);
                        let mut freed = node.permits(1, false).await;
                        start(&node, &mut ahead, &mut freed, &mut in_flight);
                    }
                }
            };
            match round {
                Ok(Some(round)) => {
                    (limit, spare) = (at_a_time(&round.endpoint), round.spare);
                    let all = room > 0 && round.claimed.len() == room;
                    node.note_begun(endpoint, &round.endpoint.settings.pace, round.claimed.len());
                    if !round.open {
                        ahead.give_back();
                    }
                    if !round.claimed.is_empty() {
                        let to = Arc::new(Target::open(&node, round.endpoint, &round.secrets));
                        ahead.add(&to, round.claimed, node.ctx.now());
                        start(&node, &mut ahead, &mut permits, &mut in_flight);
                    }
                    // What has ended meanwhile is not written yet.
                    finished.iter().for_each(|one| ahead.learn(one));
                    if all && in_flight.len() < limit {
                        // There was as much as was asked for, and there is room for more.
                        continue;
                    }
                }
                Ok(None) => ahead = Ahead::default(),
                Err(fault) => {
                    // What was sent is sent again when its time has passed: nothing is lost.
                    let error: &dyn std::error::Error = &fault;
                    tracing::error!(endpoint.id = %endpoint, error, "deliveries could not be taken up or settled");
                    node.leave(endpoint, true);
                    return;
                }
            }
        }
        if !finished.is_empty() {
            continue;
        }
        if in_flight.is_empty() {
            if ahead.is_empty() && node.leave(endpoint, false) {
                return;
            }
            continue;
        }
        tokio::select! {
            next = in_flight.next() => finished.extend(next.inspect(|one| ahead.learn(one))),
            () = place.more.notified(), if in_flight.len() < limit => {}
        }
        while let Some(Some(next)) = in_flight.next().now_or_never() {
            ahead.learn(&next);
            finished.push(next);
        }
    }
}

/// Begins to send what waits, as far as there are places.
fn start(
    node: &Arc<Node>,
    ahead: &mut Ahead<Target>,
    permits: &mut Vec<OwnedSemaphorePermit>,
    in_flight: &mut FuturesUnordered<BoxFuture<'static, Finished>>,
) {
    while let Some(permit) = permits.pop() {
        let Some((to, delivery)) = ahead.next(node.ctx.now()) else {
            permits.push(permit);
            return;
        };
        in_flight.push(send(node.clone(), to, delivery, permit).boxed());
    }
}

/// What has become of deliveries that were taken up.
struct Ended {
    finished: Vec<Finished>,
    /// These were not sent, and anybody may take them up at once.
    back: Vec<Delivery>,
}

/// What a round of a receiver has taken up.
struct Round {
    endpoint: Endpoint,
    secrets: Vec<WebhookSecret>,
    claimed: Vec<Delivery>,
    /// Whether the receiver is sent anything now.
    open: bool,
    /// How many more may be taken up than it is sent at a time.
    spare: usize,
}

/// Writes what has become of attempts, and takes up what is due. `None`: the receiver is gone.
async fn round(
    node: &Node,
    site: SiteId,
    endpoint: EndpointId,
    ended: Ended,
    room: usize,
) -> Result<Option<Round>, Fault> {
    let Ended { finished, back } = ended;
    let finished: Vec<_> =
        finished.into_iter().map(|one| (one, u16::from_be_bytes(random_array(node.ctx.rng())))).collect();
    let begun = node.begun(endpoint);
    let round = node
        .ctx
        .store()
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let Some(mut endpoint) = tx.endpoints().lock(site, endpoint).await? else { return Ok(None) };
                let now = tx.now().await?;
                let news = settle(tx, &mut endpoint, &finished).await?;
                for delivery in back {
                    // Another node may have it by now, which is as good.
                    tx.deliveries().settle(&Delivery { due_at: now, ..delivery }, now).await?;
                }
                let spare = spare(&endpoint, &finished);
                let open =
                    endpoint.state == EndpointState::Enabled && endpoint.paused_until.is_none_or(|end| end <= now);
                let rate = endpoint.settings.pace.rate.map_or(usize::MAX, usize::from);
                let room = if open {
                    room.min(at_a_time(&endpoint).saturating_add(spare)).min(rate.saturating_sub(begun))
                } else {
                    0
                };
                let (mut claimed, mut secrets) = (Vec::new(), Vec::new());
                if room > 0 {
                    let room = u32::try_from(room).unwrap_or(u32::MAX);
                    claimed =
                        tx.deliveries().claim(endpoint.id, now, now.plus(lease(endpoint.settings.pace)), room).await?;
                }
                if !claimed.is_empty() {
                    secrets = tx.endpoints().secrets(endpoint.id).await?;
                    secrets.retain(|secret| secret.signs(now));
                }
                Ok(Some((Round { endpoint, secrets, claimed, open, spare }, news, now)))
            })
        })
        .await?;
    let Some((round, news, now)) = round else { return Ok(None) };
    for (delivery, outcome) in &news.settled {
        let counts = &node.ctx.webhooks.counts;
        counts.attempt(*outcome);
        match delivery.state {
            DeliveryState::Delivered => counts.delivered(delivery.created_at, now),
            DeliveryState::Dead => {
                counts.dead();
                tracing::warn!(endpoint.id = %endpoint, delivery.id = %delivery.id, "a webhook was given up");
            }
            DeliveryState::Cancelled | DeliveryState::Queued | DeliveryState::Waiting => {}
        }
    }
    report(&round.endpoint, &news);
    Ok(Some(round))
}

/// What a round has written.
#[derive(Default)]
struct News {
    settled: Vec<(Delivery, AttemptOutcome)>,
    notice: Option<Notice>,
    was_in_trouble: bool,
    has_stopped: bool,
}

async fn settle(tx: &mut dyn Tx, endpoint: &mut Endpoint, finished: &[(Finished, u16)]) -> Result<News, StoreError> {
    let before = endpoint.clone();
    let mut news = News { was_in_trouble: endpoint.trouble.is_some(), ..News::default() };
    if endpoint.trouble.is_none()
        && endpoint.paused_until.is_none()
        && finished.iter().all(|(one, _)| one.is_delivered())
    {
        news.settled = settle_delivered(tx, endpoint, finished).await?;
        return Ok(news);
    }
    for (one, chance) in finished {
        let now = tx.now().await?;
        let mut changed = endpoint.clone();
        let (delivery, notice) = one.apply(&mut changed, now, *chance);
        if !tx.deliveries().settle(&delivery, now).await? {
            // Another node has it, or somebody has asked for it again: this attempt counts for nothing.
            continue;
        }
        if !repeats_ours(tx, one).await? {
            tx.delivery_history().insert_attempt(delivery.id, number(&delivery), &one.attempt()).await?;
        }
        *endpoint = changed;
        news.notice = news.notice.max(notice);
        news.settled.push((delivery, one.sent.outcome));
    }
    if *endpoint != before {
        tx.endpoints().set_standing(endpoint).await?;
    }
    news.has_stopped = endpoint.state != before.state;
    if news.has_stopped {
        let now = tx.now().await?;
        let action = Action::new("webhook.stop", format!("{} {}", endpoint.name, endpoint.state));
        tx.audit_trail().insert(endpoint.site, &Actor::of(Channel::System), &action, now).await?;
    }
    Ok(news)
}

/// The same where all has gone well, which changes nothing of the receiver: all at once.
async fn settle_delivered(
    tx: &mut dyn Tx,
    endpoint: &Endpoint,
    finished: &[(Finished, u16)],
) -> Result<Vec<(Delivery, AttemptOutcome)>, StoreError> {
    if finished.is_empty() {
        return Ok(Vec::new());
    }
    let now = tx.now().await?;
    let after = |(one, chance): &(Finished, u16)| one.apply(&mut endpoint.clone(), now, *chance).0;
    let deliveries: Vec<_> = finished.iter().map(after).collect();
    let settled = tx.deliveries().settle_all(&deliveries, now).await?;
    // Of the others somebody else has taken care.
    let ours = deliveries.into_iter().zip(finished).zip(settled).filter(|(_, settled)| *settled);
    let ours: Vec<_> = ours.map(|((delivery, (one, _)), _)| (delivery, one)).collect();
    let attempts: Vec<_> = ours.iter().map(|(delivery, one)| (delivery.id, number(delivery), one.attempt())).collect();
    tx.delivery_history().insert_attempts(&attempts).await?;
    Ok(ours.into_iter().map(|(delivery, one)| (delivery, one.sent.outcome)).collect())
}

/// The number of an attempt: that of a taking up is never used twice, one that counts attempts could be after a crash.
fn number(delivery: &Delivery) -> u32 {
    u32::try_from(delivery.claim).unwrap_or(u32::MAX)
}

/// Whether an attempt failed on our own side as the one before: it is tried for as long as it takes, and listed once.
async fn repeats_ours(tx: &mut dyn Tx, one: &Finished) -> Result<bool, StoreError> {
    if one.sent.outcome != AttemptOutcome::Ours {
        return Ok(false);
    }
    let latest = tx.delivery_history().attempts(one.delivery.id, 1).await?;
    Ok(latest
        .first()
        .is_some_and(|before| before.made.outcome == AttemptOutcome::Ours && before.made.error == one.sent.error))
}

/// Tells people about a receiver.
fn report(endpoint: &Endpoint, news: &News) {
    let (name, site) = (&endpoint.name, endpoint.site);
    match news.notice {
        Some(Notice::Failing) => tracing::warn!(endpoint.name = %name, site.id = %site, "a receiver of webhooks fails"),
        Some(Notice::NearEnd) => {
            tracing::warn!(endpoint.name = %name, site.id = %site, "a receiver of webhooks will be given up soon");
        }
        Some(Notice::GivenUp) | None => {}
    }
    if news.has_stopped {
        let state = endpoint.state.as_str();
        tracing::error!(endpoint.name = %name, site.id = %site, state, "a receiver of webhooks is sent nothing any more");
    }
    if news.was_in_trouble && endpoint.trouble.is_none() {
        tracing::info!(endpoint.name = %name, site.id = %site, "a receiver of webhooks takes them again");
    }
}

/// How many deliveries a receiver gets at a time.
fn at_a_time(endpoint: &Endpoint) -> usize {
    match endpoint.trouble {
        Some(trouble) if trouble.failures >= ONE_AT_A_TIME => 1,
        _ => usize::from(endpoint.settings.pace.concurrency).max(1),
    }
}

/// For how long a delivery is taken up: longer than any attempt, so that two nodes never send the same one at a time. What a
/// node had that was killed is sent by another one after this.
fn lease(pace: Pace) -> Duration {
    LONGEST + pace.attempt_timeout() + GRACE + RECORDING
}

/// A receiver, ready to be sent to. Secrets are opened once for all that a round takes up.
struct Target {
    endpoint: Endpoint,
    keys: Result<Keys, Fault>,
}

/// What a receiver's webhooks are signed and sent with.
struct Keys {
    secrets: Arc<[SigningSecret]>,
    authorization: Option<(String, Arc<Secret<String>>)>,
    /// See [`Outgoing::origin`].
    origin: Option<String>,
}

impl Target {
    fn open(node: &Node, endpoint: Endpoint, secrets: &[WebhookSecret]) -> Self {
        let keys = Keys::open(node, &endpoint, secrets);
        if let Err(fault) = &keys {
            let error: &dyn std::error::Error = fault;
            tracing::error!(endpoint.id = %endpoint.id, error, "webhooks cannot be prepared");
        }
        Self { endpoint, keys }
    }
}

impl Keys {
    fn open(node: &Node, endpoint: &Endpoint, secrets: &[WebhookSecret]) -> Result<Self, Fault> {
        let vault = &node.ctx.parts.vault;
        let secrets = secrets.iter().map(|secret| open_secret(vault, endpoint.site, secret));
        let authorization = open_authorization(vault, endpoint)?;
        Ok(Self {
            secrets: secrets.collect::<Result<_, _>>()?,
            authorization: authorization.map(|(name, value)| (name, Arc::new(value))),
            origin: endpoint.settings.consent.then(|| origin(&node.ctx, endpoint.site)),
        })
    }
}

async fn send(node: Arc<Node>, to: Arc<Target>, delivery: Delivery, permit: OwnedSemaphorePermit) -> Finished {
    let at = node.ctx.now();
    let sent = match &to.keys {
        Ok(keys) => dispatch(&node, outgoing(&to.endpoint, keys, &delivery, at)).await,
        Err(_) => Sent::without_answer(AttemptOutcome::Ours, "its secrets cannot be opened"),
    };
    drop(permit);
    Finished { delivery, at, sent }
}

/// Sends a webhook. The limit of time holds whatever the sender does.
async fn dispatch(node: &Node, outgoing: Outgoing) -> Sent {
    let limit = outgoing.attempt_timeout + GRACE;
    match tokio::time::timeout(limit, node.ports.sender.send(outgoing)).await {
        Ok(mut sent) => {
            sent.excerpt.truncate(EXCERPT_LIMIT);
            sent
        }
        Err(_) => {
            Sent { duration: limit, ..Sent::without_answer(AttemptOutcome::TimedOut, "there was no answer in time") }
        }
    }
}

/// The request that carries a delivery.
fn outgoing(endpoint: &Endpoint, keys: &Keys, delivery: &Delivery, timestamp: Timestamp) -> Outgoing {
    let settings = &endpoint.settings;
    Outgoing {
        site: endpoint.site,
        url: settings.url.clone(),
        format: settings.format,
        cloud_events: settings.cloud_events,
        origin: keys.origin.clone(),
        message_id: delivery.message_id(),
        timestamp,
        secrets: keys.secrets.clone(),
        authorization: keys.authorization.clone(),
        headers: vec![
            ("x-event-sequence", delivery.sequence.to_string()),
            ("x-event-entity", delivery.entity.clone()),
            ("x-event-source", delivery.source.clone()),
            ("x-event-attempt", delivery.attempts.saturating_add(1).to_string()),
        ],
        body: Bytes::from(delivery.body.clone()),
        connect_timeout: settings.pace.connect_timeout(),
        attempt_timeout: settings.pace.attempt_timeout(),
        excerpt_limit: EXCERPT_LIMIT,
        ca: settings.ca.clone(),
    }
}
