//! How writes become durable: how many units each commit had, and how long it took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Largest numbers of units of the classes in [`CommitCounts::sizes`]; the last class has no bound.
pub const SIZE_BOUNDS: [usize; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/// Longest durations of the classes in [`CommitCounts::durations`], in microseconds; the last class has no bound.
pub const DURATION_BOUNDS: [u64; 12] =
    [50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 100_000, 500_000, 2_500_000];

/// What has become durable since a store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitCounts {
    /// Commits, by how many units they had: more than the bound before, at most their own.
    pub sizes: [u64; SIZE_BOUNDS.len() + 1],
    /// Units of all commits.
    pub units: u64,
    /// Commits, by how long the database took to make them durable.
    pub durations: [u64; DURATION_BOUNDS.len() + 1],
    /// The time that it took, all together, in microseconds.
    pub micros: u64,
}

/// Counts the commits of a store.
#[derive(Debug, Default)]
pub struct Commits {
    sizes: [AtomicU64; SIZE_BOUNDS.len() + 1],
    units: AtomicU64,
    durations: [AtomicU64; DURATION_BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Commits {
    /// A commit of so many units has taken so long.
    pub fn count(&self, units: usize, took: Duration) {
        add_one(&self.sizes, SIZE_BOUNDS.partition_point(|bound| *bound < units));
        self.units.fetch_add(u64::try_from(units).unwrap_or(u64::MAX), Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        add_one(&self.durations, DURATION_BOUNDS.partition_point(|bound| *bound < micros));
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> CommitCounts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CommitCounts {
            sizes: self.sizes.each_ref().map(load),
            units: load(&self.units),
            durations: self.durations.each_ref().map(load),
            micros: load(&self.micros),
        }
    }
}

fn add_one(classes: &[AtomicU64], class: usize) {
    if let Some(count) = classes.get(class) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_in_the_class_that_it_does_not_exceed() {
        let commits = Commits::default();
        for (units, micros) in [(1, 50), (2, 51), (3, 250), (256, 1), (257, 2_500_001)] {
            commits.count(units, Duration::from_micros(micros));
        }
        let counts = commits.counts();
        assert_eq!(counts.sizes, [1, 1, 1, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(counts.units, 519);
        assert_eq!(counts.durations, [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(counts.micros, 2_500_353);
    }
}
