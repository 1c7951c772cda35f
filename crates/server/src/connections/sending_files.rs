//! A TCP socket into which the system itself puts pieces of files (`sendfile(2)`): their bytes are never copied.
//!
//! Above it, an answer consists of its own bytes and of stand-ins for pieces, see [`countersign_http_kit::passage`]. What is
//! not a stand-in is sent as it is. A stand-in whose piece is not the next one breaks the connection: its bytes are no answer.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use countersign_http_kit::passage::{FilePiece, is_stand_in};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// The pieces that a connection sends next, in the order of their stand-ins. Clones are the same ones.
#[derive(Clone, Default)]
pub(super) struct Pieces(Arc<Mutex<VecDeque<FilePiece>>>);

impl Pieces {
    /// Whether the system can send files.
    pub(super) const SUPPORTED: bool = cfg!(target_os = "linux");

    /// A piece whose stand-in is now given to be sent. What is under way at once is bounded by the buffer above the socket.
    pub(super) fn push(&self, piece: FilePiece) {
        self.queue().push_back(piece);
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<FilePiece>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket that sends pieces in the place of their stand-ins.
pub(super) struct FileSocket {
    socket: TcpStream,
    pieces: Pieces,
}

impl FileSocket {
    pub(super) fn new(socket: TcpStream, pieces: Pieces) -> Self {
        Self { socket, pieces }
    }

    /// Sends bytes that a piece follows at once, so that the system need not send them alone.
    fn poll_send_more(&self, context: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.poll_when_writable(context, || system::send_more(&self.socket, slices))
    }

    /// Sends as much as possible of the next piece, which must be the one that `stand_in` stands for.
    fn poll_send_piece(&self, context: &mut Context<'_>, stand_in: &[u8]) -> Poll<io::Result<usize>> {
        let mut queue = self.pieces.queue();
        let Some(piece) = queue.front_mut().filter(|piece| piece.length() == stand_in.len()) else {
            return Poll::Ready(Err(io::Error::other("bytes that stand for a file were sent without it")));
        };
        let sent = ready!(self.poll_when_writable(context, || system::send_file(&self.socket, piece)))?;
        if sent == 0 {
            return Poll::Ready(Err(io::Error::new(ErrorKind::UnexpectedEof, "the file was made shorter")));
        }
        if let Some(rest) = queue.pop_front().and_then(|piece| piece.after(sent)) {
            queue.push_front(rest);
        }
        Poll::Ready(Ok(sent))
    }

    fn poll_when_writable(
        &self,
        context: &mut Context<'_>,
        mut send: impl FnMut() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.socket.poll_write_ready(context))?;
            match self.socket.try_io(Interest::WRITABLE, &mut send) {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                sent => return Poll::Ready(sent),
            }
        }
    }
}

impl AsyncRead for FileSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl AsyncWrite for FileSocket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let plain = slices.iter().position(|slice| is_stand_in(slice));
        match plain.and_then(|plain| slices.split_at_checked(plain)) {
            None => Pin::new(&mut self.socket).poll_write_vectored(context, slices),
            Some(([], stand_ins)) => self.poll_send_piece(context, stand_ins.first().map_or(&[], |slice| slice)),
            Some((plain, _)) => self.poll_send_more(context, plain),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::io::{self, IoSlice};

    use countersign_http_kit::passage::FilePiece;
    use rustix::fs::sendfile;
    use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
    use tokio::net::TcpStream;

    pub(super) fn send_more(socket: &TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
        Ok(sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), flags)?)
    }

    pub(super) fn send_file(socket: &TcpStream, piece: &FilePiece) -> io::Result<usize> {
        Ok(sendfile(socket, piece.file(), Some(&mut piece.start()), piece.length())?)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io::{self, ErrorKind, IoSlice};

    use countersign_http_kit::passage::FilePiece;
    use tokio::net::TcpStream;

    pub(super) fn send_more(_socket: &TcpStream, _slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Err(ErrorKind::Unsupported.into())
    }

    pub(super) fn send_file(_socket: &TcpStream, _piece: &FilePiece) -> io::Result<usize> {
        Err(ErrorKind::Unsupported.into())
    }
}
