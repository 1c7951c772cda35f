//! The report as one JSON document, with everything that was measured.

use serde_json::{Value, json};

use super::{Entry, Figure, Outcome};
use crate::bench::Amount;
use crate::machine::Machine;
use crate::statistics::Spread;

/// The document.
pub(crate) fn document(machine: &Machine, amount: Amount, entries: &[Entry]) -> Value {
    let rows = entries.iter().map(|(name, outcome)| match outcome {
        Outcome::Failed(reason) => json!({ "row": name, "failed": reason }),
        Outcome::Skipped(reason) => json!({ "row": name, "skipped": reason }),
        Outcome::Measured(figures) => {
            json!({ "row": name, "figures": figures.iter().map(figure).collect::<Vec<_>>() })
        }
    });
    json!({
        "machine": machine.facts().into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
        "rounds": amount.rounds,
        "seconds": amount.length.as_secs_f64(),
        "warm_up_seconds": amount.warm_up.as_secs_f64(),
        "rows": rows.collect::<Vec<_>>(),
    })
}

fn figure(figure: &Figure) -> Value {
    let goals = figure.goals.iter().map(|goal| {
        let bound = format!("{} {}", goal.bound.sign(), goal.bound.number());
        json!({ "what": goal.what, "value": goal.value, "goal": bound, "holds": goal.holds() })
    });
    let curve = figure.curve.as_ref().map(|curve| {
        let points: Vec<Value> =
            curve.points.iter().map(|(count, multiple)| json!({ "count": count, "multiple": multiple })).collect();
        json!({ "of": curve.of, "points": points })
    });
    json!({
        "name": figure.name,
        "unit": figure.unit,
        "ours": spread(figure.ours),
        "limit": figure.limit.map(spread),
        "goals": goals.collect::<Vec<_>>(),
        "holds": figure.holds(),
        "notes": figure.notes,
        "curve": curve,
    })
}

fn spread(spread: Spread) -> Value {
    json!({ "median": spread.median, "min": spread.min, "max": spread.max })
}
