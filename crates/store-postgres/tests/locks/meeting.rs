//! Two units that meet: the second one goes on when the first one holds a lock, the first one when the second waits for it.

use countersign_store_postgres::PrivateDatabase;
use tokio::sync::oneshot;

/// The side of the unit that goes first.
pub(crate) struct First {
    ready: oneshot::Sender<()>,
    database: String,
}

/// The side of the unit that runs into the first one.
pub(crate) struct Second(oneshot::Receiver<()>);

/// Two units that are about to meet.
pub(crate) fn meeting(database: &PrivateDatabase) -> (First, Second) {
    let (ready, begun) = oneshot::channel();
    (First { ready, database: database.connection() }, Second(begun))
}

impl First {
    /// Lets the second unit go on, and returns when it waits for a lock.
    pub(crate) fn let_the_other_wait(self) {
        self.ready.send(()).unwrap();
        meanwhile(until_a_unit_waits(&self.database));
    }
}

impl Second {
    /// Returns when the first unit has done what it wanted to do before.
    pub(crate) fn wait_for_the_first(self) {
        meanwhile(self.0).unwrap();
    }
}

/// Waits for something in the middle of a unit, which a unit must never do; the rest of the process goes on.
pub(crate) fn meanwhile<T>(work: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work))
}

/// Asks the server until it says that a connection of the database waits for a lock. The server itself ends such a wait
/// after seconds, so asking comes to an end too.
async fn until_a_unit_waits(database: &str) {
    const WAITING: &str = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    let (client, connection) = tokio_postgres::connect(database, tokio_postgres::NoTls).await.unwrap();
    let asking = async {
        for _ in 0..100_000 {
            if client.query_one(WAITING, &[]).await.unwrap().get::<_, i64>(0) > 0 {
                return;
            }
        }
        panic!("no unit waits for a lock");
    };
    tokio::select! {
        () = asking => {}
        broken = connection => panic!("{broken:?}"),
    }
}
