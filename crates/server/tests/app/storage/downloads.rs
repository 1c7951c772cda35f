//! Downloads: headers, ranges and conditions, and what is left out on purpose.

use axum::body::Body;
use http::StatusCode;

use super::support::{Storages, WORDS, text};

#[tokio::test]
async fn a_download_has_the_headers_of_its_file() {
    let storages = Storages::new().await;
    let path = format!("{WORDS}/file/a.pdf");
    storages.send_typed("PUT", &path, "application/pdf", "0123456789").await;
    for accept in ["multipart/form-data", "application/json", "*/*"] {
        let request = storages.request("GET", &path).header("accept", accept);
        let answer = storages.app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"0123456789"[..]), "{accept}");
        assert_eq!(answer.headers["content-type"], "application/pdf");
        assert_eq!(answer.headers["content-length"], "10");
        assert_eq!(answer.headers["accept-ranges"], "bytes");
        assert_eq!(answer.headers["cache-control"], "private, no-cache");
        assert!(answer.headers.contains_key("etag") && answer.headers.contains_key("last-modified"));
        assert!(!answer.headers.contains_key("content-disposition"), "clients save under its name");
        assert!(!answer.headers.contains_key("content-encoding"));
    }
    storages.put("raw", "x").await;
    let raw = storages.get(&format!("{WORDS}/file/raw")).await;
    assert_eq!(raw.headers["content-type"], "application/octet-stream");

    let head = storages.send("HEAD", &path, Body::empty()).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.headers["content-length"], "10");
    for path in ["file/none", "file/none/x"] {
        let head = storages.send("HEAD", &format!("{WORDS}/{path}"), Body::empty()).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::NOT_FOUND, 0));
    }
    let head = storages.send("HEAD", &format!("{WORDS}/exist/raw"), Body::empty()).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.headers["content-length"], "32");
    storages.put("empty", "").await;
    let empty = storages.get(&format!("{WORDS}/file/empty")).await;
    assert_eq!((empty.status, text(&empty)), (StatusCode::OK, String::new()));
    assert_eq!(empty.headers["content-length"], "0");
}

#[tokio::test]
async fn ranges_and_conditions() {
    let storages = Storages::new().await;
    storages.put("a", "0123456789").await;
    let path = format!("{WORDS}/file/a");
    let etag = storages.get(&path).await.headers["etag"].to_str().unwrap().to_owned();
    let modified = storages.get(&path).await.headers["last-modified"].to_str().unwrap().to_owned();
    for (headers, status, body) in [
        (vec![("range", "bytes=2-4")], 206, "234"),
        (vec![("range", "bytes=-1")], 206, "9"),
        (vec![("range", "bytes=20-")], 416, ""),
        (vec![("if-none-match", etag.as_str())], 304, ""),
        (vec![("if-modified-since", modified.as_str())], 304, ""),
        (vec![("if-match", "\"other\"")], 412, ""),
        (vec![("range", "bytes=2-4"), ("if-range", etag.as_str())], 206, "234"),
        // Two versions can be of one second.
        (vec![("range", "bytes=2-4"), ("if-range", modified.as_str())], 200, "0123456789"),
    ] {
        let mut request = storages.request("GET", &path);
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let answer = storages.app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), text(&answer)), (status, body.to_owned()), "{headers:?}");
    }
    storages.put("a", "other").await;
    let request = storages.request("GET", &path).header("if-none-match", etag);
    assert_eq!(storages.app.send(request.body(Body::empty()).unwrap()).await.body, "other");
}
