//! What may be taken up in the unit that queues it: it is sent right after that commit, and not one commit later.

use std::collections::HashMap;

use countersign_domain::ids::EndpointId;
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::Endpoint;
use countersign_store::{StoreError, Tx};

use super::node::Node;
use super::rounds::{at_a_time, is_open, lease};

/// For how many deliveries receivers have room, each with the end of the time for which they are taken up.
#[derive(Default)]
pub(super) struct Rooms(HashMap<EndpointId, (usize, Timestamp)>);

impl Rooms {
    /// Only those with which nothing is wrong, which have no rate and need every event: with others it is decided when each
    /// delivery is taken up. Nobody overtakes what is due already.
    pub(super) async fn of(
        tx: &mut dyn Tx,
        senders: Option<&Node>,
        wanting: &[&Endpoint],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut rooms = Self::default();
        let Some(node) = senders else { return Ok(rooms) };
        for endpoint in wanting {
            let pace = &endpoint.settings.pace;
            let is_plain = endpoint.trouble.is_none() && pace.rate.is_none() && !endpoint.settings.coalesce;
            let mut room =
                if is_plain && is_open(endpoint, now) { node.room(endpoint.id, at_a_time(endpoint)) } else { 0 };
            if room > 0 && tx.deliveries().is_due(endpoint.id, now).await? {
                room = 0;
            }
            rooms.0.insert(endpoint.id, (room, now.plus(lease(pace))));
        }
        Ok(rooms)
    }

    /// Takes a place for one delivery: until when it is taken up.
    pub(super) fn take(&mut self, endpoint: EndpointId) -> Option<Timestamp> {
        let (room, until) = self.0.get_mut(&endpoint)?;
        *room = room.checked_sub(1)?;
        Some(*until)
    }
}
