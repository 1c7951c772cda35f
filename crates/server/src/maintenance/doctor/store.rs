//! The store and the files that it names.

use std::time::Duration;

use countersign_app::Clock;
use countersign_app::scrub::{self, Depth, Orphans};
use countersign_blobs::Blobs;
use countersign_store::{CheckDepth, Store, StoreError};

use super::Findings;

/// By how much the time of the store may differ from the clock: more makes dates and limits wrong.
const TOLERANCE: Duration = Duration::from_secs(5);
/// Damaged files that are named one by one.
const NAMED: usize = 10;

/// Damage in the database.
pub(super) async fn database(store: &Store, deep: bool, findings: &mut Findings) {
    let depth = if deep { CheckDepth::Full } else { CheckDepth::Quick };
    let todo = "stop the server and restore a backup: countersign restore";
    match store.check(depth).await {
        Ok(lines) => {
            for line in lines {
                findings.error("database", format!("the database is damaged: {line}"), todo);
            }
        }
        Err(error) => findings.error("database", format!("the database cannot be checked: {error}"), todo),
    }
}

/// The clock against the time that the store has seen.
pub(super) async fn clock(store: &Store, clock: &dyn Clock, findings: &mut Findings) {
    let now = clock.now();
    let seen = store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.now().await })).await;
    match seen {
        Ok(seen) if seen > now.plus(TOLERANCE) => findings.error(
            "clock",
            format!("the clock shows {now}, and the store has seen {seen} already; until then its time stands still"),
            "set the clock of this machine, by NTP for example; if it is right now, stop the server, and then: countersign doctor \
             --repair-clock",
        ),
        Ok(seen) if now > seen.plus(TOLERANCE) => findings.error(
            "clock",
            format!("the clock shows {now}, and that of the database {seen}"),
            "set the clocks of both machines, by NTP for example",
        ),
        Ok(_) => {}
        Err(error) => findings.error("clock", format!("the store does not tell the time: {error}"), "see the cause"),
    }
}

/// Files against their rows, and objects without rows.
pub(super) async fn files(store: &Store, blobs: &dyn Blobs, deep: bool, clock: &dyn Clock, findings: &mut Findings) {
    let depth = if deep { Depth::Digests } else { Depth::Sizes };
    match scrub::examine(store, blobs, depth, &|_| {}).await {
        Ok(examined) => {
            for damaged in examined.damaged.iter().take(NAMED) {
                let what = format!(
                    "file {} of site {} is {}: object {}",
                    damaged.file.id,
                    damaged.site,
                    damaged.fault.as_str(),
                    damaged.file.object_key
                );
                findings.error("files", what, "publish the same bytes again, or restore a backup");
            }
            let more = examined.damaged.len().saturating_sub(NAMED);
            if more > 0 {
                findings.error("files", format!("{more} more files are damaged"), "list them: countersign scrub");
            }
        }
        Err(error) => findings.error("files", format!("the files cannot be looked at: {error}"), "see the cause"),
    }
    match scrub::count_orphans(store, blobs, clock.now()).await {
        Ok(Orphans { objects: 0, uploads: 0, .. }) => {}
        Ok(Orphans { objects, bytes, uploads }) => findings.warning(
            "orphans",
            format!(
                "{objects} objects ({bytes} bytes) that nothing names, and {uploads} unfinished uploads take up room"
            ),
            "remove them: countersign scrub --collect",
        ),
        Err(error) => findings.error("files", format!("the files cannot be listed: {error}"), "see the cause"),
    }
}

#[cfg(test)]
mod tests {
    use countersign_app::installation::{self, LoweredTime};
    use countersign_app::{Page, sites, trails};
    use countersign_domain::site::{SiteName, SiteSettings};
    use countersign_domain::time::Timestamp;
    use countersign_testkit::World;

    use super::*;
    use crate::maintenance::doctor::{Finding, Level};

    struct Fixed(Timestamp);

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    #[tokio::test]
    async fn a_clock_that_differs_from_what_the_store_has_seen_is_found() {
        let world = World::new().await;
        let now = world.ctx.now();
        let found = async |clock: Timestamp| {
            let mut findings = Findings::default();
            super::clock(&world.store, &Fixed(clock), &mut findings).await;
            findings.into_sorted()
        };
        assert_eq!(found(now).await, []);
        assert_eq!(found(now.plus(TOLERANCE)).await, []);
        let behind = found(now.minus(Duration::from_secs(3600))).await;
        assert!(matches!(&behind[..], [Finding { level: Level::Error, check: "clock", .. }]), "{behind:?}");
        assert_eq!(found(now.plus(Duration::from_secs(60))).await.len(), 1);
    }

    #[tokio::test]
    async fn a_store_that_has_seen_a_clock_far_ahead_is_brought_back() {
        let world = World::new().await;
        let site = sites::create(&world.ctx, SiteName::new("demo").unwrap(), SiteSettings::default()).await.unwrap();
        let right = world.ctx.now();
        assert_eq!(installation::lower_time(&world.ctx).await.unwrap(), None);
        world.clock.set(right.plus(Duration::from_secs(86_400)));
        let told = world.store.write::<_, StoreError, _>(|tx| Box::pin(async move { tx.now().await }));
        let ahead = told.await.unwrap();
        world.clock.set(right);
        let look = async || {
            let mut findings = Findings::default();
            clock(&world.store, &Fixed(right), &mut findings).await;
            findings.into_sorted()
        };
        assert!(look().await[0].todo.contains("doctor --repair-clock"));
        let lowered = installation::lower_time(&world.ctx).await.unwrap();
        assert_eq!(lowered, Some(LoweredTime { from: ahead, to: right }));
        assert_eq!(look().await, []);
        let trail = trails::list_audit(&world.ctx, site, Page { after: 0, limit: 10 }).await.unwrap();
        assert!(trail.iter().any(|entry| entry.verb == "time.lower"), "{trail:?}");
    }
}
