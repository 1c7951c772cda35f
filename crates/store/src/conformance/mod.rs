//! The tests that every store must pass.
//!
//! [`conformance_suite!`](crate::conformance_suite) turns them into named tests of one store. Each test gets a fresh,
//! private store and panics when the store breaks its promise.

mod activations;
mod applications;
mod called_licenses;
mod catalog;
mod checkpoints;
mod devices;
mod epochs;
mod failures;
mod keys;
mod lanes;
mod license_api;
mod licensing;
mod listing;
mod offline;
mod paging;
mod purchases;
mod removing;
mod reports;
mod revisions;
mod seats;
mod settings;
mod sso;
mod storages;
mod time;
mod together;
mod topics;
mod trails;
mod units;
mod webhooks;

use countersign_domain::ids::SiteId;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::time::Timestamp;

use crate::{Store, StoreError};

pub use activations::*;
pub use applications::*;
pub use called_licenses::*;
pub use catalog::*;
pub use checkpoints::*;
pub use devices::*;
pub use epochs::*;
pub use failures::*;
pub use keys::*;
pub use lanes::*;
pub use license_api::*;
pub use licensing::*;
pub use listing::*;
pub use offline::*;
pub use paging::*;
pub use removing::*;
pub use reports::*;
pub use revisions::*;
pub use seats::*;
pub use settings::*;
pub use sso::*;
pub use storages::*;
pub use time::*;
pub use together::*;
pub use topics::*;
pub use trails::*;
pub use units::*;
pub use webhooks::*;

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
            a_look_up_sees_what_is_committed,
            a_closed_store_refuses,
            races_for_a_name_have_one_winner,
            units_that_touch_first_insert_once,
            the_change_counter_counts_every_change,
            the_installation_is_written_once,
            the_installation_is_replaced_whole,
            sealed_values_are_replaced_by_their_site,
            an_epoch_moves_every_row_id,
            sites_keep_their_settings_and_hosts_are_unique,
            authorization_keys_end,
            signing_keys_and_secrets_come_newest_first,
            users_and_tokens_belong_to_their_site,
            a_revoked_token_is_never_found_again,
            applications_keep_all_their_parts,
            credentials_belong_to_their_application,
            a_deleted_application_leaves_nothing,
            spent_tokens_are_remembered_until_they_end,
            token_keys_come_newest_first,
            files_are_deduplicated_in_a_site,
            object_keys_in_use_are_found_in_any_site,
            a_file_can_be_given_another_object,
            missing_packages_are_found_at_once,
            packages_keep_their_files_in_order,
            updates_keep_all_their_parts,
            a_list_is_what_finding_each_one_gives,
            settings_are_replaced_whole_or_not_at_all,
            external_files_come_back_as_they_were_written,
            a_replaced_update_keeps_its_row,
            what_is_in_use_is_not_removed,
            customers_belong_to_accounts_and_sites,
            orders_name_their_customer,
            licenses_keep_features_and_terms,
            licenses_are_filtered_by_all_that_is_given,
            a_license_is_activated_once_on_a_device,
            a_call_finds_what_the_single_operations_find,
            every_change_of_a_license_is_seen_by_its_revision,
            a_unit_activates_a_thousand_devices,
            a_locked_license_is_never_activated_beyond_its_limit,
            an_account_holds_what_its_customers_have_bought,
            any_license_on_a_device_is_found,
            a_license_is_held_on_the_days_on_which_it_is_in_force,
            devices_are_told_apart_by_identity_and_site,
            devices_change_hands_and_status,
            units_that_register_one_device_all_see_it,
            a_locked_device_belongs_to_one_unit,
            status_reports_say_who_reported,
            what_is_not_dated_is_dated_by_its_receipt,
            equal_status_reports_are_folded,
            device_events_are_counted_and_listed,
            histories_are_shortened_from_their_old_end,
            events_are_kept_in_the_order_of_writing,
            the_audit_trail_says_who_did_what,
            trails_are_rolled_back_with_their_unit,
            request_files_are_used_once,
            one_time_keys_are_removed_once,
            an_account_has_one_provider,
            parts_of_a_list_give_every_row_once,
            parts_of_a_filtered_list_give_every_row_once,
            storages_belong_to_their_site,
            folders_hold_folders_and_files,
            files_have_versions_that_name_bytes,
            a_locked_storage_belongs_to_one_unit,
            refused_uploads_are_remembered_until_they_end,
            time_never_runs_backward,
            products_go_by_code_with_status_and_rules,
            licenses_keep_rules_units_and_features,
            a_bundle_is_one_key_for_several_products,
            policies_have_one_default,
            licenses_are_assigned_to_users,
            what_is_told_of_devices_is_kept,
            api_keys_are_revoked_once,
            a_call_is_answered_once,
            versions_come_newest_first,
            seats_are_counted_until_they_end,
            a_locked_pool_never_has_more_seats_than_there_are,
            an_extended_seat_is_not_taken_away,
            refused_seats_are_noted_by_the_hour,
            events_are_numbered_when_they_are_seen,
            endpoints_keep_all_their_parts,
            endpoints_are_removed_with_all_that_is_theirs,
            secrets_of_webhooks_end,
            deliveries_make_place_for_later_ones,
            deliveries_are_counted,
            checkpoints_are_due,
            deliveries_of_a_lane_go_one_after_the_other,
            lanes_go_on_whatever_leaves_them,
            deliveries_are_queued_together,
            deliveries_are_taken_up_as_they_are_queued,
            deliveries_are_settled_together,
            a_delivery_is_taken_over_when_its_time_has_passed,
            what_is_final_is_sent_again_or_removed,
            cancelled_deliveries_are_counted,
            attempts_and_recoveries_are_kept,
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
