//! Which bytes a `Range` header asks for (RFC 9110 §14), decided without touching any bytes.
//!
//! Decisions where the RFC leaves a choice:
//!
//! - A header that does not follow the grammar, names another unit than `bytes`, or comes more than once is ignored,
//!   as if it were not there (§14.2 allows ignoring or refusing). One wrong range spoils the whole header.
//! - Ranges that overlap or touch are joined, so no byte is ever sent twice; the joined range stands where the first
//!   of them stood (§15.3.7.2). Ranges that lie wholly behind the end are left out if any other remains.
//! - More than [`MAX_RANGES`] ranges are answered with the whole file: the client gets what it needs, and the cost
//!   stays bounded.
//! - An empty file has no byte to name in `Content-Range`, so a suffix range of it gives the (empty) whole.

use std::ops::Range;

use http::HeaderMap;
use http::header::RANGE;

/// What to send for a request that may have a `Range` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RangePlan {
    /// At least two separate ranges: 206 with `multipart/byteranges`.
    Multiple(Vec<ByteRange>),
    /// One range: 206 with `Content-Range`.
    Single(ByteRange),
    /// No byte of the file was asked for: 416.
    Unsatisfiable,
    /// Everything: 200.
    Whole,
}

/// One or more bytes that follow each other inside a file. Never empty, never behind the end it was planned for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteRange {
    start: u64,
    end: u64,
}

impl ByteRange {
    /// The position of the first byte, counted from 0.
    pub fn first(&self) -> u64 {
        self.start
    }

    /// The position of the last byte (inclusive, as in `Content-Range`).
    pub fn last(&self) -> u64 {
        self.end.saturating_sub(1)
    }

    /// How many bytes it has; at least 1.
    pub fn length(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// The same as a range with exclusive end, as storages want it.
    pub fn half_open(&self) -> Range<u64> {
        self.start..self.end
    }

    /// Whether the two have bytes in common or follow each other without a gap.
    fn touches(&self, other: &Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    fn join(&self, other: &Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Plans the answer to a GET for a file of `length` bytes from the `Range` header of the request.
///
/// Whether the header is to be looked at at all is for [`crate::conditional`] to say first.
pub fn plan(headers: &HeaderMap, length: u64) -> RangePlan {
    let mut lines = headers.get_all(RANGE).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => plan_value(line.as_bytes(), length),
        _ => RangePlan::Whole,
    }
}

/// The same for the bytes of one field value.
pub fn plan_value(value: &[u8], length: u64) -> RangePlan {
    let Some(specs) = parse(value) else { return RangePlan::Whole };
    let mut ranges: Vec<ByteRange> = Vec::new();
    for spec in specs {
        match spec.within(length) {
            Placed::At(range) => join_into(&mut ranges, range),
            Placed::Behind => {}
            Placed::Everything => return RangePlan::Whole,
        }
    }
    match (ranges.pop(), ranges.is_empty()) {
        (None, _) => RangePlan::Unsatisfiable,
        (Some(only), true) => RangePlan::Single(only),
        (Some(last), false) => {
            ranges.push(last);
            RangePlan::Multiple(ranges)
        }
    }
}

/// Adds a range to ranges that do not touch each other, and keeps it so.
fn join_into(ranges: &mut Vec<ByteRange>, range: ByteRange) {
    let mut joined = range;
    let mut place = None;
    let mut index = 0;
    // A joined range can reach others that the new one alone did not, so look until nothing changes.
    while let Some(other) = ranges.get(index) {
        if joined.touches(other) {
            joined = joined.join(other);
            ranges.remove(index);
            place = Some(place.map_or(index, |earlier: usize| earlier.min(index)));
            index = 0;
        } else {
            index += 1;
        }
    }
    ranges.insert(place.unwrap_or(ranges.len()).min(ranges.len()), joined);
}

/// One range as it was asked for.
enum Spec {
    /// From a position to another (inclusive), or to the end.
    From { first: u64, last: Option<u64> },
    /// The last so many bytes.
    Suffix(u64),
}

/// A range put over a file.
enum Placed {
    At(ByteRange),
    Behind,
    Everything,
}

impl Spec {
    fn within(&self, length: u64) -> Placed {
        match *self {
            Self::From { first, .. } if first >= length => Placed::Behind,
            Self::From { first, last } => {
                let end = last.map_or(length, |last| last.saturating_add(1).min(length));
                Placed::At(ByteRange { start: first, end })
            }
            Self::Suffix(0) => Placed::Behind,
            Self::Suffix(_) if length == 0 => Placed::Everything,
            Self::Suffix(count) => Placed::At(ByteRange { start: length.saturating_sub(count), end: length }),
        }
    }
}

/// `bytes=` and a list of ranges (RFC 9110 §14.1.1, §14.1.2); `None` when the header is to be ignored.
fn parse(value: &[u8]) -> Option<Vec<Spec>> {
    let separator = value.iter().position(|byte| *byte == b'=')?;
    let (unit, rest) = value.split_at_checked(separator)?;
    if !unit.eq_ignore_ascii_case(b"bytes") {
        return None;
    }
    let mut specs = Vec::new();
    for element in rest.get(1..)?.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
        // A list may have empty elements (RFC 9110 §5.6.1.2).
        if element.is_empty() {
            continue;
        }
        if specs.len() == MAX_RANGES {
            return None;
        }
        specs.push(parse_spec(element)?);
    }
    if specs.is_empty() { None } else { Some(specs) }
}

fn parse_spec(element: &[u8]) -> Option<Spec> {
    let dash = element.iter().position(|byte| *byte == b'-')?;
    let (first, rest) = element.split_at_checked(dash)?;
    let last = rest.get(1..)?;
    match (first.is_empty(), last.is_empty()) {
        (true, true) => None,
        (true, false) => Some(Spec::Suffix(parse_position(last)?)),
        (false, true) => Some(Spec::From { first: parse_position(first)?, last: None }),
        (false, false) => {
            let (first, last) = (parse_position(first)?, parse_position(last)?);
            // A reversed range is invalid, which is not the same as unsatisfiable (§14.1.2).
            (first <= last).then_some(Spec::From { first, last: Some(last) })
        }
    }
}

/// Digits only. A number that does not fit is as good as the largest one: no file reaches that far.
fn parse_position(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit.wrapping_sub(b'0')))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    })
}

