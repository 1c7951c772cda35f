//! The limit of every durable write: a small program on axum that authenticates each POST by an HMAC, reads its JSON, reads
//! one row and inserts one. One thread writes; it commits whatever has queued up while the disk was busy, or, for
//! comparison, every request by itself. It can sign its answers, too: a signed
//! write can hardly cost less.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use countersign_crypto::{HmacKey, RsaBits, RsaPrivateKey};
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tower::ServiceExt as _;

use super::bare::serve;

/// Serves durable writes, with so many signatures for each.
///
/// # Errors
/// When the database cannot be made, or there is no address to listen on.
pub(super) fn run(database: &Path, rows: u32, each: bool, signatures: u32) -> Result<()> {
    let connection = prepare(database, rows)?;
    let (queue, jobs) = mpsc::channel(QUEUE);
    let group = if each { 1 } else { GROUP };
    std::thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || write(&connection, jobs, rows, group))
        .context("the writing thread cannot be started")?;
    let signer = Arc::new(RsaPrivateKey::generate(RsaBits::B2048)?);
    let state = State { queue, key: Arc::new(HmacKey::new(KEY)), signer, signatures };
    let routes = Router::new().route("/{*path}", post(keep).get(all_well)).with_state(state);
    serve(move |request: Request<Incoming>| {
        let routes = routes.clone();
        async move { routes.oneshot(request).await.unwrap_or_else(|never| match never {}) }
    })
}

/// What requests work with.
#[derive(Clone)]
struct State {
    queue: mpsc::Sender<Job>,
    key: Arc<HmacKey>,
    signer: Arc<RsaPrivateKey>,
    signatures: u32,
}

/// What waits to be written: a body, and the way to tell that it is durable.
type Job = (Bytes, oneshot::Sender<()>);

async fn all_well() -> Bytes {
    Bytes::from_static(ALL_WELL)
}

async fn keep(axum::extract::State(state): axum::extract::State<State>, body: Bytes) -> Result<Response, StatusCode> {
    // The load sends no tag; computing one costs what comparing one does.
    black_box(state.key.sign(&body));
    let report: Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    black_box(report);
    let (reply, durable) = oneshot::channel();
    let kept = async {
        state.queue.send((body.clone(), reply)).await.ok()?;
        durable.await.ok()?;
        for _ in 0..state.signatures {
            black_box(state.signer.sign_pkcs1_sha256(&body).ok()?);
        }
        Some(())
    };
    kept.await.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "url": ACCEPTED }))).into_response())
}

fn prepare(database: &Path, rows: u32) -> Result<Connection> {
    let mut connection = Connection::open(database).context("the database cannot be made")?;
    connection.execute_batch("pragma journal_mode = wal; pragma synchronous = full;")?;
    connection.execute_batch(TABLES)?;
    let transaction = connection.transaction()?;
    for row in 0..rows {
        transaction.prepare_cached("insert into customers (key, name) values (?1, ?2)")?.execute((key(row), "name"))?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// Writes until nobody can send any more. A group that fails answers nobody, which ends the measurement.
fn write(connection: &Connection, mut jobs: mpsc::Receiver<Job>, rows: u32, group: usize) {
    let mut turn = 0;
    while let Some(first) = jobs.blocking_recv() {
        if write_group(connection, first, &mut jobs, group, || {
            turn = (turn + STEP) % rows;
            turn
        })
        .is_err()
        {
            return;
        }
    }
}

fn write_group(
    connection: &Connection,
    first: Job,
    jobs: &mut mpsc::Receiver<Job>,
    group: usize,
    mut next_row: impl FnMut() -> u32,
) -> rusqlite::Result<()> {
    connection.execute_batch("begin immediate")?;
    let mut replies = Vec::new();
    let mut next = Some(first);
    while let Some((body, reply)) = next {
        let customer: Option<i64> = connection
            .prepare_cached("select id from customers where key = ?1")?
            .query_row([key(next_row())], |row| row.get(0))
            .optional()?;
        connection
            .prepare_cached("insert into reports (customer, body) values (?1, ?2)")?
            .execute((customer, body.as_ref()))?;
        replies.push(reply);
        next = if replies.len() < group { jobs.try_recv().ok() } else { None };
    }
    connection.execute_batch("commit")?;
    for reply in replies {
        // Whoever has gone away needs no answer.
        let _ = reply.send(());
    }
    Ok(())
}

fn key(row: u32) -> String {
    format!("customer-{row:08}")
}

const TABLES: &str = "
    create table customers (id integer primary key, key text not null unique, name text not null) strict;
    create table reports (id integer primary key, customer integer not null, body blob not null) strict;";
/// As long as what the server says about something that was told.
const ACCEPTED: &str = "/uai/2.0/updates/statusLog/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
/// Any key.
const KEY: &[u8; 32] = b"countersign benchmark hmac key..";
/// What became of it.
const ALL_WELL: &[u8] = br#"{"arguments":"","key":"","message":""}"#;
/// Requests that may wait.
const QUEUE: usize = 4096;
/// Most requests in one commit, as in the server.
const GROUP: usize = 256;
/// A prime, so that rows are read in no order.
const STEP: u32 = 7919;
