//! TLS, and HTTP/2 over it.

use axum::body::Body;
use http::{Request, StatusCode, Version};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::client::TlsStream;

use crate::support::{CLOSING, LARGE, Running, certificate, tls_connect, tls_terms, to_end};

fn negotiated(socket: &TlsStream<TcpStream>) -> Option<&[u8]> {
    socket.get_ref().1.alpn_protocol()
}

#[tokio::test]
async fn a_client_that_trusts_the_root_is_answered_over_tls() {
    let server = Running::start(tls_terms("first")).await;
    for (protocols, agreed) in [(&[][..], None), (&["http/1.1"], Some(&b"http/1.1"[..]))] {
        let mut socket = tls_connect(server.address, protocols).await;
        assert_eq!(negotiated(&socket), agreed);
        assert_eq!(socket.get_ref().1.peer_certificates().unwrap(), [certificate("first")]);
        socket.write_all(CLOSING.as_bytes()).await.unwrap();
        assert!(to_end(&mut socket).await.ends_with("\r\n\r\nOK"));
    }
}

#[tokio::test]
async fn without_tls_nobody_is_answered_where_tls_is_spoken() {
    let server = Running::start(tls_terms("first")).await;
    assert!(!server.exchange(CLOSING).await.contains("HTTP"));
    while server.connections.counts().failed_handshakes() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn many_requests_share_one_connection() {
    let server = Running::start(tls_terms("first")).await;
    let socket = tls_connect(server.address, &["h2", "http/1.1"]).await;
    assert_eq!(negotiated(&socket), Some(&b"h2"[..]));
    let (client, connection) =
        hyper::client::conn::http2::handshake::<_, _, Body>(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { connection.await.unwrap() });
    let ask = async |path: &str| {
        let request = Request::get(format!("https://server.test{path}")).body(Body::empty()).unwrap();
        client.clone().send_request(request).await.unwrap()
    };
    // One that waits does not hold up those behind it.
    let mut waiting = Box::pin(ask("/slow"));
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    for answer in futures_util::future::join_all((0..250).map(|_| ask("/"))).await {
        assert_eq!((answer.status(), answer.version()), (StatusCode::OK, Version::HTTP_2));
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "OK");
    }
    let large = ask("/large").await.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(large.len(), LARGE);
    server.go_on.notify_waiters();
    server.go_on.notify_one();
    assert_eq!(waiting.await.into_body().collect().await.unwrap().to_bytes(), "slow");
    assert_eq!(server.connections.open(), 1);
}

#[tokio::test]
async fn a_client_of_http2_that_does_not_read_is_cut() {
    let server = Running::start(tls_terms("first")).await;
    let socket = tls_connect(server.address, &["h2"]).await;
    let (client, connection) =
        hyper::client::conn::http2::handshake::<_, _, Body>(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { drop(connection.await) });
    let request = Request::get("https://server.test/large").body(Body::empty()).unwrap();
    let answer = client.clone().send_request(request).await.unwrap();
    tokio::time::pause();
    // The answer is held and not read, so that its window is never opened again.
    tasks.join_next().await.unwrap().unwrap();
    assert_eq!(server.cut("stalled"), 1);
    assert!(answer.into_body().collect().await.is_err());
}
