//! The limit of every durable write on PostgreSQL: a bare hyper server that reads, changes and inserts rows, and commits, with
//! as few exchanges with the database as that takes, over as many connections as the server has.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use countersign_crypto::HmacKey;
use futures_util::future::{try_join, try_join_all, try_join3};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};
use tokio_postgres::{Client, NoTls, Statement};
use tokio_util::task::TaskTracker;

use super::bare::{accept, json};

/// Serves durable writes: each changes one row, and inserts some.
///
/// # Errors
/// When the database cannot be prepared, or there is no address to listen on.
pub(super) fn run(database: &str, rows: u32, inserts: u32) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        connect(database).await?.batch_execute(&tables(rows)).await?;
        let mut idle = Vec::new();
        for _ in 0..CONNECTIONS {
            idle.push(Connection::open(database).await?);
        }
        let (free, idle, turn) = (Semaphore::new(CONNECTIONS), Mutex::new(idle), AtomicU32::new(0));
        let state = Arc::new(State { free, idle, turn, rows, inserts, key: HmacKey::new(KEY) });
        accept(move |request| answer(request, state.clone())).await
    })
}

/// What requests work with.
struct State {
    /// A permit for each connection that is idle.
    free: Semaphore,
    idle: Mutex<Vec<Connection>>,
    turn: AtomicU32,
    rows: u32,
    inserts: u32,
    key: HmacKey,
}

/// A connection with its statements.
struct Connection {
    client: Client,
    select: Statement,
    update: Statement,
    insert: Statement,
}

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Response<Full<Bytes>> {
    match state.keep(request.into_body()).await {
        Ok(()) => json(StatusCode::ACCEPTED, Bytes::from_static(b"{}")),
        Err(error) => json(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}").into()),
    }
}

impl State {
    async fn keep(&self, body: Incoming) -> Result<()> {
        let body = body.collect().await?.to_bytes();
        // The load proves something else; computing a tag costs what comparing one does.
        black_box(self.key.sign(&body));
        black_box(serde_json::from_slice::<Value>(&body)?);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let row = i64::from(turn.wrapping_mul(STEP) % self.rows);
        let _free = self.free.acquire().await?;
        let connection = self.idle.lock().await.pop().context("there is no idle connection")?;
        let kept = connection.keep(row, &body, self.inserts).await;
        self.idle.lock().await.push(connection);
        kept
    }
}

impl Connection {
    async fn open(database: &str) -> Result<Self> {
        let client = connect(database).await?;
        let [select, update, insert] = try_join_all([SELECT, UPDATE, INSERT].map(|text| client.prepare(text)))
            .await?
            .try_into()
            .ok()
            .context("three statements were to be prepared")?;
        Ok(Self { client, select, update, insert })
    }

    /// Two exchanges with the database: what is read decides what is written.
    async fn keep(&self, row: i64, body: &[u8], inserts: u32) -> Result<()> {
        // What is joined is sent at once, in this order.
        let ((), found) =
            try_join(self.client.batch_execute("begin"), self.client.query_one(&self.select, &[&row])).await?;
        let counted: i64 = found.try_get::<_, i64>(0)? + 1;
        let insert = || async { self.client.execute(&self.insert, &[&row, &body]).await };
        let inserted = try_join_all((0..inserts).map(|_| insert()));
        try_join3(self.client.execute(&self.update, &[&row, &counted]), inserted, self.client.batch_execute("commit"))
            .await?;
        Ok(())
    }
}

async fn connect(database: &str) -> Result<Client> {
    let (client, driver) = tokio_postgres::connect(database, NoTls).await.context("the database cannot be reached")?;
    // What breaks the connection is told to whoever uses it next.
    TaskTracker::new().spawn(driver);
    Ok(client)
}

fn tables(rows: u32) -> String {
    format!(
        "create schema bare;
         create table bare.licenses (id bigint primary key, counted bigint not null);
         create table bare.events (id bigint generated always as identity primary key, license bigint not null, body bytea not null);
         insert into bare.licenses select number, 0 from generate_series(0, {rows} - 1) as number;"
    )
}

const SELECT: &str = "select counted from bare.licenses where id = $1 for update";
const UPDATE: &str = "update bare.licenses set counted = $2 where id = $1";
const INSERT: &str = "insert into bare.events (license, body) values ($1, $2)";
/// As many as the server has for units that write.
const CONNECTIONS: usize = 8;
/// Any key.
const KEY: &[u8; 32] = b"countersign benchmark hmac key..";
/// A prime, so that rows are read in no order.
const STEP: u32 = 7919;
