//! The repositories: one file per area, each statement a constant beside the method that uses it.

mod activations;
mod air_gap_codes;
mod answered_calls;
mod api_keys;
mod application_credentials;
mod applications;
mod bundles;
mod called_licenses;
mod customers;
mod deliveries;
mod delivery_history;
mod device_details;
mod device_events;
mod devices;
mod endpoints;
mod event_numbers;
mod features;
mod files;
mod holdings;
mod installation;
mod keys;
mod license_users;
mod licensed_products;
mod licenses;
mod offline_requests;
mod orders;
mod packages;
mod policies;
mod refused_uploads;
mod seat_denials;
mod seats;
mod sites;
mod sso_providers;
mod status_reports;
mod storage_entries;
mod storage_versions;
mod storages;
mod tokens;
mod trails;
mod trials;
mod updates;
mod users;
mod versions;

#[cfg(test)]
mod tests;
