//! Names that are safe to write on any device, and the refusal of all others.
//!
//! A name comes from outside and becomes a path, so it is accepted only if it means the same plain file in every
//! folder on every common system. Nothing is repaired: a repaired name would be one that nobody signed.
//!
//! Unicode can write one letter in two ways, as itself (é) or as a base with marks (e and U+0301), and some file systems
//! take both for the same name. Only the first way is accepted, so two accepted names of Latin, Cyrillic, kana or Hangul
//! letters are never one name in two spellings. For other scripts that would need large tables, which are not here: two
//! spellings of such a name in one manifest would share a file, and the second download would replace the first.

use std::fmt;

use percent_encoding::percent_decode_str;

/// A file name that is one path component and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

/// Why a file name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// It has combining marks or parts of Hangul syllables, which some systems take for another spelling of a letter.
    #[error("it has combining marks; write its letters in composed form (Unicode NFC)")]
    Combining,
    /// It has a control character, or one that changes the reading direction and so disguises the name.
    #[error("it has control or direction characters")]
    Control,
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It starts or ends with white space or ends with a dot, which some systems drop.
    #[error("it begins or ends with a space, or ends with a dot")]
    Edge,
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    Encoding,
    /// Another file of the same manifest has this name and other bytes.
    #[error("two different files of the manifest share it")]
    Repeated,
    /// It is a device name on Windows, or ends like the files that this client keeps beside a download.
    #[error("it is reserved (a device name on Windows, or the ending of unfinished downloads)")]
    Reserved,
    /// It has a character that separates paths or streams, or that some system forbids.
    #[error("it has one of / \\ : * ? \" < > |")]
    Separator,
    /// It is longer than 245 bytes, so that the unfinished download beside it would exceed 255.
    #[error("it is longer than 245 bytes")]
    TooLong,
    /// It is `.` or `..`, which names a folder.
    #[error("it names a folder, not a file")]
    Traversal,
}

impl FileName {
    /// Percent-decodes one path segment of a URL and checks the outcome.
    ///
    /// # Errors
    ///
    /// See [`NameFault`].
    pub fn from_path_segment(segment: &str) -> Result<Self, NameFault> {
        let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| NameFault::Encoding)?;
        Self::parse(&decoded)
    }

    /// Checks a name.
    ///
    /// # Errors
    ///
    /// See [`NameFault`].
    pub fn parse(name: &str) -> Result<Self, NameFault> {
        if name.is_empty() {
            return Err(NameFault::Empty);
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(NameFault::TooLong);
        }
        if name == "." || name == ".." {
            return Err(NameFault::Traversal);
        }
        if name.contains(SEPARATORS) {
            return Err(NameFault::Separator);
        }
        if name.contains(|c: char| c.is_control() || is_invisible(c)) {
            return Err(NameFault::Control);
        }
        if name.contains(is_combining) {
            return Err(NameFault::Combining);
        }
        if name.ends_with('.') || name.starts_with(char::is_whitespace) || name.ends_with(char::is_whitespace) {
            return Err(NameFault::Edge);
        }
        if is_windows_device(name) || is_side_file(name) {
            return Err(NameFault::Reserved);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the unfinished download that is kept beside the file.
    pub(crate) fn part(&self) -> String {
        format!("{}{PART}", self.0)
    }

    /// The name of the note that says which version of the file the unfinished download belongs to.
    pub(crate) fn part_etag(&self) -> String {
        format!("{}{PART_ETAG}", self.0)
    }

    /// The same text for all names that some file system takes for one, because it does not look at case. Two steps,
    /// because some letters have several capitals (K and the kelvin sign) and some several small forms (σ and ς).
    pub(crate) fn folded(&self) -> String {
        self.0.to_lowercase().to_uppercase()
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// A file of this name would be overwritten by the unfinished download of another.
fn is_side_file(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.ends_with(PART) || lower.ends_with(PART_ETAG)
}

const PART: &str = ".part";
const PART_ETAG: &str = ".part.etag";

/// File systems take 255 bytes; the longest name written here is the file's own and [`PART_ETAG`].
const MAX_NAME_BYTES: usize = 255 - PART_ETAG.len();

/// Separators of paths and of Windows' streams, and what Windows forbids in names.
const SEPARATORS: [char; 9] = ['/', '\\', ':', '*', '?', '"', '<', '>', '|'];

#[cfg(test)]
mod tests;
