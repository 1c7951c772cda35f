//! Answers as JSON: what is in a folder, versions, what exists, how much is in use (contract §7, §8.2).

use countersign_domain::storage::{FileVersion, FolderEntry, StoragePath};
use countersign_domain::time::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::json;

use super::casing::{Cased, Casing, Members, Model};

/// The names of stored files, after an upload.
pub(crate) struct Uploaded<'a>(pub(crate) &'a [String]);

impl Model for Uploaded<'_> {
    fn members<M: SerializeMap>(&self, to: &mut Members<M>) -> Result<(), M::Error> {
        to.add(("Uploaded", "uploaded"), self.0)?;
        to.add(("Errors", "errors"), &json!([]))
    }
}

/// A file or folder in a list.
pub(crate) struct Entry {
    name: String,
    path: String,
    is_folder: bool,
    size: u64,
    modified: Timestamp,
}

impl Entry {
    /// Something in a folder.
    pub(crate) fn new(folder: &StoragePath, entry: &FolderEntry) -> Self {
        let slash = if folder.is_root() { "" } else { "/" };
        Self {
            path: format!("{folder}{slash}{}", entry.name),
            name: entry.name.clone(),
            is_folder: entry.is_folder(),
            size: entry.size(),
            modified: entry.modified,
        }
    }
}

impl Model for Entry {
    fn members<M: SerializeMap>(&self, to: &mut Members<M>) -> Result<(), M::Error> {
        to.add(("Name", "name"), &self.name)?;
        to.add(("IsFolder", "isFolder"), &self.is_folder)?;
        to.add(("ModifiedDate", "modifiedDate"), &date(self.modified))?;
        to.add(("Size", "size"), &self.size)?;
        to.add(("Path", "path"), &self.path)
    }
}

/// A version of a file.
pub(crate) struct Version {
    entry: Entry,
    id: String,
    is_latest: bool,
}

impl Version {
    /// A version of the file at a path.
    pub(crate) fn new(path: &StoragePath, version: &FileVersion) -> Self {
        let entry = Entry {
            name: path.name().unwrap_or_default().to_owned(),
            path: path.to_string(),
            is_folder: false,
            size: version.file.size,
            modified: version.file.modified,
        };
        Self { entry, id: version.file.version.to_string(), is_latest: version.is_latest }
    }
}

impl Model for Version {
    fn members<M: SerializeMap>(&self, to: &mut Members<M>) -> Result<(), M::Error> {
        self.entry.members(to)?;
        to.add(("VersionId", "versionId"), &self.id)?;
        to.add(("IsLatest", "isLatest"), &self.is_latest)
    }
}

/// A list of entries or versions.
pub(crate) struct List<'a, V>(pub(crate) &'a [V]);

impl<V: Model> Model for List<'_, V> {
    fn members<M: SerializeMap>(&self, to: &mut Members<M>) -> Result<(), M::Error> {
        to.add_list(("Value", "value"), self.0)
    }
}

/// Whether there is a file or folder.
#[derive(Clone, Copy)]
pub(crate) struct Exists {
    pub(crate) exists: bool,
    pub(crate) is_folder: bool,
}

impl Model for Exists {
    fn members<M: SerializeMap>(&self, to: &mut Members<M>) -> Result<(), M::Error> {
        to.add(("Exists", "exists"), &self.exists)?;
        to.add(("IsFolder", "isFolder"), &self.is_folder)
    }
}

/// Whether there is a storage.
pub(crate) struct StorageExists(pub(crate) bool);

impl Model for StorageExists {
    fn members<M: SerializeMap>(&self, to: &mut Members<M>) -> Result<(), M::Error> {
        to.add(("Exists", "exists"), &self.0)
    }
}

/// How many bytes are in use, and how many there may be.
#[derive(Clone, Copy)]
pub(crate) struct DiscUsage {
    pub(crate) used: u64,
    pub(crate) total: u64,
}

impl Model for DiscUsage {
    fn members<M: SerializeMap>(&self, to: &mut Members<M>) -> Result<(), M::Error> {
        to.add(("UsedSize", "usedSize"), &self.used)?;
        to.add(("TotalSize", "totalSize"), &self.total)
    }
}

/// An answer of the old form: what it is about under its own name, then `Code` and `Status`. Its clients read Pascal case alone.
pub(crate) struct Legacy<'a, V: ?Sized>(pub(crate) &'a V);

