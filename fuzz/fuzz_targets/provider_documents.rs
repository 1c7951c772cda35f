//! What providers of single sign-on publish never makes its readers panic.
#![no_main]

use countersign_app::license_api::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::documents(bytes));
