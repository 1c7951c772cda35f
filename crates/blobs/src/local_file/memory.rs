//! Which parts of a file the system has in memory.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::LocalFile;
use crate::BlobError;

pub(super) use system::fill;

/// What was found out about a file when it was opened a moment ago.
#[derive(Debug)]
pub(super) struct Memory {
    opened: Instant,
    /// For each chunk of the file, whether all of it was in memory.
    chunks: Box<[AtomicBool]>,
}

impl Memory {
    /// Nothing is known about a file of so many bytes.
    pub(super) fn new(length: u64) -> Self {
        let chunks = usize::try_from(length.div_ceil(CHUNK)).map_or(CHUNKS, |chunks| chunks.min(CHUNKS));
        Self { opened: Instant::now(), chunks: (0..chunks).map(|_| AtomicBool::new(false)).collect() }
    }

    /// Whether the system has a range in memory, as far as single bytes of it tell.
    pub(super) fn holds(&self, file: &LocalFile, range: &Range<u64>) -> Result<bool, BlobError> {
        let mut chunks = range.start / CHUNK..=range.end.saturating_sub(1) / CHUNK;
        if self.opened.elapsed() < TIME && chunks.all(|number| self.holds_chunk(file, number)) {
            return Ok(true);
        }
        system::holds(file, range)
    }

    /// Whole chunks are looked at so that it need not be done again for another range of them.
    fn holds_chunk(&self, file: &LocalFile, number: u64) -> bool {
        let Some(chunk) = usize::try_from(number).ok().and_then(|number| self.chunks.get(number)) else { return false };
        if chunk.load(Ordering::Relaxed) {
            return true;
        }
        let start = number.saturating_mul(CHUNK);
        let range = start..start.saturating_add(CHUNK).min(file.length);
        // Only the range itself tells what is wrong with a file.
        let held = system::holds(file, &range).unwrap_or(false);
        chunk.store(held, Ordering::Relaxed);
        held
    }
}

/// For how long it counts what was once found in memory.
const TIME: Duration = Duration::from_secs(1);
/// Bytes of a chunk: those that are sent at a time.
const CHUNK: u64 = 1 << 20;
/// Chunks about which something is remembered: those of the first 4 GiB.
const CHUNKS: usize = 4096;

#[cfg(target_os = "linux")]
mod system {
    use std::io::{self, IoSliceMut};
    use std::num::NonZeroU64;
    use std::ops::Range;
    use std::os::unix::fs::FileExt;

    use rustix::fs::{Advice, fadvise};
    use rustix::io::{Errno, ReadWriteFlags, preadv2};

    use crate::{BlobError, LocalFile};

    /// Whether the bytes of a range are in memory.
    pub(in crate::local_file) fn holds(file: &LocalFile, range: &Range<u64>) -> Result<bool, BlobError> {
        let last = range.end.saturating_sub(1);
        let mut position = range.start;
        while position < last {
            if !holds_byte(file, position)? {
                return Ok(false);
            }
            position = position.saturating_add(STRIDE);
        }
        holds_byte(file, last)
    }

    fn holds_byte(file: &LocalFile, position: u64) -> Result<bool, BlobError> {
        let mut byte = [0];
        match preadv2(&file.file, &mut [IoSliceMut::new(&mut byte)], position, ReadWriteFlags::NOWAIT) {
            Ok(0) => Err(BlobError::Truncated { key: file.key, missing: 1 }),
            Ok(_) => Ok(true),
            // Not every file system can tell.
            Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INTR) => Ok(false),
            Err(error) => Err(BlobError::Io { operation: "read an object", source: error.into() }),
        }
    }

    /// Reads a range, and has the system begin with what comes after it.
    pub(in crate::local_file) fn fill(file: &LocalFile, range: &Range<u64>) -> Result<(), BlobError> {
        let length = range.end.saturating_add(AHEAD).saturating_sub(range.start);
        // This is advice: what comes of it is seen below.
        let _ = fadvise(&file.file, range.start, NonZeroU64::new(length), Advice::WillNeed);
        let mut scratch = vec![0; SCRATCH];
        let mut position = range.start;
        while position < range.end {
            let missing = range.end.saturating_sub(position);
            let wanted = usize::try_from(missing).unwrap_or(SCRATCH).min(SCRATCH);
            match file.file.read_at(scratch.get_mut(..wanted).unwrap_or_default(), position) {
                Ok(0) => return Err(BlobError::Truncated { key: file.key, missing }),
                Ok(read) => position = position.saturating_add(read as u64),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(BlobError::Io { operation: "read an object", source }),
            }
        }
        Ok(())
    }

    /// Distance of the bytes that are looked at: the system reads ahead and forgets in pieces of about this size.
    const STRIDE: u64 = 128 * 1024;
    /// Bytes behind a range that are read from the disk while it is sent.
    const AHEAD: u64 = 4 << 20;
    /// Bytes that are read at a time.
    const SCRATCH: usize = 128 * 1024;
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::ops::Range;

    use crate::{BlobError, LocalFile};

    /// On other systems nobody makes such a file.
    pub(in crate::local_file) fn holds(_file: &LocalFile, _range: &Range<u64>) -> Result<bool, BlobError> {
        Ok(true)
    }

    pub(in crate::local_file) fn fill(_file: &LocalFile, _range: &Range<u64>) -> Result<(), BlobError> {
        Ok(())
    }
}
