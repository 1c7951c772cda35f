//! Who is connected: how many in all, and how many from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::limits::ConnectionLimits;

/// Counts open connections.
#[derive(Default)]
pub(super) struct Seats {
    taken: Mutex<Taken>,
}

/// The table has no more entries than there are connections.
#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The place of one connection, which is free again when this is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
}

impl Seats {
    /// A place for a connection from an address, unless there are too many. `shared` says that the address is a proxy's,
    /// which may have any number of those that there are.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, shared: bool, limits: &ConnectionLimits) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= limits.connections {
            return None;
        }
        let open = taken.by_address.get(&address).copied().unwrap_or(0);
        if !shared && open >= limits.connections_per_address {
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, open + 1);
        Some(Seat { seats: self.clone(), address })
    }

    /// Connections that are open.
    pub(super) fn open(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        match taken.by_address.get_mut(&self.address) {
            Some(open) if *open > 1 => *open -= 1,
            Some(_) | None => {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_all_together_have_their_limits() {
        let seats = Arc::new(Seats::default());
        let limits = ConnectionLimits { connections: 4, connections_per_address: 2, ..ConnectionLimits::default() };
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let held: Vec<_> = (0..3).filter_map(|_| seats.take(one, false, &limits)).collect();
        assert_eq!(held.len(), 2);
        let proxied: Vec<_> = (0..5).filter_map(|_| seats.take(other, true, &limits)).collect();
        assert_eq!((proxied.len(), seats.open()), (2, 4));
        drop(held);
        drop(proxied);
        assert_eq!(seats.open(), 0);
        assert!(seats.taken.lock().unwrap().by_address.is_empty());
    }
}
