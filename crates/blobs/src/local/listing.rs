//! What lies in the directory: objects, and what uploads left behind.

use std::fs::{self, DirEntry, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Directory, LEFTOVER_AGE, TEMPORARY_EXTENSION, durable};
use crate::{BlobError, ListedObject, ObjectKey};

impl Directory {
    /// All objects whose key begins with this byte. Files with other names are somebody else's and stay out.
    pub(super) fn list(&self, first: u8) -> Result<Vec<ListedObject>, BlobError> {
        let mut objects = Vec::new();
        let first = format!("{first:02x}");
        for second in entries(&self.root.join(&first)).map_err(BlobError::io(LIST))? {
            if !second.file_type().map_err(BlobError::io(LIST))?.is_dir() {
                continue;
            }
            for entry in entries(&second.path()).map_err(BlobError::io(LIST))? {
                let parts = [first.as_str(), &name(&second), &name(&entry)];
                let Ok(key) = parts.concat().parse::<ObjectKey>() else { continue };
                if self.object(&key) != entry.path() {
                    continue;
                }
                let Some(metadata) = metadata(&entry).map_err(BlobError::io(LIST))? else { continue };
                let written_at = metadata.modified().map_err(BlobError::io(LIST))?;
                objects.push(ListedObject { key, size: metadata.len(), written_at });
            }
        }
        Ok(objects)
    }

    /// Whether there is any object.
    pub(super) fn holds_objects(&self) -> Result<bool, BlobError> {
        for first in 0..=u8::MAX {
            if !self.list(first)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What uploads left behind when the process died. Young files may belong to another process.
    pub(super) fn leftovers(&self, now: SystemTime) -> Result<Vec<PathBuf>, BlobError> {
        let operation = "look for left-over temporary files";
        let mut found = Vec::new();
        for entry in entries(&self.incoming()).map_err(BlobError::io(operation))? {
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != TEMPORARY_EXTENSION) {
                continue;
            }
            let modified = metadata(&entry).and_then(|found| found.map(|found| found.modified()).transpose());
            // One that is gone: its writer has just finished or given up.
            let Some(modified) = modified.map_err(BlobError::io(operation))? else { continue };
            if now.duration_since(modified).is_ok_and(|age| age > LEFTOVER_AGE) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// The size of the file system.
    pub(super) fn capacity(&self) -> Result<Option<u64>, BlobError> {
        #[cfg(target_os = "linux")]
        {
            let found = rustix::fs::statvfs(&self.root).map_err(io::Error::from);
            let found = found.map_err(BlobError::io("read the size of the file system"))?;
            Ok(Some(found.f_blocks.saturating_mul(found.f_frsize)))
        }
        #[cfg(not(target_os = "linux"))]
        Ok(None)
    }

    /// Removes what [`Directory::leftovers`] finds.
    pub(super) fn remove_leftovers(&self, now: SystemTime) -> Result<u64, BlobError> {
        let found = self.leftovers(now)?;
        for path in &found {
            durable::remove_if_there(path).map_err(BlobError::io("remove a left-over temporary file"))?;
        }
        Ok(found.len() as u64)
    }
}

/// What is in a directory; nothing when it is not there.
fn entries(path: &Path) -> io::Result<Vec<DirEntry>> {
    match fs::read_dir(path) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// `None` when the file is gone meanwhile.
fn metadata(entry: &DirEntry) -> io::Result<Option<Metadata>> {
    match entry.metadata() {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn name(entry: &DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}

const LIST: &str = "list the objects of the storage";
