//! Credentials of the events door never make their reader panic, and hold no control characters.
#![no_main]

use countersign_door_events::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::login(bytes));
