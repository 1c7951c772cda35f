//! One connection of the load: HTTP/1.1, kept alive, one exchange after the other.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::head::{self, Head};

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Box<[u8]>,
}

/// An answer, as far as a load looks at it.
pub(crate) struct Answer<'b> {
    /// The status.
    pub(crate) status: u16,
    /// The head; empty when the body is.
    head: &'b [u8],
    /// The body; empty when it did not fit into the connection's buffer and was thrown away.
    pub(crate) body: &'b [u8],
    /// Bytes of the body.
    pub(crate) length: u64,
}

impl Answer<'_> {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let head = std::str::from_utf8(self.head).ok()?;
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

impl Connection {
    /// Opens a connection with a buffer of some bytes.
    ///
    /// # Errors
    /// When nobody accepts it.
    pub(crate) async fn open(address: SocketAddr, buffer: usize) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("{address} accepts no connection"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; buffer].into() })
    }

    /// Sends a request and reads its whole answer.
    ///
    /// # Errors
    /// When the connection breaks, or the answer is not understood.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await.context("the connection broke while a request was sent")?;
        let (head, mut filled) = self.read_head().await?;
        let length = usize::try_from(head.body).unwrap_or(usize::MAX);
        let whole = head.length.saturating_add(length);
        if whole > self.buffer.len() {
            self.skip(whole - filled).await?;
            return Ok(Answer { status: head.status, head: &[], body: &[], length: head.body });
        }
        while filled < whole {
            filled += self.read(filled).await?;
        }
        let (bytes, body) = self.buffer.get(..whole).unwrap_or_default().split_at(head.length.min(whole));
        Ok(Answer { status: head.status, head: bytes, body, length: head.body })
    }

    /// Reads until the head is there. Gives it, and the number of bytes that were read.
    async fn read_head(&mut self) -> Result<(Head, usize)> {
        let mut filled = 0;
        loop {
            filled += self.read(filled).await?;
            if let Some(head) = head::parse(self.buffer.get(..filled).unwrap_or_default())? {
                return Ok((head, filled));
            }
        }
    }

    /// Reads what comes into the buffer behind its first bytes. Gives the number of bytes.
    async fn read(&mut self, filled: usize) -> Result<usize> {
        let room = self.buffer.get_mut(filled..).unwrap_or_default();
        if room.is_empty() {
            bail!("the head of an answer is too long");
        }
        match self.stream.read(room).await.context("the connection broke while an answer was read")? {
            0 => bail!("the connection was closed instead of answered"),
            read => Ok(read),
        }
    }

    /// Reads bytes and throws them away.
    async fn skip(&mut self, mut left: usize) -> Result<()> {
        while left > 0 {
            left = left.saturating_sub(self.read(0).await?);
        }
        Ok(())
    }
}
