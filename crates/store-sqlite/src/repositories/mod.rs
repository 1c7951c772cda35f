//! The repositories: one file per area, each statement a constant beside the method that uses it.

mod activations;
mod customers;
mod device_events;
mod devices;
mod features;
mod files;
mod holdings;
mod installation;
mod keys;
mod licenses;
mod orders;
mod packages;
mod refused_uploads;
mod sites;
mod status_reports;
mod storage_entries;
mod storage_versions;
mod storages;
mod trails;
mod updates;
mod users;

#[cfg(test)]
mod tests;
