//! The code map in ARCHITECTURE.md must name every crate: a map with a hole misleads more than no map.

use super::manifest::Crate;

/// Complains about each crate below `crates/` that the text does not name by its directory.
pub(super) fn missing(crates: &[Crate], map: &str) -> Vec<String> {
    crates
        .iter()
        .filter(|ours| ours.directory.starts_with("crates/") && !names_directory(map, &ours.directory))
        .map(|ours| format!("ARCHITECTURE.md: the code map does not say what `{}` is for", ours.directory))
        .collect()
}

/// `crates/store` is not named by a text that only speaks of `crates/store-sqlite`.
fn names_directory(text: &str, directory: &str) -> bool {
    let part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.split(directory).skip(1).any(|rest| !rest.starts_with(part_of_name))
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Crate;
    use super::missing;

    fn a_crate(directory: &str) -> Crate {
        Crate { name: directory.to_owned(), directory: directory.to_owned(), dependencies: Vec::new() }
    }

    #[test]
    fn a_crate_is_found_by_its_whole_directory() {
        let map = "- `crates/store-sqlite/` the embedded store\n- `crates/domain`: the rules";
        assert!(missing(&[a_crate("crates/domain"), a_crate("crates/store-sqlite")], map).is_empty());
        assert_eq!(missing(&[a_crate("crates/store")], map).len(), 1);
        assert_eq!(missing(&[a_crate("crates/domain")], "").len(), 1);
    }

    #[test]
    fn what_is_not_below_crates_needs_no_entry() {
        assert!(missing(&[a_crate("xtask")], "").is_empty());
    }
}
