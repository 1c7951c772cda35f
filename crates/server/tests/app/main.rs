//! The whole application, through its router: request bytes in, answer bytes out, on a private store.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its own answer has failed")]

mod checklist;
mod device_entitlements;
mod device_files;
mod device_json;
mod device_manifests;
mod device_registrations;
mod device_reports;
mod device_tokens;
mod device_unsigned;
mod device_updates;
mod disconnects;
mod documents;
mod epochs;
mod licensing;
mod lost_bytes;
mod memos;
mod producer_files;
mod producer_keys;
mod producer_lists;
mod producer_packages;
mod producer_roles;
mod producer_support;
mod producer_updates;
mod signing;
mod sites;
mod storage;
mod storage_releases;
mod support;
mod targets;
mod token_assertions;
mod token_checks;
mod token_requests;
mod token_support;
