//! A Range header never makes the planner panic, and every planned range lies in the file.
#![no_main]

use countersign_http_kit::ranges::{RangePlan, plan_value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, &[u8])| {
    let (length, value) = input;
    let ranges = match plan_value(value, length) {
        RangePlan::Multiple(ranges) => ranges,
        RangePlan::Single(range) => vec![range],
        RangePlan::Unsatisfiable | RangePlan::Whole => Vec::new(),
    };
    for range in ranges {
        let range = range.half_open();
        assert!(range.start < range.end && range.end <= length, "{range:?} of {length}");
    }
});
