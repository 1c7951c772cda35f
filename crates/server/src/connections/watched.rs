//! A socket, and the bodies of answers, that tell the connection's [`Activity`] what happens on them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use countersign_http_kit::passage::{Passage, is_stand_in};
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::{Activity, InFlight};
use super::sending_files::Pieces;

/// A socket with or without TLS.
pub(super) struct Watched<S> {
    socket: S,
    activity: Arc<Activity>,
}

impl<S> Watched<S> {
    pub(super) fn new(socket: S, activity: Arc<Activity>) -> Self {
        Self { socket, activity }
    }

    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(bytes)) => self.activity.sent(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity.blocked(),
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.activity.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        // TLS keeps what the socket does not take.
        if flushed.is_pending() {
            self.activity.blocked();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.socket).poll_shutdown(context);
        if shut.is_pending() {
            self.activity.blocked();
        }
        shut
    }
}

/// The body of an answer. With it, the request ends.
pub(super) struct Sending {
    body: Body,
    /// How pieces of files come to the connection, and where they go.
    way: Option<(Passage, Pieces)>,
    _in_flight: InFlight,
}

impl Sending {
    pub(super) fn new(body: Body, way: Option<(Passage, Pieces)>, mut in_flight: InFlight) -> Self {
        in_flight.answer();
        Self { body, way, _in_flight: in_flight }
    }

    /// Has the socket know the piece for which the bytes stand, if they stand for one.
    fn announce(&self, bytes: &Bytes) -> Result<(), axum::Error> {
        if is_stand_in(bytes) {
            let piece = self.way.as_ref().and_then(|(passage, pieces)| Some((passage.take(bytes)?, pieces)));
            let (piece, pieces) = piece.ok_or_else(|| axum::Error::new(LostPiece))?;
            pieces.push(piece);
        }
        Ok(())
    }
}

/// An answer gave bytes that stand for a piece of a file, and not the piece itself.
#[derive(Debug, thiserror::Error)]
#[error("a piece of a file was lost on its way to the connection")]
struct LostPiece;

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(bytes) = frame.data_ref()
            && let Err(error) = self.announce(bytes)
        {
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
