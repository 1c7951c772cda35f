//! The license client: what it sends and what it leaves unsent, and until when what it has kept holds.

mod clocks;
mod folders;
mod loans;
mod requests;
mod support;
