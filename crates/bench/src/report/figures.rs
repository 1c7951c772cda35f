//! One thing that was measured, its limit, and what it should have been.

use crate::statistics::Spread;

/// One line of the report.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What was measured, with the name of its row in front.
    pub(crate) name: String,
    /// What is counted.
    pub(crate) unit: &'static str,
    /// The program's.
    pub(crate) ours: Spread,
    /// The limit's, if it has one.
    pub(crate) limit: Option<Spread>,
    /// What should hold, if anything; the first is the one of the table.
    pub(crate) goals: Vec<Goal>,
    /// How it was measured, and what a reader should know.
    pub(crate) notes: Vec<String>,
    /// How it grows, for figures of growth.
    pub(crate) curve: Option<Curve>,
}

/// Something that should hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Goal {
    /// What is looked at, in words: "of bare hyper".
    pub(crate) what: String,
    /// Its value.
    pub(crate) value: f64,
    /// What it should be.
    pub(crate) bound: Bound,
}

/// What a value should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

/// How something grows.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    /// What there is more and more of.
    pub(crate) of: &'static str,
    /// How much there is of it, and the cost as a multiple of the cost with the least of it.
    pub(crate) points: Vec<(u32, f64)>,
}

impl Figure {
    /// A figure with a limit; the first goal is about their ratio.
    pub(crate) fn against(
        name: impl Into<String>,
        unit: &'static str,
        ours: Spread,
        (what, limit): (&str, Spread),
        bound: Bound,
    ) -> Self {
        let goal = Goal { what: what.to_owned(), value: ours.median / limit.median, bound };
        Self { name: name.into(), unit, ours, limit: Some(limit), goals: vec![goal], notes: Vec::new(), curve: None }
    }

    /// A figure with a limit and without a goal: their ratio is a note.
    pub(crate) fn beside(
        name: impl Into<String>,
        unit: &'static str,
        ours: Spread,
        (what, limit): (&str, Spread),
    ) -> Self {
        let ratio = format!("{:.2} {what}; nothing is asked of it", ours.median / limit.median);
        Self { name: name.into(), unit, ours, limit: Some(limit), goals: Vec::new(), notes: vec![ratio], curve: None }
    }

    /// A figure that is judged by itself.
    pub(crate) fn alone(name: impl Into<String>, unit: &'static str, ours: Spread, what: &str, bound: Bound) -> Self {
        let goal = Goal { what: what.to_owned(), value: ours.median, bound };
        Self { name: name.into(), unit, ours, limit: None, goals: vec![goal], notes: Vec::new(), curve: None }
    }

    /// The same with a further goal.
    pub(crate) fn and(mut self, what: &str, value: f64, bound: Bound) -> Self {
        self.goals.push(Goal { what: what.to_owned(), value, bound });
        self
    }

    /// The same with something that a reader should know.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Whether all goals hold.
    pub(crate) fn holds(&self) -> bool {
        self.goals.iter().all(Goal::holds)
    }
}

impl Goal {
    /// Whether it holds.
    pub(crate) fn holds(&self) -> bool {
        match self.bound {
            Bound::AtLeast(bound) => self.value >= bound,
            Bound::AtMost(bound) => self.value <= bound,
        }
    }
}

impl Bound {
    /// The number.
    pub(crate) fn number(self) -> f64 {
        match self {
            Self::AtLeast(bound) | Self::AtMost(bound) => bound,
        }
    }

    /// The sign in front of it.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::AtLeast(_) => "≥",
            Self::AtMost(_) => "≤",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_holds_when_all_its_goals_do() {
        let limit = ("of the limit", Spread::single(200.0));
        let figure = Figure::against("row", "checks/s", Spread::single(100.0), limit, Bound::AtLeast(0.5));
        assert_eq!(figure.goals[0].value, 0.5);
        assert!(figure.holds());
        assert!(!figure.and("checks/s", 100.0, Bound::AtLeast(101.0)).holds());
    }

    #[test]
    fn bounds_are_part_of_what_is_allowed() {
        for (value, bound, holds) in [
            (1.3, Bound::AtMost(1.3), true),
            (1.31, Bound::AtMost(1.3), false),
            (0.6, Bound::AtLeast(0.6), true),
            (0.59, Bound::AtLeast(0.6), false),
        ] {
            assert_eq!(Goal { what: String::new(), value, bound }.holds(), holds, "{value} {bound:?}");
        }
        assert!(!Goal { what: String::new(), value: f64::NAN, bound: Bound::AtLeast(0.0) }.holds());
    }
}
