//! Tells the operator when the machine's clock jumps: limits and licenses are judged by it, and it cannot be taken back.

use std::time::{Duration, Instant};

use countersign_domain::time::Timestamp;

/// How far the clock may be from the time that has passed, before somebody should know.
pub(crate) const JUMP: Duration = Duration::from_secs(300);

/// The clock, beside the time that has really passed.
#[derive(Default)]
pub(crate) struct ClockWatch {
    last: Option<(Instant, Timestamp)>,
}

/// What the clock has done since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jump {
    Backward(Duration),
    Forward(Duration),
}

impl ClockWatch {
    /// Looks at the clock.
    pub(crate) fn look(&mut self, shown: Timestamp) -> Option<Jump> {
        #[expect(clippy::disallowed_methods, reason = "the time that has passed, to be compared with the clock")]
        let now = Instant::now();
        let (then, before) = self.last.replace((now, shown))?;
        jump(before, shown, now.saturating_duration_since(then))
    }
}

impl Jump {
    /// Tells the operator.
    pub(crate) fn log(self) {
        match self {
            Self::Forward(by) => tracing::warn!(
                seconds = by.as_secs(),
                "the clock has jumped forward; licenses and limits follow it, and stand still when it is set back"
            ),
            Self::Backward(by) => tracing::warn!(
                seconds = by.as_secs(),
                "the clock was set back; the time of licenses and limits stands still until the clock has caught up"
            ),
        }
    }
}

/// Whether the clock has moved on by more or less than the time that has passed.
fn jump(before: Timestamp, shown: Timestamp, passed: Duration) -> Option<Jump> {
    let expected = before.plus(passed).as_millis();
    let off = shown.as_millis().saturating_sub(expected);
    let by = Duration::from_millis(off.unsigned_abs());
    match off {
        _ if by <= JUMP => None,
        0.. => Some(Jump::Forward(by)),
        _ => Some(Jump::Backward(by)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_what_time_does_not_explain() {
        let before = Timestamp::from_seconds(1_000_000);
        let seconds = Duration::from_secs;
        for (shown, passed, expected) in [
            (1_000_000, 0, None),
            (1_000_300, 0, None),
            (1_000_301, 0, Some(Jump::Forward(seconds(301)))),
            (1_003_600, 3600, None),
            (1_007_200, 3600, Some(Jump::Forward(seconds(3600)))),
            (999_700, 0, None),
            (999_699, 0, Some(Jump::Backward(seconds(301)))),
            (1_000_000, 3600, Some(Jump::Backward(seconds(3600)))),
        ] {
            assert_eq!(jump(before, Timestamp::from_seconds(shown), seconds(passed)), expected, "{shown} {passed}");
        }
    }
}
