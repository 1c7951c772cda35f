//! Request files of devices without a connection never make their reader panic, and a date that is read is written in its form.
#![no_main]

use countersign_door_license::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::request_file(bytes);
});
