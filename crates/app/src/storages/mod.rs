//! Named storages: files and folders that pipelines and services keep here.
//!
//! Folders, files and versions are rows; bytes are objects under random keys, written once. A file becomes visible when its
//! row commits, so that a reader sees the old bytes or the new ones and nothing between. Copies and moves within a storage
//! write rows only. Whoever changes a storage holds its lock meanwhile, which is what keeps the quota under any number of
//! uploads at once.

mod admin;
mod back_ends;
mod caller;
mod collect;
mod copy;
mod copy_folder;
mod credentials;
mod delete;
mod error;
mod examine;
mod folder;
mod look;
mod moving;
mod open;
mod place;
mod refused;
mod transfer;
mod tree;
mod upload;
mod upload_limit;

pub use admin::{
    CreateStorage, CreateStorageError, CredentialsChange, StorageChangeError, change, create, delete, find, list,
};
pub(crate) use back_ends::BackEnds;
pub use caller::{Place, StorageCaller};
pub use collect::{StorageSweep, collect, expire_versions};
pub use copy::copy_file;
pub use copy_folder::copy_folder;
pub use countersign_store::repositories::StorageSettings;
pub use credentials::StorageCredentials;
pub(crate) use credentials::credentials_label;
pub use delete::{Contents, delete_file, delete_folder};
pub use error::StorageError;
pub use examine::{DamagedObject, ExaminedStorages, UnavailableStorage, examine};
pub use folder::create_folder;
pub use look::{Found, ListPage, Usage, exists, is_any_full, list_folder, stat, storage_exists, usage, versions};
pub use moving::{move_file, move_folder};
pub use open::{OpenedFile, open};
pub use refused::{RETRY_TIME, note_refused_upload};
pub use upload::{Upload, upload};
pub(crate) use upload_limit::UploadLimit;
pub use upload_limit::{UPLOAD_LIMIT, UPLOAD_LIMITS};
