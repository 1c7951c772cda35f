//! Groups that end badly: a full database, a commit that fails, a lock that another process holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_domain::catalog::package::Product;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{ProductId, SiteId, StoredFileId};
use countersign_domain::keys::SecretPurpose;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::{PackageId, ProductName};
use countersign_domain::time::Timestamp;
use countersign_store::Tx;
use countersign_store::repositories::{NewFileContent, NewPackage, NewPackageFile};
use tempfile::TempDir;

use super::*;
use crate::answers::Answer;
use crate::time::StoreTime;
use crate::time::tests::SetClock;
use crate::transaction::SqliteTx;
use crate::{connection, migrations};

mod following;
mod mark;
mod undoing;

const NOW: Timestamp = Timestamp::EPOCH;
/// Long enough for every test, so that a slow machine does not split a group.
const NO_HURRY: Duration = Duration::from_secs(600);

/// One database with one site, and clock and queue of its writer.
struct Bench {
    clock: Arc<SetClock>,
    time: Arc<StoreTime>,
    commits: Commits,
    following: Following,
    connection: Connection,
    folder: TempDir,
    site: SiteId,
    queue: mpsc::Sender<Job>,
    jobs: mpsc::Receiver<Job>,
}

type Waiting = oneshot::Receiver<Answer>;

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = connection::open_writer(&folder.path().join("a.db")).unwrap();
        migrations::apply(&mut connection, NOW).unwrap();
        let clock = Arc::new(SetClock::default());
        let time = Arc::new(StoreTime::new(clock.clone()));
        let site = now(SqliteTx::new(&mut connection, &mut TransactionTime::new(&time)).sites().insert(
            &SiteName::new("one").unwrap(),
            &SiteSettings::default(),
            NOW,
        ));
        let (queue, jobs) = mpsc::channel(64);
        Self {
            clock,
            time,
            commits: Commits::default(),
            following: Following::default(),
            connection,
            folder,
            site: site.unwrap().unwrap(),
            queue,
            jobs,
        }
    }

    fn add(&self, unit: ErasedUnit) -> Waiting {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Job::Unit(unit, reply)).unwrap();
        answer
    }

    /// A unit that writes a product and then says whether it wants to be committed.
    fn product(&self, name: &str, keep: bool) -> Waiting {
        let (site, name) = (self.site, ProductName::new(name).unwrap());
        self.add(Box::new(move |tx| {
            Box::pin(async move {
                tx.products().insert(site, &name, NOW).await.unwrap();
                keep
            })
        }))
    }

    /// Runs what is in the queue as one group.
    fn run(&mut self) {
        let Ok(Job::Unit(unit, reply)) = self.jobs.try_recv() else { panic!("the test adds a unit first") };
        assert!(self.run_from((unit, reply)).is_none());
    }

    fn run_from(&mut self, first: (ErasedUnit, Reply)) -> Option<oneshot::Sender<()>> {
        let time = TransactionTime::new(&self.time);
        run(&mut self.connection, time, (&self.commits, &self.following), first, &mut self.jobs, NO_HURRY)
    }

    fn products(&mut self) -> Vec<String> {
        let mut time = TransactionTime::new(&self.time);
        let listed = now(SqliteTx::new(&mut self.connection, &mut time).products().list(self.site)).unwrap();
        listed.into_iter().map(|Product { name, .. }| name.as_str().to_owned()).collect()
    }
}

/// The result of an operation that is ready at once.
fn now<T>(operation: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(operation).poll(&mut context) {
        std::task::Poll::Ready(result) => result,
        std::task::Poll::Pending => panic!("the operation waits for something"),
    }
}

fn answered(mut answer: Waiting) -> Result<(), StoreError> {
    answer.try_recv().expect("every unit is answered").open()
}

fn text(outcome: Result<(), StoreError>) -> String {
    match outcome {
        Err(StoreError::Backend(source)) => source.to_string(),
        other => panic!("not an error of the database: {other:?}"),
    }
}

