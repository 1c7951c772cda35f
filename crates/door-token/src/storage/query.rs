//! Parameters of queries, as the clients of storages write them (contract §3.1).

use std::borrow::Cow;

use countersign_domain::storage::{ListAfter, StorageName, StoragePath, VersionId};
use countersign_http_kit::lenient::decode_query;

use super::call::{Contents, Part};
use super::error::Error;

/// The parameters of a query. Names are compared without case, unknown ones are ignored, and an empty value is none.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// When it has too many parameters.
    pub(crate) fn read(text: &str) -> Result<Self, Error> {
        let mut parameters = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if parameters.len() == PARAMETERS {
                return Err(Error::Parameters);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.push((decode_query(name), decode_query(value)));
        }
        Ok(Self(parameters))
    }

    /// A parameter under the first of these names that is given.
    ///
    /// # Errors
    /// When it is given with two values.
    pub(crate) fn text(&self, names: &[&'static str]) -> Result<Option<&str>, Error> {
        for name in names {
            let mut values =
                self.0.iter().filter(|(found, value)| found.eq_ignore_ascii_case(name) && !value.is_empty());
            let Some((_, first)) = values.next() else { continue };
            if values.any(|(_, other)| other != first) {
                return Err(Error::Parameter { name, reason: "is given with two values" });
            }
            return Ok(Some(first));
        }
        Ok(None)
    }

    /// The name of a storage. One that no storage can have leads nowhere.
    ///
    /// # Errors
    /// When it is given twice, or no name.
    pub(crate) fn storage(&self, names: &[&'static str]) -> Result<Option<StorageName>, Error> {
        self.text(names)?.map(storage_name).transpose()
    }

    /// A path. Not given, it is the root.
    ///
    /// # Errors
    /// When it is given twice, or no path.
    pub(crate) fn path(&self, names: &[&'static str]) -> Result<StoragePath, Error> {
        Ok(StoragePath::new(self.text(names)?.unwrap_or_default())?)
    }

    /// A path that must be given.
    ///
    /// # Errors
    /// When it is not, or twice, or no path.
    pub(crate) fn needed_path(&self, name: &'static str, separators: Separators) -> Result<StoragePath, Error> {
        let text = self.text(&[name])?.ok_or(Error::Missing(name))?;
        Ok(StoragePath::new(&separators.plain(text))?)
    }

    /// A version of a file.
    ///
    /// # Errors
    /// When it is given twice, or none that we have made.
    pub(crate) fn version(&self) -> Result<Option<VersionId>, Error> {
        self.text(&["versionId"])?.map(|text| text.parse().map_err(|()| Error::UnknownVersion)).transpose()
    }

    /// What becomes of that which is in a folder.
    ///
    /// # Errors
    /// When the parameter is no truth value.
    pub(crate) fn contents(&self) -> Result<Contents, Error> {
        let refused = Error::Parameter { name: "recursive", reason: "is neither true nor false" };
        match self.text(&["recursive"])?.map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "1") => Ok(Contents::Delete),
            None | Some("false" | "0") => Ok(Contents::Keep),
            Some(_) => Err(refused),
        }
    }

    /// Which part of a list is wanted.
    ///
    /// # Errors
    /// When `limit` is no number in its bounds.
    pub(crate) fn part(&self) -> Result<Part, Error> {
        let limit = self.text(&["limit"])?.map(|text| {
            let limit = text.parse().ok().filter(|limit| (1..=LONGEST_PART).contains(limit));
            limit.ok_or(Error::Parameter { name: "limit", reason: "is no number from 1 to 10000" })
        });
        Ok(Part { limit: limit.transpose()?, after: self.text(&["after"])?.map(ListAfter::parse) })
    }
}

/// What separates the names in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Separators {
    Slash,
    /// Documents of the old form show `\`.
    SlashAndBackslash,
}

impl Separators {
    /// The path with slashes alone.
    pub(crate) fn plain(self, path: &str) -> Cow<'_, str> {
        match self {
            Self::Slash => Cow::Borrowed(path),
            Self::SlashAndBackslash => Cow::Owned(path.replace('\\', "/")),
        }
    }
}

/// The name of a storage.
///
/// # Errors
/// When no storage can have it.
pub(crate) fn storage_name(text: &str) -> Result<StorageName, Error> {
    StorageName::new(text).map_err(|_| Error::UnknownStorage)
}

/// Most parameters of a query: calls have at most five, generated clients may add some.
const PARAMETERS: usize = 32;
/// Most entries in a part of a list.
const LONGEST_PART: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::read(text).unwrap()
    }

    #[test]
    fn parameters_are_read_as_clients_write_them() {
        let found = query("StorageName=Main+One&PATH=/a%2Fb%20c/&other&x=1&x=2&x=1&recursive=");
        assert_eq!(found.storage(&["storageName", "storage"]).unwrap().unwrap().as_str(), "Main One");
        assert_eq!(found.path(&["path"]).unwrap().as_str(), "a/b c");
        assert!(found.text(&["x"]).is_err(), "two values");
        assert_eq!(found.contents().unwrap(), Contents::Keep, "empty is not given");
        assert_eq!(query("storage=A&storageName=B").text(&["storageName", "storage"]).unwrap(), Some("B"));
        assert!(query("storageName=file").storage(&["storageName"]).is_err(), "a fixed word");
        assert!(query("path=a/../b").path(&["path"]).is_err());
        assert!(matches!(query("").needed_path("destPath", Separators::Slash), Err(Error::Missing("destPath"))));
        assert!(Query::read(&"a=1&".repeat(33)).is_err());
    }

    #[test]
    fn truth_is_spelled_in_many_ways() {
        for (text, contents) in [
            ("true", Contents::Delete),
            ("True", Contents::Delete),
            ("TRUE", Contents::Delete),
            ("1", Contents::Delete),
            ("false", Contents::Keep),
            ("False", Contents::Keep),
            ("0", Contents::Keep),
        ] {
            assert_eq!(query(&format!("recursive={text}")).contents().unwrap(), contents, "{text}");
        }
        assert!(query("Recursive=perhaps").contents().is_err());
    }

    #[test]
    fn parts_and_versions_have_bounds() {
        let part = query("limit=10&after=b/").part().unwrap();
        assert_eq!(part, Part { limit: Some(10), after: Some(ListAfter { is_folder: true, name: "b".to_owned() }) });
        assert_eq!(query("").part().unwrap(), Part::default());
        for bad in ["limit=0", "limit=x", "limit=-1", "limit=10001"] {
            assert!(query(bad).part().is_err(), "{bad}");
        }
        assert_eq!(query("versionId=000000000000000f").version().unwrap(), Some(VersionId(15)));
        assert!(query("versionId=15").version().is_err());
    }
}
