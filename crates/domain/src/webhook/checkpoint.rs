//! Checkpoints: what a receiver must have by then, so that it can prove that it has missed nothing.
//!
//! Numbers of events have gaps for a receiver that hears of some, and deliveries overtake each other. So a checkpoint
//! counts: up to a number everything has ended, and so much of it was delivered. Counts begin with the receiver and only
//! grow; a checkpoint that got lost takes nothing from the next one.

use super::delivery::DeliveryState;
use crate::ids::{DeliveryId, EndpointId, SiteId};
use crate::site::SiteName;
use crate::time::Timestamp;

/// How far the counts of a receiver have come. All zero before its first checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointCounts {
    /// Checkpoints that were made.
    pub number: u32,
    /// Everything up to this number of an event has ended.
    pub sequence: i64,
    /// The last delivery that was counted; 0 before the first.
    pub after: DeliveryId,
    /// Events that the receiver has taken.
    pub delivered: u64,
    /// Events that were given up.
    pub dead: u64,
    /// Events that were cancelled.
    pub cancelled: u64,
}

/// A delivery as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedDelivery {
    /// Row id.
    pub id: DeliveryId,
    /// The number of its event.
    pub sequence: i64,
    /// How far it is; when it is sent once more, how it had ended.
    pub state: DeliveryState,
}

/// What a checkpoint tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The site.
    pub site_id: SiteId,
    /// Its name.
    pub site: SiteName,
    /// The receiver.
    pub endpoint: EndpointId,
    /// What it counts.
    pub counts: CheckpointCounts,
    /// The number of the last event of the site.
    pub last: i64,
    /// When it was made.
    pub at: Timestamp,
}

impl Default for CheckpointCounts {
    fn default() -> Self {
        Self { number: 0, sequence: 0, after: DeliveryId(0), delivered: 0, dead: 0, cancelled: 0 }
    }
}

impl CheckpointCounts {
    /// Counts deliveries behind the last one that was counted, in the order of row ids, up to the first that has not ended.
    /// Of all of them (`is_all`), none is behind them: then nothing up to the `last` number of the site is missing.
    #[must_use]
    pub fn counting(mut self, deliveries: &[CountedDelivery], is_all: bool, last: i64) -> Self {
        for delivery in deliveries {
            let count = match delivery.state {
                DeliveryState::Cancelled => &mut self.cancelled,
                DeliveryState::Dead => &mut self.dead,
                DeliveryState::Delivered => &mut self.delivered,
                DeliveryState::Queued | DeliveryState::Waiting => {
                    // An event that was sent here late, on demand, has an old number: what is told never goes back.
                    self.sequence = self.sequence.max(delivery.sequence.saturating_sub(1));
                    return self;
                }
            };
            *count = count.saturating_add(1);
            self.after = delivery.id;
            self.sequence = self.sequence.max(delivery.sequence);
        }
        if is_all {
            self.sequence = self.sequence.max(last);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(id: i64, sequence: i64, state: DeliveryState) -> CountedDelivery {
        CountedDelivery { id: DeliveryId(id), sequence, state }
    }

    #[test]
    fn what_has_ended_is_counted_once() {
        use DeliveryState::{Cancelled, Dead, Delivered, Queued, Waiting};
        let rows = [at(3, 10, Delivered), at(4, 12, Dead), at(7, 15, Cancelled), at(8, 16, Delivered)];
        let counts = CheckpointCounts::default().counting(&rows, true, 20);
        assert_eq!((counts.sequence, counts.after, counts.delivered), (20, DeliveryId(8), 2));
        assert_eq!((counts.dead, counts.cancelled), (1, 1));
        // There may be more behind them.
        assert_eq!(CheckpointCounts::default().counting(&rows, false, 20).sequence, 16);
        // Whatever has not ended yet holds the number up, and what is behind it is counted later.
        for open in [Queued, Waiting] {
            let rows = [at(9, 21, Delivered), at(10, 24, open), at(11, 25, Delivered)];
            let next = counts.counting(&rows, true, 30);
            assert_eq!((next.sequence, next.after, next.delivered), (23, DeliveryId(9), 3));
            let rows = [at(10, 24, Delivered), at(11, 25, Delivered)];
            let last = next.counting(&rows, true, 30);
            assert_eq!((last.sequence, last.delivered), (30, 5));
        }
        // An old event that was sent on demand does not take the number back.
        let late = counts.counting(&[at(9, 2, Queued)], true, 20);
        assert_eq!((late.sequence, late.delivered), (20, 2));
        assert_eq!(counts.counting(&[], true, 20), counts);
    }
}
