//! Random histories of clients that share seats: they check, borrow, give back, crash without a word, and all at once; time
//! passes, the clock jumps, nodes are lost. One holder for each seat at any instant, never more than there are, and free
//! exactly when it is due.
//!
//! `COUNTERSIGN_SEAT_OPERATIONS` makes the histories longer (`cargo xtask soak`).

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the numbers of this test are small")]

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_app::license_api::{Borrow, LicenseError, ReleaseFilter, borrow_seat, check, release_seat};
use countersign_app::licensing::seats;
use countersign_app::{Clock as _, Ctx, Page};
use countersign_domain::licensing::{
    ActivationLimit, Floating, License, LicenseRules, LicenseTerms, SeatRefusal, Seats,
};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use futures_util::future::join_all;

use crate::model::Numbers;
use crate::seats_reference::{Held, Laid, Reference, Said, Time};
use crate::support::{Shop, TERMS, identity};

/// Clients of each license.
const CLIENTS: usize = 64;
/// Licenses whose histories run side by side.
const LICENSES: usize = 32;
/// Operations on the embedded store.
const OPERATIONS: usize = 100_000;
/// Operations on PostgreSQL, where each unit is a transaction of its own.
const OPERATIONS_ON_POSTGRES: usize = 10_000;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Steps in which the clock is moved on when time passes: no jump.
const STEP: i64 = 240_000;
/// 2038-01-19T03:14:07Z, the last second that fits into 31 bits, and 2100-01-01T00:00:00Z.
const FAR: [i64; 2] = [2_147_483_647_000, 4_102_444_800_000];

#[derive(Clone, Debug)]
enum Step {
    /// Some clients, all at once; one alone mostly.
    Check(BTreeSet<usize>),
    /// The same while the clock goes on: then all groups do so.
    Race(BTreeSet<usize>),
    Release(usize),
    Borrow(usize, Option<i64>),
    /// Deactivated, and activated anew.
    Move(usize),
}

/// One license with its clients.
struct Group {
    license: License,
    reference: Reference,
}

struct World {
    shop: Shop,
    /// The processes that answer; on PostgreSQL one of two, either of which may be lost.
    nodes: Vec<Ctx>,
    time: Time,
    on_postgres: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_history_of_seats_is_what_the_reference_says() {
    let on_postgres = std::env::var("COUNTERSIGN_TEST_STORE").is_ok_and(|store| store == "postgres");
    let operations = std::env::var("COUNTERSIGN_SEAT_OPERATIONS").ok().and_then(|count| count.parse().ok());
    let operations = operations.unwrap_or(if on_postgres { OPERATIONS_ON_POSTGRES } else { OPERATIONS });
    let shop = Shop::new().await;
    let mut nodes = vec![shop.ctx.clone()];
    if on_postgres {
        nodes.push(shop.world.second_process().await);
    }
    let time = Time::new(shop.world.clock.now().as_millis(), !on_postgres);
    let mut world = World { shop, nodes, time, on_postgres };
    let mut numbers = Numbers(0x5eed_5ea7_0000_0001);
    let mut groups = Vec::new();
    for _ in 0..LICENSES {
        groups.push(world.lay_down(&mut numbers).await);
    }
    let (mut done, mut refused, mut round, mut far) = (0, 0, 0, 0);
    while done < operations {
        let racing = numbers.next(16) == 0;
        let steps: Vec<Step> = groups.iter().map(|_| choose(&mut numbers, racing)).collect();
        done += steps.iter().map(Step::operations).sum::<usize>();
        let node = &world.nodes[numbers.next(world.nodes.len() as u64) as usize];
        let doing = groups.iter_mut().zip(&steps).map(|(group, step)| perform(&world, node, group, step));
        let going_on = async {
            if racing {
                world.shop.world.clock.advance(Duration::from_secs(30));
            }
        };
        refused += futures_util::future::join(join_all(doing), going_on).await.0.into_iter().sum::<usize>();
        world.look(world.shop.world.clock.now().as_millis()).await;
        for group in &mut groups {
            group.reference.pass(world.time);
            if racing || numbers.next(40) == 0 {
                world.compare(group, racing, round).await;
            }
            let holders = group.reference.seats.values().filter(|held| held.told > world.time.now).count();
            assert!(holders <= group.reference.laid.users, "round {round}: {holders} believe that they have a seat");
        }
        if round % 16 == 0 {
            seats::sweep(&world.shop.ctx, None).await.unwrap();
        }
        world.let_time_pass(&mut numbers).await;
        // Twice in a history, far away; and on from there.
        if !on_postgres && far < FAR.len() && done > operations * (far + 1) / 3 {
            world.look(FAR[far]).await;
            far += 1;
        }
        groups.iter_mut().for_each(|group| group.reference.pass(world.time));
        if on_postgres && numbers.next(200) == 0 {
            let lost = numbers.next(2) as usize;
            world.nodes[lost] = world.shop.world.second_process().await;
        }
        round += 1;
    }
    assert!(
        refused > done / 20 && refused < done / 4 * 3,
        "{refused} of {done} were refused: the histories say little"
    );
}

impl World {
    async fn lay_down(&self, numbers: &mut Numbers) -> Group {
        let laid = Laid {
            users: 1 + numbers.next(32) as usize,
            timeout: 1 + numbers.next(10) as i64,
            borrow: [None, Some(1), Some(3)][numbers.next(3) as usize],
        };
        let (users, timeout, borrow) = (laid.users as u32, laid.timeout as u32, laid.borrow.map(|hours| hours as u32));
        let seats = Seats { floating: Floating::Cloud, users, timeout, borrow };
        let terms = LicenseTerms { limit: ActivationLimit::Unlimited, ..TERMS };
        let license = self.shop.license(terms, LicenseRules { seats, ..LicenseRules::default() }).await;
        let mut reference = Reference::new(laid);
        for client in 0..CLIENTS {
            self.shop.activate(&license.key, &name(&license, client)).await.unwrap();
            reference.check(client, self.time.now);
        }
        Group { license, reference }
    }

