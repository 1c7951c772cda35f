//! Clients that only hold places: some are slow on purpose, most wait on connections that they keep.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::stopwatch::pause;

/// A crowd of clients. Dropping it ends all of their connections.
pub(crate) struct Crowd {
    clients: JoinSet<()>,
}

/// What a client of a crowd does.
#[derive(Clone, Copy)]
enum Habit {
    /// Sends the head of a request byte by byte.
    SlowHead,
    /// Sends the body of a request byte by byte.
    SlowBody,
    /// Asks for far more than it reads.
    SlowReading,
    /// Has asked once, and keeps the connection.
    Idle,
}

impl Crowd {
    /// Comes to a server with so many slow and so many idle clients, a few hundred from each address of this machine.
    ///
    /// # Errors
    /// When one of them is not let in.
    pub(crate) async fn gather(server: SocketAddr, slow: usize, idle: usize) -> Result<Self> {
        let mut clients = JoinSet::new();
        let habits = [Habit::SlowHead, Habit::SlowBody, Habit::SlowReading].into_iter().cycle().take(slow);
        for (number, habit) in habits.chain(std::iter::repeat_n(Habit::Idle, idle)).enumerate() {
            let address = address(number);
            let mut stream = begin(server, address, habit).await?;
            clients.spawn(async move {
                // The server ends what takes too long; the client comes again.
                loop {
                    while go_on(&mut stream, habit).await.is_ok() {}
                    let Ok(again) = begin(server, address, habit).await else { return };
                    stream = again;
                }
            });
        }
        Ok(Self { clients })
    }

    /// Goes, and waits until the connections are ended on this side.
    pub(crate) async fn leave(mut self) {
        self.clients.shutdown().await;
    }
}

/// The address that a client comes from: all of 127.0.0.0/8 is this machine, and one address has a limit.
fn address(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 1, u8::try_from(1 + number / OF_ONE_ADDRESS).unwrap_or(u8::MAX))
}

async fn begin(server: SocketAddr, address: Ipv4Addr, habit: Habit) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((address, 0).into()).with_context(|| format!("{address} is no address of this machine"))?;
    if let Habit::SlowReading = habit {
        // Otherwise the system would read for it.
        socket.set_recv_buffer_size(4096)?;
    }
    let mut stream = socket.connect(server).await.context("a client of the crowd was not let in")?;
    let beginning = match habit {
        Habit::SlowHead => "POST /uai/2.0/updates HTTP/1.1\r\nhost: bench\r\nx-slow: ".to_owned(),
        Habit::SlowBody => "POST /uai/2.0/updates HTTP/1.1\r\nhost: bench\r\ncontent-length: 60000\r\n\r\n{".to_owned(),
        Habit::SlowReading => "GET /openapi/producer.json HTTP/1.1\r\nhost: bench\r\n\r\n".repeat(50),
        Habit::Idle => "GET /ping HTTP/1.1\r\nhost: bench\r\n\r\n".to_owned(),
    };
    stream.write_all(beginning.as_bytes()).await?;
    if let Habit::Idle = habit {
        ensure!(stream.read(&mut [0; 1024]).await? > 0, "a client of the crowd was turned away");
    }
    Ok(stream)
}

/// A byte now and then; those who are idle wait for the end of their connection.
async fn go_on(stream: &mut TcpStream, habit: Habit) -> Result<()> {
    match habit {
        Habit::SlowHead | Habit::SlowBody => {
            pause(NOW_AND_THEN).await;
            stream.write_all(b" ").await?;
        }
        Habit::SlowReading => {
            pause(NOW_AND_THEN).await;
            stream.read_exact(&mut [0; 64]).await?;
        }
        Habit::Idle => drop(stream.read_u8().await?),
    }
    Ok(())
}

/// Clients of one address; fewer than the server lets in.
const OF_ONE_ADDRESS: usize = 500;
const NOW_AND_THEN: Duration = Duration::from_secs(1);
