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

/// How busy everyone was, in words.
pub(super) fn business(ours: &[Round], limit: &[Round]) -> String {
    let part = |rounds: &[Round], of: fn(&Round) -> Option<f64>| match Spread::of(rounds.iter().filter_map(of)) {
        Some(spread) => format!("{:.0} %", spread.median * 100.0),
        None => "unknown".to_owned(),
    };
    let others = Spread::of(ours.iter().chain(limit).filter_map(|round| round.others_busy));
    let others = others.map_or_else(|| "unknown".to_owned(), |spread| format!("{:.0} %", spread.max * 100.0));
    format!(
        "of its core, the server used {} and the limit {}; the load used {} and {} of its own; everything else at most {others}",
        part(ours, |round| round.server_busy),
        part(limit, |round| round.server_busy),
        part(ours, |round| round.client_busy),
        part(limit, |round| round.client_busy),
    )
}

/// What the load could do at most, from a limit that did not keep it busy: its own ceiling.
pub(super) fn ceiling(limit: &[Round]) -> Option<String> {
    let ceilings = limit.iter().filter_map(|round| Some(round.rate / round.client_busy.filter(|busy| *busy > 0.0)?));
    let (ceiling, measured) = (Spread::of(ceilings)?.median, rates(limit).ok()?.median);
    Some(format!("the load alone could do {ceiling:.0}/s; the limit was measured at {measured:.0}/s before scaling"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(rate: f64, server: f64, client: f64) -> Round {
        Round { rate, server_busy: Some(server), client_busy: Some(client), others_busy: Some(0.02) }
    }

    #[test]
    fn a_limit_that_was_not_busy_counts_for_more() {
        let rounds = [round(80.0, 0.8, 1.0), round(90.0, 1.0, 0.9), round(84.0, 0.84, 1.0)];
        assert_eq!(rates(&rounds).unwrap().median, 84.0);
        assert_eq!(full_rates(&rounds).unwrap().median, 100.0);
        assert!(rates(&[]).is_err());
    }

    #[test]
    fn everybody_is_named() {
        let words = business(&[round(1.0, 1.0, 0.5)], &[round(1.0, 0.9, 1.0)]);
        let expected = "of its core, the server used 100 % and the limit 90 %; the load used 50 % and 100 % of its own; \
                        everything else at most 2 %";
        assert_eq!(words, expected);
        let words = ceiling(&[round(80.0, 0.8, 0.5)]).unwrap();
        assert_eq!(words, "the load alone could do 160/s; the limit was measured at 80/s before scaling");
    }
}