    /// Shows the store another time.
    async fn look(&mut self, shown: i64) {
        self.shop.world.clock.set(Timestamp::from_millis(shown));
        self.time.show(shown);
        let told = self.shop.world.store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.now().await }));
        assert_eq!(told.await.unwrap().as_millis(), self.time.now);
    }

    /// Time passes, or the clock jumps.
    async fn let_time_pass(&mut self, numbers: &mut Numbers) {
        let shown = self.time.shown();
        match numbers.next(400) {
            0 if !self.on_postgres => self.look(shown + HOUR).await,
            1 if !self.on_postgres => self.look(shown + DAY).await,
            // The clock of the database is never set back here; on one machine, whoever did it soon sees to it.
            2..4 if !self.on_postgres => {
                self.look(shown - [HOUR, DAY][numbers.next(2) as usize]).await;
                if numbers.next(2) == 0 {
                    self.look(shown).await;
                }
            }
            chance => {
                let mut left = [0, 0, 1, 500, 1000, 20_000, 60_000, 240_000, 600_000][chance as usize % 9];
                while left > 0 {
                    let step = STEP.min(left);
                    self.look(self.time.shown() + step).await;
                    left -= step;
                }
            }
        }
    }

    /// What the store keeps is what the reference knows, or what the reference takes over after a race.
    async fn compare(&self, group: &mut Group, take_over: bool, round: usize) {
        let key = group.license.key.clone();
        let listed = seats::list(&self.shop.ctx, self.shop.site, key, Page::first(999)).await.unwrap();
        let clients: Vec<(usize, i64)> =
            listed.iter().map(|row| (client(&row.device.identity.id), row.seat.ends_at.as_millis())).collect();
        if take_over {
            for (client, end) in &clients {
                let held = group.reference.seats.get(client).copied();
                let told = held.map_or(0, |held| held.told);
                assert!(told <= *end, "round {round}: client {client} was told {told}, and its seat ends at {end}");
                group.reference.seats.insert(*client, Held { end: *end, told });
            }
            group.reference.seats.retain(|known, _| clients.iter().any(|(client, _)| client == known));
        }
        let known: BTreeSet<_> = group.reference.seats.iter().map(|(client, held)| (*client, held.end)).collect();
        assert_eq!(clients.into_iter().collect::<BTreeSet<_>>(), known, "round {round}, {:?}", group.reference.laid);
        assert!(known.len() <= group.reference.laid.users);
    }
}

impl Step {
    fn operations(&self) -> usize {
        match self {
            Self::Check(clients) | Self::Race(clients) => clients.len(),
            Self::Release(_) | Self::Borrow(..) => 1,
            Self::Move(_) => 2,
        }
    }
}

