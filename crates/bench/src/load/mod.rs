//! The load: connections that ask again as soon as they are answered, all on the one thread of this program.

mod connection;
mod crowd;
mod head;
mod latency;
mod request;
mod round;
mod sink;
mod steady;

pub(crate) use connection::Connection;
pub(crate) use crowd::Crowd;
pub(crate) use latency::{Latency, latency};
pub(crate) use request::{Requests, get, polling_path, post, repeat};
pub(crate) use round::{Round, arrivals, round};
pub(crate) use sink::Sink;
pub(crate) use steady::steady;

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail, ensure};

/// Connections of a load, unless a row says otherwise.
pub(crate) const CONNECTIONS: usize = 64;

/// What is done again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// A POST that is answered with 202, then a GET of the URL in that answer, which is answered with 200.
    Ask,
    /// A request that is answered with this status.
    Fetch(u16),
    /// A POST that is answered with 202. The last one of each connection is polled, and must have been kept.
    Tell,
}

/// A load on a program.
pub(crate) struct Load {
    /// Where the program accepts connections.
    pub(crate) address: SocketAddr,
    /// How many ask at once.
    pub(crate) connections: usize,
    /// Bytes of an answer that are looked at.
    pub(crate) buffer: usize,
    /// Bytes that every fetched body has; `None`: any number.
    pub(crate) length: Option<u64>,
    plan: Plan,
    requests: Mutex<Requests>,
}

impl Load {
    /// The usual load: 64 connections, short answers.
    pub(crate) fn new(address: SocketAddr, plan: Plan, requests: Requests) -> Self {
        Self {
            address,
            connections: CONNECTIONS,
            buffer: 32 * 1024,
            length: None,
            plan,
            requests: Mutex::new(requests),
        }
    }

    /// Writes the next request.
    fn write_next(&self, request: &mut Vec<u8>) {
        request.clear();
        (self.requests.lock().unwrap_or_else(PoisonError::into_inner))(request);
    }

    /// Does what the plan says once. `request` is room for requests, and `url` for the URL in the last answer to a POST.
    async fn exchange(&self, connection: &mut Connection, request: &mut Vec<u8>, url: &mut Vec<u8>) -> Result<()> {
        self.write_next(request);
        let answer = connection.exchange(request).await?;
        let expected = match self.plan {
            Plan::Ask | Plan::Tell => 202,
            Plan::Fetch(status) => status,
        };
        ensure!(answer.status == expected, "{} instead of {expected}: {}", answer.status, answer.body.escape_ascii());
        if let Plan::Fetch(_) = self.plan {
            let length = answer.length;
            ensure!(self.length.is_none_or(|expected| expected == length), "an answer has {length} bytes");
            return Ok(());
        }
        url.clear();
        url.extend_from_slice(polling_path(answer.body)?);
        if self.plan == Plan::Ask {
            get(request, url);
            let answer = connection.exchange(request).await?;
            ensure!(answer.status == 200, "the poll answers {}: {}", answer.status, answer.body.escape_ascii());
        }
        Ok(())
    }

    /// Checks that what was told last was kept.
    async fn check_kept(&self, connection: &mut Connection, url: &[u8]) -> Result<()> {
        if self.plan != Plan::Tell || url.is_empty() {
            return Ok(());
        }
        let mut request = Vec::new();
        get(&mut request, url);
        let answer = connection.exchange(&request).await?;
        let nothing_wrong = br#""key":"""#;
        if answer.status != 200 || !answer.body.windows(nothing_wrong.len()).any(|window| window == nothing_wrong) {
            bail!("what was told was not kept: {} {}", answer.status, answer.body.escape_ascii());
        }
        Ok(())
    }
}
