//! Request targets that have bytes beyond ASCII, made readable before the HTTP parser sees them.
//!
//! RFC 9112 §3.2 allows ASCII only. Some clients write the names of files into a target as they are, in UTF-8 or Latin-1 (the
//! storage contract, §3.1); the parser refuses what is not UTF-8 before any route is asked. So such a byte becomes `%XX`, which
//! means the same to whoever decodes the path. Nothing else is ever changed: heads and bodies go by as they are, without a copy.

mod framing;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub(crate) use self::framing::Framing;

/// A socket whose requests have targets of ASCII alone. What is written goes through as it is.
pub(super) struct PlainTargets<S> {
    socket: S,
    framing: Framing,
    /// What did not fit when bytes became longer.
    rest: Bytes,
}

impl<S> PlainTargets<S> {
    /// `head_bytes` is the size that the parser above allows for the head of a request.
    pub(super) fn new(socket: S, head_bytes: u32) -> Self {
        let framing = Framing::new(usize::try_from(head_bytes).unwrap_or(usize::MAX));
        Self { socket, framing, rest: Bytes::new() }
    }

    fn give_rest(&mut self, buffer: &mut ReadBuf<'_>) {
        let part = self.rest.split_to(self.rest.len().min(buffer.remaining()));
        buffer.put_slice(part.chunk());
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PlainTargets<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rest.is_empty() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
            let read = buffer.filled().get(before..).unwrap_or_default();
            let Some(plain) = self.framing.plain(read) else { return Poll::Ready(Ok(())) };
            buffer.set_filled(before);
            self.rest = plain.into();
        }
        self.give_rest(buffer);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PlainTargets<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
