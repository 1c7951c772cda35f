//! The local directory: every object is one file, named after its key.
//!
//! ```text
//! files/
//!   incoming/<key>.part     being written; never read; removed when a day old
//!   ab/cd/<rest of key>     finished objects
//! ```
//!
//! Everything here touches the disk, so it runs on the blocking pool.

mod durable;
mod kept;
mod listing;
mod owner;
mod reader;
mod writer;

use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{self, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use countersign_crypto::random::Rng;
use futures_util::stream::BoxStream;

use crate::{BlobError, BlobWriter, Blobs, ListedObject, LocalFile, ObjectKey};

use kept::Kept;
use owner::Owner;
pub use reader::READ_CHUNK;

/// Objects in a directory of the local file system.
///
/// Several processes may use the same directory at once, for example a server and a command line tool. What the
/// superuser writes there belongs to the owner of the directory.
pub struct LocalBlobs {
    directory: Arc<Directory>,
    rng: Arc<dyn Rng>,
    kept: Kept,
}

impl LocalBlobs {
    /// Opens the storage in `root`, making the directory when it is missing, and removes temporary files that a
    /// crash left behind more than [`LEFTOVER_AGE`] before `now`.
    ///
    /// # Errors
    ///
    /// [`BlobError::Io`] when the directory cannot be made or read.
    pub async fn open(root: impl Into<PathBuf>, rng: Arc<dyn Rng>, now: SystemTime) -> Result<Self, BlobError> {
        let root = root.into();
        let directory = blocking(move || {
            let directory = Directory::create(root)?;
            directory.remove_leftovers(now)?;
            Ok(directory)
        })
        .await?;
        Ok(Self::new(directory, rng))
    }

    /// Makes a storage in a directory that is missing or holds no objects. In one that holds some nothing is made.
    ///
    /// # Errors
    ///
    /// [`BlobError::Io`] when the directory cannot be made or read, of the kind [`ErrorKind::DirectoryNotEmpty`] when it
    /// holds objects.
    pub async fn create(root: impl Into<PathBuf>, rng: Arc<dyn Rng>) -> Result<Self, BlobError> {
        let root = root.into();
        let directory = blocking(move || {
            if fs::exists(&root).map_err(BlobError::io(CREATE))? && Directory::at(root.clone())?.holds_objects()? {
                return Err(BlobError::io(CREATE)(ErrorKind::DirectoryNotEmpty.into()));
            }
            let directory = Directory::create(root)?;
            // Without this name it would not be opened again.
            durable::sync_directory(&directory.root).map_err(BlobError::io(CREATE))?;
            Ok(directory)
        })
        .await?;
        Ok(Self::new(directory, rng))
    }

    /// Opens a storage that was made by [`LocalBlobs::create`]. Nothing is made, and nothing is removed.
    ///
    /// # Errors
    ///
    /// [`BlobError::Io`] when the directory is not there, or nobody has made a storage in it: the disk that holds it may not be
    /// mounted.
    pub async fn open_created(root: impl Into<PathBuf>, rng: Arc<dyn Rng>) -> Result<Self, BlobError> {
        let opened = Self::open_existing(root, rng).await?;
        let directory = Arc::clone(&opened.directory);
        blocking(move || directory.check_there()).await?;
        Ok(opened)
    }

    /// Opens a directory that must be there. Nothing is made, and nothing is removed.
    ///
    /// # Errors
    ///
    /// [`BlobError::Io`] when the directory is not there.
    pub async fn open_existing(root: impl Into<PathBuf>, rng: Arc<dyn Rng>) -> Result<Self, BlobError> {
        let root = root.into();
        Ok(Self::new(blocking(move || Directory::at(root)).await?, rng))
    }

    fn new(directory: Directory, rng: Arc<dyn Rng>) -> Self {
        Self { directory: Arc::new(directory), rng, kept: Kept::new() }
    }

    /// The error for an object that is not there, or for the whole directory when that is not there.
    async fn missing(&self, key: ObjectKey) -> BlobError {
        let directory = Arc::clone(&self.directory);
        blocking(move || directory.check_there()).await.err().unwrap_or(BlobError::Missing { key })
    }
}

#[async_trait]
impl Blobs for LocalBlobs {
    async fn create(&self) -> Result<Box<dyn BlobWriter>, BlobError> {
        self.create_as(ObjectKey::random(&*self.rng)).await
    }

    async fn create_as(&self, key: ObjectKey) -> Result<Box<dyn BlobWriter>, BlobError> {
        Ok(Box::new(writer::LocalWriter::create(Arc::clone(&self.directory), key).await?))
    }

    async fn open(
        &self,
        key: &ObjectKey,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        match reader::open(self.directory.object(key), *key, range).await {
            Err(BlobError::Missing { key }) => Err(self.missing(key).await),
            opened => opened,
        }
    }

    async fn open_local(&self, key: &ObjectKey) -> Result<Option<Arc<LocalFile>>, BlobError> {
        // Only there is it known how to send a file without reading it.
        if !cfg!(target_os = "linux") {
            return Ok(None);
        }
        match self.kept.open(key, || self.directory.object(key)).await {
            Err(BlobError::Missing { key }) => Err(self.missing(key).await),
            opened => opened.map(Some),
        }
    }

    async fn length(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        let (directory, path) = (Arc::clone(&self.directory), self.directory.object(key));
        blocking(move || match fs::metadata(path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => directory.check_there().map(|()| None),
            Err(error) => Err(BlobError::Io { operation: "read the length of an object", source: error }),
        })
        .await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<bool, BlobError> {
        let (directory, path) = (Arc::clone(&self.directory), self.directory.object(key));
        let deleted = blocking(move || match fs::remove_file(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => directory.check_there().map(|()| false),
            Err(error) => Err(BlobError::Io { operation: "delete an object", source: error }),
        })
        .await;
        self.kept.forget(key);
        deleted
    }

    async fn list(&self, first: u8) -> Result<Vec<ListedObject>, BlobError> {
        let directory = Arc::clone(&self.directory);
        blocking(move || {
            directory.check_there()?;
            directory.list(first)
        })
        .await
    }

    async fn capacity(&self) -> Result<Option<u64>, BlobError> {
        let directory = Arc::clone(&self.directory);
        blocking(move || directory.capacity()).await
    }

    async fn count_leftovers(&self, now: SystemTime) -> Result<u64, BlobError> {
        let directory = Arc::clone(&self.directory);
        blocking(move || Ok(directory.leftovers(now)?.len() as u64)).await
    }

    async fn remove_leftovers(&self, now: SystemTime) -> Result<u64, BlobError> {
        let directory = Arc::clone(&self.directory);
        blocking(move || directory.remove_leftovers(now)).await
    }
}

/// The layout of the directory, and which parts of it are known to be durable.
struct Directory {
    root: PathBuf,
    /// Whose all files and directories in it are.
    owner: Owner,
    /// The shard directories whose own entries have been synced by this process. At most 65,536 of them.
    durable_shards: Mutex<HashSet<[u8; 2]>>,
}

impl Directory {
    /// The storage in a directory that is there.
    fn at(root: PathBuf) -> Result<Self, BlobError> {
        let root = path::absolute(root).map_err(BlobError::io(OPEN))?;
        Ok(Self { owner: Owner::of(&root).map_err(BlobError::io(OPEN))?, root, durable_shards: Mutex::default() })
    }

    /// The storage in a directory that is made when it is missing.
    fn create(root: PathBuf) -> Result<Self, BlobError> {
        let root = path::absolute(root).map_err(BlobError::io(CREATE))?;
        durable::create_durable_directories(&root).map_err(BlobError::io(CREATE))?;
        let directory = Self::at(root)?;
        durable::create_directories(&directory.incoming(), directory.owner).map_err(BlobError::io(CREATE))?;
        Ok(directory)
    }

    /// Whether a storage was made here. Where the disk that holds it is not mounted, all objects seem to be missing.
    fn check_there(&self) -> Result<(), BlobError> {
        if self.incoming().is_dir() {
            return Ok(());
        }
        let text = format!("there is no {}", self.incoming().display());
        Err(BlobError::io(OPEN)(io::Error::new(ErrorKind::NotFound, text)))
    }

    fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    fn temporary(&self, key: &ObjectKey) -> PathBuf {
        self.incoming().join(format!("{key}.{TEMPORARY_EXTENSION}"))
    }

    fn object(&self, key: &ObjectKey) -> PathBuf {
        self.root.join(key.relative_path())
    }

    /// Makes the directory of an object and sees to it that the directory itself survives a power cut.
    ///
    /// A directory that is already there may have been made a moment ago by another writer that has not synced it
    /// yet, so "it exists" is not enough; what this process has synced once is remembered.
    fn prepare_shard(&self, key: &ObjectKey, object: &Path) -> Result<PathBuf, BlobError> {
        let leaf = object.parent().unwrap_or(&self.root);
        if !self.shards().contains(&key.shard()) {
            durable::create_directories(leaf, self.owner).map_err(BlobError::io("create a storage directory"))?;
            for directory in leaf.ancestors().skip(1).take(2) {
                durable::sync_directory(directory).map_err(BlobError::io("make a storage directory durable"))?;
            }
            self.shards().insert(key.shard());
        }
        Ok(leaf.to_owned())
    }

    fn shards(&self) -> MutexGuard<'_, HashSet<[u8; 2]>> {
        // A set of bytes cannot be left half-changed, so a panic elsewhere does not spoil it.
        self.durable_shards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs file work on the blocking pool.
async fn blocking<T, F>(work: F) -> Result<T, BlobError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, BlobError> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(|_| BlobError::Interrupted)?
}

/// How old a temporary file must be before it counts as left over: no upload takes a day, and an upload that is
/// alive keeps touching its file.
pub const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 60 * 60);

const CREATE: &str = "create the storage directory";
const OPEN: &str = "open the storage directory";
const TEMPORARY_EXTENSION: &str = "part";
