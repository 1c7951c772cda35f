//! Clients that get a new token and repeat an upload without its content.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, StatusCode};

use super::support::{MULTIPART, Storages, WORDS, multipart, refusal, text};

/// Sends an upload whose token has expired.
async fn expired(storages: &Storages, path: &str, content: &'static str) {
    let request = Request::put(format!("{WORDS}/file/{path}"))
        .header("authorization", format!("Bearer {}", storages.expired_token().await))
        .header("content-length", content.len());
    let answer = storages.app.send(request.body(Body::from(content)).unwrap()).await;
    assert_eq!(refusal(&answer), (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn an_empty_repetition_is_not_stored() {
    let storages = Storages::new().await;
    storages.put("a", "old content").await;
    let empty = |path: &str| {
        let path = format!("{WORDS}/file/{path}");
        let storages = &storages;
        async move { storages.send("PUT", &path, Body::empty()).await }
    };
    expired(&storages, "a", "new content").await;
    // Some clients repeat every request that fails.
    for _ in 0..2 {
        assert_eq!(refusal(&empty("a").await), (400, "errorUploadEmptyAfterRetry".to_owned()));
        assert_eq!(refusal(&empty("/%2Fa").await), (400, "errorUploadEmptyAfterRetry".to_owned()), "the same path");
    }
    assert_eq!(storages.bytes("a").await, b"old content");
    assert_eq!(empty("b").await.status, StatusCode::OK, "another path");

    // With content, it is a new upload; behind that, an empty file is one.
    storages.put("a", "new content").await;
    assert_eq!(empty("a").await.status, StatusCode::OK);
    assert_eq!(storages.bytes("a").await, b"");

    // An upload that was empty from its beginning.
    expired(&storages, "c", "").await;
    assert_eq!(empty("c").await.status, StatusCode::OK);

    // Two minutes later nobody repeats any more.
    expired(&storages, "d", "content").await;
    storages.app.world.clock.advance(Duration::from_secs(119));
    assert_eq!(empty("d").await.status, StatusCode::BAD_REQUEST);
    storages.app.world.clock.advance(Duration::from_secs(2));
    let late = empty("d").await;
    assert_eq!(late.status, StatusCode::OK, "{}", text(&late));
}

#[tokio::test]
async fn the_same_holds_when_a_token_is_revoked_during_an_upload() {
    let mut storages = Storages::new().await;
    storages.put("a", "old content").await;
    storages.revoke().await;
    let refused = storages.send("PUT", &format!("{WORDS}/file/a"), "new content").await;
    assert_eq!(refusal(&refused), (401, "invalid_token".to_owned()));
    storages.token = storages.issue().await;
    let empty = storages.send("PUT", &format!("{WORDS}/file/a"), Body::empty()).await;
    assert_eq!(refusal(&empty), (400, "errorUploadEmptyAfterRetry".to_owned()));
    assert_eq!(storages.bytes("a").await, b"old content");
}

#[tokio::test]
async fn a_stranger_cannot_keep_others_from_storing_empty_files() {
    let mut storages = Storages::new().await;
    let foreign = storages.foreign_token().await;
    let expired = storages.expired_token().await;
    // The application's own expired token, but for its signature; and one of another site, which has expired as well.
    let (signed, signature) = expired.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{first}{}", &signature[1..]);
    storages.app.world.clock.advance(Duration::from_secs(24 * 3600));
    storages.token = storages.issue().await;
    for token in ["", "garbage", "a.b.c", &forged, &foreign] {
        let request = Request::put(format!("{WORDS}/file/a")).header("authorization", format!("Bearer {token}"));
        let answer = storages.app.send(request.body(Body::from("content")).unwrap()).await;
        assert_eq!(refusal(&answer), (401, "invalid_token".to_owned()), "{token}");
    }
    storages.put("a", Body::empty()).await;
}

#[tokio::test]
async fn an_empty_repetition_into_a_folder_is_not_stored() {
    let storages = Storages::new().await;
    let path = format!("{WORDS}/file/in/");
    let request = Request::put(&path)
        .header("authorization", format!("Bearer {}", storages.expired_token().await))
        .header("content-type", MULTIPART);
    let sent = multipart("name=file; filename=a", b"content");
    let answer = storages.app.send(request.body(Body::from(sent)).unwrap()).await;
    assert_eq!(refusal(&answer), (401, "invalid_token".to_owned()));
    let empty = multipart("name=file; filename=a", b"");
    let answer = storages.send_typed("PUT", &path, MULTIPART, empty).await;
    assert_eq!(refusal(&answer), (400, "errorUploadEmptyAfterRetry".to_owned()));
    let whole = storages.send_typed("PUT", &path, MULTIPART, multipart("name=file; filename=a", b"content")).await;
    assert_eq!(whole.status, StatusCode::OK, "{}", text(&whole));
}

#[tokio::test]
async fn a_refused_body_is_read_within_its_limit_once() {
    let storages = Storages::new().await;
    let read = Arc::new(AtomicU64::new(0));
    let (mib, counted) = (Bytes::from(vec![0; 1 << 20]), read.clone());
    let endless = futures_util::stream::repeat_with(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(mib.clone())
    });
    let request = Request::put(format!("{WORDS}/file/a")).header("authorization", "Bearer garbage");
    let answer = storages.app.send(request.body(Body::from_stream(endless)).unwrap()).await;
    assert_eq!(refusal(&answer), (401, "invalid_token".to_owned()));
    let read = read.load(Ordering::Relaxed);
    assert!((64..70).contains(&read), "{read} MiB were read");
}
