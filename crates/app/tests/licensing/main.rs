//! Who may use what, how long histories are kept, and what is written beside every change.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its site has failed")]

mod activations;
mod customers;
mod devices;
mod licenses;
mod races;
mod retention;
mod support;
mod trails;
