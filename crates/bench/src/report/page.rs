//! The page about performance: the table of a run takes the place of the one before, the plots are written anew.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::{Curve, Entry, Figure, Outcome, markdown, plot};
use crate::machine::Machine;

/// Writes the table of a run into `performance.md` of a folder, and its plots beside it.
///
/// # Errors
/// When the page is not there, has no place for the table, or cannot be written.
pub(crate) fn write_page(folder: &Path, machine: &Machine, entries: &[Entry]) -> Result<()> {
    let path = folder.join("performance.md");
    let page = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut figures = String::from("| machine | |\n|---|---|\n");
    for (name, value) in machine.facts() {
        figures.push_str(&format!("| {name} | {value} |\n"));
    }
    figures.push('\n');
    figures.push_str(&markdown(entries));
    let page = with_figures(&page, &figures)?;
    std::fs::write(&path, page).with_context(|| format!("{} cannot be written", path.display()))?;

    let plots = folder.join("performance");
    std::fs::create_dir_all(&plots)?;
    let measured = entries.iter().filter_map(|(_, outcome)| match outcome {
        Outcome::Measured(figures) => Some(figures),
        Outcome::Failed(_) | Outcome::Skipped(_) => None,
    });
    let measured: Vec<&Figure> = measured.flatten().collect();
    let curves: Vec<(&str, &Curve)> =
        measured.iter().filter_map(|figure| Some((figure.name.as_str(), figure.curve.as_ref()?))).collect();
    std::fs::write(plots.join("goals.svg"), plot::bars(&measured))?;
    if !curves.is_empty() {
        std::fs::write(plots.join("growth.svg"), plot::curves(&curves))?;
    }
    Ok(())
}

/// The page with other text between its two marks.
fn with_figures(page: &str, figures: &str) -> Result<String> {
    let (Some((before, rest)), Some((_, after))) = (page.split_once(BEGIN), page.split_once(END)) else {
        bail!("the page has no place for the table: a line {BEGIN} and a line {END}");
    };
    if !rest.contains(END) {
        bail!("the marks of the page stand in the wrong order");
    }
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", figures.trim()))
}

const BEGIN: &str = "<!-- figures -->";
const END: &str = "<!-- end of figures -->";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_the_marks_changes() {
        let page = "a\n<!-- figures -->\nold\n<!-- end of figures -->\nb\n";
        let expected = "a\n<!-- figures -->\n\nnew\n\n<!-- end of figures -->\nb\n";
        assert_eq!(with_figures(page, "new\n").unwrap(), expected);
        assert_eq!(with_figures(expected, "new").unwrap(), expected);
        for bad in ["", "<!-- figures -->", "<!-- end of figures --> <!-- figures -->"] {
            assert!(with_figures(bad, "new").is_err(), "{bad:?}");
        }
    }
}
