//! Errors in the shape of each family, and their codes.

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use countersign_app::storages::StorageSettings;
use http::StatusCode;
use http_body::{Frame, SizeHint};
use serde_json::json;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::support::{Storages, WORDS, refusal};

#[tokio::test]
async fn every_error_has_its_status_and_code() {
    let storages = Storages::new().await;
    storages.put("in/a", "a").await;
    let long = "x".repeat(256);
    for (method, path, status, code) in [
        ("GET", "file/none", 404, "errorItemNotFound"),
        ("GET", "file/in", 404, "errorItemNotFound"),
        ("GET", "file/", 404, "errorItemNotFound"),
        ("DELETE", "file/none", 404, "errorItemNotFound"),
        ("PUT", "file/copy/none?destPath=b", 404, "errorItemNotFound"),
        ("PUT", "file/move/none?destPath=b", 404, "errorItemNotFound"),
        ("GET", "folder/none", 404, "errorItemNotFound"),
        ("DELETE", "folder/none", 404, "errorItemNotFound"),
        ("PUT", "folder/copy/none?destPath=b", 404, "errorItemNotFound"),
        ("PUT", "folder/move/none?destPath=b", 404, "errorItemNotFound"),
        ("GET", "version/none", 404, "errorItemNotFound"),
        ("GET", "file/in/a?versionId=0", 404, "errorVersionNotFound"),
        ("GET", "file/in/a?versionId=00000000000000ff", 404, "errorVersionNotFound"),
        ("GET", "file/in/a?storageName=None", 404, "errorStorageNotFound"),
        ("GET", "disc?storageName=file", 404, "errorStorageNotFound"),
        ("PUT", "file/copy/in/a?destPath=b&destStorageName=None", 404, "errorStorageNotFound"),
        ("DELETE", "folder/in", 400, "errorFolderNotEmpty"),
        ("DELETE", "folder/in?recursive=perhaps", 400, "errorParameterInvalid"),
        ("DELETE", "folder/?recursive=true", 400, "errorPathInvalid"),
        ("PUT", "folder/move/in?destPath=in/deeper", 400, "errorPathInvalid"),
        ("PUT", "folder/copy/in?destPath=in/deeper", 400, "errorPathInvalid"),
        ("PUT", "folder/in/a", 400, "errorPathInvalid"),
        ("PUT", "folder/copy/in", 400, "errorParameterMissing"),
        ("PUT", "file/copy/in/a", 400, "errorParameterMissing"),
        ("PUT", "file/in/a/b", 400, "errorPathInvalid"),
        ("GET", "file/in/../a", 400, "errorPathInvalid"),
        ("GET", "file/in%2F..%2Fa", 400, "errorPathInvalid"),
        ("GET", "file/a%00b", 400, "errorPathInvalid"),
        ("GET", "file/a%0Ab", 400, "errorPathInvalid"),
        ("PUT", &format!("file/{long}"), 400, "errorPathInvalid"),
        ("PUT", "file/copy/in/a?destPath=../b", 400, "errorPathInvalid"),
        ("GET", "other/x", 404, "errorPathNotFound"),
        ("POST", "file/in/a", 405, "errorMethodNotAllowed"),
        ("POST", "folder/in", 405, "errorMethodNotAllowed"),
        ("DELETE", "exist/in", 405, "errorMethodNotAllowed"),
        ("PUT", "disc", 405, "errorMethodNotAllowed"),
        ("PATCH", "version/in", 405, "errorMethodNotAllowed"),
    ] {
        let answer = storages.send(method, &format!("{WORDS}/{path}"), Body::empty()).await;
        assert_eq!(refusal(&answer), (status, code.to_owned()), "{method} {path}");
        assert_eq!(answer.headers.contains_key("allow"), status == 405, "{method} {path}");
    }
    assert_eq!(storages.bytes("in/a").await, b"a", "nothing has changed");
}

