//! Conditional requests (RFC 9110 §13) for a file that never changes under its URL.

use http::header::{HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE};
use http::{HeaderMap, HeaderValue, Method};

use crate::entity_tag::{EntityTag, RawTag, TagList};
use crate::http_time::HttpTime;

/// What the conditions of a request say about the state that the server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The client wants another state than this one: 412.
    Failed,
    /// The client has this state already: 304.
    NotModified,
    /// Answer, and look at `Range`.
    Proceed,
    /// Answer with the whole file: there is no `Range`, or it is about another state, or it is not for this method.
    ProceedWhole,
}

/// Evaluates the conditions in the order of RFC 9110 §13.2.2.
///
/// A date that cannot be read, or that comes twice, is ignored as the RFC demands (§13.1.3, §13.1.4).
pub fn evaluate(method: &Method, headers: &HeaderMap, etag: &EntityTag, last_modified: HttpTime) -> Verdict {
    let safe = method == Method::GET || method == Method::HEAD;

    // 1. and 2.: a client that builds on one state must not get another.
    if headers.contains_key(IF_MATCH) {
        if !TagList::parse(headers.get_all(IF_MATCH).iter()).has_strongly(etag) {
            return Verdict::Failed;
        }
    } else if single_date(headers, &IF_UNMODIFIED_SINCE).is_some_and(|date| last_modified > date) {
        return Verdict::Failed;
    }

    // 3. and 4.: a client that has the state need not get it again.
    if headers.contains_key(IF_NONE_MATCH) {
        if TagList::parse(headers.get_all(IF_NONE_MATCH).iter()).has_weakly(etag) {
            return if safe { Verdict::NotModified } else { Verdict::Failed };
        }
    } else if safe && single_date(headers, &IF_MODIFIED_SINCE).is_some_and(|date| last_modified <= date) {
        return Verdict::NotModified;
    }

    // 5.: only a GET has ranges (§14.2), and a resumed download must not join two states.
    if method != Method::GET || !headers.contains_key(RANGE) {
        return Verdict::ProceedWhole;
    }
    if if_range_holds(headers, etag, last_modified) { Verdict::Proceed } else { Verdict::ProceedWhole }
}

/// RFC 9110 §13.1.5. The date must be equal, not only later. It counts as a strong validator because a file that
/// never changes cannot have changed twice within one second.
fn if_range_holds(headers: &HeaderMap, etag: &EntityTag, last_modified: HttpTime) -> bool {
    if !headers.contains_key(IF_RANGE) {
        return true;
    }
    let Some(value) = single(headers, &IF_RANGE) else { return false };
    match RawTag::parse(value.as_bytes()) {
        Some(tag) => tag.equals_strongly(etag),
        None => HttpTime::parse(value) == Some(last_modified),
    }
}

fn single_date(headers: &HeaderMap, name: &HeaderName) -> Option<HttpTime> {
    HttpTime::parse(single(headers, name)?)
}

/// The value of a header that comes exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => Some(line),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn check(method: &Method, lines: &[(&'static str, &'static str)], expected: Verdict) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let etag = EntityTag::strong("me").expect("a valid tag");
        let last_modified = HttpTime::from_unix_seconds(784_111_777);
        assert_eq!(evaluate(method, &headers, &etag, last_modified), expected, "{method} {lines:?}");
    }

    #[test]
    fn each_condition_alone() {
        for (name, value, expected) in [
            ("if-match", "\"me\"", Verdict::ProceedWhole),
            ("if-match", "*", Verdict::ProceedWhole),
            ("if-match", "W/\"me\"", Verdict::Failed),
            ("if-match", "\"other\"", Verdict::Failed),
            ("if-match", "me", Verdict::Failed),
            ("if-unmodified-since", SAME, Verdict::ProceedWhole),
            ("if-unmodified-since", LATER, Verdict::ProceedWhole),
            ("if-unmodified-since", EARLIER, Verdict::Failed),
            ("if-unmodified-since", "yesterday", Verdict::ProceedWhole),
            ("if-none-match", "W/\"me\"", Verdict::NotModified),
            ("if-none-match", "*", Verdict::NotModified),
            ("if-none-match", "\"other\"", Verdict::ProceedWhole),
            ("if-modified-since", SAME, Verdict::NotModified),
            ("if-modified-since", LATER, Verdict::NotModified),
            ("if-modified-since", EARLIER, Verdict::ProceedWhole),
            ("if-modified-since", "yesterday", Verdict::ProceedWhole),
            ("range", "bytes=0-1", Verdict::Proceed),
            ("if-range", "\"me\"", Verdict::ProceedWhole),
        ] {
            check(&Method::GET, &[(name, value)], expected);
        }
    }

    #[test]
    fn the_order_of_conditions() {
        let range = ("range", "bytes=0-1");
        for (lines, expected) in [
            // A tag decides, and the date beside it is not looked at.
            (&[("if-match", "\"me\""), ("if-unmodified-since", EARLIER)][..], Verdict::ProceedWhole),
            (&[("if-none-match", "\"x\""), ("if-modified-since", SAME)], Verdict::ProceedWhole),
            (&[("if-match", "\"x\""), ("if-none-match", "\"me\"")], Verdict::Failed),
            (&[("if-match", "\"me\""), ("if-none-match", "\"me\"")], Verdict::NotModified),
            (&[("if-unmodified-since", EARLIER), ("if-modified-since", SAME)], Verdict::Failed),
            (&[range, ("if-none-match", "\"me\"")], Verdict::NotModified),
            (&[range, ("if-match", "\"x\""), ("if-range", "\"me\"")], Verdict::Failed),
            (&[range, ("if-range", "\"me\"")], Verdict::Proceed),
            (&[range, ("if-range", "W/\"me\"")], Verdict::ProceedWhole),
            (&[range, ("if-range", "\"x\", \"me\"")], Verdict::ProceedWhole),
            (&[range, ("if-range", "*")], Verdict::ProceedWhole),
            (&[range, ("if-range", SAME)], Verdict::Proceed),
            (&[range, ("if-range", LATER)], Verdict::ProceedWhole),
            (&[range, ("if-range", EARLIER)], Verdict::ProceedWhole),
            // Twice is not once.
            (&[range, ("if-range", "\"me\""), ("if-range", "\"me\"")], Verdict::ProceedWhole),
            (&[("if-modified-since", SAME), ("if-modified-since", SAME)], Verdict::ProceedWhole),
            (&[("if-unmodified-since", EARLIER), ("if-unmodified-since", EARLIER)], Verdict::ProceedWhole),
        ] {
            check(&Method::GET, lines, expected);
        }
    }

    #[test]
    fn other_methods() {
        check(&Method::HEAD, &[("range", "bytes=0-1")], Verdict::ProceedWhole);
        check(&Method::HEAD, &[("if-none-match", "*")], Verdict::NotModified);
        check(&Method::PUT, &[("if-none-match", "*")], Verdict::Failed);
        check(&Method::PUT, &[("if-modified-since", SAME)], Verdict::ProceedWhole);
    }
}
