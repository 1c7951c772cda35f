//! The calls, as they are described.

/// A call of the storage routes.
pub(super) struct Described {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    /// Parameters of the query; those that must be given begin with `!`.
    pub(super) parameters: &'static [&'static str],
    /// Whether a file comes as the body.
    pub(super) takes_file: bool,
    pub(super) answer: &'static str,
    /// What the answer looks like: JSON, `bytes`, or nothing.
    pub(super) example: &'static str,
}

impl Described {
    /// A name for the call in generated clients.
    pub(super) fn id(&self) -> String {
        let words = self.path.split(['/', '{', '}']).filter(|word| !word.is_empty() && !word.eq(&"version"));
        let words = words.map(|word| word.replace('.', "_"));
        std::iter::once(self.method.to_lowercase()).chain(words).collect::<Vec<_>>().join("_")
    }
}

const NONE: Described = Described {
    method: "GET",
    path: "",
    tag: "Files",
    summary: "",
    description: "",
    parameters: &[],
    takes_file: false,
    answer: "Done; the body is empty",
    example: "",
};

/// All of them.
pub(super) const CALLS: &[Described] = &[
    Described {
        method: "PUT",
        path: "/{version}/{product}/storage/file/{path}",
        summary: "Upload a file",
        description: "The file is overwritten, or gets a new version; folders above it are made. A path that ends with a slash is a folder: the part's file name is taken then.",
        parameters: &["storageName"],
        takes_file: true,
        answer: "The names of stored files",
        example: r#"{"Uploaded":["bill.docx"],"Errors":[]}"#,
        ..NONE
    },
    Described {
        path: "/{version}/{product}/storage/file/{path}",
        summary: "Download a file",
        parameters: &["storageName", "versionId"],
        answer: "The bytes; ranges and conditions of RFC 9110 hold",
        example: "bytes",
        ..NONE
    },
    Described {
        method: "DELETE",
        path: "/{version}/{product}/storage/file/{path}",
        summary: "Delete a file, or one version of it",
        parameters: &["storageName", "versionId"],
        ..NONE
    },
    Described {
        method: "PUT",
        path: "/{version}/{product}/storage/file/copy/{srcPath}",
        summary: "Copy a file",
        parameters: &["!destPath", "srcStorageName", "destStorageName", "versionId"],
        ..NONE
    },
    Described {
        method: "PUT",
        path: "/{version}/{product}/storage/file/move/{srcPath}",
        summary: "Move a file",
        parameters: &["!destPath", "srcStorageName", "destStorageName", "versionId"],
        ..NONE
    },
    Described {
        method: "PUT",
        path: "/{version}/{product}/storage/folder/{path}",
        tag: "Folders",
        summary: "Create a folder, and those above it",
        parameters: &["storageName"],
        ..NONE
    },
    Described {
        path: "/{version}/{product}/storage/folder/{path}",
        tag: "Folders",
        summary: "List what is directly in a folder",
        parameters: &["storageName", "limit", "after"],
        answer: "Folders first, then files, each in the order of code points",
        example: r#"{"Value":[{"Name":"bill.docx","IsFolder":false,"ModifiedDate":"2031-02-03T04:05:06.000+00:00","Size":5,"Path":"/in/bill.docx"}]}"#,
        ..NONE
    },
    Described {
        method: "DELETE",
        path: "/{version}/{product}/storage/folder/{path}",
        tag: "Folders",
        summary: "Delete a folder",
        parameters: &["storageName", "recursive"],
        ..NONE
    },
    Described {
        method: "PUT",
        path: "/{version}/{product}/storage/folder/copy/{srcPath}",
        tag: "Folders",
        summary: "Copy a folder with all that is in it",
        parameters: &["!destPath", "srcStorageName", "destStorageName"],
        ..NONE
    },
    Described {
        method: "PUT",
        path: "/{version}/{product}/storage/folder/move/{srcPath}",
        tag: "Folders",
        summary: "Move a folder with all that is in it",
        parameters: &["!destPath", "srcStorageName", "destStorageName"],
        ..NONE
    },
    Described {
        path: "/{version}/{product}/storage/exist/{path}",
        tag: "Storages",
        summary: "Ask whether a file or folder exists",
        parameters: &["storageName", "versionId"],
        answer: "Whether there is one",
        example: r#"{"Exists":true,"IsFolder":false}"#,
        ..NONE
    },
    Described {
        path: "/{version}/{product}/storage/{storageName}/exist",
        tag: "Storages",
        summary: "Ask whether a storage exists",
        answer: "Whether there is one",
        example: r#"{"Exists":true}"#,
        ..NONE
    },
    Described {
        path: "/{version}/{product}/storage/disc",
        tag: "Storages",
        summary: "Ask how much of a storage is in use",
        parameters: &["storageName"],
        answer: "Bytes of all versions, and bytes that there may be",
        example: r#"{"UsedSize":12,"TotalSize":268435456}"#,
        ..NONE
    },
    Described {
        path: "/{version}/{product}/storage/version/{path}",
        tag: "Storages",
        summary: "List the versions of a file",
        parameters: &["storageName"],
        answer: "The newest first",
        example: r#"{"Value":[{"Name":"bill.docx","IsFolder":false,"ModifiedDate":"2031-02-03T04:05:06.000+00:00","Size":5,"Path":"/in/bill.docx","VersionId":"0000000000000007","IsLatest":true}]}"#,
        ..NONE
    },
    Described {
        method: "PUT",
        path: "/v1.1/storage/file",
        tag: "Old form",
        summary: "Upload a file, or copy one",
        description: "With `newdest` it is a copy.",
        parameters: &["!path", "newdest", "versionId", "storage", "destStorage"],
        takes_file: true,
        answer: "Done",
        example: r#"{"Code":200,"Status":"OK"}"#,
    },
    Described {
        method: "POST",
        path: "/v1.1/storage/file",
        tag: "Old form",
        summary: "Move a file",
        parameters: &["!src", "!dest", "versionId", "storage", "destStorage"],
        answer: "Done",
        example: r#"{"Code":200,"Status":"OK"}"#,
        ..NONE
    },
    Described {
        path: "/v1.1/storage/file",
        tag: "Old form",
        summary: "Download a file",
        parameters: &["!path", "versionId", "storage"],
        answer: "The bytes",
        example: "bytes",
        ..NONE
    },
    Described {
        method: "DELETE",
        path: "/v1.1/storage/file",
        tag: "Old form",
        summary: "Delete a file",
        parameters: &["!path", "versionId", "storage"],
        answer: "Done",
        example: r#"{"Code":200,"Status":"OK"}"#,
        ..NONE
    },
    Described {
        method: "PUT",
        path: "/v1.1/storage/folder",
        tag: "Old form",
        summary: "Create a folder, or copy one",
        description: "With `newdest` it is a copy.",
        parameters: &["!path", "newdest", "storage", "destStorage"],
        answer: "Done",
        example: r#"{"Code":200,"Status":"OK"}"#,
        ..NONE
    },
    Described {
        method: "POST",
        path: "/v1.1/storage/folder",
        tag: "Old form",
        summary: "Move a folder",
        parameters: &["!src", "!dest", "storage", "destStorage"],
        answer: "Done",
        example: r#"{"Code":200,"Status":"OK"}"#,
        ..NONE
    },
    Described {
        path: "/v1.1/storage/folder",
        tag: "Old form",
        summary: "List a folder",
        parameters: &["path", "storage"],
        answer: "What is in it",
        example: r#"{"Files":[{"Name":"in","IsFolder":true,"IsDirectory":true,"ModifiedDate":"/Date(1927857906000+0000)/","Size":0,"Path":"/in"}],"Code":200,"Status":"OK"}"#,
        ..NONE
    },
    Described {
        method: "DELETE",
        path: "/v1.1/storage/folder",
        tag: "Old form",
        summary: "Delete a folder",
        parameters: &["!path", "storage", "recursive"],
        answer: "Done",
        example: r#"{"Code":200,"Status":"OK"}"#,
        ..NONE
    },
    Described {
        path: "/v1.1/storage/exist",
        tag: "Old form",
        summary: "Ask whether a file or folder exists",
        parameters: &["path", "versionId", "storage"],
        answer: "Whether there is one",
        example: r#"{"FileExist":{"IsExist":true,"IsFolder":false},"Code":200,"Status":"OK"}"#,
        ..NONE
    },
    Described {
        path: "/v1.1/storage/{storageName}/exist",
        tag: "Old form",
        summary: "Ask whether a storage exists",
        answer: "Whether there is one",
        example: r#"{"IsExist":true,"Code":200,"Status":"OK"}"#,
        ..NONE
    },
    Described {
        path: "/v1.1/storage/disc",
        tag: "Old form",
        summary: "Ask how much of a storage is in use",
        parameters: &["storage"],
        answer: "Bytes",
        example: r#"{"DiscUsage":{"UsedSize":1,"TotalSize":2},"Code":200,"Status":"OK"}"#,
        ..NONE
    },
    Described {
        path: "/v1.1/storage/version",
        tag: "Old form",
        summary: "List the versions of a file",
        parameters: &["!path", "storage"],
        answer: "The newest first",
        example: r#"{"FileVersions":[{"Name":"a","IsFolder":false,"IsDirectory":false,"ModifiedDate":"/Date(1927857906000+0000)/","Size":5,"Path":"/a","VersionId":"0000000000000007","IsLatest":true}],"Code":200,"Status":"OK"}"#,
        ..NONE
    },
    Described {
        method: "POST",
        path: "/{version}/html/file",
        tag: "HTML form",
        summary: "Upload a file into a folder",
        description: "The path is a folder, unless its last name is that of the file.",
        parameters: &["path", "storageName"],
        takes_file: true,
        answer: "The names of stored files",
        example: r#"{"uploaded":["a.html"],"errors":[]}"#,
    },
    Described {
        path: "/{version}/html/file",
        tag: "HTML form",
        summary: "Download a file",
        parameters: &["path", "storageName", "versionId"],
        answer: "The bytes",
        example: "bytes",
        ..NONE
    },
    Described {
        method: "DELETE",
        path: "/{version}/html/file",
        tag: "HTML form",
        summary: "Delete a file",
        parameters: &["path", "storageName", "versionId"],
        ..NONE
    },
    Described {
        method: "POST",
        path: "/{version}/html/folder",
        tag: "HTML form",
        summary: "Create a folder",
        parameters: &["path", "storageName"],
        ..NONE
    },
    Described {
        path: "/{version}/html/folder",
        tag: "HTML form",
        summary: "List a folder",
        parameters: &["path", "storageName"],
        answer: "What is in it",
        example: r#"{"value":[]}"#,
        ..NONE
    },
    Described {
        method: "DELETE",
        path: "/{version}/html/folder",
        tag: "HTML form",
        summary: "Delete a folder",
        parameters: &["path", "storageName", "recursive"],
        ..NONE
    },
    Described {
        path: "/{version}/html/storage/exist",
        tag: "HTML form",
        summary: "Ask whether a file or folder exists",
        parameters: &["path", "storageName", "versionId"],
        answer: "Whether there is one",
        example: r#"{"exists":true,"isFolder":false}"#,
        ..NONE
    },
    Described {
        path: "/{version}/html/storage/exist/storage",
        tag: "HTML form",
        summary: "Ask whether a storage exists",
        parameters: &["!storageName"],
        answer: "Whether there is one",
        example: r#"{"exists":true}"#,
        ..NONE
    },
    Described {
        path: "/{version}/html/storage/disc/usage",
        tag: "HTML form",
        summary: "Ask how much of a storage is in use",
        parameters: &["storageName"],
        answer: "Bytes",
        example: r#"{"usedSize":12,"totalSize":268435456}"#,
        ..NONE
    },
];
