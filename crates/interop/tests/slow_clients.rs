//! Clients that are slow in every way, and many that do nothing: the others are served as if they were not there. How fast
//! is a row of the benchmark.

#[path = "kills/setup.rs"]
mod setup;

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use countersign_interop::{Caller, Installation};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use ureq::http::Method;

/// Clients that send or read a byte now and then.
const SLOW: usize = 500;
/// Connections that are kept and wait.
const IDLE: usize = 1000;
/// Questions of the others, each after a byte of every slow client.
const QUESTIONS: usize = 30;

const PING: &[u8] = b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n";

/// How a client is slow.
#[derive(Clone, Copy)]
enum Slowness {
    /// The head of its request comes byte by byte.
    Head,
    /// The body does.
    Body,
    /// It has asked for far more than it reads.
    Reading,
}

struct SlowClient {
    stream: TcpStream,
    slowness: Slowness,
}

impl SlowClient {
    async fn begin(server: SocketAddr, slowness: Slowness) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Otherwise the system would read for the client, and a lot.
        socket.set_recv_buffer_size(4096)?;
        let mut stream = socket.connect(server).await?;
        let beginning = match slowness {
            Slowness::Head => "POST /uai/2.0/updates HTTP/1.1\r\nhost: x\r\nx-slow: ".to_owned(),
            Slowness::Body => "POST /uai/2.0/updates HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n{".to_owned(),
            // Together far more than the system keeps for a client that does not read.
            Slowness::Reading => "GET /openapi/producer.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(50),
        };
        stream.write_all(beginning.as_bytes()).await?;
        Ok(Self { stream, slowness })
    }

    async fn go_on(&mut self) -> Result<()> {
        match self.slowness {
            Slowness::Head | Slowness::Body => self.stream.write_all(b" ").await?,
            Slowness::Reading => drop(self.stream.read_u8().await?),
        }
        Ok(())
    }
}

#[tokio::test]
async fn slow_and_idle_clients_leave_the_others_served() -> Result<()> {
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum })?;
    let installation = Installation::new(None)?;
    // All clients of this test come from one address, and it must not depend on how long they are let be slow.
    let settings =
        "max_connections_per_address = 5000\nheader_timeout = 3600\nidle_timeout = 3600\nstall_timeout = 3600\n";
    std::fs::write(installation.path("countersign.toml"), settings)?;
    let (server, tokens) = tokio::task::spawn_blocking(move || {
        let tokens = setup::prepare(&installation, 3)?;
        let server = installation.serve(&["--default-site", "acme", "--metrics-listen", "none", "-q"])?;
        anyhow::Ok(((installation, server), tokens))
    })
    .await??;
    let address: SocketAddr = server.1.base_url().trim_start_matches("http://").parse()?;

    let mut idle = Vec::new();
    for _ in 0..IDLE {
        let mut stream = TcpStream::connect(address).await?;
        ping(&mut stream).await?;
        idle.push(stream);
    }
    let mut slow = Vec::new();
    for slowness in [Slowness::Head, Slowness::Body, Slowness::Reading].into_iter().cycle().take(SLOW) {
        slow.push(SlowClient::begin(address, slowness).await?);
    }

    let caller = Caller::new(server.1.base_url());
    for number in 0..QUESTIONS {
        for client in &mut slow {
            client.go_on().await.with_context(|| format!("a slow client was cut off before question {number}"))?;
        }
        let (caller, tokens) = (caller.clone(), tokens.clone());
        tokio::task::spawn_blocking(move || ask(&caller, &tokens)).await??;
    }
    for stream in &mut idle {
        ping(stream).await.context("a connection that waited")?;
    }
    Ok(())
}

async fn ping(stream: &mut TcpStream) -> Result<()> {
    stream.write_all(PING).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nOK") {
        ensure!(stream.read_buf(&mut answer).await? > 0, "the connection was closed");
    }
    ensure!(answer.starts_with(b"HTTP/1.1 200 "), "{}", answer.escape_ascii());
    Ok(())
}

fn ask(caller: &Caller, tokens: &setup::Tokens) -> Result<()> {
    let question = json!({ "updateFromPkgId": "pump-1", "platform": "LINUX64", "language": 1033 });
    let accepted = caller.post("/uai/2.0/updates", &tokens.device, &question)?;
    ensure!(accepted.status == 202, "{accepted:?}");
    let answer = caller.get(accepted.json()?["url"].as_str().context("no URL")?)?;
    ensure!(answer.status == 200 && answer.json()?["updateItems"][0]["updateId"] == "UPD-1", "{answer:?}");
    let path = "/flexnet/operations/api/updates/update-signing-key";
    let key = caller.send(Method::GET, path, &tokens.producer, b"")?;
    ensure!(key.status == 200, "{key:?}");
    Ok(())
}
