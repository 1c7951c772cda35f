//! The license client behind a C interface: for C, and for every language that can call C.
//!
//! `include/countersign_license.h` is the contract: what each call does, who owns what, and which numbers mean what. `exports.rs` has a
//! function for each of its lines; `pointers.rs` alone follows pointers; everything else is safe Rust.
//!
//! This crate must never know more of a license than `countersign-client` does: it passes on.

mod causes;
mod client;
mod exports;
mod failure;
mod pointers;
mod settings;
mod told;