/// How many ranges one request may ask for. Clients that fetch only the changed parts of a file ask for some twenty
/// at a time; beyond this the header is an attack or a client that is better served with the whole file.
pub const MAX_RANGES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, last: u64) -> ByteRange {
        ByteRange { start: first, end: last + 1 }
    }

    fn check(value: &str, length: u64, expected: &RangePlan) {
        assert_eq!(&plan_value(value.as_bytes(), length), expected, "{value} of {length}");
    }

    #[test]
    fn one_range() {
        for (value, length, first, last) in [
            ("bytes=0-0", 1000, 0, 0),
            ("bytes=0-", 1000, 0, 999),
            ("bytes=999-", 1000, 999, 999),
            ("bytes=990-5000", 1000, 990, 999),
            ("bytes=-1", 1000, 999, 999),
            ("bytes=-5000", 1000, 0, 999),
            ("BYTES=1-2", 1000, 1, 2),
            ("bytes=,, 1-2 ,", 1000, 1, 2),
            ("bytes=00000000000000000000000001-2", 1000, 1, 2),
            ("bytes=0-18446744073709551616", 1000, 0, 999),
            ("bytes=0-18446744073709551615", u64::MAX, 0, u64::MAX - 1),
            ("bytes=-99999999999999999999999999", 1000, 0, 999),
            // Some ranges are behind the end, one is not.
            ("bytes=2000-3000,-0,5-6", 1000, 5, 6),
        ] {
            check(value, length, &RangePlan::Single(range(first, last)));
        }
    }

    #[test]
    fn ranges_that_touch_are_joined_and_keep_their_place() {
        for (value, expected) in [
            ("bytes=0-0,-1", vec![(0, 0), (999, 999)]),
            ("bytes=500-600,0-9", vec![(500, 600), (0, 9)]),
            ("bytes=0-9,20-29,10-15", vec![(0, 15), (20, 29)]),
            ("bytes=900-910,0-9,20-29,5-25", vec![(900, 910), (0, 29)]),
            ("bytes=20-29,900-910,0-9,5-25", vec![(0, 29), (900, 910)]),
            ("bytes=5-5,5-5,7-7,7-7", vec![(5, 5), (7, 7)]),
        ] {
            let expected = expected.into_iter().map(|(first, last)| range(first, last)).collect();
            check(value, 1000, &RangePlan::Multiple(expected));
        }
        check("bytes=0-500,400-900", 1000, &RangePlan::Single(range(0, 900)));
        check("bytes=0-499,500-999", 1000, &RangePlan::Single(range(0, 999)));
        check("bytes=0-,0-,-1", 1000, &RangePlan::Single(range(0, 999)));
    }

    #[test]
    fn nothing_to_send() {
        for (value, length) in [
            ("bytes=1000-", 1000),
            ("bytes=-0", 1000),
            ("bytes=1000-,-0,5000-6000", 1000),
            ("bytes=18446744073709551616-", 1000),
            ("bytes=18446744073709551615-", u64::MAX),
            ("bytes=0-0", 0),
            ("bytes=0-", 0),
            ("bytes=-0", 0),
        ] {
            check(value, length, &RangePlan::Unsatisfiable);
        }
    }

    #[test]
    fn a_header_that_is_not_understood_is_ignored() {
        for value in [
            "",
            "=",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=--1",
            "bytes=-1-5",
            "bytes=1-2-3",
            "bytes=9-5",
            "bytes=abc",
            "bytes=0 - 5",
            "bytes= 0 - 5",
            "bytes=+1-2",
            "bytes=0x1-2",
            "bytes=1-2;3-4",
            "bytes=1.0-2",
            "bytes = 0-5",
            " bytes=0-5",
            "lines=0-5",
            "bytes=0-5,x",
            "bytes=0-5,9-5",
            "none",
            "bytes:0-5",
        ] {
            check(value, 1000, &RangePlan::Whole);
        }
        assert_eq!(plan_value(b"bytes=\xff-\xfe", 1000), RangePlan::Whole);
        check("bytes=-5", 0, &RangePlan::Whole);
    }

    #[test]
    fn the_number_of_ranges_is_limited() {
        let ranges = |count: usize| {
            let list: Vec<_> = (0..count).map(|index| format!("{0}-{0}", index * 2)).collect();
            format!("bytes={}", list.join(","))
        };
        assert!(
            matches!(plan_value(ranges(MAX_RANGES).as_bytes(), 1000), RangePlan::Multiple(all) if all.len() == MAX_RANGES)
        );
        check(&ranges(MAX_RANGES + 1), 1000, &RangePlan::Whole);
    }

    #[test]
    fn two_headers_are_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(plan(&headers, 1000), RangePlan::Whole);
        headers.append(RANGE, http::HeaderValue::from_static("bytes=0-1"));
        assert_eq!(plan(&headers, 1000), RangePlan::Single(range(0, 1)));
        headers.append(RANGE, http::HeaderValue::from_static("bytes=0-1"));
        assert_eq!(plan(&headers, 1000), RangePlan::Whole);
    }
}
