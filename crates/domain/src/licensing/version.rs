//! Releases that applications are told about.

use super::lines::words;
use crate::file_name::PlainFileName;
use crate::ids::{ProductId, VersionId};
use crate::time::Timestamp;

words! {
    /// What a release runs on.
    Environment {
        /// Windows.
        Win = "win",
        /// Windows, 32 bits.
        Win32 = "win32",
        /// Windows, 64 bits.
        Win64 = "win64",
        /// macOS.
        Mac = "mac",
        /// Linux.
        Linux = "linux",
        /// Linux, 32 bits.
        Linux32 = "linux32",
        /// Linux, 64 bits.
        Linux64 = "linux64",
    }
}

/// A release of a product that applications are told about, and the file to install it with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleasedVersion {
    /// Row id.
    pub id: VersionId,
    /// The product.
    pub product: ProductId,
    /// Version.
    pub version: String,
    /// What it runs on.
    pub environment: Environment,
    /// Channel such as `beta`; may be empty.
    pub channel: String,
    /// Name of the file.
    pub file_name: PlainFileName,
    /// Where the file is, when it lies elsewhere; `None`: in the site's own storage.
    pub url: Option<String>,
    /// SHA-256 of the file's bytes.
    pub sha256: [u8; 32],
    /// MD5 of the file's bytes.
    pub md5: [u8; 16],
    /// Length of the file in bytes.
    pub size: u64,
    /// The oldest version that it can be installed over; may be empty.
    pub requires_version: String,
    /// Where the terms of use are; may be empty.
    pub eula_link: String,
    /// Where people read what is new; may be empty.
    pub release_notes_link: String,
    /// When it was released.
    pub released_at: Timestamp,
}
