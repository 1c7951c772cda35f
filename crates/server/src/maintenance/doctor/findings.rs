//! What a look at an installation gives.

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something does not work, or will not.
    Error,
    /// Something should be looked at.
    Warning,
    /// Good to know.
    Note,
}

impl Level {
    /// The word for this level.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at: a stable word for scripts.
    pub check: &'static str,
    /// What is the matter.
    pub what: String,
    /// What to do about it; empty when there is nothing to do.
    pub todo: String,
}

/// The findings so far.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn error(&mut self, check: &'static str, what: impl Into<String>, todo: impl Into<String>) {
        self.add(Level::Error, check, what.into(), todo.into());
    }

    pub(super) fn warning(&mut self, check: &'static str, what: impl Into<String>, todo: impl Into<String>) {
        self.add(Level::Warning, check, what.into(), todo.into());
    }

    pub(super) fn note(&mut self, check: &'static str, what: impl Into<String>) {
        self.add(Level::Note, check, what.into(), String::new());
    }

    /// All of them, the worst first.
    pub(super) fn into_sorted(mut self) -> Vec<Finding> {
        self.0.sort_by_key(|finding| finding.level);
        self.0
    }

    fn add(&mut self, level: Level, check: &'static str, what: String, todo: String) {
        self.0.push(Finding { level, check, what, todo });
    }
}