/// What an answer of the old form can be about.
pub(crate) trait LegacyModel {
    /// Gives its members to the writer.
    fn write<M: SerializeMap>(&self, to: &mut M) -> Result<(), M::Error>;
}

impl<V: LegacyModel + ?Sized> Serialize for Legacy<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        self.0.write(&mut members)?;
        members.serialize_entry("Code", &200)?;
        members.serialize_entry("Status", "OK")?;
        members.end()
    }
}

impl LegacyModel for () {
    fn write<M: SerializeMap>(&self, _to: &mut M) -> Result<(), M::Error> {
        Ok(())
    }
}

impl LegacyModel for Exists {
    fn write<M: SerializeMap>(&self, to: &mut M) -> Result<(), M::Error> {
        to.serialize_entry("FileExist", &json!({ "IsExist": self.exists, "IsFolder": self.is_folder }))
    }
}

impl LegacyModel for StorageExists {
    fn write<M: SerializeMap>(&self, to: &mut M) -> Result<(), M::Error> {
        to.serialize_entry("IsExist", &self.0)
    }
}

impl LegacyModel for DiscUsage {
    fn write<M: SerializeMap>(&self, to: &mut M) -> Result<(), M::Error> {
        to.serialize_entry("DiscUsage", &Cased(self, Casing::Pascal))
    }
}

impl LegacyModel for List<'_, Entry> {
    fn write<M: SerializeMap>(&self, to: &mut M) -> Result<(), M::Error> {
        to.serialize_entry("Files", &self.0.iter().map(old_entry).collect::<Vec<_>>())
    }
}

impl LegacyModel for List<'_, Version> {
    fn write<M: SerializeMap>(&self, to: &mut M) -> Result<(), M::Error> {
        let versions = self.0.iter().map(|version| {
            let mut members = old_entry(&version.entry);
            members["VersionId"] = version.id.clone().into();
            members["IsLatest"] = version.is_latest.into();
            members
        });
        to.serialize_entry("FileVersions", &versions.collect::<Vec<_>>())
    }
}

fn old_entry(entry: &Entry) -> serde_json::Value {
    json!({
        "Name": entry.name,
        "IsFolder": entry.is_folder,
        "IsDirectory": entry.is_folder,
        "ModifiedDate": format!("/Date({}+0000)/", entry.modified.as_millis()),
        "Size": entry.size,
        "Path": entry.path,
    })
}

/// ISO 8601 with milliseconds and offset, as in `2031-02-03T04:05:06.000+00:00`.
fn date(time: Timestamp) -> String {
    let text = time.to_string();
    let (seconds, fraction) = text.trim_end_matches('Z').split_once('.').unwrap_or((text.trim_end_matches('Z'), ""));
    format!("{seconds}.{fraction:0<3.3}+00:00")
}

#[cfg(test)]
mod tests {
    use serde_json::to_value;

    use super::*;

    #[test]
    fn dates_have_milliseconds_and_an_offset() {
        for (millis, expected) in [
            (1_927_857_906_000, "2031-02-03T04:05:06.000+00:00"),
            (1_927_857_906_500, "2031-02-03T04:05:06.500+00:00"),
            (1_927_857_906_789, "2031-02-03T04:05:06.789+00:00"),
        ] {
            assert_eq!(date(Timestamp::from_millis(millis)), expected);
        }
    }

    #[test]
    fn lists_are_as_documented() {
        let entry = FolderEntry { name: "march".to_owned(), file: None, modified: Timestamp::from_seconds(0) };
        for (folder, path) in [("", "/march"), ("in", "/in/march"), ("a/b", "/a/b/march")] {
            let entries = [Entry::new(&StoragePath::new(folder).unwrap(), &entry)];
            let shown = json!({ "Name": "march", "IsFolder": true, "Size": 0, "Path": path,
                "ModifiedDate": "1970-01-01T00:00:00.000+00:00" });
            let list = to_value(Cased(&List(&entries), Casing::Pascal)).unwrap();
            assert_eq!(list, json!({ "Value": [shown] }));
            let old = to_value(Legacy(&List(&entries))).unwrap();
            let shown = json!({ "Name": "march", "IsFolder": true, "IsDirectory": true, "Size": 0, "Path": path,
                "ModifiedDate": "/Date(0+0000)/" });
            assert_eq!(old, json!({ "Files": [shown], "Code": 200, "Status": "OK" }));
        }
    }
}
