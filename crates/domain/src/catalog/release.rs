//! What a package and an update must fulfil before they are written.

use std::collections::BTreeSet;

use super::update::{EntitlementCheck, LanguageText, UpdateStatus};
use crate::file_name::PlainFileName;
use crate::text::{PackageId, Platform, UpdateId};
use crate::time::Date;

/// Most files in one package: bounds the size of a manifest.
pub const FILES_PER_PACKAGE: usize = 1000;
/// Most packages that one update starts from.
pub const SOURCES_PER_UPDATE: usize = 1000;
/// Most platforms that one update delivers to.
pub const PLATFORMS_PER_UPDATE: usize = 100;
/// Most languages of one update.
pub const LANGUAGES_PER_UPDATE: usize = 200;
/// Longest title, in bytes.
pub const TITLE_LIMIT: usize = 1000;
/// Longest name, command line and description, in bytes.
pub const TEXT_LIMIT: usize = 4000;

/// Paths of calls beside those of single updates: the DELETE of one of them revokes keys.
const RESERVED_UPDATE_IDS: [&str; 3] = ["update-authorization-key", "update-signing-key", "update-signing-keys"];

/// An update that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUpdate {
    /// The ID that devices will see.
    pub id: UpdateId,
    /// The producer's own name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Whether it is offered at once.
    pub status: UpdateStatus,
    /// Who gets it.
    pub entitlement_check: EntitlementCheck,
    /// First day.
    pub start_date: Date,
    /// Last day.
    pub end_date: Option<Date>,
    /// Command line for the installer.
    pub command_line: String,
    /// Installed packages that it starts from.
    pub release_from: Vec<PackageId>,
    /// The package delivered on each platform.
    pub release_to: Vec<(Platform, PackageId)>,
    /// Texts; at least one.
    pub languages: Vec<LanguageText>,
}

/// Why an update or a package cannot be written as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseFault {
    /// A text that must not be empty.
    #[error("{0} must not be empty")]
    Empty(&'static str),
    /// The end date is before the start date.
    #[error("the update ends ({end}) before it starts ({start})")]
    EndsBeforeStart {
        /// First day.
        start: Date,
        /// Last day.
        end: Date,
    },
    /// The same thing is named twice.
    #[error("{what} {value:?} is given twice")]
    Repeated {
        /// What is repeated.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// An ID that means something else in the path of a call.
    #[error("{id:?} cannot be the ID of {what}: in a path it means something else; choose another")]
    ReservedId {
        /// What would have the ID.
        what: &'static str,
        /// The ID.
        id: String,
    },
    /// An update from a package to itself.
    #[error("package {0} would be updated to itself")]
    SamePackage(PackageId),
    /// A NUL character: not every database can keep it.
    #[error("{0} must not contain a NUL character")]
    Nul(&'static str),
    /// More of something than is accepted.
    #[error("{what}: at most {limit} are accepted")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl NewUpdate {
    /// Checks the rules that need nothing but the update itself.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), ReleaseFault> {
        check_path("an update", self.id.as_str(), &RESERVED_UPDATE_IDS)?;
        if let Some(end) = self.end_date
            && end < self.start_date
        {
            return Err(ReleaseFault::EndsBeforeStart { start: self.start_date, end });
        }
        check_count("packages to update from", self.release_from.len(), SOURCES_PER_UPDATE)?;
        check_count("platforms", self.release_to.len(), PLATFORMS_PER_UPDATE)?;
        check_count("languages", self.languages.len(), LANGUAGES_PER_UPDATE)?;
        check_unique("package to update from", self.release_from.iter().map(PackageId::as_str))?;
        check_unique("platform", self.release_to.iter().map(|(platform, _)| platform.as_str()))?;
        let codes: Vec<String> = self.languages.iter().map(|text| text.language.0.to_string()).collect();
        check_unique("language", codes.iter().map(String::as_str))?;
        for (_, package) in &self.release_to {
            if self.release_from.contains(package) {
                return Err(ReleaseFault::SamePackage(package.clone()));
            }
        }
        for text in [&self.name, &self.description, &self.command_line] {
            check_text("name, description or command line (bytes)", text, TEXT_LIMIT)?;
        }
        for text in &self.languages {
            check_text("title (bytes)", &text.title, TITLE_LIMIT)?;
            check_text("description (bytes)", &text.description, TEXT_LIMIT)?;
        }
        Ok(())
    }
}

/// Checks the file names of a package.
///
/// # Errors
/// When there is none, too many, or some file system takes two names for one.
pub fn check_files<'n>(names: impl Iterator<Item = &'n PlainFileName> + Clone) -> Result<(), ReleaseFault> {
    check_count("files", names.clone().count(), FILES_PER_PACKAGE)?;
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.folded()) {
            return Err(ReleaseFault::Repeated { what: "file name (in any case)", value: name.to_string() });
        }
    }
    Ok(())
}

/// Checks the ID of a package that is about to be created.
///
/// # Errors
/// When it could not stand in a path.
pub fn check_package_id(id: &PackageId) -> Result<(), ReleaseFault> {
    check_path("a package", id.as_str(), &[])
}

/// Refuses what is taken away from a path before it is sent (RFC 3986 section 5.2.4), and what names another call there:
/// a program that follows the path of such a thing would reach something else.
fn check_path(what: &'static str, id: &str, taken: &[&str]) -> Result<(), ReleaseFault> {
    if [".", ".."].contains(&id) || taken.contains(&id) {
        return Err(ReleaseFault::ReservedId { what, id: id.to_owned() });
    }
    Ok(())
}

fn check_count(what: &'static str, count: usize, limit: usize) -> Result<(), ReleaseFault> {
    match count {
        0 => Err(ReleaseFault::Empty(what)),
        n if n > limit => Err(ReleaseFault::TooMany { what, limit }),
        _ => Ok(()),
    }
}

/// Checks a text for people: its length, and that every store can keep it.
///
/// # Errors
/// When it is too long or contains NUL.
pub fn check_text(what: &'static str, text: &str, limit: usize) -> Result<(), ReleaseFault> {
    if text.contains('\0') {
        return Err(ReleaseFault::Nul(what));
    }
    if text.len() > limit { Err(ReleaseFault::TooMany { what, limit }) } else { Ok(()) }
}

fn check_unique<'t>(what: &'static str, values: impl Iterator<Item = &'t str>) -> Result<(), ReleaseFault> {
    let mut seen = BTreeSet::new();
    for value in values {
        if !seen.insert(value) {
            return Err(ReleaseFault::Repeated { what, value: value.to_owned() });
        }
    }
    Ok(())
}
