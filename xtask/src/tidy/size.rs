//! File sizes, and the module doc that every Rust file begins with.

use std::fmt;

use super::SourceFile;

/// How long the Rust files are, longest first.
pub(super) struct Sizes(Vec<(usize, String)>);

impl Sizes {
    /// Counts the lines of every Rust file.
    pub(super) fn measure(files: &[SourceFile]) -> Self {
        let rust = files.iter().filter(|file| file.is_rust());
        let mut sizes: Vec<(usize, String)> = rust.map(|file| (file.text.lines().count(), file.path.clone())).collect();
        sizes.sort_by(|left, right| right.cmp(left));
        Self(sizes)
    }

    /// Complains about files over the limit, and about a repository whose middle file is too long.
    pub(super) fn complaints(&self) -> Vec<String> {
        let too_long = self.0.iter().filter(|(lines, _)| *lines > LONGEST);
        let mut complaints: Vec<String> = too_long
            .map(|(lines, path)| format!("{path}: {lines} lines, more than {LONGEST}; look for the second idea in it"))
            .collect();
        if self.median() > LARGEST_MEDIAN {
            complaints
                .push(format!("the median of all Rust files is {} lines, more than {LARGEST_MEDIAN}", self.median()));
        }
        complaints
    }

    fn median(&self) -> usize {
        self.0.get(self.0.len() / 2).map_or(0, |(lines, _)| *lines)
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} Rust files, median {} lines; the longest:", self.0.len(), self.median())?;
        for (lines, path) in self.0.iter().take(5) {
            write!(formatter, "\n      {lines:>4}  {path}")?;
        }
        Ok(())
    }
}

/// Complains about a Rust file that does not begin with `//!`.
pub(super) fn missing_module_doc(file: &SourceFile) -> Option<String> {
    (file.is_rust() && !file.text.starts_with("//!"))
        .then(|| format!("{}: begins without `//!`; say what the file is for", file.path))
}

const LONGEST: usize = 500;
const LARGEST_MEDIAN: usize = 200;

#[cfg(test)]
mod tests {
    use super::super::{SourceFile, file};
    use super::{Sizes, missing_module_doc};

    fn of_length(lines: usize) -> SourceFile {
        file(&format!("crates/app/src/f{lines}.rs"), &"//! line\n".repeat(lines))
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        let files: Vec<SourceFile> = [500, 10, 20].into_iter().map(of_length).collect();
        assert!(Sizes::measure(&files).complaints().is_empty());
    }

    #[test]
    fn one_line_more_is_not() {
        let files: Vec<SourceFile> = [501, 10, 20].into_iter().map(of_length).collect();
        let complaints = Sizes::measure(&files).complaints();
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("crates/app/src/f501.rs: 501 lines"), "{}", complaints[0]);
    }

    #[test]
    fn many_middling_files_are_seen_by_the_median() {
        let files: Vec<SourceFile> = [210, 220, 230, 10].into_iter().map(of_length).collect();
        assert_eq!(Sizes::measure(&files).complaints(), ["the median of all Rust files is 210 lines, more than 200"]);
    }

    #[test]
    fn the_report_lists_the_five_longest_rust_files() {
        let mut files: Vec<SourceFile> = (1..=7).map(of_length).collect();
        files.push(file("docs/long.md", &"text\n".repeat(1000)));
        let report = Sizes::measure(&files).to_string();
        assert!(report.starts_with("7 Rust files, median 4 lines"), "{report}");
        assert_eq!(report.lines().count(), 6, "{report}");
        assert!(!report.contains("long.md"), "{report}");
    }

    #[test]
    fn an_empty_repository_has_no_complaint() {
        assert!(Sizes::measure(&[]).complaints().is_empty());
    }

    #[test]
    fn a_module_doc_comes_first() {
        assert!(missing_module_doc(&file("build.rs", "//! Why.\nfn main() {}\n")).is_none());
        assert!(missing_module_doc(&file("build.rs", "fn main() {}\n")).is_some());
        assert!(missing_module_doc(&file("build.rs", "\n//! Why.\n")).is_some());
        assert!(missing_module_doc(&file("notes.md", "# Notes\n")).is_none());
    }
}
