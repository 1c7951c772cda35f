//! The limit of sending webhooks: what waits is read from SQLite, posted with a signature over kept connections, and what became
//! of it is committed durably; 128 at a time, and one step after the other.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use countersign_crypto::HmacKey;
use countersign_crypto::encoding::base64_encode;
use countersign_store::Clock as _;
use futures_util::future::{join_all, try_join_all};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rusqlite::Connection;
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;

use crate::process::READY;
use crate::stopwatch::SystemClock;

/// Sends so many rows of so many bytes to an address, and then waits to be stopped.
///
/// # Errors
/// When the database fails, or the receiver does not answer as it should.
pub(super) fn run(database: &Path, rows: u32, bytes: usize, to: SocketAddr) -> Result<()> {
    let connection = prepare(database, rows, bytes)?;
    // The same word as those that serve: whoever measures waits for it.
    writeln!(std::io::stdout(), "{READY}{to}")?;
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
        let key = HmacKey::new(KEY);
        let mut senders = try_join_all((0..SENDERS).map(|_| connect(to))).await?;
        loop {
            let due = due(&connection)?;
            if due.is_empty() {
                return std::future::pending().await;
            }
            let shares = senders.iter_mut().enumerate().map(|(number, sender)| {
                let share = due.iter().skip(number).step_by(SENDERS);
                let (key, to) = (&key, &to);
                async move {
                    for (id, body) in share {
                        post(sender, key, *to, *id, body).await?;
                    }
                    anyhow::Ok(())
                }
            });
            join_all(shares).await.into_iter().collect::<Result<()>>()?;
            settle(&connection, &due)?;
        }
    })
}

fn prepare(database: &Path, rows: u32, bytes: usize) -> Result<Connection> {
    let mut connection = Connection::open(database).context("the database cannot be made")?;
    connection.execute_batch("pragma journal_mode = wal; pragma synchronous = full;")?;
    connection.execute_batch(TABLES)?;
    let transaction = connection.transaction()?;
    let body = vec![b'x'; bytes];
    for _ in 0..rows {
        transaction
            .prepare_cached("insert into deliveries (state, due_at, body) values ('queued', 0, ?1)")?
            .execute([&body])?;
    }
    transaction.commit()?;
    Ok(connection)
}

fn due(connection: &Connection) -> Result<Vec<(i64, Bytes)>> {
    let mut statement = connection.prepare_cached(DUE)?;
    let rows = statement
        .query_map((SystemClock.now().as_millis(), BATCH), |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?.into())))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

async fn connect(to: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(to).await.context("the receiver cannot be reached")?;
    stream.set_nodelay(true)?;
    let (sender, driver) = handshake(TokioIo::new(stream)).await?;
    // What breaks the connection is told to the next request.
    TaskTracker::new().spawn(driver);
    Ok(sender)
}

async fn post(
    sender: &mut SendRequest<Full<Bytes>>,
    key: &HmacKey,
    to: SocketAddr,
    id: i64,
    body: &Bytes,
) -> Result<()> {
    let (id, at) = (format!("evt_{id}"), SystemClock.now().as_seconds().to_string());
    let signature = key.sign(&[id.as_bytes(), b".", at.as_bytes(), b".", body].concat());
    let request = Request::builder()
        .method(Method::POST)
        .uri("/")
        .header(HOST, to.to_string())
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", at)
        .header("webhook-signature", format!("v1,{}", base64_encode(&signature)))
        .body(Full::new(body.clone()))?;
    sender.ready().await?;
    let answer = sender.send_request(request).await?;
    ensure!(answer.status().is_success(), "the receiver answers {}", answer.status());
    answer.into_body().collect().await?;
    Ok(())
}

fn settle(connection: &Connection, sent: &[(i64, Bytes)]) -> Result<()> {
    connection.execute_batch("begin immediate")?;
    for (id, _) in sent {
        connection.prepare_cached("update deliveries set state = 'delivered' where id = ?1")?.execute([id])?;
        let at = SystemClock.now().as_millis();
        connection
            .prepare_cached("insert into attempts (delivery, at, status) values (?1, ?2, 204)")?
            .execute((id, at))?;
    }
    Ok(connection.execute_batch("commit")?)
}

const TABLES: &str = "
    create table deliveries (id integer primary key, state text not null, due_at integer not null, body blob not null) strict;
    create index due on deliveries (due_at, id) where state = 'queued';
    create table attempts (id integer primary key, delivery integer not null, at integer not null, status integer) strict;";
const DUE: &str =
    "select id, body from deliveries where state = 'queued' and due_at <= ?1 order by due_at, id limit ?2";
/// Rows of one turn.
const BATCH: u32 = 128;
/// Connections: as many as a receiver can be sent to at a time.
const SENDERS: usize = 64;
/// Any key.
const KEY: &[u8; 32] = b"countersign benchmark hmac key..";
