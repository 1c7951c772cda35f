//! Digests of whole files, and small files that must survive a power cut.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use countersign_blobs::Digests;
use countersign_crypto::encoding::hex_encode;

/// Bytes that are read at a time.
const CHUNK: usize = 1024 * 1024;

/// Length and SHA-256 of a file, the latter in hexadecimal.
pub(super) async fn digest(path: PathBuf) -> Result<(u64, String)> {
    let named = path.clone();
    let read = tokio::task::spawn_blocking(move || -> io::Result<(u64, String)> {
        let mut file = File::open(&path)?;
        let mut digests = Digests::new();
        let mut buffer = vec![0; CHUNK];
        loop {
            let length = file.read(&mut buffer)?;
            match buffer.get(..length) {
                Some(bytes) if !bytes.is_empty() => digests.update(bytes),
                _ => break,
            }
        }
        let finished = digests.finish();
        Ok((finished.size, hex_encode(&finished.sha256)))
    });
    read.await?.with_context(|| format!("{} cannot be read", named.display()))
}

/// Writes a new file that its owner alone can read, and makes bytes and name durable.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        sync_parent(path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

/// Makes the names in the directory of a path durable.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}
