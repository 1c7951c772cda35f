//! Stored files as a resource of the producer door.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use countersign_crypto::encoding::hex_encode;
use countersign_crypto::sha256;
use futures_util::{StreamExt, stream};
use http::{Method, StatusCode};
use http_body::{Frame, SizeHint};
use serde_json::{Value, json};

use crate::producer_support::{FILES, PACKAGES, Producer, refusal};
use crate::support::App;

/// Files that lie in the file storage.
fn objects(app: &App) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }
    count(&app.world.folder().join("files"))
}

fn package(id: &str, digest: &str) -> Value {
    json!({ "packageId": id, "product": "Pump", "files": [{ "fileName": "a.bin", "sha256": digest }] })
}

#[tokio::test]
async fn the_life_of_a_file() {
    let producer = Producer::new().await;
    let before = objects(&producer.app);
    let created = producer.send(Method::POST, FILES, "firmware").await;
    // From: printf 'firmware' | sha256sum, and md5sum
    let digest = "c3bf47ea1f4a4a605470313cacb3a44f4a461f68c6faeab07e737610cb5ac835";
    let md5 = "74b5b5e9570efc5c0553bb327cd41940";
    let shown = json!({ "sha256": digest, "md5": md5, "size": 8, "storedAt": "2026-03-01T12:00:00Z" });
    assert_eq!((created.status, created.json()), (StatusCode::CREATED, shown.clone()));
    let place = created.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(place, format!("{FILES}/{digest}"));

    let again = producer.send(Method::POST, FILES, "firmware").await;
    assert_eq!((again.status, again.json()), (StatusCode::OK, shown.clone()));
    assert_eq!(objects(&producer.app), before + 1, "equal bytes are kept once");
    for spelling in [place.clone(), place.to_uppercase().replace(&FILES.to_uppercase(), FILES), format!("{place}/")] {
        assert_eq!(producer.get(&spelling).await.json(), shown, "{spelling}");
    }

    assert_eq!(producer.post(PACKAGES, &package("p-1", digest)).await.status, StatusCode::CREATED);
    let refused = producer.delete(&place).await;
    assert_eq!(refusal(&refused), (StatusCode::CONFLICT, "file.inUse".to_owned()));
    assert_eq!(producer.delete(&format!("{PACKAGES}/p-1")).await.status, StatusCode::NO_CONTENT);
    let deleted = producer.delete(&place).await;
    assert_eq!((deleted.status, deleted.body.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(objects(&producer.app), before, "the bytes are gone, too");
    let unknown = (StatusCode::NOT_FOUND, "file.unknown".to_owned());
    for path in [place.as_str(), &format!("{FILES}/00"), &format!("{FILES}/%ff")] {
        assert_eq!(refusal(&producer.get(path).await), unknown, "{path}");
        assert_eq!(refusal(&producer.delete(path).await), unknown, "{path}");
    }
    let refused = producer.post(PACKAGES, &package("p-1", digest)).await;
    assert_eq!(refusal(&refused), (StatusCode::BAD_REQUEST, "file.unknown".to_owned()));
    assert_eq!(producer.send(Method::POST, FILES, "firmware").await.status, StatusCode::CREATED, "and back again");
}

#[tokio::test]
async fn a_long_file_comes_in_pieces_and_an_empty_one_is_a_file_too() {
    let producer = Producer::new().await;
    let piece = Bytes::from(vec![7_u8; 300_000]);
    let pieces = stream::iter(std::iter::repeat_n(piece, 20)).map(Ok::<_, std::io::Error>);
    let answer = producer.send(Method::POST, FILES, Body::from_stream(pieces)).await;
    assert_eq!((answer.status, &answer.json()["size"]), (StatusCode::CREATED, &json!(6_000_000)));
    assert_eq!(answer.json()["sha256"], hex_encode(&sha256(&vec![7; 6_000_000])));
    let empty = producer.send(Method::POST, FILES, Body::empty()).await;
    assert_eq!((empty.status, &empty.json()["size"]), (StatusCode::CREATED, &json!(0)));
}

#[tokio::test]
async fn lists_go_on_where_they_ended() {
    let producer = Producer::new().await;
    let texts: [&'static [u8]; 5] = [b"1", b"2", b"3", b"4", b"5"];
    let mut digests = Vec::new();
    let first = producer.get(FILES).await.json();
    assert_eq!((first["files"].as_array().unwrap().len(), &first["next"]), (2, &Value::Null), "those of the release");
    for text in texts {
        digests.push(json!(producer.store(text).await));
    }
    let (mut after, mut found) = (0, Vec::new());
    for size in [3, 2, 2] {
        let list = producer.get(&format!("{FILES}?after={after}&size={size}")).await.json();
        assert_eq!(list["files"].as_array().unwrap().len(), size);
        found.extend(list["files"].as_array().unwrap().iter().map(|file| file["sha256"].clone()));
        after = list["next"].as_i64().unwrap_or(0);
    }
    assert_eq!((&found[2..], after), (&digests[..], 0), "7 files in all, and no more");
    for query in ["?after=-1", "?after=x", "?size=0", "?size=501"] {
        let refused = producer.get(&format!("{FILES}{query}")).await;
        assert_eq!(refusal(&refused), (StatusCode::BAD_REQUEST, "request.parameter.invalid".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let producer = Producer::new().await;
    let before = objects(&producer.app);
    let half = || stream::iter([Ok(Bytes::from(vec![1; 3_000_000]))]);
    let broken = half().chain(stream::iter([Err(std::io::Error::other("the connection broke"))]));
    let answer = producer.send(Method::POST, FILES, Body::from_stream(broken)).await;
    assert_eq!(refusal(&answer), (StatusCode::BAD_REQUEST, "request.malformed".to_owned()));
    assert_eq!(objects(&producer.app), before);

    // A client that goes away: nobody waits for the answer any more.
    let (sent, seen) = tokio::sync::oneshot::channel();
    let mut sent = Some(sent);
    let stalled = half().chain(stream::poll_fn(move |_| {
        if let Some(sent) = sent.take() {
            let _ = sent.send(());
        }
        Poll::Pending
    }));
    let upload = producer.send(Method::POST, FILES, Body::from_stream(stalled));
    tokio::select! {
        _ = upload => panic!("an upload without end was answered"),
        seen = seen => seen.unwrap(),
    }
    assert!(settled(&producer.app, before).await, "half a file is left");
    assert_eq!(producer.get(FILES).await.json()["files"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_upload_whose_client_goes_away_leaves_nothing_over() {
    let producer = Producer::new().await;
    let before = objects(&producer.app);
    let file = format!("{FILES}/{}", producer.store(b"whole").await);
    // Given up at every point at which it waits for something, from the first to the last.
    // How often it waits is not always the same: other threads may be done already.
    for _ in 0..5 {
        let mut waits = 0;
        while polled(waits, producer.send(Method::POST, FILES, "whole")).await.is_none() {
            waits += 1;
            assert!(settled(&producer.app, before + 1).await, "equal bytes are left over after {waits} waits");
        }
        assert!(waits > 0, "it was never given up");
    }
    assert_eq!(producer.delete(&file).await.status, StatusCode::NO_CONTENT);
    assert_eq!(objects(&producer.app), before);
}

/// The outcome of a future, or `None` when it has not come to its end before it waits for the last of so many times.
async fn polled<T>(waits: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = waits;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Whether so many objects are left when work that nobody waits for has come to its end, in threads of its own.
async fn settled(app: &App, count: usize) -> bool {
    for _ in 0..PATIENCE {
        if objects(app) == count {
            return true;
        }
        yields(1).await;
    }
    false
}

/// Looks at the file storage: some seconds.
const PATIENCE: usize = 100_000;

async fn yields(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_file_that_announces_too_much_is_refused_unread() {
    let producer = Producer::new().await;
    let answer = producer.send(Method::POST, FILES, Body::new(Announced)).await;
    assert_eq!(refusal(&answer), (StatusCode::PAYLOAD_TOO_LARGE, "request.tooLarge".to_owned()));
}

/// A body that is one byte too long, and never comes.
struct Announced;

impl HttpBody for Announced {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((1 << 40) + 1)
    }
}

#[tokio::test]
async fn of_equal_uploads_at_once_one_is_kept() {
    let producer = Producer::new().await;
    let before = objects(&producer.app);
    let uploads = (0..20).map(|_| producer.send(Method::POST, FILES, "the same"));
    let answers = futures_util::future::join_all(uploads).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(StatusCode::CREATED), count(StatusCode::OK)), (1, 19));
    assert_eq!(objects(&producer.app), before + 1);
}

#[tokio::test]
async fn a_package_never_names_a_file_that_is_gone() {
    let producer = Producer::new().await;
    let before = objects(&producer.app);
    for round in 0..30 {
        let digest = producer.store(b"contended").await;
        let (file, place) = (format!("{FILES}/{digest}"), format!("{PACKAGES}/p-{round}"));
        let body = package(&format!("p-{round}"), &digest);
        let (deleted, created) = tokio::join!(producer.delete(&file), producer.post(PACKAGES, &body));
        match (deleted.status, created.status) {
            (StatusCode::NO_CONTENT, StatusCode::BAD_REQUEST) => {
                assert_eq!(refusal(&created).1, "file.unknown");
                assert_eq!(producer.get(&place).await.status, StatusCode::NOT_FOUND);
            }
            (StatusCode::CONFLICT, StatusCode::CREATED) => {
                assert_eq!(producer.get(&file).await.status, StatusCode::OK);
                assert_eq!(producer.delete(&place).await.status, StatusCode::NO_CONTENT);
                assert_eq!(producer.delete(&file).await.status, StatusCode::NO_CONTENT);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(objects(&producer.app), before);
}