fn choose(numbers: &mut Numbers, racing: bool) -> Step {
    let mut client = || numbers.next(CLIENTS as u64) as usize;
    let (one, many) = (client(), (0..12).map(|_| client()).collect());
    if racing {
        return Step::Race(many);
    }
    match numbers.next(20) {
        // Clients that hold a seat are few of all: these are asked for more often than the rest.
        0..8 => Step::Check(BTreeSet::from([one % 8])),
        8..11 => Step::Check(BTreeSet::from([one])),
        11..14 => Step::Check(many),
        14..17 => Step::Release(one % 16),
        17..19 => {
            let minutes = [None, Some(0), Some(1), Some(45), Some(60), Some(100), Some(181)];
            Step::Borrow(one, minutes[numbers.next(7) as usize].map(|minutes| minutes * 60_000))
        }
        _ => Step::Move(one % 16),
    }
}

/// Does a step and compares what is said; gives how many were refused.
async fn perform(world: &World, node: &Ctx, group: &mut Group, step: &Step) -> usize {
    let (license, reference, now) = (&group.license, &mut group.reference, world.time.now);
    let ask = async |client: usize| {
        let (caller, releases) = (&world.shop.caller, ReleaseFilter::default());
        check(node, caller, identity(&license.key, &name(license, client)), releases).await
    };
    match step {
        Step::Check(clients) | Step::Race(clients) => {
            let racing = matches!(step, Step::Race(_));
            let said = join_all(clients.iter().map(|client| ask(*client))).await;
            let before = reference.seats.len();
            let (mut gone, mut full) = (0, 0);
            for (client, said) in clients.iter().zip(&said) {
                let held = reference.seats.contains_key(client);
                match said {
                    Ok(view) => {
                        let told = view.at.as_millis() + reference.laid.timeout * 60_000;
                        let fresh = Held { end: told + 1000, told };
                        if racing {
                            let entry = reference.seats.entry(*client).or_insert(fresh);
                            entry.told = entry.told.max(told);
                        } else {
                            assert_eq!(
                                reference.check(*client, now),
                                Said::Done,
                                "{client} got a seat of {reference:?}"
                            );
                        }
                        gone += usize::from(!held);
                    }
                    Err(LicenseError::Denied(denied)) => {
                        assert_eq!(denied.reason, SeatRefusal::NoneFree);
                        assert!(!held || racing, "{client} has a seat and was refused: {reference:?}");
                        full += 1;
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
            if full > 0 {
                let laid = reference.laid;
                assert!(before + gone >= laid.users, "{full} were refused while seats were free: {reference:?}");
            }
            full
        }
        Step::Release(client) => {
            let (caller, named) = (&world.shop.caller, identity(&license.key, &name(license, *client)));
            release_seat(node, caller, named, None).await.unwrap();
            reference.seats.remove(client);
            0
        }
        Step::Borrow(client, span) => {
            let named = identity(&license.key, &name(license, *client));
            let until = span.map(|span| Timestamp::from_millis(now + span));
            let borrow = Borrow { identity: named, feature: None, until };
            let said = match borrow_seat(node, &world.shop.caller, borrow).await {
                Ok(borrowed) => Said::Until(borrowed.until.as_millis()),
                Err(LicenseError::Denied(denied)) => match denied.reason {
                    SeatRefusal::NoneFree => Said::Full,
                    SeatRefusal::BorrowNotAllowed => Said::NotBorrowed,
                    SeatRefusal::BorrowUntilNotValid => Said::NotUntilThen,
                    SeatRefusal::NoSeats => panic!("there are seats"),
                },
                Err(error) => panic!("{error:?}"),
            };
            assert_eq!(said, reference.borrow(*client, *span, now), "{client}, {span:?}, {reference:?}");
            usize::from(said == Said::Full)
        }
        Step::Move(client) => {
            let hardware = name(license, *client);
            world.shop.deactivate(&license.key, &hardware).await.unwrap();
            world.shop.activate(&license.key, &hardware).await.unwrap();
            reference.move_in(*client, now);
            0
        }
    }
}

fn name(license: &License, client: usize) -> String {
    format!("HW-{}-{client}", license.id)
}

/// The client with a name.
fn client(name: &str) -> usize {
    name.rsplit('-').next().unwrap().parse().unwrap()
}
