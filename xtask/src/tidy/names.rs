//! Names that say nothing: of files, functions, modules and types.

use super::SourceFile;

/// Complains about banned words in the file's own name and in the names that a Rust file defines.
pub(super) fn banned(file: &SourceFile) -> Vec<String> {
    if !matches!(file.extension(), "rs" | "py") {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    for part in file.path.split(['/', '.']) {
        if let Some(word) = empty_word(part) {
            complaints.push(format!("{}: the name `{part}` contains `{word}`, which says nothing", file.path));
        }
    }
    if !file.is_rust() {
        return complaints;
    }
    for (number, line) in (1..).zip(file.text.lines()) {
        let Some((keyword, name)) = definition(line) else { continue };
        if let Some(word) = empty_word(name) {
            complaints.push(format!("{}:{number}: the name `{name}` contains `{word}`, which says nothing", file.path));
        }
        if keyword == "fn" && name.starts_with("get_") {
            complaints.push(format!("{}:{number}: `{name}`: say `find_`, or the noun alone", file.path));
        }
    }
    complaints
}

/// The keyword and the name, when the line begins the definition of something.
fn definition(line: &str) -> Option<(&str, &str)> {
    // A definition begins its line, after at most a visibility and a few qualifiers; words in texts do not.
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub(") {
        rest = after.split_once(')')?.1;
    }
    let mut words = rest.split_whitespace();
    let keyword = words.find(|word| !QUALIFIERS.contains(word)).filter(|word| DEFINES.contains(word))?;
    let name = words.next()?.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()?;
    Some((keyword, name)).filter(|_| !name.is_empty())
}

/// The first word of a snake_case, kebab-case or CamelCase name that is on the list.
fn empty_word(name: &str) -> Option<&'static str> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c == '-' || c.is_uppercase() {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    EMPTY_WORDS.into_iter().find(|empty| words.iter().any(|word| word == empty))
}

const EMPTY_WORDS: [&str; 6] = ["helper", "helpers", "manager", "managers", "util", "utils"];
const DEFINES: [&str; 6] = ["enum", "fn", "mod", "struct", "trait", "type"];
const QUALIFIERS: [&str; 7] = ["async", "const", "default", "extern", "\"C\"", "pub", "unsafe"];

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::{banned, definition};

    fn complaints(text: &str) -> usize {
        banned(&file("crates/app/src/lib.rs", text)).len()
    }

    #[test]
    fn empty_names_are_found() {
        assert_eq!(complaints("pub(crate) struct LicenseManager;"), 1);
        assert_eq!(complaints("mod utils;"), 1);
        assert_eq!(complaints("    pub async fn token_helper() {}"), 1);
        assert_eq!(complaints("enum HelperKind {}"), 1);
        assert_eq!(complaints("pub(in crate::keys) const fn get_key() {}"), 1);
        assert_eq!(complaints("    fn get_license(&self);"), 1);
    }

    #[test]
    fn telling_names_are_not() {
        assert_eq!(complaints("fn get() {}"), 0);
        assert_eq!(complaints("fn budget_left() {}"), 0);
        assert_eq!(complaints("struct Utility;"), 0);
        assert_eq!(complaints("let manager = 1;"), 0);
        assert_eq!(complaints("// fn get_it() in a comment"), 0);
        assert_eq!(complaints("\"fn get_it() in a text\""), 0);
        assert_eq!(complaints("use hyper_util::rt;"), 0);
    }

    #[test]
    fn file_names_count_too() {
        assert_eq!(banned(&file("crates/app/src/utils.rs", "")).len(), 1);
        assert_eq!(banned(&file("crates/app/src/http_helpers/mod.rs", "")).len(), 1);
        assert_eq!(banned(&file("crates/interop/python/helpers.py", "")).len(), 1);
        assert!(banned(&file("docs/utils.md", "")).is_empty());
    }

    #[test]
    fn the_kind_of_a_definition_is_told() {
        assert_eq!(definition("pub const fn limit() -> u8 {"), Some(("fn", "limit")));
        assert_eq!(definition("    mod tests {"), Some(("mod", "tests")));
        assert_eq!(definition("const LIMIT: u8 = 3;"), None);
        assert_eq!(definition(""), None);
    }
}
