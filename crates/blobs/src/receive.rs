//! Turns a stream from a sender into a stored object, in constant memory and within a size.

use std::error::Error;
use std::pin::{Pin, pin};

use bytes::{Bytes, BytesMut};
use futures_util::future::join;
use futures_util::{Stream, StreamExt};

use crate::{Blobs, ReceiveError, ReceivedBlob};

/// Stores everything that `source` gives and returns where it is, how long it is and its digests.
///
/// The next chunk is collected while the one before is being digested and written, so at most two chunks of
/// [`WRITE_CHUNK`] bytes are in memory. After each stored chunk `progress` hears how many bytes are stored so far.
/// When this returns an error, or is dropped half-way, no object and no temporary file stays behind.
///
/// # Errors
///
/// [`ReceiveError::TooLarge`] once more than `limit` bytes have come, [`ReceiveError::Source`] when the stream
/// breaks, [`ReceiveError::Storage`] when the bytes cannot be kept.
pub async fn receive<S, E, P>(
    blobs: &dyn Blobs,
    source: S,
    limit: u64,
    mut progress: P,
) -> Result<ReceivedBlob, ReceiveError>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Into<Box<dyn Error + Send + Sync>> + Send,
    P: FnMut(u64) + Send,
{
    let mut collector = Collector { source: pin!(source), received: 0, limit };
    let mut writer = blobs.create().await?;
    let mut stored = 0_u64;

    let mut chunk = collector.next_chunk().await?;
    while !chunk.is_empty() {
        let write = async {
            let size = chunk.len() as u64;
            writer.append(chunk).await?;
            stored = stored.saturating_add(size);
            progress(stored);
            Ok::<_, ReceiveError>(())
        };
        // Both are awaited to their end even if one fails, so that no write outlives the answer.
        let (written, next) = join(write, collector.next_chunk()).await;
        written?;
        chunk = next?;
    }
    Ok(writer.finish().await?)
}

/// Joins the small pieces of the network into chunks worth a hop to another thread, and counts them.
struct Collector<'a, S> {
    source: Pin<&'a mut S>,
    received: u64,
    limit: u64,
}

impl<S, E> Collector<'_, S>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Into<Box<dyn Error + Send + Sync>> + Send,
{
    /// The next chunk; empty at the end of the stream.
    ///
    /// Pieces are copied rather than kept as they are: a sender of single bytes would otherwise make us hold one
    /// network buffer per byte.
    async fn next_chunk(&mut self) -> Result<Bytes, ReceiveError> {
        let mut chunk = BytesMut::new();
        while chunk.len() < WRITE_CHUNK {
            let Some(piece) = self.source.next().await else { break };
            let piece = piece.map_err(|error| ReceiveError::Source(error.into()))?;
            self.received = self.received.saturating_add(piece.len() as u64);
            if self.received > self.limit {
                return Err(ReceiveError::TooLarge { limit: self.limit });
            }
            if chunk.is_empty() && piece.len() >= WRITE_CHUNK {
                return Ok(piece);
            }
            chunk.extend_from_slice(&piece);
        }
        Ok(chunk.freeze())
    }
}

/// How many bytes are handed to the storage at a time: 1 MiB is about 2 ms of digesting, which dwarfs the cost of
/// changing threads and still keeps an upload at two MiB of memory.
pub const WRITE_CHUNK: usize = 1024 * 1024;
