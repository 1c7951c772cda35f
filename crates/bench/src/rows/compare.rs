//! From rounds to figures.

use anyhow::{Context as _, Result};

use crate::load::Round;
use crate::statistics::Spread;

/// The rates of rounds, as they were measured.
pub(super) fn rates(rounds: &[Round]) -> Result<Spread> {
    Spread::of(rounds.iter().map(|round| round.rate)).context("no round was measured")
}

/// The rates of a limit that waits for nothing: where the load could not use all of its core, as if it had. A limit that
/// was measured too low would flatter us.
pub(super) fn full_rates(rounds: &[Round]) -> Result<Spread> {
    Spread::of(rounds.iter().map(Round::rate_of_full_core)).context("no round was measured")
}

/// How busy both programs were, in words.
pub(super) fn business(ours: &[Round], limit: &[Round]) -> String {
    let part = |rounds: &[Round]| match Spread::of(rounds.iter().filter_map(|round| round.server_busy)) {
        Some(spread) => format!("{:.0} %", spread.median * 100.0),
        None => "unknown".to_owned(),
    };
    let others = Spread::of(ours.iter().chain(limit).filter_map(|round| round.others_busy));
    let others = others.map_or_else(|| "unknown".to_owned(), |spread| format!("{:.0} %", spread.max * 100.0));
    format!(
        "of its core, the server used {} and the limit {}; everything besides these and the load used at most {others}",
        part(ours),
        part(limit),
    )
}

/// How far the limit was scaled.
pub(super) fn ceiling(limit: &[Round]) -> Option<String> {
    Some(format!("the limit was measured at {:.0}/s before scaling", rates(limit).ok()?.median))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(rate: f64, server: f64) -> Round {
        Round { rate, server_busy: Some(server), client_busy: Some(1.0), others_busy: Some(0.02) }
    }

    #[test]
    fn a_limit_that_was_not_busy_counts_for_more() {
        let rounds = [round(80.0, 0.8), round(90.0, 1.0), round(84.0, 0.84)];
        assert_eq!(rates(&rounds).unwrap().median, 84.0);
        assert_eq!(full_rates(&rounds).unwrap().median, 100.0);
        assert!(rates(&[]).is_err());
    }

    #[test]
    fn everybody_is_named() {
        let words = business(&[round(1.0, 1.0)], &[round(1.0, 0.9)]);
        let expected = "of its core, the server used 100 % and the limit 90 %; everything besides these and the load used \
                        at most 2 %";
        assert_eq!(words, expected);
        assert_eq!(ceiling(&[round(80.0, 0.8)]).unwrap(), "the limit was measured at 80/s before scaling");
    }
}
