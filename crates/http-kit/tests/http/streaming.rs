//! The promise of `Answer::respond`: as many bytes as planned, or a broken connection, never a short file.

use std::io;
use std::sync::{Arc, Mutex};

use axum::body::to_bytes;
use bytes::Bytes;
use countersign_http_kit::answer::Answer;
use countersign_http_kit::representation::Representation;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use http::header::{CONTENT_LENGTH, RANGE};
use http::{HeaderMap, HeaderValue, Method};

use crate::file::{open, representation};

fn plan(range: Option<&'static str>) -> Answer {
    let mut headers = HeaderMap::new();
    headers.extend(range.map(|range| (RANGE, HeaderValue::from_static(range))));
    Answer::plan(&Method::GET, &headers, &representation().into())
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_an_error_and_not_an_answer() {
    for range in [None, Some("bytes=0-1"), Some("bytes=0-1,5-6")] {
        let refused = plan(range)
            .respond(|_| async {
                Err::<BoxStream<'static, io::Result<Bytes>>, _>(io::Error::from(io::ErrorKind::NotFound))
            })
            .await;
        assert_eq!(refused.err().map(|error| error.kind()), Some(io::ErrorKind::NotFound));
    }
}

#[tokio::test]
async fn wrong_lengths_break_the_body() {
    for range in [None, Some("bytes=10-500"), Some("bytes=0-9,20-29")] {
        for (too_few, too_many) in [(1, 0), (0, 1)] {
            let response = plan(range)
                .respond(move |range| async move {
                    io::Result::Ok(open(range.start..range.end - too_few + too_many.min(1000 - range.end)))
                })
                .await
                .unwrap();
            let whole = range.is_none() && too_many == 1;
            assert_eq!(to_bytes(response.into_body(), 10_000).await.is_ok(), whole, "{range:?} {too_few} {too_many}");
        }
    }
}

#[tokio::test]
async fn an_error_half_way_breaks_the_body() {
    let failing = |range| async move {
        io::Result::Ok(open(range).take(1).chain(stream::iter([Err(io::Error::other("disk"))])).boxed())
    };
    let response = plan(None).respond(failing).await.unwrap();
    assert_eq!(response.headers()[CONTENT_LENGTH], "1000");
    assert!(to_bytes(response.into_body(), 10_000).await.is_err());
}

#[tokio::test]
async fn ranges_are_opened_one_after_the_other() {
    let opened = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&opened);
    let response = plan(Some("bytes=100-199,0-9,500-"))
        .respond(move |range| {
            log.lock().unwrap().push(range.clone());
            async move { io::Result::Ok(open(range)) }
        })
        .await
        .unwrap();
    assert_eq!(*opened.lock().unwrap(), vec![100..200; 1]);
    to_bytes(response.into_body(), 10_000).await.unwrap();
    assert_eq!(*opened.lock().unwrap(), [100..200, 0..10, 500..1000]);
}

#[tokio::test]
async fn nothing_is_opened_for_an_answer_without_bytes() {
    let empty = Representation { length: 0, ..representation() };
    let mut modified = HeaderMap::new();
    modified.insert("if-none-match", HeaderValue::from_static("*"));
    for answer in [
        Answer::plan(&Method::HEAD, &HeaderMap::new(), &representation().into()),
        Answer::plan(&Method::GET, &modified, &representation().into()),
        Answer::plan(&Method::GET, &HeaderMap::new(), &empty.into()),
        plan(Some("bytes=5000-")),
    ] {
        let response = answer.respond(unopened).await.unwrap();
        assert!(to_bytes(response.into_body(), 10).await.unwrap().is_empty());
    }
}

async fn unopened(_: std::ops::Range<u64>) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
    panic!("there is nothing to open")
}
