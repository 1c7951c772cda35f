//! What an attempt changes: the delivery, and the standing of its receiver. Pure.

use std::time::Duration;

use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{
    AttemptTrigger, Delivery, DeliveryState, Endpoint, EndpointState, NewAttempt, Notice, RetrySchedule, Trouble,
    Verdict, judge,
};

use super::ports::Sent;

/// Wait after the first attempt that failed on our own side; the next waits are twice as long each.
const OURS: Duration = Duration::from_secs(30);
/// Longest such wait.
const LONGEST_OURS: Duration = Duration::from_secs(15 * 60);

/// An attempt that has ended and is not yet written.
pub(super) struct Finished {
    /// The delivery as it was taken up, without its body.
    pub(super) delivery: Delivery,
    /// When the attempt began.
    pub(super) at: Timestamp,
    /// What became of it.
    pub(super) sent: Sent,
}

impl Finished {
    /// Whether the receiver has taken it.
    pub(super) fn is_delivered(&self) -> bool {
        judge(self.sent.outcome, self.sent.status) == Verdict::Delivered
    }

    /// The attempt for the history.
    pub(super) fn attempt(&self) -> NewAttempt {
        let trigger = match self.delivery.manual {
            Some(_) => AttemptTrigger::Manual,
            None => AttemptTrigger::Schedule,
        };
        let Sent { outcome, status, duration, address, tls, excerpt, error, .. } = self.sent.clone();
        NewAttempt { trigger, at: self.at, duration, outcome, status, address, tls, excerpt, error }
    }

    /// The delivery after the attempt. What is wrong with the receiver is noted there; with it comes what people are to be
    /// told. `chance` is any number, drawn anew each time.
    pub(super) fn apply(&self, endpoint: &mut Endpoint, now: Timestamp, chance: u16) -> (Delivery, Option<Notice>) {
        let mut delivery = self.delivery.clone();
        let verdict = judge(self.sent.outcome, self.sent.status);
        if verdict == Verdict::NotTried {
            delivery.due_at = now.plus(self.wait_for_ourselves());
            return (delivery, None);
        }
        delivery.attempts = delivery.attempts.saturating_add(1);
        let mut notice = None;
        match verdict {
            Verdict::Delivered => {
                (delivery.state, delivery.manual) = (DeliveryState::Delivered, None);
                endpoint.trouble = None;
                // A pause that it has asked for stays: this attempt may have been under way then.
                endpoint.paused_until = endpoint.paused_until.filter(|end| *end > now);
            }
            Verdict::Failed { slow } => {
                notice = self.fail(&mut delivery, endpoint, now, chance, slow);
            }
            Verdict::Gone => {
                delivery.due_at = now;
                endpoint.state = EndpointState::Gone;
            }
            Verdict::NotTried => {}
        }
        (delivery, notice)
    }

    /// It is taken up once for each attempt that counts; the other times were our own failures, but for the few when it was given
    /// back or its process ended.
    fn wait_for_ourselves(&self) -> Duration {
        let others = self.delivery.claim.saturating_sub(i64::from(self.delivery.attempts)).saturating_sub(1);
        let doublings = u32::try_from(others.clamp(0, 16)).unwrap_or(0);
        OURS.saturating_mul(1 << doublings).min(LONGEST_OURS)
    }

    fn fail(
        &self,
        delivery: &mut Delivery,
        endpoint: &mut Endpoint,
        now: Timestamp,
        chance: u16,
        slow: bool,
    ) -> Option<Notice> {
        let (trouble, notice) = Trouble::after(endpoint.trouble, delivery.id, delivery.attempts, now);
        endpoint.trouble = Some(trouble);
        if slow {
            let end = now.plus(trouble.pause(self.sent.retry_after));
            endpoint.paused_until = endpoint.paused_until.max(Some(end));
        }
        if notice == Some(Notice::GivenUp) && endpoint.state == EndpointState::Enabled {
            endpoint.state = EndpointState::Failed;
        }
        if let Some(before) = delivery.manual.take() {
            // It had ended, and asking once more has not changed that.
            delivery.state = before;
            return notice;
        }
        let schedule = RetrySchedule::of(endpoint.settings.format);
        match schedule.next(delivery.attempts, now, chance, self.sent.retry_after) {
            Some(due) => delivery.due_at = due,
            None => delivery.state = DeliveryState::Dead,
        }
        notice
    }
}

#[cfg(test)]
mod tests;