#[test]
fn a_full_database_loses_the_whole_group_and_not_the_next_one() {
    let mut bench = Bench::new();
    let site = bench.site;
    let pages: i64 = bench.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    bench.connection.pragma_update_and_check(None, "max_page_count", pages + 1, |_| Ok(())).unwrap();
    let before = bench.product("before", true);
    let refused = bench.product("refused", false);
    // Swallows the failure, and would be committed if the transaction were still there.
    let large = bench.add(Box::new(move |tx: &mut dyn Tx| {
        Box::pin(async move {
            let failed = tx.site_secrets().insert(site, SecretPurpose::PollingIds, &vec![7; 1 << 20], NOW).await;
            assert!(matches!(failed, Err(StoreError::Backend(_))), "{failed:?}");
            true
        })
    }));
    let behind = bench.product("behind", true);
    bench.run();
    for answer in [before, refused, large] {
        let text = text(answered(answer));
        assert!(text.starts_with("the database ended the transaction: ") && text.contains("full"), "{text}");
    }
    assert!(bench.connection.is_autocommit());
    assert!(bench.products().is_empty());
    bench.run();
    assert!(answered(behind).is_ok());
    assert_eq!(bench.products(), ["behind"]);
}

#[test]
fn a_commit_that_fails_leaves_the_outcome_unknown() {
    let mut bench = Bench::new();
    let site = bench.site;
    // The missing file is noticed at the commit instead of at the statement, for this one transaction.
    bench.connection.pragma_update(None, "defer_foreign_keys", true).unwrap();
    let wanted = bench.product("wanted", true);
    let refused = bench.product("refused", false);
    let broken = bench.add(Box::new(move |tx: &mut dyn Tx| {
        Box::pin(async move {
            let file = NewPackageFile {
                name: PlainFileName::new("a.bin").unwrap(),
                content: NewFileContent::Stored(StoredFileId(1 << 40)),
                execute: false,
            };
            let package = NewPackage {
                id: PackageId::new("p").unwrap(),
                product: ProductId(1),
                description: String::new(),
                files: vec![file],
            };
            tx.packages().insert(site, &package, NOW).await.unwrap();
            true
        })
    }));
    let panicked = bench.add(Box::new(|_| Box::pin(async { panic!("a unit that breaks") })));
    bench.run();
    for answer in [wanted, broken] {
        let outcome = answered(answer);
        assert!(matches!(outcome, Err(StoreError::OutcomeUnknown)), "{outcome:?}");
    }
    assert!(text(answered(refused)).contains("FOREIGN KEY"));
    assert!(matches!(answered(panicked), Err(StoreError::Panicked)));
    assert!(bench.products().is_empty());
    let next = bench.product("next", true);
    bench.run();
    assert!(answered(next).is_ok());
    assert_eq!(bench.products(), ["next"]);
}

#[test]
fn a_lock_of_another_process_is_waited_for_once() {
    static WAITS: AtomicUsize = AtomicUsize::new(0);
    let mut bench = Bench::new();
    let other = Connection::open(bench.folder.path().join("a.db")).unwrap();
    other.execute_batch("begin immediate").unwrap();
    bench.connection.busy_handler(Some(|_| WAITS.fetch_add(1, Ordering::SeqCst) == usize::MAX)).unwrap();
    let answers: Vec<_> = (0..20).map(|number| bench.product(&format!("Product {number}"), true)).collect();
    bench.run();
    for answer in answers {
        let outcome = answered(answer);
        assert!(matches!(outcome, Err(StoreError::Busy)), "{outcome:?}");
    }
    assert_eq!(WAITS.load(Ordering::SeqCst), 1, "units waited one after the other");
    other.execute_batch("rollback").unwrap();
    let next = bench.product("next", true);
    bench.run();
    assert!(answered(next).is_ok());
    assert_eq!(bench.products(), ["next"]);
}

#[test]
fn a_request_to_close_is_met_while_the_database_is_locked() {
    let mut bench = Bench::new();
    let other = Connection::open(bench.folder.path().join("a.db")).unwrap();
    other.execute_batch("begin immediate").unwrap();
    bench.connection.busy_handler(Some(|_| false)).unwrap();
    let before = bench.product("before", true);
    let (reply, _done) = oneshot::channel();
    bench.queue.try_send(Job::Close(reply)).unwrap();
    let mut behind = bench.product("behind", true);
    let Ok(Job::Unit(unit, reply)) = bench.jobs.try_recv() else { panic!("a unit was added") };
    assert!(bench.run_from((unit, reply)).is_some());
    assert!(matches!(answered(before), Err(StoreError::Busy)));
    assert!(behind.try_recv().is_err(), "a unit behind the request belongs to whoever closes");
}

#[test]
fn a_transaction_that_was_left_open_does_not_stop_the_writer() {
    let mut bench = Bench::new();
    bench.connection.execute_batch("begin immediate; delete from sites").unwrap();
    let unit = bench.product("kept", true);
    bench.run();
    assert!(answered(unit).is_ok());
    assert_eq!(bench.products(), ["kept"]);
}
