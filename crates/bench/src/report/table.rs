//! The report as a table, for a terminal and for the page.

use super::{Entry, Figure, Goal, Outcome};
use crate::statistics::Spread;

/// Aligned columns for a terminal, and the notes below.
pub(crate) fn text(entries: &[Entry]) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    let mut notes = String::new();
    for (name, outcome) in entries {
        match outcome {
            Outcome::Failed(reason) => notes.push_str(&format!("{name}: could not run: {reason}\n")),
            Outcome::Skipped(reason) => notes.push_str(&format!("{name}: skipped: {reason}\n")),
            Outcome::Measured(figures) => {
                for figure in figures {
                    rows.extend(lines(figure));
                    for note in &figure.notes {
                        notes.push_str(&format!("{}: {note}\n", figure.name));
                    }
                }
            }
        }
    }
    let mut out = String::new();
    let widths: Vec<usize> =
        (0..HEADINGS.len()).map(|column| rows.iter().map(|row| width(row.get(column))).max().unwrap_or(0)).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 || column == HEADINGS.len() - 1 {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    if !notes.is_empty() {
        out.push('\n');
        out.push_str(&notes);
    }
    out
}

/// The same as a table of a page, with the notes of each figure below it.
pub(crate) fn markdown(entries: &[Entry]) -> String {
    let mut out = format!("| {} |\n|---|---:|---:|---:|---:|---|\n", HEADINGS.join(" | "));
    let mut notes = String::new();
    for (name, outcome) in entries {
        match outcome {
            Outcome::Failed(reason) => notes.push_str(&format!("- `{name}` could not run: {reason}\n")),
            Outcome::Skipped(reason) => notes.push_str(&format!("- `{name}` was skipped: {reason}\n")),
            Outcome::Measured(figures) => {
                for figure in figures {
                    for line in lines(figure) {
                        out.push_str(&format!("| {} |\n", line.join(" | ")));
                    }
                    if !figure.notes.is_empty() {
                        notes.push_str(&format!("- `{}`: {}\n", figure.name, figure.notes.join("; ")));
                    }
                }
            }
        }
    }
    format!("{out}\n{notes}")
}

/// The line of a figure, with or without a goal, and one for each further goal.
fn lines(figure: &Figure) -> Vec<[String; 6]> {
    let limit = figure.limit.map_or_else(String::new, spread);
    let ours = format!("{} {}", spread(figure.ours), figure.unit);
    if figure.goals.is_empty() {
        return vec![[figure.name.clone(), ours, limit, String::new(), String::new(), String::new()]];
    }
    let lines = figure.goals.iter().enumerate().map(|(index, goal)| {
        let [value, bound, verdict] = judged(goal);
        if index == 0 {
            [figure.name.clone(), ours.clone(), limit.clone(), value, bound, verdict]
        } else {
            [String::new(), String::new(), String::new(), value, bound, verdict]
        }
    });
    lines.collect()
}

fn judged(goal: &Goal) -> [String; 3] {
    let bound = format!("{} {}", goal.bound.sign(), number(goal.bound.number()));
    let verdict = if goal.holds() { "holds" } else { "misses" };
    [format!("{} {}", number(goal.value), goal.what), bound, verdict.to_owned()]
}

/// The median, and the extremes behind it where they differ.
fn spread(spread: Spread) -> String {
    if spread.min == spread.max {
        return number(spread.median);
    }
    format!("{} ({}–{})", number(spread.median), number(spread.min), number(spread.max))
}

/// Three digits that count, and a blank between thousands.
pub(super) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude < 10.0 {
        return format!("{value:.2}");
    }
    if magnitude < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digit.is_ascii_digit() && (digits.len() - index) % 3 == 0 && !grouped.ends_with('-') {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

fn width(cell: Option<&String>) -> usize {
    cell.map_or(0, |cell| cell.chars().count())
}

const HEADINGS: [&str; 6] = ["row", "ours (spread)", "limit (spread)", "ratio or value", "goal", ""];

#[cfg(test)]
mod tests {
    use super::super::Bound;
    use super::*;

    fn entries() -> Vec<Entry> {
        let limit = ("of hyper", Spread { median: 100_000.0, min: 90_000.0, max: 110_000.0 });
        let figure = Figure::against("check", "checks/s", Spread::single(43_210.0), limit, Bound::AtLeast(0.45));
        let figure = figure.and("checks/s", 43_210.0, Bound::AtLeast(27_800.0)).note("pinned");
        vec![
            ("check", Outcome::Measured(vec![figure])),
            ("download", Outcome::Skipped("no nginx".to_owned())),
            ("event", Outcome::Failed("401".to_owned())),
        ]
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in
            [(0.4567, "0.46"), (12.34, "12.3"), (999.6, "1 000"), (1_234_567.0, "1 234 567"), (-1234.0, "-1 234")]
        {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn the_terminal_gets_columns_and_notes() {
        let expected = "\
row      ours (spread)            limit (spread)   ratio or value      goal
check  43 210 checks/s  100 000 (90 000–110 000)    0.43 of hyper    ≥ 0.45  misses
                                                  43 210 checks/s  ≥ 27 800  holds

check: pinned
download: skipped: no nginx
event: could not run: 401
";
        assert_eq!(text(&entries()), expected);
    }

    #[test]
    fn a_figure_without_a_goal_has_a_line() {
        let limit = ("of hyper", Spread::single(200.0));
        let figure = Figure::beside("bearer", "calls/s", Spread::single(100.0), limit);
        let expected = "\
row     ours (spread)  limit (spread)  ratio or value  goal
bearer    100 calls/s             200

bearer: 0.50 of hyper; nothing is asked of it
";
        assert_eq!(text(&[("bearer", Outcome::Measured(vec![figure]))]), expected);
    }

    #[test]
    fn the_page_gets_a_table() {
        let page = markdown(&entries());
        assert!(
            page.contains("| check | 43 210 checks/s | 100 000 (90 000–110 000) | 0.43 of hyper | ≥ 0.45 | misses |")
        );
        assert!(page.contains("|  |  |  | 43 210 checks/s | ≥ 27 800 | holds |"));
        assert!(
            page.ends_with("- `check`: pinned\n- `download` was skipped: no nginx\n- `event` could not run: 401\n")
        );
    }
}
