//! Support for tests: time that is moved, randomness that is repeatable, and private stores.
//!
//! This crate must never know a door: requests and answers belong to the tests that use it.

mod clock;
mod place;
mod randomness;
mod receivers;
mod world;

pub use clock::TestClock;
pub use randomness::SeededRng;
pub use receivers::{Answer, PlainFormats, Received, Receivers};
pub use world::{World, WorldOptions};
