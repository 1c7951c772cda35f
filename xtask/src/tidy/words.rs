//! Words that must not stay in the text: unfinished work, and the British spelling of `license`.

use super::SourceFile;

/// Complains about each line with a banned word.
pub(super) fn banned(file: &SourceFile) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        if matches!(file.extension(), "rs" | "md") && !is_notice(&file.path) && contains_spelling(line) {
            complaints.push(format!("{}:{number}: we write `license`, as the wire does", file.path));
        }
        // Prose may speak about the words; code that has them is unfinished.
        if file.extension() != "md" && UNFINISHED.iter().any(|word| contains_word(line, word)) {
            complaints.push(format!("{}:{number}: unfinished work; finish it, or write an issue", file.path));
        }
    }
    complaints
}

/// Notices repeat the words of others and are never edited.
fn is_notice(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_uppercase();
    ["NOTICE", "LICENSE", "THIRD-PARTY", "THIRD_PARTY"].iter().any(|start| name.starts_with(start))
}

fn contains_spelling(line: &str) -> bool {
    line.to_lowercase().contains(SPELLING)
}

/// Whether the word stands there by itself, not as a part of a longer one.
fn contains_word(line: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
    })
}

// Put together from halves, so that this file keeps its own rule.
const SPELLING: &str = concat!("licen", "ce");
const UNFINISHED: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!"), concat!("unimplemented", "!")];

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::{SPELLING, UNFINISHED, banned};

    #[test]
    fn unfinished_work_is_found_in_code() {
        for word in UNFINISHED {
            for path in ["crates/app/src/lib.rs", "crates/interop/python/device.py", "crates/app/Cargo.toml"] {
                assert_eq!(banned(&file(path, &format!("x = 1\n    {word}(later)\n"))).len(), 1, "{path} {word}");
            }
        }
    }

    #[test]
    fn prose_and_longer_words_are_left_alone() {
        let unfinished = UNFINISHED[0];
        assert!(banned(&file("CONTRIBUTING.md", &format!("no {unfinished} without an issue"))).is_empty());
        assert!(banned(&file("crates/app/src/lib.rs", &format!("const {unfinished}S: u8 = 1;"))).is_empty());
        assert!(banned(&file("crates/app/src/lib.rs", "let todos = 1; // not yet")).is_empty());
    }

    #[test]
    fn the_spelling_is_american_except_in_notices() {
        let british = format!("the {SPELLING} of a device");
        assert_eq!(banned(&file("README.md", &british)).len(), 1);
        assert_eq!(banned(&file("crates/app/src/lib.rs", &british.to_uppercase())).len(), 1);
        assert!(banned(&file("NOTICE.md", &british)).is_empty());
        assert!(banned(&file("docs/third-party.md", &british)).is_empty());
        assert!(banned(&file("README.md", "a license")).is_empty());
    }
}
