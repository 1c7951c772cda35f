//! Stored files as JSON.

use countersign_crypto::encoding::{hex_decode, hex_encode};
use countersign_domain::catalog::package::StoredFile;
use serde::Serialize;
use utoipa::ToSchema;

/// A stored file. Its name is that of its bytes; what devices call it is up to the packages that deliver it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileBody {
    /// SHA-256 of the bytes, hexadecimal
    #[schema(example = "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58")]
    sha256: String,
    /// MD5 of the bytes, hexadecimal: manifests carry it for old devices
    #[schema(example = "b6d81b360a5672d80c27430f39153e2c")]
    md5: String,
    /// Length in bytes
    #[schema(example = 1_048_576)]
    size: u64,
    /// When the bytes were stored (RFC 3339)
    #[schema(example = "2026-03-01T12:00:00Z")]
    stored_at: String,
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct FileBytes(
    #[expect(dead_code, reason = "only the document names this type; bytes are streamed")] Vec<u8>,
);

/// A part of the stored files.
#[derive(Serialize, ToSchema)]
pub(crate) struct FileList {
    files: Vec<FileBody>,
    /// Value of `after` for the part that follows; `null` at the end
    #[schema(example = 17)]
    next: Option<i64>,
}

impl From<&StoredFile> for FileBody {
    fn from(file: &StoredFile) -> Self {
        Self {
            sha256: hex_encode(&file.sha256),
            md5: hex_encode(&file.md5),
            size: file.size,
            stored_at: file.stored_at.to_string(),
        }
    }
}

impl FileList {
    /// Shows at most `size` of these files; one more says that others follow.
    pub(crate) fn new(files: &[StoredFile], size: usize) -> Self {
        let shown = files.get(..size).unwrap_or(files);
        let next = shown.last().filter(|_| files.len() > shown.len()).map(|last| last.id.0);
        Self { files: shown.iter().map(FileBody::from).collect(), next }
    }
}

/// A digest of `N` bytes in hexadecimal digits of either case.
pub(crate) fn digest<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex_decode(&text.to_ascii_lowercase()).ok()?.try_into().ok()
}
