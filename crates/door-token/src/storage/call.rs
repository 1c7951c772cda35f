//! What a request asks of the storages, whatever form it came in.

use countersign_app::storages::Place;
use countersign_domain::storage::{ListAfter, StorageName, VersionId};

/// One call, with all that its path and query say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Upload { place: Place, target: UploadTarget },
    Download { place: Place, version: Option<VersionId> },
    CopyFile { from: Place, to: Place, version: Option<VersionId> },
    MoveFile { from: Place, to: Place, version: Option<VersionId> },
    DeleteFile { place: Place, version: Option<VersionId> },
    CreateFolder { place: Place },
    ListFolder { place: Place, page: Part },
    CopyFolder { from: Place, to: Place },
    MoveFolder { from: Place, to: Place },
    DeleteFolder { place: Place, contents: Contents },
    Exists { place: Place, version: Option<VersionId> },
    StorageExists { name: Option<StorageName> },
    Usage { storage: Option<StorageName> },
    Versions { place: Place },
}

/// What the path of an upload names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UploadTarget {
    /// The file, or a folder if there is one.
    Path,
    /// A folder; the file is called as its sender says.
    Folder,
    /// A folder, unless its last name is that of the sender's file (the HTML form).
    FolderOrFile,
}

/// What becomes of that which is in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    Delete,
    Keep,
}

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// Most entries; `None` for all.
    pub(crate) limit: Option<usize>,
    /// Where it begins.
    pub(crate) after: Option<ListAfter>,
}
