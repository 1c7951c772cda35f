//! What is in a storage: files, their versions, and folders.

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

/// A version of a file. Later versions have larger ids. The text form is opaque to clients: 16 hexadecimal digits, in the
/// order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(pub i64);

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for VersionId {
    type Err = ();

    /// Takes back only what `Display` writes.
    fn from_str(text: &str) -> Result<Self, ()> {
        let id = i64::from_str_radix(text, 16).map_err(|_| ())?;
        if Self(id).to_string() == text { Ok(Self(id)) } else { Err(()) }
    }
}

/// The bytes of a file, at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageFile {
    /// Which version this is.
    pub version: VersionId,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// MD5 of the bytes; says nothing about who wrote them.
    pub md5: [u8; 16],
    /// The media type that the sender named, if any.
    pub media_type: Option<String>,
    /// When the version was written.
    pub modified: Timestamp,
    /// Where the bytes lie in the back end.
    pub object_key: String,
}

/// One of the versions of a file, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileVersion {
    /// The bytes.
    pub file: StorageFile,
    /// Whether this is what the path means without a version. True for one version of a file.
    pub is_latest: bool,
}

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderEntry {
    /// Its name: the last segment of its path.
    pub name: String,
    /// The latest version of a file; `None` for a folder.
    pub file: Option<StorageFile>,
    /// When a folder was created, or the latest version of a file was written.
    pub modified: Timestamp,
}

impl FolderEntry {
    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.file.is_none()
    }

    /// Length in bytes; 0 for folders.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.file.as_ref().map_or(0, |file| file.size)
    }

    /// The place behind this entry, for the next part of a list.
    #[must_use]
    pub fn place(&self) -> ListAfter {
        ListAfter { is_folder: self.is_folder(), name: self.name.clone() }
    }
}

/// A place in a list: folders come first, then files, both in the order of their names' code points.
///
/// Its text form is the name, with a `/` behind that of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListAfter {
    /// Whether the last entry was a folder.
    pub is_folder: bool,
    /// Its name.
    pub name: String,
}

impl ListAfter {
    /// Reads the text form. The name need not be there any more.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_suffix('/') {
            Some(name) => Self { is_folder: true, name: name.to_owned() },
            None => Self { is_folder: false, name: text.to_owned() },
        }
    }
}

impl fmt::Display for ListAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, if self.is_folder { "/" } else { "" })
    }
}
