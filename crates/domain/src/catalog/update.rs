//! Updates: from installed packages, to one package per platform.

use crate::device::Language;
use crate::ids::UpdateRow;
use crate::text::{PackageId, Platform, UpdateId};
use crate::time::Date;

/// An offer to move from certain packages to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Row id.
    pub row: UpdateRow,
    /// The ID that devices see (`updateId`), unique in the site.
    pub id: UpdateId,
    /// The producer's own name for it (`updateName`).
    pub name: String,
    /// Text of the producer, used where a language row has none.
    pub description: String,
    /// Whether it is offered at all.
    pub status: UpdateStatus,
    /// Who gets it.
    pub entitlement_check: EntitlementCheck,
    /// First day on which it is offered, in UTC.
    pub start_date: Date,
    /// Last day on which it is offered, in UTC; `None`: no end.
    pub end_date: Option<Date>,
    /// Command line for the installer; may be empty.
    pub command_line: String,
    /// Installed packages that it starts from.
    pub release_from: Vec<PackageId>,
    /// What it delivers: at most one package for each platform.
    pub release_to: Vec<ReleaseTo>,
    /// Titles and descriptions, in the producer's order; at least one.
    pub languages: Vec<LanguageText>,
}

/// What an update delivers on one platform.
#[derive(Clone, PartialEq, Eq)]
pub struct ReleaseTo {
    /// The platform.
    pub platform: Platform,
    /// The package that is delivered.
    pub package: PackageId,
    /// The unguessable name of this file list: whoever knows it gets the list. It stays while platform, package and
    /// entitlement check do.
    pub manifest_uuid: String,
}

impl std::fmt::Debug for ReleaseTo {
    /// Without the UUID: who knows it gets the list of files.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReleaseTo({} for {})", self.package, self.platform)
    }
}

/// An update's text in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanguageText {
    /// The language.
    pub language: Language,
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
}

/// Whether an update is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpdateStatus {
    /// Offered between its dates.
    Active,
    /// Not offered.
    Inactive,
}

impl UpdateStatus {
    /// The word for this status in commands and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Inactive].into_iter().find(|status| status.as_str() == word)
    }
}

/// Who gets an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntitlementCheck {
    /// Devices whose account holds an entitlement to the product.
    Account,
    /// Devices that the entitlement's line item is mapped to.
    LineItem,
    /// Every device.
    None,
}

impl EntitlementCheck {
    /// The word for this check in commands and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::LineItem => "line-item",
            Self::None => "none",
        }
    }

    /// The check of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Account, Self::LineItem, Self::None].into_iter().find(|check| check.as_str() == word)
    }
}

impl Update {
    /// Whether the update is offered on a day: active, and between its dates, both included.
    #[must_use]
    pub fn is_offered(&self, today: Date) -> bool {
        self.status == UpdateStatus::Active && self.start_date <= today && self.end_date.is_none_or(|end| today <= end)
    }

    /// What the update delivers on a platform.
    #[must_use]
    pub fn target(&self, platform: &Platform) -> Option<&ReleaseTo> {
        self.release_to.iter().find(|target| target.platform == *platform)
    }

    /// The text in exactly this language.
    #[must_use]
    pub fn exact_text(&self, language: Language) -> Option<&LanguageText> {
        self.languages.iter().find(|text| text.language == language)
    }

    /// The text for a language: the exact one, else one of the same primary language, else the update's first.
    #[must_use]
    pub fn text(&self, language: Language) -> Option<&LanguageText> {
        let related = |text: &&LanguageText| text.language.primary() == language.primary();
        self.exact_text(language).or_else(|| self.languages.iter().find(related)).or_else(|| self.languages.first())
    }
}
