//! Clients that read answers byte by byte, as they are on the socket.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::sockets::up_to;

/// An answer of HTTP/1.1.
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

/// A GET, with further lines in its head.
pub(crate) fn get(path: &str, lines: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: server.test\r\n{lines}\r\n")
}

pub(crate) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut S, request: &str) -> Answer {
    socket.write_all(request.as_bytes()).await.unwrap();
    read(socket).await
}

/// The next answer on a connection, to anything but a HEAD.
pub(crate) async fn read<S: AsyncRead + Unpin>(socket: &mut S) -> Answer {
    let head = read_head(socket).await;
    let mut body = vec![0; length(&head)];
    socket.read_exact(&mut body).await.unwrap();
    Answer { head, body }
}

pub(crate) async fn read_head<S: AsyncRead + Unpin>(socket: &mut S) -> String {
    up_to(socket, "\r\n\r\n").await.to_ascii_lowercase()
}

/// The length that a head promises.
pub(crate) fn length(head: &str) -> usize {
    let line = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    line.unwrap_or_else(|| panic!("no length in {head}")).parse().unwrap()
}
