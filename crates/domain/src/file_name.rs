//! Names of files that devices download: plain names, safe on every common system.

use crate::text::{TextError, check};

/// The name under which a file is downloaded. It names a file in the current folder, and the same one everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlainFileName(String);

/// Why a file name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    /// A blank at an end, or a dot at the end: some systems drop it.
    #[error("a file name must not begin or end with a blank, or end with a dot")]
    Edge,
    /// `.` and `..` are folders.
    #[error("{0:?} names a folder")]
    Folder(String),
    /// A name that is a device on Windows.
    #[error("{0:?} is the name of a device on Windows")]
    Reserved(String),
    /// A character that separates folders, drives or streams, or that some system forbids.
    #[error("a file name must not contain {0:?}")]
    Separator(char),
    /// A rule for all texts is broken.
    #[error(transparent)]
    Text(#[from] TextError),
}

impl PlainFileName {
    /// The longest accepted name, in bytes: leaves room for what downloading programs append.
    pub const LIMIT: usize = 240;

    /// Takes a name that every common system accepts as a plain file.
    ///
    /// # Errors
    /// [`FileNameError`] names the broken rule.
    pub fn new(text: impl Into<String>) -> Result<Self, FileNameError> {
        let text = text.into();
        check("a file name", &text, Self::LIMIT)?;
        if text == "." || text == ".." {
            return Err(FileNameError::Folder(text));
        }
        if let Some(separator) =
            text.chars().find(|c| matches!(c, '/' | '\\' | ':' | '<' | '>' | '"' | '|' | '?' | '*'))
        {
            return Err(FileNameError::Separator(separator));
        }
        if text.trim() != text || text.ends_with('.') {
            return Err(FileNameError::Edge);
        }
        let stem = text.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
        if is_windows_device(&stem) {
            return Err(FileNameError::Reserved(text));
        }
        Ok(Self(text))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PlainFileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Windows takes these for devices, whatever follows a dot.
fn is_windows_device(stem: &str) -> bool {
    let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']));
    matches!(stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_taken() {
        for good in ["pump fw-4.2.1.bin", ".profile", "console", "com10", "ä.txt", "a..b"] {
            assert!(PlainFileName::new(good).is_ok(), "{good:?} was refused");
        }
    }

    #[test]
    fn names_that_mean_something_else_somewhere_are_refused() {
        let long = "x".repeat(241);
        for bad in
            ["..", ".", "a/b", "a\\b", "C:x", "a\0b", "", " ", " a", "a ", "a.", "CON", "nul.txt", "Lpt1.bin", &long]
        {
            assert!(PlainFileName::new(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
