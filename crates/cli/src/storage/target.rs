//! `STORAGE:PATH` on the command line.

use std::str::FromStr;

use countersign_app::storages::Place;
use countersign_domain::storage::{StorageName, StoragePath};

/// A path in a storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The storage.
    pub(crate) storage: StorageName,
    /// The path.
    pub(crate) path: StoragePath,
    /// Whether a folder is meant: the path ends with a `/`, or is the root.
    pub(crate) is_folder: bool,
}

impl Target {
    /// The place that use cases take.
    pub(crate) fn place(&self) -> Place {
        Place { storage: Some(self.storage.clone()), path: self.path.clone() }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((storage, path)) = text.split_once(':') else {
            return Err("write it as STORAGE:PATH".to_owned());
        };
        let storage = StorageName::new(storage).map_err(|error| error.to_string())?;
        let is_folder = path.is_empty() || path.ends_with('/');
        let path = StoragePath::new(path).map_err(|error| error.to_string())?;
        Ok(Self { storage, path, is_folder })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.storage, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_storage_and_a_path() {
        let target: Target = "main:/in//a b:c.txt".parse().unwrap();
        assert_eq!((target.to_string().as_str(), target.is_folder), ("main:/in/a b:c.txt", false));
        for folder in ["main:", "main:/", "main:in/"] {
            assert!(folder.parse::<Target>().unwrap().is_folder, "{folder}");
        }
        for bad in ["", "main", ":a", "file:a", "main:../a", "ma/in:a"] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }
}
