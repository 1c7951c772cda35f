//! Paths of files and folders in a storage.

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A path inside a storage: segments between `/`, without one at the beginning or end. The root is empty.
///
/// A path has one spelling only: in Unicode NFC, without empty and `.` segments. It never leaves the storage, because no
/// segment is `..`, and because nothing in the file storage is named after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoragePath(String);

/// Why a path was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoragePathError {
    /// A control character, such as NUL.
    #[error("a path must not contain the control character {0:?}")]
    Control(char),
    /// A segment that would leave its folder.
    #[error("a path must not contain \"..\"")]
    Parent,
    /// One name is too long.
    #[error("a name in a path must be at most {limit} bytes long", limit = StoragePath::SEGMENT_LIMIT)]
    SegmentTooLong,
    /// The whole is too long.
    #[error("a path must be at most {limit} bytes long", limit = StoragePath::LIMIT)]
    TooLong,
}

impl StoragePath {
    /// The longest accepted path, in bytes of its NFC form.
    pub const LIMIT: usize = 1024;
    /// The longest accepted name of a file or folder, in bytes of its NFC form.
    pub const SEGMENT_LIMIT: usize = 255;

    /// The root folder.
    #[must_use]
    pub fn root() -> Self {
        Self(String::new())
    }

    /// Reads a decoded path. Empty and `.` segments are left out, letters are composed (NFC), case is kept.
    ///
    /// # Errors
    /// [`StoragePathError`] names the broken rule.
    pub fn new(text: &str) -> Result<Self, StoragePathError> {
        // Before the text is composed, so that a huge one costs nothing. Composed letters are up to three times shorter.
        if text.len() > RAW_LIMIT {
            return Err(StoragePathError::TooLong);
        }
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            return Err(StoragePathError::Control(control));
        }
        let composed;
        let text = if is_nfc(text) {
            text
        } else {
            composed = text.nfc().collect::<String>();
            &composed
        };
        let mut path = String::with_capacity(text.len().min(Self::LIMIT));
        for segment in text.split('/').filter(|segment| !segment.is_empty() && *segment != ".") {
            if segment == ".." {
                return Err(StoragePathError::Parent);
            }
            if segment.len() > Self::SEGMENT_LIMIT {
                return Err(StoragePathError::SegmentTooLong);
            }
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(segment);
            if path.len() > Self::LIMIT {
                return Err(StoragePathError::TooLong);
            }
        }
        Ok(Self(path))
    }

    /// The path of something in this folder.
    ///
    /// # Errors
    /// [`StoragePathError`] when the name is no single segment, or the path would be too long.
    pub fn join(&self, name: &str) -> Result<Self, StoragePathError> {
        Self::new(&format!("{}/{name}", self.0))
    }

    /// Whether this is the root folder.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The names on the way from the root.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.0.split('/').filter(|segment| !segment.is_empty())
    }

    /// The last name, and the folder that holds it; `None` for the root.
    #[must_use]
    pub fn split(&self) -> Option<(Self, &str)> {
        if self.is_root() {
            return None;
        }
        let (folder, name) = self.0.rsplit_once('/').unwrap_or(("", &self.0));
        Some((Self(folder.to_owned()), name))
    }

    /// The last name; `None` for the root.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.segments().next_back()
    }

    /// Whether this is `folder`, or something in it at any depth.
    #[must_use]
    pub fn is_within(&self, folder: &Self) -> bool {
        folder.is_root()
            || self.0.strip_prefix(folder.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The path itself, without a `/` at its ends.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StoragePath {
    /// With a `/` at the beginning.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}", self.0)
    }
}

impl std::str::FromStr for StoragePath {
    type Err = StoragePathError;

    fn from_str(text: &str) -> Result<Self, StoragePathError> {
        Self::new(text)
    }
}

/// The longest text that is looked at, in bytes: decomposed letters and doubled slashes count more than in the end.
const RAW_LIMIT: usize = 4 * StoragePath::LIMIT;
