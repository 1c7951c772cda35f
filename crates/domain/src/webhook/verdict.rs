//! What the answer of a receiver means.

use super::delivery::AttemptOutcome;

/// What an attempt means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has taken it.
    Delivered,
    /// It has not. It is tried again; with `slow`, the receiver as a whole gets a pause.
    Failed {
        /// Whether the receiver is too busy for anything, or not there at all.
        slow: bool,
    },
    /// The receiver wants no more, ever.
    Gone,
    /// The receiver had no chance to answer. It is tried again, and not held against the receiver.
    NotTried,
}

/// What an attempt means: any 2xx is success, everything else is not, redirects included.
#[must_use]
pub fn judge(outcome: AttemptOutcome, status: Option<u16>) -> Verdict {
    match (outcome, status) {
        (AttemptOutcome::Answered, Some(200..=299)) => Verdict::Delivered,
        (AttemptOutcome::Answered, Some(410)) => Verdict::Gone,
        (AttemptOutcome::Answered, Some(429 | 502..=504))
        | (AttemptOutcome::TimedOut | AttemptOutcome::Unreachable, _) => Verdict::Failed { slow: true },
        (AttemptOutcome::Answered | AttemptOutcome::Blocked | AttemptOutcome::Broken, _) => {
            Verdict::Failed { slow: false }
        }
        (AttemptOutcome::Ours, _) => Verdict::NotTried,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_the_protocol_says() {
        use AttemptOutcome::{Answered, Blocked, Broken, Ours, TimedOut, Unreachable};
        for (outcome, status, verdict) in [
            (Answered, Some(200), Verdict::Delivered),
            (Answered, Some(204), Verdict::Delivered),
            (Answered, Some(299), Verdict::Delivered),
            (Answered, Some(301), Verdict::Failed { slow: false }),
            (Answered, Some(400), Verdict::Failed { slow: false }),
            (Answered, Some(410), Verdict::Gone),
            (Answered, Some(429), Verdict::Failed { slow: true }),
            (Answered, Some(500), Verdict::Failed { slow: false }),
            (Answered, Some(503), Verdict::Failed { slow: true }),
            (Answered, None, Verdict::Failed { slow: false }),
            (TimedOut, None, Verdict::Failed { slow: true }),
            (Unreachable, None, Verdict::Failed { slow: true }),
            (Blocked, None, Verdict::Failed { slow: false }),
            (Broken, Some(200), Verdict::Failed { slow: false }),
            (Ours, None, Verdict::NotTried),
        ] {
            assert_eq!(judge(outcome, status), verdict, "{outcome} {status:?}");
        }
    }
}
