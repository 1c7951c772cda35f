//! A clock for the tests of this crate.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

/// Shows what a test has set, at first 1970.
#[derive(Default)]
pub(crate) struct SetClock(AtomicI64);

impl SetClock {
    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn the_mark_is_read_once_in_a_transaction() {
    let mut connection = Connection::open_in_memory().unwrap();
    crate::migrations::apply(&mut connection, Timestamp::EPOCH).unwrap();
    let store = Arc::new(StoreTime::new(Arc::new(SetClock::default())));
    let mut time = TransactionTime::new(&store);
    assert_eq!(time.now(&connection).unwrap(), Timestamp::EPOCH);
    connection.execute("update high_water set time = 5000", []).unwrap();
    assert_eq!(time.now(&connection).unwrap(), Timestamp::EPOCH);
    assert_eq!(TransactionTime::new(&store).now(&connection).unwrap(), Timestamp::from_seconds(5));
}

#[test]
fn a_missing_mark_is_a_broken_row() {
    let mut connection = Connection::open_in_memory().unwrap();
    crate::migrations::apply(&mut connection, Timestamp::EPOCH).unwrap();
    connection.execute("delete from high_water", []).unwrap();
    let store = Arc::new(StoreTime::new(Arc::new(SetClock::default())));
    let told = TransactionTime::new(&store).now(&connection);
    assert!(matches!(told, Err(StoreError::BrokenRow { table: "high_water", column: "time", .. })), "{told:?}");
}
