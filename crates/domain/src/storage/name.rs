//! Names of storages.

use crate::text::{TextError, check};

/// The name of a storage, unique in its site. Case matters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorageName(String);

/// Why a name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageNameError {
    /// The name is a fixed word of the paths under which storages are reached.
    #[error("a storage cannot be called {0:?}: it could not be told from a fixed part of request paths")]
    Reserved(String),
    /// A character that separates storages, folders and files.
    #[error("a storage name must not contain {0:?}")]
    Separator(char),
    /// A rule for all texts is broken.
    #[error(transparent)]
    Text(#[from] TextError),
}

impl StorageName {
    /// The longest accepted name, in bytes.
    pub const LIMIT: usize = 128;

    /// Takes a name that request paths and `STORAGE:PATH` can carry.
    ///
    /// # Errors
    /// [`StorageNameError`] names the broken rule.
    pub fn new(text: impl Into<String>) -> Result<Self, StorageNameError> {
        let text = text.into();
        check("a storage name", &text, Self::LIMIT)?;
        if let Some(separator) = text.chars().find(|c| matches!(c, '/' | '\\' | ':')) {
            return Err(StorageNameError::Separator(separator));
        }
        if RESERVED.iter().any(|word| word.eq_ignore_ascii_case(&text)) || text == "." || text == ".." {
            return Err(StorageNameError::Reserved(text));
        }
        Ok(Self(text))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StorageName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for StorageName {
    type Err = StorageNameError;

    fn from_str(text: &str) -> Result<Self, StorageNameError> {
        Self::new(text)
    }
}

/// What stands where the name of a storage stands in `/storage/{storageName}/exist`.
const RESERVED: [&str; 5] = ["file", "folder", "exist", "disc", "version"];
