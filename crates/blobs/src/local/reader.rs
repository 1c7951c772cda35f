//! Reading a range of one object from the local directory.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};

use super::blocking;
use crate::{BlobError, ObjectKey};

pub(super) async fn open(
    path: PathBuf,
    key: ObjectKey,
    range: Range<u64>,
) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
    let reader = blocking(move || Reader::open(path, key, range)).await?;
    Ok(stream::try_unfold(reader, |mut reader| async move {
        if reader.remaining == 0 {
            return Ok(None);
        }
        blocking(move || {
            let chunk = reader.next_chunk()?;
            Ok(Some((chunk, reader)))
        })
        .await
    })
    .boxed())
}

/// An open file, and how many of its bytes are still owed.
struct Reader {
    file: File,
    key: ObjectKey,
    remaining: u64,
}

impl Reader {
    fn open(path: PathBuf, key: ObjectKey, range: Range<u64>) -> Result<Self, BlobError> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(BlobError::Missing { key }),
            Err(error) => return Err(BlobError::Io { operation: "open an object", source: error }),
        };
        let length = file.metadata().map_err(BlobError::io("read the length of an object"))?.len();
        let remaining = match range.end.checked_sub(range.start) {
            Some(remaining) if range.end <= length => remaining,
            _ => return Err(BlobError::RangeBeyondEnd { key, range, length }),
        };
        file.seek(SeekFrom::Start(range.start)).map_err(BlobError::io("seek in an object"))?;
        Ok(Self { file, key, remaining })
    }

    /// The next bytes, never fewer than owed: a file that was cut behind our back must not look like a short one.
    fn next_chunk(&mut self) -> Result<Bytes, BlobError> {
        let wanted = self.remaining.min(READ_CHUNK as u64);
        // The smaller of the two always fits, because one of them is a usize.
        let mut chunk = Vec::with_capacity(usize::try_from(wanted).unwrap_or(READ_CHUNK));
        let read = (&mut self.file).take(wanted).read_to_end(&mut chunk).map_err(BlobError::io("read an object"))?;
        let missing = wanted.saturating_sub(read as u64);
        if missing > 0 {
            return Err(BlobError::Truncated { key: self.key, missing });
        }
        self.remaining = self.remaining.saturating_sub(wanted);
        Ok(Bytes::from(chunk))
    }
}

/// How many bytes of an object are read at a time, and so kept in memory per download: large enough that changing
/// threads is a small part of the work, small enough for thousands of slow readers.
pub const READ_CHUNK: usize = 128 * 1024;
