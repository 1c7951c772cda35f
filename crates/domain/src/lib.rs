//! The vocabulary and the rules of Countersign.
//!
//! Everything here is pure and synchronous: values that cannot be wrong once they exist, and functions that decide.
//! This crate must never know a time source, SQL, HTTP, JSON or any other crate of ours: times come in as
//! [`time::Timestamp`], and what is decided goes out as a value.

pub mod audit;
pub mod catalog;
pub mod changes;
pub mod device;
pub mod event;
pub mod file_name;
pub mod ids;
pub mod keys;
pub mod licensing;
pub mod oauth;
pub mod outbound;
pub mod report;
pub mod site;
pub mod storage;
pub mod text;
pub mod time;
pub mod user;
mod web_url;
pub mod webhook;
