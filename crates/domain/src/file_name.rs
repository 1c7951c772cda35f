//! Names of files that devices download: plain names, safe on every common system.
//!
//! A device judges the names of a manifest by rules of its own, and refuses the whole manifest for one bad name. So a name
//! that it would refuse is never published: `contract/file-names/` holds both sides to the same answer.

use crate::text::{TextError, check};

/// The name under which a file is downloaded. It names a file in the current folder, and the same one everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlainFileName(String);

/// Why a file name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    /// Combining marks or parts of Hangul syllables, which some systems take for another spelling of a letter.
    #[error("a file name must not contain combining marks ({0:?}); write its letters in composed form (Unicode NFC)")]
    Combining(char),
    /// A blank at an end, or a dot at the end: some systems drop it.
    #[error("a file name must not begin or end with a blank, or end with a dot")]
    Edge,
    /// `.` and `..` are folders.
    #[error("{0:?} names a folder")]
    Folder(String),
    /// A character that shows as nothing, or changes the reading direction and so disguises the name.
    #[error("a file name must not contain the invisible character {0:?}")]
    Invisible(char),
    /// A name that is a device on Windows.
    #[error("{0:?} is the name of a device on Windows")]
    Reserved(String),
    /// A character that separates folders, drives or streams, or that some system forbids.
    #[error("a file name must not contain {0:?}")]
    Separator(char),
    /// A rule for all texts is broken.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The ending of what devices keep beside a file that they have not downloaded to its end.
    #[error("a file name must not end with .part or .part.etag: devices name unfinished downloads so")]
    Unfinished,
}

impl PlainFileName {
    /// The longest accepted name, in bytes: file systems take 255, and devices append `.part.etag` meanwhile.
    pub const LIMIT: usize = 245;

    /// Takes a name that every common system and every device accepts as a plain file.
    ///
    /// # Errors
    /// [`FileNameError`] names the broken rule.
    pub fn new(text: impl Into<String>) -> Result<Self, FileNameError> {
        let Self(text) = Self::of_published(text)?;
        if let Some(invisible) = text.chars().find(|c| is_invisible(*c)) {
            return Err(FileNameError::Invisible(invisible));
        }
        if let Some(mark) = text.chars().find(|c| is_combining(*c)) {
            return Err(FileNameError::Combining(mark));
        }
        if is_windows_device(&text) {
            return Err(FileNameError::Reserved(text));
        }
        let lower = text.to_lowercase();
        if UNFINISHED.iter().any(|ending| lower.ends_with(ending)) {
            return Err(FileNameError::Unfinished);
        }
        Ok(Self(text))
    }

    /// Takes the name of a file that was published before all of today's rules held: it is plain, and stays readable.
    ///
    /// # Errors
    /// [`FileNameError`] when it names anything else than a file in the current folder.
    pub fn of_published(text: impl Into<String>) -> Result<Self, FileNameError> {
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
        if text.ends_with('.') {
            return Err(FileNameError::Edge);
        }
        Ok(Self(text))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text for all names that some file system takes for one, because it does not look at case. Two steps,
    /// because some letters have several capitals (K and the kelvin sign) and some several small forms (σ and ς).
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase().to_uppercase()
    }
}

impl std::fmt::Display for PlainFileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Marks that reorder the text around them, and those that show as nothing at all.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The general combining marks, the voicing marks of kana, and the parts that Hangul syllables are made of: together,
/// every way to write a letter of these scripts in pieces (Unicode Standard Annex 15).
fn is_combining(c: char) -> bool {
    matches!(
        c,
        '\u{0300}'..='\u{036f}'
            | '\u{0483}'..='\u{0489}'
            | '\u{1100}'..='\u{11ff}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{3099}'..='\u{309a}'
            | '\u{a960}'..='\u{a97f}'
            | '\u{d7b0}'..='\u{d7ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Windows takes these for devices in every folder, with any extension and in any case; the digits may also be the
/// superscripts one to three.
fn is_windows_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_uppercase();
    if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return true;
    }
    let port = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let mut rest = port.unwrap_or_default().chars();
    matches!((rest.next(), rest.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}

/// Endings of what devices keep beside an unfinished download.
const UNFINISHED: [&str; 2] = [".part", ".part.etag"];

#[cfg(test)]
mod tests;
