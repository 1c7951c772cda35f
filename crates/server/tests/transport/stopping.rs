//! Being told to stop with connections open.

use axum::body::Body;
use countersign_server::Terms;
use http::Request;
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::{REQUEST, Running, tls_connect, tls_terms, to_end, up_to};

#[tokio::test]
async fn what_waits_ends_at_once_and_what_works_is_finished() {
    let mut server = Running::start(Terms::default()).await;
    let (mut fresh, mut kept, mut working) = (server.connect().await, server.connect().await, server.connect().await);
    kept.write_all(REQUEST.as_bytes()).await.unwrap();
    up_to(&mut kept, "\r\n\r\nOK").await;
    working.write_all(b"GET /slow HTTP/1.1\r\nhost: server.test\r\n\r\n").await.unwrap();
    tokio::time::pause();
    let began = Instant::now();
    // The request is with its handler before the stop is asked for.
    while server.connections.open() < 3 {
        tokio::task::yield_now().await;
    }
    up_to_the_handler().await;
    server.stop.ask();
    assert_eq!((to_end(&mut fresh).await, to_end(&mut kept).await), (String::new(), String::new()));
    assert_eq!(began.elapsed().as_secs(), 0);
    assert!(TcpStream::connect(server.address).await.is_err());
    assert_eq!(server.connections.open(), 1);
    server.go_on.notify_one();
    assert!(to_end(&mut working).await.ends_with("\r\n\r\nslow"));
    server.tasks.join_next().await.unwrap().unwrap();
    assert_eq!(began.elapsed().as_secs(), 0);
}

#[tokio::test]
async fn http2_connections_agree_on_their_end() {
    let mut server = Running::start(tls_terms("first")).await;
    let socket = tls_connect(server.address, &["h2"]).await;
    let (client, connection) =
        hyper::client::conn::http2::handshake::<_, _, Body>(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { connection.await.unwrap() });
    let request = Request::get("https://server.test/").body(Body::empty()).unwrap();
    let answer = client.clone().send_request(request).await.unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "OK");
    server.stop.ask();
    server.tasks.join_next().await.unwrap().unwrap();
    tasks.join_next().await.unwrap().unwrap();
}

#[tokio::test]
async fn nothing_survives_being_cut_off() {
    let mut server = Running::start(Terms::default()).await;
    let mut working = server.connect().await;
    working.write_all(b"GET /slow HTTP/1.1\r\nhost: server.test\r\n\r\n").await.unwrap();
    up_to_the_handler().await;
    server.stop.ask();
    server.connections.cut_all();
    assert_eq!(to_end(&mut working).await, "");
    server.tasks.join_next().await.unwrap().unwrap();
}

/// Lets everything that can run do so: what was written is read, and handlers have begun.
async fn up_to_the_handler() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}
