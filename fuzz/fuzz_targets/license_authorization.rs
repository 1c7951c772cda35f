//! The `Authorization` header of the license door never makes its reader panic.
#![no_main]

use countersign_door_license::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::authorization(bytes));
