//! Sends the pieces of an answer one after the other, and sees to it that each has its planned length.

use std::collections::VecDeque;
use std::error::Error;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::HttpBody;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body::Frame;

use super::Piece;

/// The bytes that are still to be sent.
pub(super) struct Sender<O, F, S> {
    pieces: VecDeque<Piece>,
    current: Current<F, S>,
    open: O,
}

/// The range of the file whose turn it is.
enum Current<F, S> {
    Unopened,
    Opening(Pin<Box<F>>, u64),
    Opened(Opened<S>),
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

impl<O, F, S, E> Sender<O, F, S>
where
    O: FnMut(Range<u64>) -> F,
    F: Future<Output = Result<S, E>>,
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    /// Opens the first range, before the frame that may stand in front of it is sent.
    pub(super) async fn start(pieces: Vec<Piece>, mut open: O) -> Result<Self, E> {
        let pieces = VecDeque::from(pieces);
        let first = pieces.iter().find_map(|piece| match piece {
            Piece::File(range) => Some(range.clone()),
            Piece::Frame(_) => None,
        });
        let current = match first {
            Some(range) => Current::Opened(Opened { owed: length(&range), bytes: open(range).await? }),
            None => Current::Unopened,
        };
        Ok(Self { pieces, current, open })
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Box<dyn Error + Send + Sync>>> {
        loop {
            let range = match self.pieces.front() {
                None => return Poll::Ready(Ok(None)),
                Some(Piece::Frame(frame)) => {
                    let frame = frame.clone();
                    self.pieces.pop_front();
                    return Poll::Ready(Ok(Some(frame)));
                }
                Some(Piece::File(range)) => range,
            };
            match &mut self.current {
                Current::Unopened => {
                    let owed = length(range);
                    self.current = Current::Opening(Box::pin((self.open)(range.clone())), owed);
                }
                Current::Opening(opening, owed) => {
                    let bytes = ready!(opening.as_mut().poll(context)).map_err(Into::into)?;
                    self.current = Current::Opened(Opened { bytes, owed: *owed });
                }
                Current::Opened(opened) => {
                    let bytes = ready!(opened.poll_next(context))?;
                    if bytes.is_none() || opened.owed == 0 && opened.poll_next(context)? == Poll::Ready(None) {
                        self.pieces.pop_front();
                        self.current = Current::Unopened;
                    }
                    if bytes.is_some() {
                        return Poll::Ready(Ok(bytes));
                    }
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
    /// The next bytes; `None` when all that were owed have come and the file agrees that this was the end.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Box<dyn Error + Send + Sync>>> {
        Poll::Ready(match ready!(self.bytes.poll_next_unpin(context)) {
            None if self.owed == 0 => Ok(None),
            None => Err(WrongLength::TooFew(self.owed).into()),
            Some(Err(error)) => Err(error.into()),
            Some(Ok(bytes)) => match self.owed.checked_sub(bytes.len() as u64) {
                Some(owed) => {
                    self.owed = owed;
                    Ok(Some(bytes))
                }
                None => Err(WrongLength::TooMany.into()),
            },
        })
    }
}

impl<O, F, S, E> HttpBody for Sender<O, F, S>
where
    O: FnMut(Range<u64>) -> F + Unpin,
    F: Future<Output = Result<S, E>>,
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.poll_next(context).map(|next| next.map(|bytes| bytes.map(Frame::data)).transpose())
    }

    /// True as soon as the last bytes are given, because nobody asks for more of an answer whose length is known.
    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }
}

fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}
