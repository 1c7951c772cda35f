//! The unfinished download beside the final file: `<name>.part`, and `<name>.part.etag` that says which version of the
//! file its bytes are from.
//!
//! One download at a time writes it (a file lock sees to that where the file system has locks), because the digest is
//! of the bytes that were received and must stay the digest of the bytes on the disk.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::{
    error::ClientError,
    file_name::FileName,
    locked_file::open_locked,
    manifest::{FileDigest, ManifestFile},
    streamed_digest::StreamedDigest,
};

/// An unfinished download, open and locked.
pub(crate) struct PartFile {
    file: File,
    path: PathBuf,
    etag_path: PathBuf,
    expected: FileDigest,
    digest: StreamedDigest,
    length: u64,
    etag: Option<String>,
    resumed: bool,
}

impl PartFile {
    /// Opens what an earlier run left, or creates the file, and locks it. No byte of it counts yet.
    pub(crate) fn open(folder: &Path, name: &FileName, expected: FileDigest) -> Result<Self, ClientError> {
        let path = folder.join(name.part());
        let file = open_locked(&path)?;
        Ok(Self {
            file,
            etag_path: folder.join(name.part_etag()),
            path,
            expected,
            digest: StreamedDigest::like(&expected),
            length: 0,
            etag: None,
            resumed: false,
        })
    }

    /// Takes over the bytes of an earlier run if they can be resumed, and empties the file otherwise. The bytes are
    /// read back, so the digest is of what is really on the disk.
    pub(crate) fn take_over(&mut self, size: u64) -> Result<(), ClientError> {
        let left = self.file.metadata().map_err(|source| self.io(source))?.len();
        let etag = read_etag(&self.etag_path);
        if left == 0 || left > size || etag.is_none() {
            return self.restart();
        }
        let mut digest = StreamedDigest::like(&self.expected);
        self.file.seek(SeekFrom::Start(0)).map_err(|source| self.io(source))?;
        let read = digest_of(&mut &self.file, left, &mut digest).map_err(|source| self.io(source))?;
        if read != left {
            return self.restart();
        }
        (self.digest, self.length, self.etag, self.resumed) = (digest, left, etag, true);
        Ok(())
    }

    /// Forgets every byte and begins at zero.
    pub(crate) fn restart(&mut self) -> Result<(), ClientError> {
        self.file.set_len(0).map_err(|source| self.io(source))?;
        self.file.seek(SeekFrom::Start(0)).map_err(|source| self.io(source))?;
        (self.digest, self.length, self.resumed) = (StreamedDigest::like(&self.expected), 0, false);
        self.remember_etag(None)
    }

    /// Notes which version of the file the bytes to come are from. Only a strong entity tag can resume a download
    /// (RFC 9110 §13.1.5), so others are not kept.
    pub(crate) fn remember_etag(&mut self, etag: Option<&str>) -> Result<(), ClientError> {
        self.etag = etag.filter(|etag| is_strong_etag(etag)).map(str::to_owned);
        let written = match &self.etag {
            Some(etag) => write_new(&self.etag_path, etag),
            None => remove_if_there(&self.etag_path),
        };
        written.map_err(|source| ClientError::Io { path: self.etag_path.clone(), source })
    }

    /// Adds bytes at the end.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.file.write_all(bytes).map_err(|source| self.io(source))?;
        self.digest.update(bytes);
        self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Says that the next bytes come from another answer than those before.
    pub(crate) fn mark_resumed(&mut self) {
        self.resumed = true;
    }

    /// How many bytes there are.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The version that the bytes are from, if it is known.
    pub(crate) fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// Whether the bytes were put together from more than one answer, or from an earlier run.
    pub(crate) fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// The digest of all bytes. Ends the count: only `restart`, `publish` and `discard` make sense afterwards.
    pub(crate) fn finish_digest(&mut self) -> FileDigest {
        std::mem::replace(&mut self.digest, StreamedDigest::like(&self.expected)).finish()
    }

    /// Gives the verified bytes their final name, durably: the bytes reach the disk before the name does.
    pub(crate) fn publish(self, target: &Path) -> Result<(), ClientError> {
        self.file.sync_all().map_err(|source| self.io(source))?;
        fs::rename(&self.path, target).map_err(|source| ClientError::Io { path: target.to_owned(), source })?;
        if let Some(folder) = target.parent() {
            sync_folder(folder).map_err(|source| ClientError::Io { path: folder.to_owned(), source })?;
        }
        // A left-over note without its file is never read, so failing to remove it is no failure of the download.
        let _ = fs::remove_file(&self.etag_path);
        Ok(())
    }

    /// Removes the bytes. What cannot be removed is at least emptied, and would fail the digest in any case.
    pub(crate) fn discard(self) {
        let _ = self.file.set_len(0);
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(&self.etag_path);
    }

    fn io(&self, source: io::Error) -> ClientError {
        ClientError::Io { path: self.path.clone(), source }
    }
}

/// Whether `target` is already the file that the manifest describes. A link is not followed.
pub(crate) fn is_complete(target: &Path, file: &ManifestFile) -> Result<bool, ClientError> {
    let io = |source| ClientError::Io { path: target.to_owned(), source };
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(io(error)),
        Ok(metadata) if !metadata.is_file() || metadata.len() != file.size => return Ok(false),
        Ok(_) => {}
    }
    let mut digest = StreamedDigest::like(&file.digest);
    let read = digest_of(&mut File::open(target).map_err(io)?, file.size, &mut digest).map_err(io)?;
    Ok(read == file.size && digest.finish() == file.digest)
}

/// Feeds up to `length` bytes to `digest`, and returns how many there were.
fn digest_of(reader: &mut impl Read, length: u64, digest: &mut StreamedDigest) -> io::Result<u64> {
    let mut limited = reader.take(length);
    let mut buffer = vec![0; READ_BYTES];
    let mut read: u64 = 0;
    loop {
        let count = match limited.read(&mut buffer) {
            Ok(0) => return Ok(read),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        digest.update(buffer.get(..count).unwrap_or_default());
        read = read.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}

fn read_etag(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(MAX_ETAG_BYTES).read_to_string(&mut text).ok()?;
    is_strong_etag(&text).then_some(text)
}

/// RFC 9110 §8.8.3: a quoted string of visible characters, without the `W/` of a weak tag.
fn is_strong_etag(etag: &str) -> bool {
    let inner = etag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
    inner.is_some_and(|inner| inner.len() < MAX_ETAG_CHARACTERS && inner.bytes().all(plain))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a file that was not there before, so that a link in its place is replaced and not written through.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    remove_if_there(path)?;
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// A rename is durable only when its folder is; elsewhere than on Unix folders cannot be synced this way.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        // The parent of a bare file name is the empty path, which means the current folder.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

const READ_BYTES: usize = 64 * 1024;
/// Entity tags are a digest or a number; a longer one is not worth keeping.
const MAX_ETAG_CHARACTERS: usize = 512;
const MAX_ETAG_BYTES: u64 = 1024;