#[tokio::test]
async fn errors_are_in_the_shape_of_their_family() {
    let storages = Storages::new().await;
    for (product, pascal, camel) in [
        ("words", true, false),
        ("cells", true, false),
        ("slides", true, true),
        ("imaging", false, true),
        ("conversion", false, true),
        ("annotation", true, true),
    ] {
        let answer = storages.get(&format!("/v2.0/{product}/storage/file/none")).await;
        let body = answer.json();
        let id = answer.headers["x-request-id"].to_str().unwrap();
        assert_eq!(body.get("RequestId").is_some_and(|found| found == id), pascal, "{body}");
        assert_eq!(body["Error"]["Code"] == "errorItemNotFound", pascal, "{body}");
        assert_eq!(body.get("requestId").is_some_and(|found| found == id), camel, "{body}");
        assert_eq!(body["error"]["code"] == "errorItemNotFound", camel, "{body}");
        assert_eq!(body["error"] == "errorItemNotFound", !camel, "{body}");
    }
    // Of a path that no product has, nobody knows the family.
    let unknown = storages.get("/v4/words/storage/file/a").await;
    assert_eq!(
        (unknown.status, &unknown.json()["Error"]["Code"]),
        (StatusCode::NOT_FOUND, &json!("errorPathNotFound"))
    );
    let no_site = storages.get("/t/nowhere/v4.0/words/storage/file/a").await;
    assert_eq!(refusal(&no_site), (421, "errorSiteNotFound".to_owned()));
}

#[tokio::test]
async fn too_much_is_refused_before_it_comes() {
    let storages = Storages::with(StorageSettings { versioned: false, quota: Some(100) }).await;
    storages.put("a", vec![1; 60]).await;
    let path = format!("{WORDS}/file/b");
    let over = storages.send("PUT", &path, vec![2; 41]).await;
    assert_eq!(refusal(&over), (507, "errorQuotaExceeded".to_owned()));
    assert_eq!(storages.get(&path).await.status, StatusCode::NOT_FOUND);
    let copy = storages.send("PUT", &format!("{WORDS}/file/copy/a?destPath=b"), Body::empty()).await;
    assert_eq!(refusal(&copy), (507, "errorQuotaExceeded".to_owned()));
    storages.put("b", vec![2; 40]).await;
    let usage = storages.get(&format!("{WORDS}/disc")).await.json();
    assert_eq!(usage["UsedSize"], 100);
    assert!(usage["TotalSize"].as_u64() > usage["UsedSize"].as_u64());
    storages.put("a", vec![3; 60]).await;

    let answer = storages.send("PUT", &path, Body::new(Announced)).await;
    assert_eq!(refusal(&answer), (413, "errorTooLarge".to_owned()));
}

#[tokio::test]
async fn the_largest_file_is_what_the_operator_says() {
    let storages = Storages::new().await;
    storages.app.ctx().limit_uploads(1 << 20);
    let path = format!("{WORDS}/file/a");
    let most = vec![1; 1 << 20];
    assert_eq!(storages.send("PUT", &path, most.clone()).await.status, StatusCode::OK);
    let pieces = [most.clone(), vec![2]].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
    let unannounced = Body::from_stream(futures_util::stream::iter(pieces));
    for too_large in [Body::from([most.clone(), vec![2]].concat()), unannounced] {
        assert_eq!(refusal(&storages.send("PUT", &path, too_large).await), (413, "errorTooLarge".to_owned()));
    }
    assert_eq!(storages.get(&path).await.body, most);
    storages.app.ctx().limit_uploads((5 << 30) + 1);
    // What was too much before is asked for, and breaks off.
    let answer = storages.send("PUT", &path, Body::new(Announced)).await;
    assert_ne!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.status.is_client_error(), "{}", answer.status);
}

/// A body of more than 5 GiB, which breaks off when somebody reads it.
struct Announced;

impl HttpBody for Announced {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::other("never sent"))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((5 << 30) + 1)
    }
}
