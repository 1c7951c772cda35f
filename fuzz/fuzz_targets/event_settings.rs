//! Settings of the event service never make their reader panic, and come back from their kept form.
#![no_main]

use countersign_door_events::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::settings(bytes));
