//! The tests that every store must pass.
//!
//! [`conformance_suite!`](crate::conformance_suite) turns them into named tests of one store. Each test gets a fresh,
//! private store and panics when the store breaks its promise.

mod catalog;
mod failures;
mod keys;
mod listing;
mod units;

use countersign_domain::ids::SiteId;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::time::Timestamp;

use crate::{Store, StoreError};

pub use catalog::*;
pub use failures::*;
pub use keys::*;
pub use listing::*;
pub use units::*;

/// Makes a module of named tests. `$open` is an async function without arguments that gives a fresh [`Store`] and a
/// guard that keeps its place alive.
#[macro_export]
macro_rules! conformance_suite {
    ($open:path) => {
        $crate::conformance_suite!($open;
            a_commit_is_seen_and_an_error_is_rolled_back,
            a_panic_is_rolled_back_and_harms_no_neighbor,
            a_dropped_caller_does_not_stop_its_unit,
            a_failure_that_a_unit_swallows_is_never_committed,
            a_read_cannot_write,
            a_closed_store_refuses,
            races_for_a_name_have_one_winner,
            units_that_touch_first_insert_once,
            the_change_counter_counts_every_change,
            the_installation_is_written_once,
            sites_keep_their_settings_and_hosts_are_unique,
            authorization_keys_end,
            signing_keys_and_secrets_come_newest_first,
            users_and_tokens_belong_to_their_site,
            a_revoked_token_is_never_found_again,
            files_are_deduplicated_in_a_site,
            object_keys_in_use_are_found_in_any_site,
            packages_keep_their_files_in_order,
            updates_keep_all_their_parts,
            a_list_is_what_finding_each_one_gives,
        );
    };
    ($open:path; $($test:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let (store, _guard) = $open().await;
            $crate::conformance::$test(&store).await;
            store.close().await;
        }
    )+};
}

/// The time at which the tests write.
const NOW: Timestamp = Timestamp::EPOCH;

async fn site(store: &Store, name: &str) -> SiteId {
    let name = SiteName::new(name).expect("the test gives a good name");
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.sites().insert(&name, &SiteSettings::default(), NOW).await })
        })
        .await
        .expect("the store writes")
        .expect("the name is free")
}
