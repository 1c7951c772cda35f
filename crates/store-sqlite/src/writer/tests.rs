//! What waits behind a request to close is answered, not forgotten.

use super::*;
use crate::time::tests::SetClock;
use crate::{connection, migrations};
use countersign_domain::time::Timestamp;

#[test]
fn units_behind_a_request_to_close_hear_that_the_store_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = connection::open_writer(&folder.path().join("a.db")).unwrap();
    migrations::apply(&mut connection, Timestamp::EPOCH).unwrap();
    let (queue, jobs) = mpsc::channel(8);
    let unit = || {
        let (reply, answer) = oneshot::channel();
        queue.try_send(Job::Unit(Box::new(|_| Box::pin(async { true })), reply)).unwrap();
        answer
    };
    let close = || {
        let (reply, done) = oneshot::channel();
        queue.try_send(Job::Close(reply)).unwrap();
        done
    };
    let (mut before, mut first, mut behind, mut second) = (unit(), close(), unit(), close());
    let time = Arc::new(StoreTime::new(Arc::new(SetClock::default())));
    work(connection, &time, (&Commits::default(), &Following::default()), jobs, Duration::from_secs(600));
    assert!(before.try_recv().unwrap().open().is_ok());
    assert_eq!(first.try_recv(), Ok(()));
    let outcome = behind.try_recv().unwrap().open();
    assert!(matches!(outcome, Err(StoreError::Closed)), "{outcome:?}");
    assert_eq!(second.try_recv(), Ok(()));
    assert!(queue.is_closed());
}
