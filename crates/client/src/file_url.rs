//! The address of a file in a manifest.

use std::fmt;

use ureq::http::{Uri, uri::Scheme};

use crate::file_name::{FileName, NameFault};

/// An absolute `http` or `https` URL of a file. It may carry a time-limited permission, so `Debug` shows the host only.
#[derive(Clone, PartialEq, Eq)]
pub struct FileUrl(Uri);

/// Why a file's address was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// It holds a user name or password.
    #[error("it holds a user name or password")]
    Credentials,
    /// It is not an absolute URL, or longer than 8 KiB.
    #[error("it is not an absolute URL of at most 8 KiB")]
    Malformed,
    /// It is neither `http` nor `https`.
    #[error("only http and https are fetched")]
    Scheme,
}

impl FileUrl {
    /// Reads the `fileUrl` of a manifest.
    ///
    /// # Errors
    ///
    /// See [`UrlFault`].
    pub fn parse(text: &str) -> Result<Self, UrlFault> {
        if text.len() > MAX_URL_BYTES {
            return Err(UrlFault::Malformed);
        }
        let uri: Uri = text.parse().map_err(|_| UrlFault::Malformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(UrlFault::Malformed);
        };
        if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
            return Err(UrlFault::Scheme);
        }
        if authority.as_str().contains('@') {
            return Err(UrlFault::Credentials);
        }
        if authority.host().is_empty() {
            return Err(UrlFault::Malformed);
        }
        Ok(Self(uri))
    }

    /// The name to store the file under: the last path segment, percent-decoded and checked.
    ///
    /// # Errors
    ///
    /// See [`NameFault`].
    pub fn file_name(&self) -> Result<FileName, NameFault> {
        FileName::from_path_segment(self.0.path().rsplit('/').next().unwrap_or_default())
    }

    /// Scheme, host and port, for messages.
    #[must_use]
    pub fn origin(&self) -> String {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        format!("{scheme}://{authority}")
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }
}

impl fmt::Debug for FileUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileUrl({}/..)", self.origin())
    }
}

const MAX_URL_BYTES: usize = 8 * 1024;
