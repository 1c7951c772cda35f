//! Who waits for whom: the deliveries of a lane are a chain. Each that waits knows the one before it, and of each lane the last
//! one is known.
//!
//! What ends so changes pages beside its own. An index by lane would be as large as all that waits, and would be changed at
//! another place for each.

use countersign_domain::ids::{DeliveryId, EndpointId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use rusqlite::Connection;

use crate::rows::{Repeated, changed, column, exists, first};

/// What is remembered of a lane may be wrong after a repair: only what is open is waited for.
const LAST: &str = "select d.id from delivery_lanes l join deliveries d on d.id = l.last
    where l.endpoint = ?1 and l.lane = ?2 and d.lane = l.lane and d.ended_at is null";
const SET_LAST: &str = "insert into delivery_lanes (endpoint, lane, last) values (?1, ?2, ?3)
    on conflict (endpoint, lane) do update set last = excluded.last";
const BEFORE: &str = "select after from deliveries where id = ?1";
const BEGIN_NEXT: &str = "update deliveries set state = 'queued', due_at = ?2, after = null where after = ?1";
const CLOSE_UP: &str = "update deliveries set after = ?2 where after = ?1";
const LAST_BEFORE: &str = "update delivery_lanes set last = ?4 where endpoint = ?1 and lane = ?2 and last = ?3";
const END: &str = "delete from delivery_lanes where endpoint = ?1 and lane = ?2 and last = ?3";
/// Without one nobody comes next in any lane.
const ANY_WAITING: &str = "select exists (select 1 from deliveries where endpoint = ?1 and state = 'waiting')";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[LAST, SET_LAST, BEFORE, BEGIN_NEXT, CLOSE_UP, LAST_BEFORE, END, ANY_WAITING];

/// Adds deliveries at the ends of lanes.
pub(super) struct Joining<'c> {
    last: Repeated<'c>,
    set_last: Repeated<'c>,
}

impl<'c> Joining<'c> {
    pub(super) fn of(connection: &'c Connection) -> Result<Self, StoreError> {
        Ok(Self { last: Repeated::of(connection, LAST)?, set_last: Repeated::of(connection, SET_LAST)? })
    }

    /// The last delivery of a lane, behind which the next one waits.
    pub(super) fn last(&mut self, endpoint: EndpointId, lane: &str) -> Result<Option<i64>, StoreError> {
        self.last.first((endpoint.0, lane), |row| column(row, 0))
    }

    /// This one is the last now.
    pub(super) fn add(&mut self, endpoint: EndpointId, lane: &str, id: DeliveryId) -> Result<(), StoreError> {
        self.set_last.changed((endpoint.0, lane, id.0)).map(drop)
    }
}

/// Takes deliveries that have ended from the heads of lanes.
pub(super) struct Leaving<'c> {
    connection: &'c Connection,
    begin_next: Repeated<'c>,
    end: Repeated<'c>,
    /// Of which receiver it is known whether anything waits.
    known: Option<(EndpointId, bool)>,
}

impl<'c> Leaving<'c> {
    pub(super) fn of(connection: &'c Connection) -> Result<Self, StoreError> {
        let (begin_next, end) = (Repeated::of(connection, BEGIN_NEXT)?, Repeated::of(connection, END)?);
        Ok(Self { connection, begin_next, end, known: None })
    }

    /// The head of a lane is gone: the next one is due now.
    pub(super) fn head(
        &mut self,
        endpoint: EndpointId,
        lane: &str,
        id: DeliveryId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let waited = self.anything_waits(endpoint)? && self.begin_next.changed((id.0, now.as_millis()))? > 0;
        if waited { Ok(()) } else { self.end.changed((endpoint.0, lane, id.0)).map(drop) }
    }

    /// Nothing begins to wait while deliveries end.
    fn anything_waits(&mut self, endpoint: EndpointId) -> Result<bool, StoreError> {
        match self.known {
            Some((known, waits)) if known == endpoint => Ok(waits),
            _ => {
                let waits = exists(self.connection, ANY_WAITING, [endpoint.0])?;
                self.known = Some((endpoint, waits));
                Ok(waits)
            }
        }
    }
}

/// The one before it, for [`leave`]: to be asked before it is written that it has ended. `None`: it is a head.
pub(super) fn before(connection: &Connection, id: DeliveryId) -> Result<Option<i64>, StoreError> {
    Ok(first(connection, BEFORE, [id.0], |row| column(row, 0))?.flatten())
}

/// One has left its lane, wherever it was: who waited for it waits for the one before it, or is due now.
pub(super) fn leave(
    connection: &Connection,
    (endpoint, lane): (EndpointId, &str),
    (id, before): (DeliveryId, Option<i64>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let others = match before {
        Some(before) => changed(connection, CLOSE_UP, (id.0, before))?,
        None => changed(connection, BEGIN_NEXT, (id.0, now.as_millis()))?,
    };
    let last = match before {
        _ if others > 0 => 0,
        Some(before) => changed(connection, LAST_BEFORE, (endpoint.0, lane, id.0, before))?,
        None => changed(connection, END, (endpoint.0, lane, id.0))?,
    };
    debug_assert!(others + last == 1, "a lane is a chain, and its last one is known");
    Ok(())
}

/// One that goes without a trace is no longer the last one of its lane.
pub(super) fn forget(
    connection: &Connection,
    (endpoint, lane): (EndpointId, &str),
    id: DeliveryId,
) -> Result<(), StoreError> {
    changed(connection, END, (endpoint.0, lane, id.0)).map(drop)
}
