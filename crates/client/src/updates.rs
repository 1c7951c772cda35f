//! The verified answer to an update check.

use std::fmt;

use crate::{error::ClientError, question::Question, server_message::ServerMessage};

/// The updates that apply to the installed package. Its signature was verified before it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateList {
    /// The updates, in the server's order; it is not a ranking.
    pub items: Vec<UpdateItem>,
    /// What the server has to say beside the list, such as `package.unknown` or `device.unknown`. The items are valid
    /// all the same.
    pub notice: Option<ServerMessage>,
}

impl UpdateList {
    /// Refuses a list with an item that starts from another package. The wire format has nothing else that ties an
    /// answer to its question, so this stops a replayed list of another product, but not one that is empty.
    pub(crate) fn answers(&self, question: &Question) -> Result<(), ClientError> {
        let stranger = self.items.iter().find(|item| !item.from_package.eq_ignore_ascii_case(&question.package));
        match stranger {
            None => Ok(()),
            Some(item) => {
                Err(ClientError::WrongPackage { asked: question.package.clone(), answered: item.from_package.clone() })
            }
        }
    }
}

/// One update that the device may choose to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateItem {
    /// The update's ID.
    pub update_id: String,
    /// The producer's internal name of the update.
    pub update_name: String,
    /// The title in the language asked for.
    pub title: String,
    /// The description in the language asked for.
    pub description: String,
    /// The product that the delivered package belongs to; often empty.
    pub product_name: String,
    /// The package that the update starts from.
    pub from_package: String,
    /// The package that the update delivers.
    pub to_package: String,
    /// The Windows language identifier of title and description.
    pub language: u32,
    /// The first day of availability, `MM/DD/YYYY`, as the server wrote it.
    pub start_date: String,
    /// The last day of availability, in the same form; empty for an update without end.
    pub expire_date: String,
    /// The command line meant for the installer; often empty.
    pub command_line: String,
    /// What to ask the manifest with.
    pub manifest: ManifestId,
}

/// The identifier that a manifest is asked with: the last segment of an item's `manifestURL`, and as secret as the
/// file list itself.
#[derive(Clone, PartialEq, Eq)]
pub struct ManifestId(String);

impl ManifestId {
    /// Takes the last path segment of a `manifestURL`, which must have at most 128 letters, digits, `-`, `_` or `.`.
    /// The segment is a UUID on most servers, but it is not taken apart.
    #[must_use]
    pub fn from_manifest_url(url: &str) -> Option<Self> {
        let path = url.split(['?', '#']).next().unwrap_or(url);
        let segment = path.rsplit('/').next().unwrap_or(path);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let good = !segment.is_empty() && segment.len() <= MAX_ID_BYTES && segment.bytes().all(plain);
        (good && segment.bytes().any(|byte| byte != b'.')).then(|| Self(segment.to_owned()))
    }

    /// The identifier as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ManifestId {
    /// Whoever knows the identifier gets the file list, so logs must not show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManifestId(..)")
    }
}

const MAX_ID_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::ManifestId;

    #[test]
    fn a_manifest_id_is_the_last_segment_or_nothing() {
        let id = |url| ManifestId::from_manifest_url(url).map(|id| id.as_str().to_owned());
        assert_eq!(id("/uai/2.0/signed-updates/manifests/8d5c-01").as_deref(), Some("8d5c-01"));
        assert_eq!(id("https://h/x/8d5c?x=/y").as_deref(), Some("8d5c"));
        assert_eq!(id("8d5c").as_deref(), Some("8d5c"));
        for url in ["", "/", "/a/", "/a/..", "/a/b%2f", "/a/b c", "/a/\"", "/?a", &format!("/{}", "a".repeat(129))] {
            assert_eq!(id(url), None, "{url}");
        }
    }
}
