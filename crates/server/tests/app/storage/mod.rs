//! The storage routes of the token door.

mod credentials;
mod downloads;
mod errors;
mod files;
mod forms;
mod odd_names;
mod retries;
mod sockets;
mod support;
mod uploads;
