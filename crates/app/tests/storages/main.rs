//! Storages: files and folders, versions, quota, and what several callers at once may see.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its storage has failed")]

mod back_ends;
mod callers;
mod files;
mod folders;
mod quota;
mod races;
mod refused;
mod support;
mod versions;
