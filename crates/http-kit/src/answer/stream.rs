//! Sends the pieces of an answer one after the other, and sees to it that each has its planned length.

use std::collections::VecDeque;
use std::error::Error;
use std::ops::Range;

use bytes::Bytes;
use futures_util::stream::try_unfold;
use futures_util::{Stream, StreamExt};

use super::Piece;

/// The bytes that are still to be sent.
pub(super) struct Sender<O, S> {
    pieces: VecDeque<Piece>,
    current: Option<Opened<S>>,
    open: O,
}

/// A range of the file that is being sent, and how many of its bytes are still owed.
struct Opened<S> {
    bytes: S,
    owed: u64,
}

/// The file gave more or fewer bytes than its length says. The answer is broken off.
#[derive(Debug, thiserror::Error)]
pub enum WrongLength {
    /// The bytes ended too early.
    #[error("the file ended {0} bytes too early")]
    TooFew(u64),
    /// There were bytes behind the end of the range.
    #[error("the file gave more bytes than were asked for")]
    TooMany,
}

impl<O, F, S, E> Sender<O, S>
where
    O: FnMut(Range<u64>) -> F + Send + 'static,
    F: Future<Output = Result<S, E>> + Send + 'static,
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    /// Opens the first range, before the frame that may stand in front of it is sent.
    pub(super) async fn start(pieces: Vec<Piece>, mut open: O) -> Result<Self, E> {
        let mut pieces = VecDeque::from(pieces);
        let first = pieces.iter().position(|piece| matches!(piece, Piece::File(_)));
        let current = match first.and_then(|index| pieces.get_mut(index)) {
            Some(Piece::File(range)) => Some(Opened::new(&mut open, range.clone()).await?),
            Some(Piece::Frame(_)) | None => None,
        };
        Ok(Self { pieces, current, open })
    }

    pub(super) fn into_stream(
        self,
    ) -> impl Stream<Item = Result<Bytes, Box<dyn Error + Send + Sync>>> + Send + 'static {
        try_unfold(self, |mut sender| async move {
            let next = sender.next().await?;
            Ok(next.map(|bytes| (bytes, sender)))
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Box<dyn Error + Send + Sync>> {
        loop {
            match self.pieces.front() {
                None => return Ok(None),
                Some(Piece::Frame(frame)) => {
                    let frame = frame.clone();
                    self.pieces.pop_front();
                    return Ok(Some(frame));
                }
                Some(Piece::File(range)) => {
                    let mut opened = match self.current.take() {
                        Some(opened) => opened,
                        None => Opened::new(&mut self.open, range.clone()).await.map_err(Into::into)?,
                    };
                    match opened.next().await? {
                        Some(bytes) => {
                            self.current = Some(opened);
                            return Ok(Some(bytes));
                        }
                        None => self.pieces.pop_front(),
                    };
                }
            }
        }
    }
}

impl<S, E> Opened<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    async fn new<O, F>(open: &mut O, range: Range<u64>) -> Result<Self, E>
    where
        O: FnMut(Range<u64>) -> F,
        F: Future<Output = Result<S, E>>,
    {
        let owed = range.end.saturating_sub(range.start);
        Ok(Self { bytes: open(range).await?, owed })
    }

    /// The next bytes; `None` when all that were owed have come and the file agrees that this was the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Box<dyn Error + Send + Sync>> {
        let Some(bytes) = self.bytes.next().await else {
            return if self.owed == 0 { Ok(None) } else { Err(WrongLength::TooFew(self.owed).into()) };
        };
        let bytes = bytes.map_err(Into::into)?;
        self.owed = self.owed.checked_sub(bytes.len() as u64).ok_or(WrongLength::TooMany)?;
        Ok(Some(bytes))
    }
}
