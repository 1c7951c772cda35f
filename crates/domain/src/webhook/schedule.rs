//! When a delivery is tried again.

use std::time::Duration;

use super::settings::PayloadFormat;
use crate::time::Timestamp;

/// Longest wait that a receiver can ask for.
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * HOUR);

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
/// Waits between attempts, as the specification of Standard Webhooks gives them: ten attempts in 75 hours and a half.
const USUAL: [u64; 9] = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/// Waits between attempts of license webhooks.
const LICENSE: [u64; 7] = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR];
/// How far a wait is moved at random, either way, in percent: deliveries that failed together do not come back together.
const JITTER_PERCENT: u64 = 20;

/// How long to wait between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    waits: &'static [u64],
}

impl RetrySchedule {
    /// The schedule of a form.
    #[must_use]
    pub fn of(format: PayloadFormat) -> Self {
        let waits: &'static [u64] = match format {
            PayloadFormat::License => &LICENSE,
            PayloadFormat::CloudEvents | PayloadFormat::Fno | PayloadFormat::Standard => &USUAL,
        };
        Self { waits }
    }

    /// How many attempts there are in all.
    #[must_use]
    pub fn attempts(self) -> usize {
        self.waits.len() + 1
    }

    /// When the next attempt is made after so many that have failed, the last at `failed_at`; `None`: it was the last one.
    /// `chance` is any number, drawn anew each time. What the receiver asks for counts between the wait of the schedule
    /// and [`LONGEST_WAIT`].
    #[must_use]
    pub fn next(
        self,
        failed: u32,
        failed_at: Timestamp,
        chance: u16,
        retry_after: Option<Duration>,
    ) -> Option<Timestamp> {
        let index = usize::try_from(failed.checked_sub(1)?).ok()?;
        let wait = Duration::from_secs(*self.waits.get(index)?);
        let wait = jittered(wait, chance);
        let asked = retry_after.unwrap_or_default().min(LONGEST_WAIT);
        Some(failed_at.plus(wait.max(asked)))
    }
}

/// A wait, moved by up to a fifth of it.
fn jittered(wait: Duration, chance: u16) -> Duration {
    let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let span = millis / 100 * JITTER_PERCENT;
    // From 0 to twice the span, taken off the upper end.
    let moved = (span * 2).saturating_mul(chance.into()) / u64::from(u16::MAX);
    Duration::from_millis((millis + span).saturating_sub(moved))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: u16 = u16::MAX / 2;

    fn wait(schedule: RetrySchedule, failed: u32, chance: u16, asked: Option<u64>) -> Option<i64> {
        let next = schedule.next(failed, Timestamp::EPOCH, chance, asked.map(Duration::from_secs));
        next.map(Timestamp::as_seconds)
    }

    #[test]
    fn the_schedule_is_the_documented_one() {
        let usual = RetrySchedule::of(PayloadFormat::Fno);
        let waits: Vec<_> = (1..=10).map(|failed| wait(usual, failed, MIDDLE, None)).collect();
        let expected = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400].map(Some);
        assert_eq!(waits[..9], expected);
        assert_eq!(waits[9], None, "the tenth attempt is the last");
        assert_eq!(usual.attempts(), 10);
        let total: i64 = waits.into_iter().flatten().sum();
        assert_eq!(total, (75 * 60 + 35) * 60 + 5);
        assert_eq!(RetrySchedule::of(PayloadFormat::License).attempts(), 8);
    }

    #[test]
    fn waits_are_moved_by_a_fifth_at_most() {
        let usual = RetrySchedule::of(PayloadFormat::Standard);
        assert_eq!(wait(usual, 2, 0, None), Some(360));
        assert_eq!(wait(usual, 2, u16::MAX, None), Some(240));
        for chance in (0..u16::MAX).step_by(97) {
            let wait = wait(usual, 2, chance, None).unwrap();
            assert!((240..=360).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn a_receiver_can_ask_for_more_but_not_for_less() {
        let usual = RetrySchedule::of(PayloadFormat::Standard);
        assert_eq!(wait(usual, 1, MIDDLE, Some(1)), Some(5));
        assert_eq!(wait(usual, 1, MIDDLE, Some(90)), Some(90));
        assert_eq!(wait(usual, 1, MIDDLE, Some(u64::MAX)), Some(86400));
        assert_eq!(wait(usual, 0, MIDDLE, None), None, "nothing has failed");
    }
}
