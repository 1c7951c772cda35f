//! Every case of `contract/vectors/http-range`, and where a case leaves a choice, the choice we made.

use std::path::Path;

use countersign_crypto::digest::sha256;
use http::{HeaderValue, Method};
use serde_json::Value;

use crate::file::{LAST_MODIFIED, ask, check_common, content, etag, span};

#[tokio::test]
async fn every_case_holds() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract/vectors/http-range/cases.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let mut decided = 0;
    for case in cases {
        decided += usize::from(check(case).await);
    }
    assert_eq!(cases.len(), 36);
    assert_eq!(decided, DECISIONS.len());
}

/// Checks one case; says whether it leaves a choice.
async fn check(case: &Value) -> bool {
    let id = case["id"].as_str().unwrap();
    let mut method = Method::GET;
    let mut headers = Vec::new();
    for (name, value) in case["request_headers"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        if name == ":method" {
            method = value.parse().unwrap();
            continue;
        }
        let value = value.replace("\"<the strong etag>\"", &etag()).replace("<exact Last-Modified>", LAST_MODIFIED);
        headers.push((name.as_str(), HeaderValue::try_from(value).unwrap()));
    }

    let got = ask(&method, &headers).await;
    let decision = DECISIONS.iter().find(|(decided, ..)| *decided == id);
    let (status, content_range) = match (&case["status"], decision) {
        (Value::Number(status), None) => (status.as_u64().unwrap(), case["content_range"].as_str()),
        (Value::String(choice), Some((_, status, content_range))) => {
            assert!(choice.contains(&status.to_string()), "{id}: {status} is not one of {choice}");
            (*status, *content_range)
        }
        other => panic!("{id}: {other:?}"),
    };
    assert_eq!(u64::from(got.status.as_u16()), status, "{id}");
    assert_eq!(got.header("content-range"), content_range, "{id}");
    if let Some(length) = case["length"].as_u64() {
        assert_eq!(u64::try_from(got.body.len()).unwrap(), length, "{id}");
    }
    if status == 405 {
        return true;
    }
    check_common(&method, &got);
    assert_eq!(got.header("content-encoding"), None, "{id}");
    match (status, content_range) {
        (200, _) if method == Method::GET => assert_eq!(got.body, content(), "{id}"),
        (206, Some(range)) => assert_eq!(got.body, content().slice(span(range)), "{id}"),
        (206, None) => {
            let expected = [
                ("bytes 0-0/1000".to_owned(), content().slice(..1)),
                ("bytes 999-999/1000".to_owned(), content().slice(999..)),
            ];
            assert_eq!(got.parts(), expected, "{id}");
        }
        _ => assert!(got.body.is_empty(), "{id}"),
    }
    decision.is_some()
}

#[tokio::test]
async fn the_parts_of_any_split_are_the_file() {
    for size in [1, 3, 64, 333, 500, 999, 1000, 5000] {
        let mut joined = Vec::new();
        while joined.len() < 1000 {
            let range = format!("bytes={}-{}", joined.len(), joined.len() + size - 1);
            let resume = [
                ("range", HeaderValue::try_from(range).unwrap()),
                ("if-range", HeaderValue::try_from(etag()).unwrap()),
            ];
            let got = ask(&Method::GET, &resume).await;
            assert_eq!(got.status, 206);
            check_common(&Method::GET, &got);
            joined.extend_from_slice(&got.body);
        }
        assert_eq!(sha256(&joined), sha256(&content()));
    }
}

#[tokio::test]
async fn several_parts_come_in_the_order_asked_for_and_no_byte_twice() {
    let got = ask(&Method::GET, &[("range", HeaderValue::from_static("bytes=900-,0-99,2000-,50-149,-10"))]).await;
    assert_eq!(got.status, 206);
    check_common(&Method::GET, &got);
    assert_eq!(
        got.parts(),
        [
            ("bytes 900-999/1000".to_owned(), content().slice(900..)),
            ("bytes 0-149/1000".to_owned(), content().slice(..150))
        ]
    );
    // A second request gives the same bytes, boundary included.
    let again = ask(&Method::GET, &[("range", HeaderValue::from_static("bytes=900-,0-149"))]).await;
    assert_eq!(again.body, got.body);
}

/// Where a case allows several answers: the status and the `Content-Range` that we give.
const DECISIONS: &[(&str, u64, Option<&str>)] = &[
    ("reversed", 200, None),
    ("garbage", 200, None),
    ("spaces", 200, None),
    ("u64", 206, Some("bytes 0-999/1000")),
    ("neg", 200, None),
    ("multi", 206, None),
    ("multi-overlap", 206, Some("bytes 0-900/1000")),
    ("multi-1000", 200, None),
    ("multi-full-x200", 200, None),
    ("if-range-date", 206, Some("bytes 0-9/1000")),
    ("head-range", 200, None),
    ("post-range", 405, None),
];
