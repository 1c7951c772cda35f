//! One connection: how it is set up, and its prepared statements.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::{join, join_all};
use tokio::task::AbortHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};
use tokio_util::task::TaskTracker;

use crate::error::Fault;

/// Longest attempt to reach the server, when the connection string does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long sent bytes may stay unacknowledged before the connection counts as broken, when the connection string does
/// not say.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// Longest wait for an answer. The server gives up earlier by itself (`statement_timeout`); this is for one that is gone.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// What every session is told. The server ends what takes too long: a statement, a wait for a lock of another unit, a
/// transaction whose process has stopped. A server that acknowledges commits before they are on the disk is told not to.
const SET_UP: &str = "set statement_timeout = '10s';
    set lock_timeout = '5s';
    set idle_in_transaction_session_timeout = '30s';
    select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'";

/// A value of a statement.
pub(crate) type Value<'v> = &'v (dyn ToSql + Sync);

/// A value that outlives the operation that it is for.
pub(crate) type Owned = Box<dyn ToSql + Sync + Send>;

/// A statement that was not sent yet, with its values.
pub(crate) struct Unsent {
    pub(crate) sql: &'static str,
    pub(crate) values: Vec<Owned>,
}

impl Unsent {
    fn values(&self) -> Vec<Value<'_>> {
        self.values.iter().map(|value| -> Value<'_> { &**value }).collect()
    }
}

/// A statement with its values.
pub(crate) type Sql<'v> = (&'static str, &'v [Value<'v>]);

/// What a statement gives.
pub(crate) struct Answer {
    /// Its rows.
    pub(crate) rows: Vec<Row>,
    /// How many rows it has read or changed.
    pub(crate) count: u64,
}

/// A connection to the database.
pub(crate) struct Connection {
    client: Client,
    statements: HashMap<&'static str, Statement>,
    driver: AbortHandle,
    /// Whether the server has answered everything so far.
    answers: bool,
}

impl Connection {
    /// Connects. What moves the bytes of the connection runs as one of `drivers`.
    pub(crate) async fn open(config: &Config, drivers: &TaskTracker) -> Result<Self, Fault> {
        let mut config = config.clone();
        config.connect_timeout(config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT));
        config.tcp_user_timeout(config.get_tcp_user_timeout().copied().unwrap_or(UNACKNOWLEDGED));
        if config.get_application_name().is_none() {
            config.application_name("countersign");
        }
        let connected = tokio::time::timeout(ANSWER_TIMEOUT, config.connect(NoTls)).await;
        let (client, driver) = connected.map_err(|_| Fault::local("the server does not answer"))??;
        let driver = drivers.spawn(async move {
            if let Err(error) = driver.await {
                tracing::warn!(error = %Fault::from(error), "a connection to the database broke");
            }
        });
        let driver = driver.abort_handle();
        let mut connection = Self { client, statements: HashMap::new(), driver, answers: true };
        connection.batch(SET_UP).await?;
        Ok(connection)
    }

    /// Whether the connection can be used further.
    pub(crate) fn is_usable(&self) -> bool {
        self.answers && !self.client.is_closed()
    }

    /// Whether the server has left something without an answer.
    pub(crate) fn is_silent(&self) -> bool {
        !self.answers
    }

    /// Runs statements that take no values and whose rows do not matter.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), Fault> {
        let answer = in_time(self.client.batch_execute(sql)).await;
        self.note(answer)
    }

    /// Runs one statement, which is prepared when it is used for the first time.
    pub(crate) async fn run(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Answer, Fault> {
        let statement = self.prepare(sql).await?;
        let answer = in_time(answer(&self.client, &statement, values)).await;
        self.note(answer)
    }

    /// Runs statements one after the other, sent together: what one of them reads is what those before it have left. After one
    /// that fails the others fail as well. Those that were put off come first; only the others are answered.
    pub(crate) async fn run_all(&mut self, unsent: Vec<Unsent>, statements: &[Sql<'_>]) -> Result<Vec<Answer>, Fault> {
        let values: Vec<Vec<Value<'_>>> = unsent.iter().map(Unsent::values).collect();
        let before = unsent.iter().zip(&values).map(|(unsent, values)| (unsent.sql, values.as_slice()));
        let all: Vec<Sql<'_>> = before.chain(statements.iter().copied()).collect();
        let mut prepared = Vec::with_capacity(all.len());
        for (sql, _) in &all {
            prepared.push(self.prepare(sql).await?);
        }
        // Each is sent when it is polled for the first time, in this order.
        let sent = prepared.iter().zip(&all).map(|(statement, (_, values))| answer(&self.client, statement, values));
        let answers = in_time(join_all(sent)).await;
        let answers: Vec<Answer> = self.note(answers.map(|answers| answers.into_iter().collect()))?;
        Ok(answers.into_iter().skip(unsent.len()).collect())
    }

    /// Commits, with statements that were put off before it. The server answers a commit after a failure with a rollback, and
    /// does not call it an error: the failure is one.
    pub(crate) async fn commit(&mut self, unsent: Vec<Unsent>) -> Result<(), Fault> {
        let mut prepared = Vec::with_capacity(unsent.len());
        for Unsent { sql, .. } in &unsent {
            prepared.push(self.prepare(sql).await?);
        }
        let values: Vec<Vec<Value<'_>>> = unsent.iter().map(Unsent::values).collect();
        let sent = prepared.iter().zip(&values).map(|(statement, values)| answer(&self.client, statement, values));
        let (answers, committed) = match in_time(join(join_all(sent), self.client.batch_execute("commit"))).await {
            Some((answers, committed)) => (Some(answers.into_iter().collect()), Some(committed)),
            None => (None, None),
        };
        let _: Vec<Answer> = self.note(answers)?;
        self.note(committed)
    }

    /// The prepared form of a statement, which the connection keeps.
    pub(crate) async fn prepare(&mut self, sql: &'static str) -> Result<Statement, Fault> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let prepared = in_time(self.client.prepare(sql)).await;
        let prepared = self.note(prepared)?;
        self.statements.insert(sql, prepared.clone());
        Ok(prepared)
    }

    /// Remembers that the server did not answer: what it would say later must not be taken for the answer to something
    /// else.
    fn note<T>(&mut self, answer: Option<Result<T, tokio_postgres::Error>>) -> Result<T, Fault> {
        match answer {
            Some(answer) => answer.map_err(Fault::from),
            None => {
                self.answers = false;
                Err(Fault::local("the server does not answer"))
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A driver of a good connection says goodbye and ends by itself. One without an answer would wait for it.
        if !self.answers {
            self.driver.abort();
        }
    }
}

async fn answer(client: &Client, statement: &Statement, values: &[Value<'_>]) -> Result<Answer, tokio_postgres::Error> {
    let mut stream = pin!(client.query_raw(statement, values.iter().copied()).await?);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(row);
    }
    Ok(Answer { rows, count: stream.rows_affected().unwrap_or(0) })
}

/// `None`: there was no answer in time.
async fn in_time<T>(answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(ANSWER_TIMEOUT, answer).await.ok()
}
