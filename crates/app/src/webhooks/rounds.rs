//! A round of one receiver, which is one unit of work: it writes what has become of attempts, and takes up what is due.

use std::time::Duration;

use countersign_crypto::random::random_array;
use countersign_domain::audit::{Action, Actor, Channel};
use countersign_domain::ids::{EndpointId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{
    AttemptOutcome, Delivery, DeliveryState, Endpoint, EndpointState, Notice, Pace, WebhookSecret,
};
use countersign_store::{StoreError, Tx};

use super::ahead::{LONGEST, spare};
use super::dispatch::GRACE;
use super::node::Node;
use super::settling::Finished;
use crate::Fault;

/// How long it may take to write what has become of an attempt.
const RECORDING: Duration = Duration::from_secs(2);
/// Failures in a row from which on a receiver gets one delivery at a time.
const ONE_AT_A_TIME: u32 = 3;

/// What has become of deliveries that were taken up.
pub(super) struct Ended {
    pub(super) finished: Vec<Finished>,
    /// These were not sent, and anybody may take them up at once.
    pub(super) back: Vec<Delivery>,
}

/// What a round of a receiver has taken up.
pub(super) struct Round {
    pub(super) endpoint: Endpoint,
    pub(super) secrets: Vec<WebhookSecret>,
    pub(super) claimed: Vec<Delivery>,
    /// Whether the receiver is sent anything now.
    pub(super) open: bool,
    /// How many more may be taken up than it is sent at a time.
    pub(super) spare: Option<usize>,
}

/// Writes what has become of attempts, and takes up what is due. `None`: the receiver is gone.
pub(super) async fn round(
    node: &Node,
    site: SiteId,
    endpoint: EndpointId,
    ended: Ended,
    room: usize,
) -> Result<Option<Round>, Fault> {
    let Ended { finished, back } = ended;
    let drawn = |one: Finished| {
        // Only when it is sent again depends on chance.
        let chance = if one.is_delivered() { 0 } else { u16::from_be_bytes(random_array(node.ctx.rng())) };
        (one, chance)
    };
    let finished: Vec<_> = finished.into_iter().map(drawn).collect();
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
                let spare = (!finished.is_empty()).then(|| spare(&endpoint, &finished));
                let open = is_open(&endpoint, now);
                let rate = endpoint.settings.pace.rate.map_or(usize::MAX, usize::from);
                let room = if open {
                    room.min(at_a_time(&endpoint).saturating_add(spare.unwrap_or(0))).min(rate.saturating_sub(begun))
                } else {
                    0
                };
                let (mut claimed, mut secrets) = (Vec::new(), Vec::new());
                if room > 0 {
                    let room = u32::try_from(room).unwrap_or(u32::MAX);
                    claimed =
                        tx.deliveries().claim(endpoint.id, now, now.plus(lease(&endpoint.settings.pace)), room).await?;
                }
                if !claimed.is_empty() {
                    secrets = signing_secrets(tx, endpoint.id, now).await?;
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

/// The secrets with which a receiver's webhooks are signed now.
pub(super) async fn signing_secrets(
    tx: &mut dyn Tx,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<Vec<WebhookSecret>, StoreError> {
    let mut secrets = tx.endpoints().secrets(endpoint).await?;
    secrets.retain(|secret| secret.signs(now));
    Ok(secrets)
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
    let mut unchanged = endpoint.clone();
    let after = |(one, chance): &(Finished, u16)| one.apply(&mut unchanged, now, *chance).0;
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

/// Whether a receiver is sent anything at a time.
pub(super) fn is_open(endpoint: &Endpoint, now: Timestamp) -> bool {
    endpoint.state == EndpointState::Enabled && endpoint.paused_until.is_none_or(|end| end <= now)
}

/// How many deliveries a receiver gets at a time.
pub(super) fn at_a_time(endpoint: &Endpoint) -> usize {
    match endpoint.trouble {
        Some(trouble) if trouble.failures >= ONE_AT_A_TIME => 1,
        _ => usize::from(endpoint.settings.pace.concurrency).max(1),
    }
}

/// For how long a delivery is taken up: longer than any attempt, so that two nodes never send the same one at a time. What a
/// node had that was killed is sent by another one after this.
pub(super) fn lease(pace: &Pace) -> Duration {
    LONGEST + pace.attempt_timeout() + GRACE + RECORDING
}
