//! What licensed applications ask for: calls, races, and long random histories against a reference model.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its site has failed")]

mod calls;
mod history;
mod model;
mod once;
mod races;
mod reference;
mod seats;
mod seats_model;
mod seats_reference;
mod support;
mod trials;
mod users;
