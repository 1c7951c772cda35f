//! Every byte of a file arrives as it is: whole, in ranges, and among other answers.

use std::ops::Range;

use axum::body::Body;
use countersign_server::Terms;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::clients::{ask, get, length, read, read_head};
use crate::shop::Shop;
use crate::sockets::{tls_connect, tls_terms};

/// Around the length of a piece, and several pieces.
const LENGTHS: [usize; 7] = [1, 1000, 64 << 10, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (5 << 20) + 3];

#[tokio::test]
async fn files_arrive_over_plain_http() {
    let shop = Shop::open(Terms::default(), &LENGTHS).await;
    all_of(&shop, &mut shop.server.connect().await).await;
}

#[tokio::test]
async fn files_arrive_over_tls() {
    let shop = Shop::open(tls_terms("first"), &LENGTHS).await;
    all_of(&shop, &mut tls_connect(shop.server.address, &["http/1.1"]).await).await;
}

/// Downloads everything on one connection.
async fn all_of<S: AsyncRead + AsyncWrite + Unpin>(shop: &Shop, socket: &mut S) {
    for file in shop.files.iter().chain(shop.files.iter().rev()) {
        let whole = ask(socket, &get(&file.path, "")).await;
        assert_eq!((whole.status(), whole.body == file.bytes), (200, true), "{}", file.path);
        let end = file.bytes.len();
        for range in [0..1, 0..end, end / 2..end, end / 3..end / 2 + 1, end - 1..end] {
            let part = ask(socket, &get(&file.path, &range_line(&range))).await;
            assert_eq!((part.status(), part.body == file.bytes[range.clone()]), (206, true), "{range:?} of {end}");
        }
    }
}

#[tokio::test]
async fn files_arrive_over_http2() {
    let shop = Shop::open(tls_terms("first"), &LENGTHS).await;
    let socket = tls_connect(shop.server.address, &["h2"]).await;
    let (client, connection) =
        hyper::client::conn::http2::handshake::<_, _, Body>(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { connection.await.unwrap() });
    let ask = async |method: Method, path: &str| {
        let request = Request::builder().method(method).uri(format!("https://server.test{path}"));
        let answer = client.clone().send_request(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.into_body().collect().await.unwrap().to_bytes()
    };
    let bodies = futures_util::future::join_all(shop.files.iter().map(|file| ask(Method::GET, &file.path))).await;
    for (file, body) in shop.files.iter().zip(bodies) {
        assert!(body == file.bytes, "{}", file.path);
        assert!(ask(Method::HEAD, &file.path).await.is_empty());
    }
}

#[tokio::test]
async fn several_ranges_come_in_parts() {
    let shop = Shop::open(Terms::default(), &LENGTHS).await;
    let file = shop.files.last().unwrap();
    let ranges = [10..20, 100_000..2_000_000, 3_000_000..file.bytes.len()];
    let list: Vec<_> = ranges.iter().map(|range| format!("{}-{}", range.start, range.end - 1)).collect();
    let mut socket = shop.server.connect().await;
    let answer = ask(&mut socket, &get(&file.path, &format!("range: bytes={}\r\n", list.join(",")))).await;
    assert_eq!(answer.status(), 206);
    let mut rest = &answer.body[..];
    for range in ranges {
        let head = rest.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        let line = format!("bytes {}-{}/{}", range.start, range.end - 1, file.bytes.len());
        assert!(String::from_utf8_lossy(&rest[..head]).to_ascii_lowercase().contains(&line));
        assert!(rest[head..].starts_with(&file.bytes[range.clone()]), "{range:?}");
        rest = &rest[head + range.len()..];
    }
    assert!(rest.len() < 100 && rest.ends_with(b"--\r\n"));
}

#[tokio::test]
async fn requests_that_come_at_once_get_their_files_in_order() {
    let shop = Shop::open(Terms::default(), &LENGTHS).await;
    let mut socket = shop.server.connect().await;
    let mut requests = String::new();
    for file in &shop.files {
        let etag = "if-none-match: \"other\"\r\n";
        requests += &get(&file.path, "");
        requests += &get(&file.path, "").replacen("GET", "HEAD", 1);
        requests += &get("/no-such-page", "");
        requests += &get(&file.path, &range_line(&(0..1)));
        requests += &get(&file.path, etag);
    }
    let reading = async {
        let (mut socket, mut writing) = socket.split();
        let write = async { writing.write_all(requests.as_bytes()).await.unwrap() };
        let check = async {
            for file in &shop.files {
                assert!(read(&mut socket).await.body == file.bytes, "{}", file.path);
                assert_eq!(length(&read_head(&mut socket).await), file.bytes.len());
                assert_eq!(read(&mut socket).await.status(), 404);
                assert_eq!(read(&mut socket).await.body, file.bytes[..1]);
                assert!(read(&mut socket).await.body == file.bytes, "{}", file.path);
            }
        };
        tokio::join!(write, check);
    };
    reading.await;
}

#[tokio::test]
async fn many_clients_get_the_same_file_at_once() {
    let shop = Shop::open(Terms::default(), &[(3 << 20) + 7]).await;
    let file = shop.first();
    let one = async || {
        let mut socket = shop.server.connect().await;
        for _ in 0..3 {
            assert!(ask(&mut socket, &get(&file.path, "")).await.body == file.bytes);
        }
    };
    futures_util::future::join_all((0..20).map(|_| one())).await;
}

fn range_line(range: &Range<usize>) -> String {
    format!("range: bytes={}-{}\r\n", range.start, range.end - 1)
}
