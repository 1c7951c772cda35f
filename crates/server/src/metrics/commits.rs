//! How writes have become durable.

use countersign_store::{CommitCounts, DURATION_BOUNDS, SIZE_BOUNDS};

use super::page::{Kind, Page};

/// Writes the families of commits.
pub(super) fn write(page: &mut Page, counts: &CommitCounts) {
    page.family(UNITS, Kind::Histogram, "Units of work that one commit made durable.");
    let bounds = SIZE_BOUNDS.iter().map(ToString::to_string);
    write_classes(page, UNITS, bounds, &counts.sizes);
    page.sample(&format!("{UNITS}_sum"), &[], counts.units);
    page.family(SECONDS, Kind::Histogram, "Time that the database took to make a commit durable.");
    let bounds = DURATION_BOUNDS.iter().map(|micros| seconds(*micros).to_string());
    write_classes(page, SECONDS, bounds, &counts.durations);
    page.sample(&format!("{SECONDS}_sum"), &[], seconds(counts.micros));
}

/// Writes how many values were at most so large, for each bound, and how many there are.
fn write_classes(page: &mut Page, family: &str, bounds: impl Iterator<Item = String>, classes: &[u64]) {
    let name = format!("{family}_bucket");
    let mut so_far = 0;
    for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(classes) {
        so_far += count;
        page.sample(&name, &[("le", &bound)], so_far);
    }
    page.sample(&format!("{family}_count"), &[], so_far);
}

#[expect(clippy::cast_precision_loss, reason = "the sum of centuries is exact enough")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

const UNITS: &str = "countersign_store_commit_units";
const SECONDS: &str = "countersign_store_commit_duration_seconds";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use countersign_store::Commits;

    use super::*;

    #[test]
    fn a_commit_is_in_every_bucket_from_its_own_on() {
        let commits = Commits::default();
        for (units, micros) in [(1, 60), (3, 200), (300, 3_000_000)] {
            commits.count(units, Duration::from_micros(micros));
        }
        let mut page = Page::default();
        write(&mut page, &commits.counts());
        let text = page.into_text();
        for line in [
            format!("{UNITS}_bucket{{le=\"1\"}} 1"),
            format!("{UNITS}_bucket{{le=\"2\"}} 1"),
            format!("{UNITS}_bucket{{le=\"4\"}} 2"),
            format!("{UNITS}_bucket{{le=\"256\"}} 2"),
            format!("{UNITS}_bucket{{le=\"+Inf\"}} 3"),
            format!("{UNITS}_count 3"),
            format!("{UNITS}_sum 304"),
            format!("{SECONDS}_bucket{{le=\"0.00005\"}} 0"),
            format!("{SECONDS}_bucket{{le=\"0.0001\"}} 1"),
            format!("{SECONDS}_bucket{{le=\"0.00025\"}} 2"),
            format!("{SECONDS}_bucket{{le=\"2.5\"}} 2"),
            format!("{SECONDS}_bucket{{le=\"+Inf\"}} 3"),
            format!("{SECONDS}_sum 3.00026"),
        ] {
            assert!(text.lines().any(|found| found == line), "no line {line} in\n{text}");
        }
    }
}
