//! Connections that wait for their next request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use countersign_domain::ids::SiteId;
use tokio::time::Instant;

use crate::exchange::Line;
use crate::request::OutboundRequest;

/// What a connection may be used for. Nothing that one site sends ever goes over a connection of another.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    site: SiteId,
    authority: String,
    secure: bool,
    ca: Option<[u8; 32]>,
}

impl Place {
    pub(crate) fn of(request: &OutboundRequest) -> Self {
        Self {
            site: request.site,
            authority: request.url.authority(),
            secure: request.url.is_secure(),
            ca: request.ca.as_ref().map(crate::trust::CaBundle::digest),
        }
    }

    /// Host and port, as in the URL.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }
}

#[derive(Default)]
pub(crate) struct Pool(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    lines: HashMap<Place, Vec<(Line, Instant)>>,
    count: usize,
    /// When old ones were last forgotten.
    swept: Option<Instant>,
}

impl Pool {
    /// A connection to one of the addresses that were judged just now.
    pub(crate) fn take(&self, place: &Place, addresses: &[IpAddr]) -> Option<Line> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = &mut *waiting;
        let lines = waiting.lines.get_mut(place)?;
        let mut found = None;
        // Newest first: it is the one that the receiver has most likely not closed.
        while let Some((line, since)) = lines.pop() {
            waiting.count = waiting.count.saturating_sub(1);
            if since.elapsed() < IDLE && !line.is_closed() && addresses.contains(&line.address.ip()) {
                found = Some(line);
                break;
            }
        }
        if lines.is_empty() {
            waiting.lines.remove(place);
        }
        found
    }

    /// Keeps a connection, if there is room.
    pub(crate) fn put(&self, place: &Place, line: Line) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.swept.is_none_or(|swept| swept.elapsed() >= IDLE) {
            waiting.forget_old();
        }
        if waiting.count >= IN_ALL {
            return;
        }
        let waiting = &mut *waiting;
        let lines = match waiting.lines.get_mut(place) {
            Some(lines) => lines,
            None => waiting.lines.entry(place.clone()).or_default(),
        };
        if lines.len() < AT_ONE_PLACE {
            lines.push((line, Instant::now()));
            waiting.count = waiting.count.saturating_add(1);
        }
    }
}

impl Waiting {
    /// Closes those that nobody will use again: nothing may be sent any more to where they lead.
    fn forget_old(&mut self) {
        self.swept = Some(Instant::now());
        self.lines.retain(|_, lines| {
            lines.retain(|(line, since)| since.elapsed() < IDLE && !line.is_closed());
            !lines.is_empty()
        });
        self.count = self.lines.values().map(Vec::len).sum();
    }
}

/// For how long a connection waits: servers close theirs after some 5 to 75 seconds, and one that was closed costs a try.
const IDLE: Duration = Duration::from_secs(20);
/// Connections that wait for one receiver: as many as it can be sent requests at once.
const AT_ONE_PLACE: usize = 64;
/// Connections that wait in all: each holds a file descriptor and some 16 KiB.
const IN_ALL: usize = 512;
