//! The whole application, through its router: request bytes in, answer bytes out, on a private store.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its own answer has failed")]

mod device_files;
mod device_json;
mod device_manifests;
mod device_tokens;
mod device_unsigned;
mod device_updates;
mod documents;
mod producer_keys;
mod sites;
mod support;
